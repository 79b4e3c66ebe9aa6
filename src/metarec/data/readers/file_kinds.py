"""Files that are no table of text, whatever their name, known by their first bytes."""

Foreign = tuple[str, str]
"""What a file is, and what to do about it."""

UNPACK = "unpack it"
BEGINNINGS: tuple[tuple[bytes, Foreign], ...] = (
    (b"\xd0\xcf\x11\xe0", ("an Excel workbook (xls)", "save the sheet as CSV")),
    (b"BZh", ("a file packed by bzip2", UNPACK)),
    (b"\x28\xb5\x2f\xfd", ("a file packed by zstandard", UNPACK)),
    (b"\xfd7zXZ", ("a file packed by xz", UNPACK)),
    (b"7z\xbc\xaf", ("a 7z archive", UNPACK)),
    (b"SQLite format 3", ("a SQLite database", "read it by load_sql, or metarec data import-sql")),
    (b"%PDF", ("a PDF", "export the table that it shows")),
    (b"ARROW1", ("an Arrow file", "write it as Parquet")),
    (b"\x89HDF", ("an HDF5 file", "write it as Parquet")),
    *((b"\x80" + bytes([n]), ("a Python pickle", "write it as Parquet")) for n in range(2, 6)),
)
PAGES = (b"<!doctype", b"<html", b"<?xml")
PARQUET = b"PAR1"


def foreign(content: bytes) -> Foreign | None:
    """What the content is where it is no text of a table; None where it may be."""
    if content[:4] == b"PK\x03\x04":
        if b"[Content_Types].xml" in content or b"xl/" in content[:4096]:
            return "an Excel workbook (xlsx)", "save the sheet as CSV"
        return "a zip archive", UNPACK
    if content[257:262] == b"ustar":
        return "a tar archive", UNPACK
    if content[:256].lstrip().lower().startswith(PAGES):
        return (
            "a web page or XML",
            "download the data itself; this may be a page that asks to log in",
        )
    return next((told for begin, told in BEGINNINGS if content.startswith(begin)), None)
