"""The words of a text in any script: what the hashed reader counts."""

import re
import unicodedata
from functools import cache

_MARKS_END = 0x20000
"""Above it no script in use has combining marks of its own."""
_NO_SPACES = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Japanese syllables
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
_EMOJI = "\u203c\u2049\u2190-\u21ff\u2300-\u2bff\u3030\u303d\U0001f000-\U0001faff"
_JOINER = "\u200d"
_LOOKS = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
"""How an emoji is drawn, and in which tone of skin: no other thing."""
_LONGEST = 2
"""Of a script without spaces, each character and each pair are words (character n-grams)."""


def words_of(text: str) -> list[str]:
    """Words in small letters; emoji, and single characters and pairs of scripts without spaces.

    A combining mark belongs to its letter: the words of Hindi and Thai are not cut at a vowel.
    """
    found: list[str] = []
    for word in _pattern().findall(_LOOKS.sub("", text.lower())):
        found += _pieces(word) if _unspaced().match(word) else [word]
    return found


def _pieces(run: str) -> list[str]:
    letters = _letters().findall(run)
    return [
        "".join(letters[start : start + n])
        for n in range(1, _LONGEST + 1)
        for start in range(len(letters) - n + 1)
    ]


@cache
def _marks() -> str:
    letters = map(chr, range(0x300, _MARKS_END))
    marks = [c for c in letters if unicodedata.category(c) in ("Mn", "Mc")]
    return "".join(marks)


@cache
def _pattern() -> re.Pattern[str]:
    run = f"[{_NO_SPACES}{_marks()}]"
    emoji = f"[{_EMOJI}](?:{_JOINER}[{_EMOJI}])*"
    flag = "[\U0001f1e6-\U0001f1ff]{2}"
    # a run of a script without spaces ends where another begins; so does a word
    return re.compile(f"[{_NO_SPACES}]{run}*|{flag}|{emoji}|(?:(?![{_NO_SPACES}])[\\w{_marks()}])+")


@cache
def _unspaced() -> re.Pattern[str]:
    return re.compile(f"[{_NO_SPACES}]")


@cache
def _letters() -> re.Pattern[str]:
    return re.compile(f".[{_marks()}]*")
