"""What a command is told of columns, scales and kinds, from the words of a shell."""

import re
from collections.abc import Sequence

from metarec.contracts import DataError
from metarec.data.column_names import OURS

Mapping = dict[str, str | None]


def mapping_of(pairs: Sequence[str]) -> Mapping:
    """Our columns and the table's own, from `ours=theirs` and, of one table, `items.ours=theirs`.

    Nothing after the sign says that there is no such column.
    """
    found: Mapping = {}
    for pair in pairs:
        ours, equals, theirs = (part.strip() for part in pair.partition("="))
        table, dot, column = ours.rpartition(".")
        if not equals or not column or (dot and table not in OURS):
            raise DataError(
                "--map takes ours=theirs, such as user_id=customer_no or items.item_id=sku, got "
                f"{pair!r}"
            )
        if ours in found:
            raise DataError(f"--map says {ours} twice; say it once")
        found[ours] = theirs or None
    return found


def columns_of(mapping: Mapping, table: str, *, unsaid: bool = False) -> Mapping | None:
    """What a mapping says of one table; of what names none too, where that is `unsaid`."""
    parts = {ours.rpartition("."): theirs for ours, theirs in mapping.items()}
    meant = (table, "") if unsaid else (table,)
    return {ours: theirs for (of, _, ours), theirs in parts.items() if of in meant} or None


def scale_of_text(text: str) -> list[float]:
    """The numbers of a scale, written 1,5 or [1, 5]."""
    numbers = re.findall(r"-?[0-9.]+", text)
    try:
        if re.fullmatch(r"[\[(]?\s*-?[0-9.]+\s*[,:; ]\s*-?[0-9.]+\s*[\])]?", text.strip()):
            return [float(number) for number in numbers]
    except ValueError:
        pass
    raise DataError(f"--scale takes the lowest and the highest rating, such as 1,5, got {text!r}")


def words_of(text: str | None) -> tuple[str, ...]:
    """The words of "buy,order", without the empty ones; none where nothing is said."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())
