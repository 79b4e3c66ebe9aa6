"""Which code pages text of one byte a letter may be in, by the alphabets that its words fit."""

import itertools
import re
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Language:
    """A code page and a language that is written in it."""

    page: str
    letters: frozenset[str]
    """Those beyond a to z, small."""
    frequent: frozenset[str] = frozenset()
    """The ten or so that make most of its text, for a script of its own."""


LATIN = {
    "cp1252": (
        "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü", "àáâãçéêíóôõúü", "àèéìíîòóùú", "éèëïöüóáê",
        "åäöæøéüà", "àçèéíïòóúü·",
    ),
    "cp1250": (
        "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž",
    ),
    "cp1254": ("çğıi̇öşüâîû",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),
}  # fmt: skip
"""The letters of languages of a code page: of the West, of the middle, Turkish, of the Baltic."""
ICELANDIC = Language("cp1252", frozenset("áðéíóúýþæö"))
SCRIPTS = (
    ("cp1251", "абвгдеёжзийклмнопрстуфхцчшщъыьэюяєіїґўђјљњћџ", "оеаинтсрвлкй"),
    ("cp1253", "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώϊϋΐΰς", "αοιετσνηυρπκςάίό"),
    ("cp1255", "אבגדהוזחטיךכלםמןנסעףפץצקרשת", "יוהלאתרבמשנ"),
    ("cp1256", "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگ", "اليمنرتوبةسد"),
)
"""A script of its own: the code page, its letters, and those that are frequent."""
LANGUAGES = (
    *(Language(page, frozenset(letters)) for page, all in LATIN.items() for letters in all),
    ICELANDIC,
    *(Language(page, frozenset(all), frozenset(often)) for page, all, often in SCRIPTS),
)
PAGES = tuple(dict.fromkeys(language.page for language in LANGUAGES))
SHARE_OF_FREQUENT = 0.6
"""What frequent letters make of text at least, or nearly."""
SURE, FEW, FAIR = 0.3, 2.0, 0.5
"""A page is not named whose score is so far below the best, or `FEW` letters make that uncertain,
nor one whose score is below `FAIR` at all."""
MOST = 3
WORD = re.compile(r"[^\W\d_]*[^\x00-\x7f][^\s,;|\"/()]*")


class Reading(NamedTuple):
    """An encoding, and a word as it reads it."""

    encoding: str
    word: str


class Found(NamedTuple):
    """A reading of all of the text, and how likely it is: from 0 to 2."""

    points: float
    text: str
    reading: Reading


def likely_pages(sample: bytes) -> list[Reading]:
    """The code pages that may be meant, the likeliest first; of those that read alike one."""
    found = []
    for page in PAGES:
        try:
            text = sample.decode(page)
        except UnicodeDecodeError:
            continue
        words = [w for w in WORD.findall(text) if any(map(odd_letter, w)) and w[-2:] != "m³"]
        found.append(Found(score(page, words), text, Reading(page, longest(words))))
    ordered = sorted(found, key=lambda each: -each.points)
    n_odd = sum(not c.isascii() for c in ordered[0].text) if ordered else 0
    least = max(ordered[0].points - SURE - FEW / n_odd, FAIR) if n_odd else FAIR
    told: dict[str, Reading] = {}
    for each in ordered:
        if each.points >= least:
            told.setdefault(each.text, each.reading)
    return list(told.values())[:MOST]


def score(page: str, words: list[str]) -> float:
    """0 to 2: the share of words that fit some language of the page, and of those that fit one."""
    languages = [language for language in LANGUAGES if language.page == page]
    fitting = [[fits(word, language) for language in languages] for word in words]
    if not fitting:
        return 0.0
    some = sum(map(any, fitting)) / len(fitting)
    if frequent := languages[0].frequent:
        odd = [c.lower() for word in words for c in word if odd_letter(c)]
        share = sum(c in frequent for c in odd) / len(odd)
        return some * (1.0 + min(share / SHARE_OF_FREQUENT, 1.0))
    return some + max(map(sum, zip(*fitting, strict=True))) / len(fitting)


def fits(word: str, language: Language) -> bool:
    """True if a word may be of the language: its letters, and none large behind a small one."""
    odd = [c for c in word if odd_letter(c)]
    mixed = any(a.islower() and b.isupper() for a, b in itertools.pairwise(word))
    whole = not language.frequent or 2 * len(odd) > sum(map(str.isalpha, word))
    return whole and not mixed and all(c in language.letters for o in odd for c in o.lower())


def odd_letter(c: str) -> bool:
    """True for letters beyond a to z, and for signs that stand where another page has one."""
    return not c.isascii() and (c.isalpha() or c in "¯³¹¼¾¦¬¥¿¡")


def longest(words: list[str]) -> str:
    """The word with most odd letters, the first of them."""
    return max(words, key=lambda word: sum(map(odd_letter, word)), default="")
