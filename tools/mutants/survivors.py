"""The kept list of mutants that live and may: why each is equivalent or harmless."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.mutants.source import Mutant

LIST = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True)
class Survivor:
    """A mutant that may live; without `change`, all of its kind on a line of that text."""

    path: str
    line: str
    kind: str
    why: str
    change: str = ""

    def matches(self, mutant: Mutant) -> bool:
        """True where the entry speaks of this mutant."""
        same = (self.path, self.line, self.kind) == (mutant.path, mutant.line_text, mutant.kind)
        return same and self.change in ("", mutant.change)

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}: {self.change or self.line}"


def load(file: Path = LIST) -> list[Survivor]:
    """The entries of the list; every one says why."""
    if not file.exists():
        return []
    entries = tomllib.loads(file.read_text(encoding="utf-8")).get("survivor", [])
    try:
        survivors = [Survivor(**entry) for entry in entries]
    except TypeError as error:
        raise SystemExit(
            f"{file}: expected path, line, kind, why and perhaps change: {error}"
        ) from None
    if silent := [str(survivor) for survivor in survivors if not survivor.why.strip()]:
        raise SystemExit(f"{file}: expected a reason, found none; say why for {silent[0]}")
    return survivors


def stale(survivors: Sequence[Survivor], mutants: Iterable[Mutant]) -> list[Survivor]:
    """The entries that match no mutant that there is."""
    there: dict[tuple[str, str], list[Mutant]] = {}
    for mutant in mutants:
        there.setdefault((mutant.path, mutant.line_text), []).append(mutant)
    return [s for s in survivors if not any(map(s.matches, there.get((s.path, s.line), [])))]
