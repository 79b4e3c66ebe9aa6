"""Text that should be UTF-8: where it is not, and how to go on with the rest."""

import io

import polars as pl

from metarec.data.validation.problems import Check, Report
from metarec.data.validation.table import Table

# A string, read as Latin-1 (one character a byte), that is valid UTF-8.
UTF8 = (
    r"^(?:[\x00-\x7f]|[\u{c2}-\u{df}][\u{80}-\u{bf}]|[\u{e0}-\u{ef}][\u{80}-\u{bf}]{2}"
    r"|[\u{f0}-\u{f4}][\u{80}-\u{bf}]{3})*$"
)
ENCODING_FIX = "save the file as UTF-8"


def is_utf8(content: bytes) -> bool:
    """True if all of the content is valid UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def report_encoding(table: Table, report: Report) -> Table:
    """The rows that are UTF-8 throughout, back from one character a byte to text."""
    broken = table.frame.select(~pl.all().str.contains(UTF8))
    checks = [
        Check("wrong encoding", name, pl.lit(broken[name]), "UTF-8 text", ENCODING_FIX)
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
