"""What is already known: finished mutants, kept beside the project, so that a run can go on."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.mutants.running import Ran
from tools.mutants.source import Mutant


@dataclass(frozen=True)
class Finished:
    """What became of one mutant; `deep` says that all tests were asked, not only the room's.

    `timed_out`: no test failed, and the tests did not end in the time that sound code needs.
    """

    key: str
    mutant: str
    killed: bool
    deep: bool
    seconds: float
    timed_out: bool = False


class Memory:
    """Finished mutants by the code, the tests and the mutant: other code asks them anew."""

    def __init__(self, root: Path) -> None:
        self._file = root / ".mutants" / "finished.jsonl"
        self._trees = hash_of(root / "src") + hash_of(root / "tests")
        self._known: dict[str, Finished] = {}
        lines = self._file.read_text("utf-8").splitlines() if self._file.exists() else []
        for line in lines:
            finished = Finished(**json.loads(line))
            self._known[finished.key] = finished

    def key(self, mutant: Mutant) -> str:
        """The hash of everything that the answer depends on."""
        place = f"{mutant.path} {mutant.start} {mutant.end} {mutant.text}"
        return hashlib.sha256(f"{self._trees} {place}".encode()).hexdigest()[:24]

    def recall(self, mutant: Mutant, deep: bool) -> Finished | None:
        """What is known, if at least as many tests were asked as now."""
        known = self._known.get(self.key(mutant))
        return known if known and (known.killed or known.deep >= deep) else None

    def keep(self, mutant: Mutant, ran: Ran, deep: bool) -> Finished:
        """Appends one finished mutant at once: what is killed now has lost only what ran."""
        key, seconds = self.key(mutant), round(ran.seconds, 2)
        finished = Finished(key, str(mutant), not ran.passed, deep, seconds, ran.timed_out)
        self._known[finished.key] = finished
        self._file.parent.mkdir(exist_ok=True)
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(finished), ensure_ascii=False) + "\n")
        return finished

    def sound(self, files: Sequence[Path]) -> tuple[dict[str, Any], float] | None:
        """What these files call without a mutant, and the seconds they take, if that is known."""
        file = self._sound_file(files)
        if not file.exists():
            return None
        kept = json.loads(file.read_text("utf-8"))
        return kept["called"], kept["seconds"]

    def keep_sound(self, files: Sequence[Path], called: Mapping[str, Any], seconds: float) -> None:
        """Keeps it as long as neither code nor tests change."""
        self._file.parent.mkdir(exist_ok=True)
        text = json.dumps({"seconds": seconds, "called": called})
        self._sound_file(files).write_text(text, encoding="utf-8")

    def _sound_file(self, files: Sequence[Path]) -> Path:
        named = " ".join([self._trees, *map(str, files)])
        return self._file.with_name(f"sound-{hashlib.sha256(named.encode()).hexdigest()[:24]}.json")


def hash_of(folder: Path) -> str:
    """One hash of the names and contents of all Python and data files of a folder."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts and ".egg-info" not in str(file):
            digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
