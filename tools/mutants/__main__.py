"""`python -m tools.mutants`: samples mutants of each room and asks its tests about them."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tools.mutants import report, survivors
from tools.mutants.finding import rooms_of, sample
from tools.mutants.judging import Judge
from tools.mutants.memory import Memory
from tools.mutants.report import RoomReport
from tools.mutants.rooms import NO_ROOMS
from tools.mutants.running import Copy
from tools.mutants.source import Mutant

Rooms = dict[str, dict[str, list[Mutant]]]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if every room's share of killed mutants reaches `--least`."""
    options = parser().parse_args(arguments)
    root = options.root.resolve()
    rooms = rooms_of(package_in(root), root)
    entries = survivors.load(options.survivors)
    old = survivors.stale(
        entries, (m for files in rooms.values() for ms in files.values() for m in ms)
    )
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ExitStack() as stack:
        folders = [Path(folder) / str(i) for i in range(options.workers)]
        copies = [stack.enter_context(Copy(root, place)) for place in folders]
        until = time.monotonic() + 60 * options.time
        judge = Judge(root, Memory(root), copies, options.deep, options.timeout, until)
        reports = [
            judged(judge, name, rooms[name], options, entries)
            for name in chosen(rooms, options.room)
        ]
    print("\n" + report.told(reports, old))
    if options.out:
        settings = {name: getattr(options, name) for name in ("seed", "n", "deep")}
        report.write(options.out, reports, old, settings)
    return int(any(r.share < options.least for r in reports))


def judged(
    judge: Judge,
    room: str,
    files: dict[str, list[Mutant]],
    options: argparse.Namespace,
    entries: Sequence[survivors.Survivor],
) -> RoomReport:
    """The report of one room, with a line for each mutant as it ends."""
    drawn = sample(files, options.n, f"{options.seed} ")
    found = RoomReport(room, sum(map(len, files.values())), len(drawn))
    for i, (mutant, finished) in enumerate(judge.judge(room, drawn), 1):
        word = found.add(mutant, finished, entries)
        seconds = f"{finished.seconds:6.1f} s"
        print(f"[{i}/{len(drawn)}] {room} {word:7} {seconds}  {mutant}", flush=True)
    return found


def chosen(rooms: Rooms, wanted: Sequence[str]) -> list[str]:
    """The rooms asked for, or all that are no tests themselves."""
    if unknown := sorted(set(wanted) - set(rooms)):
        raise SystemExit(f"--room: expected one of {', '.join(rooms)}, got {', '.join(unknown)}")
    return list(wanted) or [name for name in rooms if name not in NO_ROOMS]


def package_in(root: Path) -> Path:
    """The one package below src."""
    packages = [file.parent for file in sorted(root.glob("src/*/__init__.py"))]
    if len(packages) != 1:
        raise SystemExit(f"{root}/src: expected one package, found {len(packages)}")
    return packages[0]


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = argparse.ArgumentParser("python -m tools.mutants", description=__doc__)
    made.add_argument("--room", action="append", default=[], help="only this room; may be repeated")
    made.add_argument("--n", type=int, default=30, help="mutants of each room")
    made.add_argument("--seed", type=int, default=0, help="which mutants are drawn")
    made.add_argument("--deep", action="store_true", help="ask all tests about what lives")
    made.add_argument("--workers", type=int, default=2, help="mutants at once")
    made.add_argument("--timeout", type=float, help="seconds for one run of tests")
    made.add_argument("--time", type=float, default=float("inf"), help="minutes for everything")
    made.add_argument("--least", type=float, default=0.92, help="share of each room to be killed")
    made.add_argument("--out", type=Path, help="file for the counts and the mutants alive")
    made.add_argument("--survivors", type=Path, default=survivors.LIST, help="the kept list")
    made.add_argument("--root", type=Path, default=Path(), help="folder of the project")
    return made


if __name__ == "__main__":
    sys.exit(main())
