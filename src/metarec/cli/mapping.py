"""What `metarec data convert` is told of columns, scales and kinds, from the words of a shell."""

import re
from collections.abc import Sequence

from metarec.contracts import DataError
from metarec.data.column_names import OURS


def mapping_of(pairs: Sequence[str]) -> dict[str, dict[str, str | None] | None]:
    """Our columns of each table and the files' own, from `ours=theirs` and `items.ours=theirs`.

    Nothing after the sign says that there is no such column.
    """
    found: dict[str, dict[str, str | None]] = {table: {} for table in OURS}
    for pair in pairs:
        ours, equals, theirs = (part.strip() for part in pair.partition("="))
        table, _, column = ours.rpartition(".")
        table = table or "interactions"
        if not equals or not column or table not in found:
            raise DataError(
                "--map takes ours=theirs, such as user_id=customer_no or items.item_id=sku, got "
                f"{pair!r}"
            )
        found[table][column] = theirs or None
    return {table: columns or None for table, columns in found.items()}


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
    """The kinds of "buy,order"; none where nothing is said."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())
