"""Writing a dataset as a folder, whole or not at all."""

import json
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from metarec.contracts import DataError
from metarec.contracts.dataset import Dataset
from metarec.contracts.wording import written
from metarec.data.readers.settings import NOTES
from metarec.data.readers.tabular import SETTLED
from metarec.files.atomic import whole_folder
from metarec.files.disk import writing

OWN_FILES = frozenset(
    ["dataset.toml"]
    + [f"{name}.parquet" for name in ("interactions", "items", "users", "triples", "edges")]
)


def save(data: Dataset, folder: str | Path, *, overwrite: bool = False) -> None:
    """Write the folder format in Parquet; `load` of it has the same hash.

    The folder appears when all of it is written. One that exists is replaced only with `overwrite`,
    and only if it holds nothing but what `save` writes. Image and audio files are not copied: their
    paths stay relative to the folder that they came from. What was understood of the source, and
    how many rows were left out, stands under `[notes]` of `dataset.toml`, and is told by `load`.
    """
    target = Path(folder)
    check_target(target, overwrite)
    with whole_folder(target) as new:
        write_tables(data, new)
        (new / "dataset.toml").write_text(settings_of(data), encoding="utf-8")


def check_target(target: Path, overwrite: bool) -> None:
    """Refuse to write over anything that is not a saved dataset that may go."""
    with writing(target):
        if not target.exists():
            return
        if not target.is_dir():
            raise DataError(f"{target} is a file; name a folder")
        inside = {path.name for path in target.iterdir()}
    if inside - OWN_FILES:
        raise DataError(
            f"{target} holds other files, such as {min(inside - OWN_FILES)!r}; name a new folder"
        )
    if inside and not overwrite:
        raise DataError(
            f"{target} exists; name a new folder"
            + written(" (in Python, save(..., overwrite=True) replaces it)", "")
        )


def write_tables(data: Dataset, folder: Path) -> None:
    """All tables of the dataset, ids in place of indices."""
    users = pl.Series("user_id", data.user_ids.tolist(), dtype=pl.String)
    items = data.catalogue.table["item_id"]
    events = data.interactions
    ids = [users.gather(events["user"]), items.gather(events["item"])]
    pl.DataFrame(ids).hstack(events.drop("user", "item")).write_parquet(
        folder / "interactions.parquet", metadata=SETTLED
    )
    catalogue_table(data).write_parquet(folder / "items.parquet", metadata=SETTLED)
    profiles = pl.DataFrame([users])
    if data.users is not None:
        profiles = profiles.hstack(data.users)
    profiles.write_parquet(folder / "users.parquet", metadata=SETTLED)
    for name, table in (("triples", data.triples), ("edges", data.edges)):
        if table is not None:
            table.write_parquet(folder / f"{name}.parquet")


def catalogue_table(data: Dataset) -> pl.DataFrame:
    """The items, with the reserved column `offered` where some are retired."""
    offered = data.catalogue.offered
    if offered.all():
        return data.catalogue.table
    return data.catalogue.table.with_columns(pl.Series("offered", offered))


def settings_of(data: Dataset) -> str:
    """The content of `dataset.toml`."""
    texts = {"name": data.name, "feedback": data.feedback, "clock": data.clock}
    texts |= {"repeats": data.repeats, "licence": data.licence}
    lines = [f"{key} = {toml_string(text)}" for key, text in texts.items() if text is not None]
    if data.declared_scale is not None:
        lines.append(f"scale = {list(data.declared_scale)}")
    for key in ("target_kinds", "negative_kinds"):
        if kinds := getattr(data, key):
            lines.append(f"{key} = {toml_strings(kinds)}")
    if read := [*data.notes, *left_out(data)]:
        lines += ["", "[notes]", f"{NOTES} = ["]
        lines += [f"    {toml_string(sentence)}," for sentence in read] + ["]"]
    if data.roles:
        lines += ["", "[items]"]
        lines += [f"{role} = {toml_strings(columns)}" for role, columns in data.roles.items()]
    return "\n".join(lines) + "\n"


def left_out(data: Dataset) -> list[str]:
    """What was left out of the source, in a sentence where there is any."""
    told = ", ".join(f"{count:,} x {reason}" for reason, count in data.dropped.items())
    return [f"rows left out: {told}"] if told else []


def toml_strings(texts: Iterable[str]) -> str:
    """A list of texts in TOML."""
    return f"[{', '.join(map(toml_string, texts))}]"


def toml_string(text: str) -> str:
    """A JSON string is a TOML string, but for escaped halves of a character and for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
