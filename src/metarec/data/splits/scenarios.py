"""MeLU's protocol (Lee et al. 2019): cold-start scenarios given as a table, with fixed draws."""

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Bool, Int

from metarec.contracts import DataError, Histories
from metarec.contracts.dataset import Dataset
from metarec.contracts.episodes import Episodes, joined
from metarec.data.draws import chosen, event_keys, keys_of, mixed, permuted, ranks_of, seed_of
from metarec.data.splits.masks import EventMask, check_fraction, counts_of, episodes_of, train_on
from metarec.data.splits.split import Split
from metarec.data.validation.problems import DroppedRowsWarning
from metarec.files.atomic import whole_file
from metarec.files.disk import read_parquet

WARM = "warm_state"
COLUMNS = ("scenario", "user_id", "item_id")
VALID_DRAWS = 3
MOST_ABSENT = 0.01  # share of rows that the data may lack, as MovieLens-1M lacks three

EXCLUDES = (
    "no event of a test scenario is in train, and none of a held-out warm user or item",
    "a support holds only the same user's events of the same scenario, none of them in the query",
    "test events, altered or removed, change nothing in train",
    "another user's test events, altered or removed, do not change this user's supports and "
    "queries; which items compete is told by the events of the scenario",
)


@dataclass(frozen=True)
class Rules:
    """How the episodes of a scenario are drawn."""

    draws: int
    queries: int
    least: int
    most: int
    valid: float
    newest: str | None
    rng: int

    def __post_init__(self) -> None:
        check_fraction("valid", self.valid)
        if self.draws < 1 or self.queries < 1:
            raise DataError(
                f"draws and queries must be at least 1, got {self.draws} and {self.queries}"
            )
        if not self.queries <= self.least <= self.most:
            raise DataError(
                "least must be at least queries and at most most, got "
                f"queries={self.queries}, least={self.least}, most={self.most}"
            )


def split_scenarios(
    data: Dataset,
    scenarios: pl.DataFrame | str | Path,
    *,
    draws: int = 10,
    queries: int = 10,
    least: int = 13,
    most: int = 100,
    valid: float = 0.1,
    newest: str | None = None,
    rng: int = 0,
    draws_file: str | Path | None = None,
) -> Split:
    """Train on the warm state; judge each other scenario within itself.

    `scenarios` has the columns scenario, user_id, item_id. A scenario's users with `least` to
    `most` events in it are judged, on `queries` of those, in `draws` draws: as many episodes for
    each user, to be averaged. The other events of the same scenario are the support, in drawn
    order. Validation does the same inside the warm state, for a `valid` share of its users and of
    its items, which are held out of train; `valid = 0` trains on all of the warm state.

    The draws follow from the ids and `rng`. `draws_file` (Parquet: scenario, draw, user_id, item_id
    of each query event) fixes them: it is read if it exists, and else written.
    """
    rules = Rules(draws, queries, least, most, valid, newest, rng)
    labelled = labels_of(data, scenarios)
    known, newcomers, arrivals = warm_parts(data, labelled.pop(WARM), rules)
    stored = read_draws(draws_file)
    test = {name: draw_episodes(data, labelled[name], name, rules, stored) for name in labelled}
    if draws_file is not None and stored is None:
        write_draws(draws_file, test, draws)
    fewer = replace(rules, draws=min(draws, VALID_DRAWS))
    parts = [
        draw_episodes(data, newcomers, "valid users", fewer),
        draw_episodes(data, arrivals, "valid items", fewer),
    ]
    return Split(
        name="scenarios",
        train=train_on(data, known),
        valid=Episodes(joined([p.support for p in parts]), joined([p.query for p in parts])),
        test=test,
        excludes=EXCLUDES,
        settings={"dataset_hash": data.hash, **asdict(rules)},
    )


def labels_of(data: Dataset, scenarios: pl.DataFrame | str | Path) -> dict[str, EventMask]:
    """For each scenario, which events of `data.histories` belong to it."""
    table = scenario_table(scenarios)
    users = pl.DataFrame({"user_id": data.user_ids.tolist()}).with_row_index("user")
    items = pl.DataFrame({"item_id": data.catalogue.ids.tolist()}).with_row_index("item")
    indexed = table.join(users, on="user_id").join(items, on="item_id")
    pairs = pl.DataFrame({"user": data.histories.rows, "item": data.histories.items})
    found = indexed.select("scenario", pl.col("user", "item").cast(pl.Int64)).join(
        pairs.with_row_index("event"), on=["user", "item"]
    )
    tell_absent(len(table) - len(found.unique(["scenario", "user", "item"])), table, data.name)
    labelled = {}
    for name in table["scenario"].unique().sort():
        labelled[name] = np.zeros(len(pairs), dtype=bool)
        labelled[name][found.filter(pl.col("scenario") == name)["event"].to_numpy()] = True
    for name in labelled.keys() - {WARM}:
        if n_both := int((labelled[name] & labelled[WARM]).sum()):
            raise DataError(
                f"{n_both:,} events are both in {WARM!r} and in {name!r}, where the test would be "
                "in train; give each pair of a user and an item one scenario"
            )
    return labelled


def scenario_table(scenarios: pl.DataFrame | str | Path) -> pl.DataFrame:
    """The table with its columns and the warm state in it."""
    if not isinstance(scenarios, pl.DataFrame):
        scenarios = read_parquet(scenarios, set(COLUMNS))
    if missing := set(COLUMNS) - set(scenarios.columns):
        raise DataError(
            f"the scenarios need the columns {sorted(missing)}, got {scenarios.columns}"
        )
    names = scenarios["scenario"].unique().sort().to_list()
    if WARM not in names or len(names) < 2:
        raise DataError(f"the scenarios must be {WARM!r} and at least one other, got {names}")
    return scenarios


def tell_absent(absent: int, table: pl.DataFrame, name: str) -> None:
    """Warn of the few rows that are no events of the dataset, refuse many."""
    what = (
        f"{absent:,} of the scenarios' {len(table):,} rows are not in the interactions of {name!r}"
    )
    if absent > MOST_ABSENT * len(table):
        raise DataError(f"{what}; load the dataset that they were made from")
    if absent:
        warnings.warn(f"{what} and were left out", DroppedRowsWarning, stacklevel=4)


def warm_parts(
    data: Dataset, warm: EventMask, rules: Rules
) -> tuple[EventMask, EventMask, EventMask]:
    """Warm events of known users on known items, of held-out users, and on held-out items."""
    histories = data.histories
    warm_users = counts_of(histories, warm) > 0
    warm_items = np.bincount(histories.items[warm], minlength=len(data.catalogue)) > 0
    users = chosen(data.user_ids, rules.valid, rules.rng, "valid users", warm_users)[histories.rows]
    if rules.newest is None:
        held = chosen(data.catalogue.ids, rules.valid, rules.rng, "valid items", warm_items)
    else:
        held = newest_of(data, rules.newest, rules.valid, warm_items)
    items = held[histories.items]
    return warm & ~users & ~items, warm & users & ~items, warm & ~users & items


def newest_of(
    data: Dataset, column: str, share: float, among: Bool[np.ndarray, " item"]
) -> Bool[np.ndarray, " item"]:
    """True for the `share` of the items with the largest values of a column; null counts as old."""
    frame = data.catalogue.frame
    if column not in frame.columns or not frame.schema[column].is_numeric():
        raise DataError(f"newest must name a number column of the items, got {column!r}")
    values = frame[column].cast(pl.Float64).fill_null(-np.inf).to_numpy()
    candidates = np.flatnonzero(among)
    order = np.argsort(-values[candidates], kind="stable")  # ties: the earlier row is held out
    held = np.zeros(len(frame), dtype=bool)
    held[candidates[order[: round(share * len(candidates))]]] = True
    return held


def draw_episodes(
    data: Dataset,
    scenario: EventMask,
    name: str,
    rules: Rules,
    stored: pl.DataFrame | None = None,
) -> Episodes:
    """All draws of one scenario, one draw's users after another's."""
    inside = data.histories.keep(scenario)
    able = counts_of(inside, data.event_kinds.foretold(inside)) >= rules.queries
    judged = np.flatnonzero(able & (inside.lengths >= rules.least) & (inside.lengths <= rules.most))
    events = inside.take(np.tile(judged, rules.draws))
    draw = np.repeat(np.arange(rules.draws), len(judged))[events.rows]
    purpose = keys_of([f"draw {number}" for number in range(rules.draws)], seed_of(rules.rng, name))
    keys = mixed(event_keys(events, rules.rng, name) ^ purpose[draw])
    events = permuted(events, np.lexsort((keys, events.rows)))  # `draw` is constant in a history
    if stored is None:
        open_ = data.event_kinds.foretold(events)
        asked = open_ & (ranks_of(events, events.places, among=open_) < rules.queries)
    else:
        asked = asked_in(stored.filter(pl.col("scenario") == name), events, draw, rules)
    competing = np.zeros(len(data.catalogue), dtype=bool)
    competing[data.histories.items[scenario]] = True
    return episodes_of(events, ~asked, asked, competing)


def asked_in(
    stored: pl.DataFrame, events: Histories, draw: Int[np.ndarray, " event"], rules: Rules
) -> EventMask:
    """True for the events that the stored draws ask for; each history must have its queries."""
    table = event_table(events, draw)
    key = ["draw", "user_id", "item_id"]
    wanted = stored.select(pl.col("draw").cast(pl.Int64), "user_id", "item_id")
    asked = table.select(pl.struct(key).is_in(wanted.select(pl.struct(key)).to_series().implode()))
    mask: EventMask = asked.to_series().to_numpy()
    if not (counts_of(events, mask) == rules.queries).all():
        raise DataError(
            f"the stored draws do not hold {rules.queries} query events for each judged user and "
            "draw; they were made from other data or settings: remove the file to draw again"
        )
    return mask


def event_table(events: Histories, draw: Int[np.ndarray, " event"]) -> pl.DataFrame:
    """The columns draw, user_id, item_id of each event."""
    assert events.user_ids is not None, "histories of a dataset know their users"
    users = pl.Series(events.user_ids.tolist(), dtype=pl.String)
    items = pl.Series(events.vocabulary.ids.tolist(), dtype=pl.String)
    columns = {"draw": draw, "user_id": users[events.rows], "item_id": items[events.items]}
    return pl.DataFrame(columns)


def read_draws(path: str | Path | None) -> pl.DataFrame | None:
    """The stored draws, None where there are none yet."""
    if path is None or not Path(path).exists():
        return None
    return read_parquet(path, {"draw", *COLUMNS})


def write_draws(path: str | Path, drawn: Mapping[str, Episodes], draws: int) -> None:
    """Write the query events of all draws, whole or not at all."""
    tables = []
    for name, episodes in drawn.items():
        query = episodes.query
        draw = np.repeat(np.arange(draws), len(query) // draws)[query.rows]
        table = event_table(query, draw)
        tables.append(table.select(pl.lit(name).alias("scenario"), pl.all()))
    with whole_file(path) as new:
        pl.concat(tables).write_parquet(new)
