"""Reader of RecBole's atomic files: tab-separated, with typed headers such as `rating:float`.

`rating` becomes the value; without it the events are implicit, and those whose `label` is 0, which
were shown and refused, are left out and counted. Triples speak of items where
`.link` names an entity's item, and of entities by their own ids elsewhere; an entity without an
item whose id is also an item's gets the prefix `entity:`.
"""

from dataclasses import replace
from pathlib import Path

import polars as pl

from metarec.data.readers.csv_text import read_csv
from metarec.data.readers.tabular import read_bytes
from metarec.data.validation.problems import Check, Report
from metarec.data.validation.table import Table, Tables


def is_recbole(folder: Path) -> bool:
    """True if a file of interactions is there."""
    return any(folder.glob("*.inter"))


def read_recbole(folder: Path, report: Report) -> Tables:
    """The tables of one folder of atomic files."""
    events = read_atomic(folder, "inter", report, needed=True)
    items = declared(read_atomic(folder, "item", report), report)
    users = declared(read_atomic(folder, "user", report), report)
    graph = read_atomic(folder, "kg", report)
    links = read_atomic(folder, "link", report)
    if events is not None:
        events = strip_kinds(events)
        if "rating" in events.frame.columns:
            events = events.renamed({"value": "rating"})
        elif "label" in events.frame.columns:
            events = taken(events, report)
    found = sorted(folder.glob("*.inter"))
    return Tables(
        name=found[0].stem if found else folder.name,
        interactions=events,
        items=items,
        users=users,
        triples=triples_over_items(graph, links, item_ids_of(items, events), report),
        clock="unix" if events is not None and "timestamp" in events.frame.columns else None,
    )


def taken(events: Table, report: Report) -> Table:
    """The events whose `label` is 1, without it; a label of 0 stands for what was refused."""
    label = pl.col("label").str.strip_chars().cast(pl.Float64, strict=False)
    fix = "write 1 for what was taken and 0 for what was refused"
    odd = ~label.is_in([0.0, 1.0]) | label.is_null()
    events = report.sift(events, [Check("wrong label", "label", odd, "0 or 1", fix)])
    kept = events.keep(events.frame.select(label == 1).to_series())
    report.note("refused event (label 0)", len(events.frame) - len(kept.frame))
    if len(events.frame) and not len(kept.frame):
        found, own = "no label but 0", events.names["label"]
        report.fail(events.file, found, "events with label 1", "add what people took", own)
    return kept.with_frame(kept.frame.drop("label"))


def item_ids_of(items: Table | None, events: Table | None) -> pl.Series:
    """The ids that stand for items, from wherever they are listed."""
    for table in (items, events):
        if table is not None and "item_id" in table.frame.columns:
            return table.frame["item_id"]
    return pl.Series([], dtype=pl.String)


def read_atomic(folder: Path, suffix: str, report: Report, *, needed: bool = False) -> Table | None:
    """The one file with the suffix, columns still with their types in their names."""
    found = sorted(folder.glob(f"*.{suffix}"))
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        report.fail(f"*.{suffix}", names, "one file", "remove all but one of them")
    if len(found) != 1:
        if needed and not found:
            report.fail(f"*.{suffix}", "no such file", f"one in {folder}", "add the file")
        return None
    content = read_bytes(found[0], report)
    return (
        content and read_csv(content, found[0].name, report, separator="\t", quoted=False)
    ) or None


def strip_kinds(table: Table) -> Table:
    """The table with plain column names, remembering those of the file."""
    plain = {name.split(":")[0]: name for name in table.frame.columns}
    return table.renamed(plain)


def declared(table: Table | None, report: Report) -> Table | None:
    """The table with the types that its header declares: floats as numbers, tokens as text.

    A sequence of tokens stays one text, its words separated by spaces.
    """
    if table is None:
        return None
    kinds = {name.split(":")[0]: name.partition(":")[2] for name in table.frame.columns}
    plain = replace(strip_kinds(table), untyped=False)
    content = [name for name in kinds if not name.endswith("_id")]
    empty = [pl.when(pl.col(c) != "").then(pl.col(c)).alias(c) for c in content]
    plain = plain.with_frame(plain.frame.with_columns(empty))
    floats = [c for c in content if kinds[c] == "float"]
    fix = "write a number, or declare the column as a token"
    checks = [
        Check(
            "wrong type",
            c,
            pl.col(c).is_not_null() & pl.col(c).cast(pl.Float64, strict=False).is_null(),
            "a number",
            fix,
        )
        for c in floats
    ]
    plain = report.sift(plain, checks)
    return plain.with_frame(plain.frame.with_columns(pl.col(floats).cast(pl.Float64)))


def triples_over_items(
    graph: Table | None, links: Table | None, item_ids: pl.Series, report: Report
) -> Table | None:
    """The knowledge graph with an item's id wherever an entity is an item."""
    if graph is None:
        return None
    plain = strip_kinds(graph).renamed(
        {"head": "head_id", "relation": "relation_id", "tail": "tail_id"}
    )
    if not {"head", "tail"} <= set(plain.frame.columns):
        return plain  # validation reports what is missing
    linked = pl.DataFrame({"item_id": [], "entity_id": []}, schema_overrides={}, strict=False)
    if links is not None:
        named = strip_kinds(links)
        if not {"item_id", "entity_id"} <= set(named.frame.columns):
            found = ", ".join(links.frame.columns)
            fix = "write both columns"
            report.fail(links.file, found, "columns item_id and entity_id", fix)
            return plain
        linked = named.frame.unique("entity_id", keep="first", maintain_order=True)
    item_of = dict(zip(linked["entity_id"], linked["item_id"], strict=True))
    ends = [as_item(c, item_of, item_ids).alias(c) for c in ("head", "tail")]
    return plain.with_frame(plain.frame.with_columns(ends))


def as_item(column: str, item_of: dict[str, str], item_ids: pl.Series) -> pl.Expr:
    """The linked item's id, or the entity's own, kept apart from the items' ids."""
    entity = pl.col(column)
    own = pl.when(entity.is_in(item_ids.implode())).then("entity:" + entity).otherwise(entity)
    known = entity.replace_strict(item_of, default=None, return_dtype=pl.String)
    return pl.coalesce(known, own)
