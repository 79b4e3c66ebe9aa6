"""What is wrong with a shop's files, collected in one pass and reported together."""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from metarec.contracts.wording import given
from metarec.data.validation.invalid_data import InvalidData, Problem
from metarec.data.validation.remedies import Remedies
from metarec.data.validation.table import Table
from metarec.files.atomic import whole_file

LISTED = 1000


class DroppedRowsWarning(UserWarning):
    """Rows of the source were left out; the message says how many, and why."""


@dataclass(frozen=True)
class Check:
    """A rule about the rows of a table: `bad` is true where a row breaks it.

    `column` is the cell to blame, None for the whole row.
    """

    reason: str
    column: str | None
    bad: pl.Expr
    expected: str
    fix: str


class Report:
    """Collects the problems of all files while they are read and validated.

    `fail` notes a problem of a whole file, which no dropping of rows can mend. `sift` applies
    checks to rows, and gives the rows that pass them all. `say` keeps what was understood by
    itself and is worth knowing. `remedies` are the words for what a reader can do about it.
    """

    def __init__(self, remedies: Remedies | None = None) -> None:
        self.remedies = remedies or Remedies()
        self.said: list[str] = []
        self.fatal: list[Problem] = []
        self.rejected: list[pl.DataFrame] = []
        self.notes: dict[str, int] = {}
        self.reasons: dict[str, int] = {}

    def fail(
        self,
        file: str,
        found: str,
        expected: str,
        fix: str,
        column: str | None = None,
        row: int | None = None,
    ) -> None:
        """Note a problem that makes the whole file useless, perhaps with the row of its cause."""
        self.fatal.append(Problem(file, row, column, found, expected, fix))

    def tells_of(self, file: str, column: str) -> bool:
        """True if something is wrong with the whole column already."""
        return any((problem.file, problem.column) == (file, column) for problem in self.fatal)

    def rejects_some_of(self, file: str) -> bool:
        """True if rows of the file were rejected."""
        return any(frame["file"][0] == file for frame in self.rejected)

    def say(self, sentence: str) -> None:
        """Keep what was understood without being told, once."""
        if sentence not in self.said:
            self.said.append(sentence)

    def note(self, reason: str, count: int) -> None:
        """Count rows that a rule of the reader left out, though nothing was wrong with them."""
        if count:
            self.notes[reason] = self.notes.get(reason, 0) + count

    def sift(self, table: Table, checks: list[Check]) -> Table:
        """The rows that pass all checks; the others are remembered with their problems."""
        if not checks:
            return table
        frame = table.frame
        flags = frame.select(
            check.bad.fill_null(False).alias(str(number)) for number, check in enumerate(checks)
        )
        counts = flags.sum().row(0) if len(flags) else (0,) * len(checks)
        if not any(counts):
            return table
        for number, (check, count) in enumerate(zip(checks, counts, strict=True)):
            if count:
                self._reject(table, flags[str(number)], check, count)
        return table.keep(~flags.select(pl.any_horizontal(pl.all())).to_series())

    def ragged(self, file: str, lines: pl.Series, texts: pl.Series, widths: pl.Series) -> None:
        """Note rows whose number of fields is not the header's."""
        self.reasons["ragged row"] = self.reasons.get("ragged row", 0) + len(lines)
        expected = "as many fields as the header has"
        fix = "add the missing fields, or quote a field that holds the separator"
        self._add(file, lines, None, widths.cast(pl.String) + " fields", expected, fix, texts)

    def _reject(self, table: Table, bad: pl.Series, check: Check, count: int) -> None:
        rows = table.frame.filter(bad)
        self.reasons[check.reason] = self.reasons.get(check.reason, 0) + count
        cell = check.column or rows.columns[0]
        found = rows.select(shown(rows.schema[cell], cell)).to_series()
        text = rows.select(as_json(rows).alias("text")).to_series()
        column = None if check.column is None else table.names.get(check.column, check.column)
        lines = table.lines.filter(bad)
        self._add(table.file, lines, column, found, check.expected, check.fix, text)

    def _add(
        self,
        file: str,
        lines: pl.Series,
        column: str | None,
        found: pl.Series,
        expected: str,
        fix: str,
        text: pl.Series,
    ) -> None:
        def constant(name: str, value: str | None) -> pl.Expr:
            return pl.lit(value, dtype=pl.String).alias(name)

        rows = pl.DataFrame([lines.cast(pl.Int64).alias("row"), found.alias("found")])
        self.rejected.append(
            rows.select(
                constant("file", file),
                "row",
                constant("column", column),
                "found",
                constant("expected", expected),
                constant("fix", fix),
                text.alias("content"),
            )
        )

    def rejected_ids(self, file: str, *columns: str) -> pl.Series:
        """The ids of those rows of a file that were rejected, as far as they can be told.

        `columns` are the names that the column of ids had, before and after it was renamed.
        """
        contents = [frame.filter(pl.col("file") == file)["content"] for frame in self.rejected]
        texts = pl.concat([pl.Series([], dtype=pl.String), *contents])
        paths = [f"$[{json.dumps(column, ensure_ascii=False)}]" for column in columns]
        return pl.concat([texts.str.json_path_match(path).drop_nulls() for path in paths])

    def invalid(self) -> InvalidData:
        """All that was found, as an error."""
        kinds: list[tuple[Problem, list[int], int]] = [(problem, [], 0) for problem in self.fatal]
        for frame in self.rejected:
            first = Problem(*frame.drop("content").row(0))
            kinds.append((first, frame["row"][1:4].to_list(), len(frame) - 1))
        return InvalidData(self.problems, self.counts(), kinds)

    @property
    def problems(self) -> list[Problem]:
        """The problems in the order found, those of whole files first, up to 1,000."""
        rows = [
            Problem(*row)
            for frame in self.rejected
            for row in frame.head(LISTED).drop("content").iter_rows()
        ]
        return (self.fatal + rows)[:LISTED]

    def counts(self) -> dict[str, int]:
        """How many problems there are of each kind."""
        return ({"problem of a whole file": len(self.fatal)} if self.fatal else {}) | self.reasons

    def raise_if_fatal(self) -> None:
        """Stop if some file cannot be used at all."""
        if self.fatal:
            raise self.invalid()

    def settle(self, *, lenient: bool, rejects: str | Path | None) -> dict[str, int]:
        """Raise, or in lenient mode warn and write the rejects; how many rows were left out."""
        if self.fatal or (self.rejected and not lenient):
            raise self.invalid()
        if rejects is not None:
            write_rejects(self.rejected, Path(rejects))
        dropped = self.reasons | self.notes
        if dropped:
            counted = ", ".join(f"{count:,} x {reason}" for reason, count in dropped.items())
            record = f"pass {given('rejects', 'FILE')} to keep a record"
            kept = f"written to {rejects}" if rejects else record
            note = f" ({kept})" if self.rejected else ""
            warnings.warn(f"rows left out: {counted}{note}", DroppedRowsWarning, stacklevel=5)
        return dropped


def shown(kind: pl.DataType, column: str) -> pl.Expr:
    """A cell as people read it in a message."""
    if kind.is_nested():
        return pl.struct(column).struct.json_encode()
    text = pl.col(column).cast(pl.String)
    text = text.str.replace_all("\0", r"\0", literal=True)  # which a terminal does not show
    quoted = "'" + text.str.slice(0, 60) + "'" if kind == pl.String else text
    return pl.when(text.is_null()).then(pl.lit("nothing")).otherwise(quoted).alias(column)


def as_json(rows: pl.DataFrame) -> pl.Expr:
    """A whole row as one JSON object."""
    return pl.struct(pl.all()).struct.json_encode() if rows.width else pl.lit("{}")


def write_rejects(frames: list[pl.DataFrame], path: Path) -> None:
    """Write the rejected rows with their problems as .parquet, .csv, or else JSON Lines."""
    schema = {"file": pl.String, "row": pl.Int64, "column": pl.String, "found": pl.String}
    schema |= {"expected": pl.String, "fix": pl.String, "content": pl.String}
    table = pl.concat(frames) if frames else pl.DataFrame(schema=schema)
    with whole_file(path) as new:
        if path.suffix == ".parquet":
            table.write_parquet(new)
        elif path.suffix == ".csv":
            table.write_csv(new)
        else:
            rows = (json.dumps(row, ensure_ascii=False) for row in table.iter_rows(named=True))
            new.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
