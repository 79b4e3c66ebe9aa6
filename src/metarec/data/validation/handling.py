"""What becomes of repeated events, and of rows with a problem, as a caller says it."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from metarec.contracts import DataError
from metarec.contracts.dataset import RepeatsRule
from metarec.contracts.dataset_checks import check_choice
from metarec.contracts.wording import argument, given

REJECTS = (".jsonl", ".csv", ".parquet")
"""How the file of rejected rows may end."""


@dataclass(frozen=True)
class Handling:
    """Checked when it is made, before anything is read; raises DataError."""

    repeats: RepeatsRule | None
    """The rule for repeated events; None for that of the source."""
    lenient: bool
    """True if rows with a problem are left out."""
    rejects: str | Path | None
    """A file that receives these rows with their problems."""

    def __post_init__(self) -> None:
        check_choice("repeats", self.repeats, (*get_args(RepeatsRule), None))
        if self.rejects is None:
            return
        if not self.lenient:
            raise DataError(
                f"{argument('rejects')} receives the rows that are left out, and none are; say "
                f"{given('lenient', True)} beside it, or leave it away"
            )
        if Path(self.rejects).suffix not in REJECTS:
            raise DataError(
                f"{argument('rejects')} must be a file that ends in "
                f"{', '.join(REJECTS[:-1])} or {REJECTS[-1]}, got {str(self.rejects)!r}"
            )
