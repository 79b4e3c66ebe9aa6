"""What a run found: counts of each room, the mutants alive, and a file of it."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tools.mutants.memory import Finished
from tools.mutants.source import Mutant
from tools.mutants.survivors import Survivor


@dataclass
class RoomReport:
    """What became of the mutants of one room."""

    room: str
    there_are: int
    sampled: int
    killed: int = 0
    timed_out: int = 0
    """Of the killed, those that no test failed on, and that took longer than sound code does."""
    alive: list[Mutant] = field(default_factory=list)
    listed: list[Mutant] = field(default_factory=list)

    def add(self, mutant: Mutant, finished: Finished, survivors: Sequence[Survivor]) -> str:
        """Counts one mutant, and says what it counts as."""
        if finished.killed:
            self.killed += 1
            self.timed_out += finished.timed_out
            return "endless" if finished.timed_out else "killed"
        listed = any(survivor.matches(mutant) for survivor in survivors)
        (self.listed if listed else self.alive).append(mutant)
        return "listed" if listed else "ALIVE"

    @property
    def share(self) -> float:
        """Share of the mutants that a test could notice which one did; NaN before any."""
        judged = self.killed + len(self.alive)
        return self.killed / judged if judged else float("nan")

    @property
    def not_run(self) -> int:
        """Mutants that the time did not reach."""
        return self.sampled - self.killed - len(self.alive) - len(self.listed)

    def __str__(self) -> str:
        left = f", {self.timed_out} of the killed by time" if self.timed_out else ""
        left += f", {self.not_run} not run" if self.not_run else ""
        return (
            f"{self.room:14} {self.killed:4} killed {len(self.alive):4} alive "
            f"{len(self.listed):4} listed  {self.share:6.1%}  of {self.there_are}{left}"
        )


def told(reports: Sequence[RoomReport], old: Sequence[Survivor]) -> str:
    """The rooms, the mutants alive and the entries that match nothing, for a person."""
    alive = sorted((mutant for report in reports for mutant in report.alive), key=place)
    lines = [str(report) for report in reports]
    lines += ["", "alive:", *(f"  {mutant}" for mutant in alive)] if alive else []
    lines += ["", "listed, but no mutant is so:", *(f"  {entry}" for entry in old)] if old else []
    return "\n".join(lines)


def place(mutant: Mutant) -> tuple[str, int, int]:
    """Where a mutant stands, for sorting."""
    return mutant.path, mutant.start, mutant.end


def write(
    file: Path, reports: Sequence[RoomReport], old: Sequence[Survivor], settings: dict[str, Any]
) -> None:
    """The report as JSON, with what is needed to make it again; other rooms of the file stay."""
    before = json.loads(file.read_text("utf-8"))["rooms"] if file.exists() else {}
    rooms = {
        report.room: {
            "mutants": report.there_are,
            "sampled": report.sampled,
            "killed": report.killed,
            "timed_out": report.timed_out,
            "alive": len(report.alive),
            "listed": len(report.listed),
            "not_run": report.not_run,
            "share": round(report.share, 4) if report.killed or report.alive else None,
            "mutants_alive": [str(m) for m in sorted(report.alive, key=place)],
            "mutants_listed": [str(m) for m in sorted(report.listed, key=place)],
            "settings": settings,
            "versions": versions(),
            "date": datetime.now(UTC).date().isoformat(),
        }
        for report in reports
    }
    content = {
        "rooms": dict(sorted({**before, **rooms}.items())),
        "stale": [asdict(entry) for entry in old],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def versions() -> dict[str, str]:
    """Python, and the libraries that decide what a test sees."""
    found = {"python": platform.python_version()}
    for name in ("metarec", "numpy", "torch", "polars", "pytest", "hypothesis"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
