"""One thing that is wrong with a shop's files, and all of them as one error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metarec.contracts import DataError
from metarec.contracts.printing import counted

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where it is, what was found, what was expected, what to do.

    `row` is the line that an editor shows for a text file (the header is line 1), and the row
    counted from 1 for Parquet. It is None for a problem of the whole file, `column` None for a
    problem of the whole row.
    """

    file: str
    row: int | None
    column: str | None
    found: str
    expected: str
    fix: str

    def __str__(self) -> str:
        place = self.file
        place += "" if self.row is None else f", row {self.row}"
        place += "" if self.column is None else f", column {self.column}"
        return f"{place}: found {self.found}, expected {self.expected}; {self.fix}"


class InvalidData(DataError):
    """Every problem of all files. `problems` lists up to 1,000; `counts` counts them all.

    The message tells each kind of problem once: `kinds` are its first and the rows of the others,
    as far as they are listed, and their number.
    """

    def __init__(
        self,
        problems: list[Problem],
        counts: Mapping[str, int],
        kinds: Sequence[tuple[Problem, Sequence[int], int]] | None = None,
    ) -> None:
        self.problems = problems
        self.counts = dict(counts)
        total = sum(self.counts.values())
        told = [(problem, (), 0) for problem in problems] if kinds is None else kinds
        lines = [f"{total:,} problem{'s' if total != 1 else ''} found"]
        lines += [f"  {first}{others(rows, n)}" for first, rows, n in told[:SHOWN]]
        if len(told) > SHOWN or (kinds is None and total > SHOWN):
            rest = total - sum(1 + n for _, _, n in told[:SHOWN])
            lines.append(f"  ... and {rest:,} more")
        lines += ["in all:"] if len(self.counts) > 1 or total > 1 else []
        if len(lines) > 2:
            lines += [f"  {count:,} x {reason}" for reason, count in self.counts.items()]
        super().__init__("\n".join(lines))


def others(rows: Sequence[int], number: int) -> str:
    """How many more rows have a problem, and which."""
    if not number:
        return ""
    some = ", ".join(str(row) for row in rows) + (", ..." if number > len(rows) else "")
    return f" (and {counted(number, 'row')} more: {some})"
