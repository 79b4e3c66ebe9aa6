"""All mutants of a package, room by room."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.mutants.calls import calls
from tools.mutants.operators import operators
from tools.mutants.signatures import Signatures
from tools.mutants.source import Edit, Mutant, Source
from tools.mutants.statements import statements
from tools.mutants.values import values
from tools.mutants.walking import walk


def mutants_of(source: Source, signatures: Signatures) -> list[Mutant]:
    """Every mutant of one file, in the order of the file; no two give the same text."""
    found: dict[tuple[int, int, str], Mutant] = {}
    for edit in edits_of(source, signatures):
        found.setdefault((edit.start, edit.end, edit.text), source.mutant(edit))
    return sorted(found.values(), key=lambda mutant: (mutant.start, mutant.end, mutant.text))


def edits_of(source: Source, signatures: Signatures) -> Iterator[Edit]:
    """The edits of every kind, node by node."""
    for node, above in walk(source.tree):
        yield from operators(node, above, source)
        yield from values(node, above, source)
        yield from calls(node, above, source, signatures)
        yield from statements(node, above, source)


def rooms_of(package: Path, root: Path) -> dict[str, dict[str, list[Mutant]]]:
    """The mutants of each file of each room: the top-level folders of the package."""
    sources = {
        file: Source(file.relative_to(root).as_posix(), file.read_bytes())
        for file in sorted(package.rglob("*.py"))
    }
    signatures = Signatures(source.tree for source in sources.values())
    rooms: dict[str, dict[str, list[Mutant]]] = defaultdict(dict)
    for file, source in sources.items():
        parts = file.relative_to(package).parts
        if len(parts) > 1:
            rooms[parts[0]][source.path] = mutants_of(source, signatures)
    return dict(rooms)


def sample(files: dict[str, list[Mutant]], n: int, seed: str) -> list[Mutant]:
    """`n` mutants of a room: each file by its number of them, and in a file kinds in turn.

    The same seed and files give the same mutants; another file does not move those of this one,
    beyond how many it gives.
    """
    total = sum(len(mutants) for mutants in files.values())
    if n >= total:
        return [mutant for mutants in files.values() for mutant in mutants]
    shares = {path: n * len(mutants) / total for path, mutants in files.items()}
    counts = {path: int(share) for path, share in shares.items()}
    order = sorted(files, key=lambda path: (counts[path] - shares[path], path))
    for path in order[: n - sum(counts.values())]:
        counts[path] += 1
    return [m for path in files for m in kinds_in_turn(files[path], counts[path], seed + path)]


def kinds_in_turn(mutants: Sequence[Mutant], n: int, seed: str) -> list[Mutant]:
    """`n` of one file's mutants: every kind once before any kind comes twice."""
    rng = random.Random(seed)
    by_kind: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in rng.sample(mutants, len(mutants)):
        by_kind[mutant.kind].append(mutant)
    kinds = rng.sample(sorted(by_kind), len(by_kind))
    turns = max((len(same) for same in by_kind.values()), default=0)
    drawn = [by_kind[kind][i] for i in range(turns) for kind in kinds if i < len(by_kind[kind])]
    return sorted(drawn[:n], key=lambda mutant: (mutant.start, mutant.end, mutant.text))
