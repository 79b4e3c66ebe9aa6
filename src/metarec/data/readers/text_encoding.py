"""Text that should be UTF-8: what it is where it is not, and how to go on with the rest."""

import codecs
import io
import re
from collections.abc import Callable

import polars as pl

from metarec.contracts import DataError
from metarec.contracts.wording import argument, given
from metarec.data.readers.code_pages import Reading, likely_pages
from metarec.data.validation.problems import Check, Report
from metarec.data.validation.table import Table

# A string, read as Latin-1 (one character a byte), that is valid UTF-8.
UTF8 = (
    r"^(?:[\x00-\x7f]|[\u{c2}-\u{df}][\u{80}-\u{bf}]|\u{e0}[\u{a0}-\u{bf}][\u{80}-\u{bf}]"
    r"|\u{ed}[\u{80}-\u{9f}][\u{80}-\u{bf}]"  # no halves of characters
    r"|[\u{e1}-\u{ec}\u{ee}\u{ef}][\u{80}-\u{bf}]{2}|\u{f0}[\u{90}-\u{bf}][\u{80}-\u{bf}]{2}"
    r"|[\u{f1}-\u{f3}][\u{80}-\u{bf}]{3}|\u{f4}[\u{80}-\u{8f}][\u{80}-\u{bf}]{2})*$"
)
UTF8_MARK = b"\xef\xbb\xbf"
LOOKED_AT = 65_536
"""Bytes from which a file's encoding and dialect are told."""
USUAL: dict[str, Callable[[str], bool]] = {
    "euc_kr": lambda c: "\uac00" <= c <= "\ud7a3",
    "gbk": lambda c: "\u4e00" <= c <= "\u9fff" and 0xB0 <= c.encode("gbk")[0] <= 0xD7,
    "shift_jis": lambda c: "\u3040" <= c <= "\u30ff",
    "euc_jp": lambda c: "\u3040" <= c <= "\u30ff",
    "big5": lambda c: "\u4e00" <= c <= "\u9fff" and 0xA4 <= c.encode("big5")[0] <= 0xC6,
}
"""Encodings of several bytes a character that exports still have, by characters that are frequent
in each; the first counts."""
KOREAN, FEWEST = 0.9, 8
"""Of the odd characters so many must be frequent; half of Chinese has bytes of Korean too."""


def as_utf8(content: bytes, file: str, report: Report, encoding: str | None) -> bytes | None:
    """The content in UTF-8 without its mark, if its encoding is said or plain; else as it is.

    UTF-16 is known by its mark or its zeros, and UTF-32 by its mark, which is said; None if it is
    not what was named.
    """
    if encoding is None or known_encoding(encoding) in ("utf-8", "utf-8-sig"):
        encoding = wide_encoding(content)
        if encoding is None:
            return content.removeprefix(UTF8_MARK)
        report.say(f"{file}: read as {encoding.upper()}")
    try:
        return content.decode(encoding).encode().removeprefix(UTF8_MARK)
    except UnicodeError as error:
        found = f"bytes that are not {encoding} ({error})"
        report.fail(file, found, f"text in {encoding}", "name the encoding that it has")
        return None


def with_newlines(content: bytes) -> bytes:
    """UTF-8 whose lines end as everywhere today: no lone carriage returns, no marks inside."""
    start = content[:LOOKED_AT]
    if b"\r" in start and b"\n" not in start:
        content = content.replace(b"\r", b"\n")
    inside = b"\n" + UTF8_MARK  # left where files were put together
    return content.replace(inside, b"\n") if inside in content else content


def known_encoding(name: str) -> str:
    """The encoding's own name, whatever its spelling."""
    try:
        "a".encode(name)  # which a codec such as base64, from bytes to bytes, refuses
        return codecs.lookup(name).name
    except (LookupError, ValueError, TypeError):
        raise DataError(
            f"{argument('encoding')} must be one that Python knows, such as utf-8, latin-1 or "
            f"cp1252, got {name!r}"
        ) from None


def wide_encoding(content: bytes) -> str | None:
    """The kind of UTF-16 or UTF-32 that the content is in, by its mark or zeros; None if none."""
    if content[:4] in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        return "utf-32"
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    sample = content[:LOOKED_AT]
    for odd, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if sample[odd::2].count(0) > 0.4 * len(sample) / 2:
            return name
    return None


def likely_readings(content: bytes) -> list[Reading]:
    """The encodings that the content may be in, the likeliest first, each with a word so read.

    One of several bytes a character if the odd bytes make its frequent characters; else code pages.
    """
    pieces = [line for line in re.split(rb"[\r\n]+", content) if not line.isascii()]
    sample = b"\n".join(pieces[:1000])
    runs = re.findall(rb"[\x80-\xff]+", sample)
    alone = sum(len(run) == 1 for run in runs) > len(runs) / 2  # accents among plain letters
    for name, is_frequent in USUAL.items():
        try:
            odd = [c for c in sample.decode(name) if not c.isascii()]
        except UnicodeDecodeError:
            continue
        share = sum(map(is_frequent, odd)) / max(len(odd), 1)
        fits = share > (KOREAN if name == "euc_kr" else 0.5)
        unsure = len(odd) < FEWEST if name == "euc_kr" else alone and name == "gbk"
        if fits and not unsure:
            return [Reading(name, odd_word(sample.decode(name)))]
    plain = next(page for page in ("cp1252", "latin-1") if decodes(sample, page))
    return likely_pages(sample) or [Reading(plain, odd_word(sample.decode(plain)))]


def decodes(content: bytes, encoding: str = "utf-8") -> bool:
    """True if all of the content is text in the encoding."""
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def odd_word(text: str) -> str:
    """The first word with a letter beyond ASCII."""
    found = re.search(r"[^\s,;|\"]*[^\x00-\x7f][^\s,;|\"]*", text)
    return found[0] if found else ""


def encoding_fix(content: bytes, report: Report) -> str:
    """What to do about text that is not UTF-8."""
    readings = likely_readings(content)
    if report.remedies.source == "folder":
        each = ", ".join(f"as {name} it reads {word!r}" for name, word in readings)
        return f"save the file as UTF-8; {each}"
    told = [f"{given('encoding', name)}, which reads {word!r}" for name, word in readings]
    return f"pass {', or '.join(told)}, if that is right"


def report_encoding(table: Table, fix: str, report: Report) -> Table:
    """The rows that are UTF-8 throughout, back from one character a byte to text."""
    broken = table.frame.select(~pl.all().str.contains(UTF8))
    checks = [
        Check("wrong encoding", name, pl.lit(broken[name]), "UTF-8 text", fix)
        for name in table.frame.columns
    ]
    kept = report.sift(table, checks)
    return kept.with_frame(from_latin(kept.frame))


def from_latin(frame: pl.DataFrame) -> pl.DataFrame:
    """Text that was read one character a byte, decoded as the UTF-8 that it is."""
    buffer = io.BytesIO()
    frame.write_csv(buffer, quote_style="always")
    encoded = buffer.getvalue().decode().encode("latin-1")
    return pl.read_csv(encoded, infer_schema=False)
