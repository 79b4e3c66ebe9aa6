"""What each score counts in a sum that was learned, by the names under which it is learned."""

from collections.abc import Iterable

from metarec.meta.evidence.evidence import TASTE, Evidence
from metarec.meta.evidence.samples import ALIKE, NEAR, PLAIN, heard


def of_touched(evidence: Evidence, names: Iterable[str]) -> dict[str, float]:
    """The weight of each score of touched items, of those in `names`."""
    heard_as = [(table.name, fade) for table in evidence.counted for fade in table.fades]
    heard_as += [(ALIKE, fade) for fade in evidence.alike_fades]
    popular = evidence.popular
    found = {heard(name, fade.decay): fade.weight for name, fade in heard_as}
    found |= {name: popular.always * part for name, part in popular.parts.items()}
    found |= {TASTE: evidence.taste}
    return {name: found[name] for name in names if name in found}


def of_untouched(evidence: Evidence) -> dict[str, float]:
    """The same of items that nobody has touched."""
    own = evidence.untouched
    found = {heard(ALIKE, fade.decay): fade.weight for fade in own.likeness}
    return {**found, TASTE: own.taste, NEAR: own.near, PLAIN: own.plain}
