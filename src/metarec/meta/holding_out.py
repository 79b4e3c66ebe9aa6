"""Validation episodes of a training set's own, for callers who give none or too few."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from metarec.contracts import DataError, Dataset, Episodes, EventKinds, Histories
from metarec.contracts.episodes import joined
from metarec.data.draws import permuted, ranks_of, shuffled_order
from metarec.data.sampling import support_sizes
from metarec.data.splits.masks import train_on
from metarec.meta.refusals import served
from metarec.training.streams import Purpose, stream

SHARE = 0.05
LEAST_USERS, MOST_USERS = 20, 500
LARGEST_SHARE = 0.25
"""A small shop gives up at most this share of its users, however few they are."""
KNOWN_PART = 10
"""One of so many ratings of a known person is held out."""
FOLDS = 5
"""Parts of the people who are asked in turn where validation alone would teach too little."""
ITEM_FOLDS = 10
"""Parts of the touched items, of which nobody has touched one in a fold, to learn what such items
are worth."""


def without_repeats(episodes: Episodes, event_kinds: EventKinds) -> Episodes:
    """Episodes whose queries ask once for each item, and for none that is had in the support."""
    n_items = len(episodes.support.vocabulary)
    own = event_kinds.had(episodes.support)
    had = own.rows * n_items + own.items
    asked = episodes.query.rows * n_items + episodes.query.items
    once = np.zeros(len(asked), dtype=bool)
    once[np.unique(asked, return_index=True)[1]] = True
    return replace(episodes, query=episodes.query.keep(once & ~np.isin(asked, had)))


def hold_out_users(train: Dataset, rng: int) -> tuple[Dataset, Episodes]:
    """`train` without the events of a few random users, and these users as episodes.

    For ratings, and where the shop tells no order, a user's events are shuffled; the support sizes
    are those of training. Other implicit events keep their order, and the query is what came after
    the support and is not in it.
    """
    kept, episodes = _held_out(train, rng)
    return kept, _once(episodes, train)


def _held_out(train: Dataset, rng: int) -> tuple[Dataset, Episodes]:
    """The same, asked for what they had before too; `train` and supports have what was refused."""
    random = stream(rng, Purpose.HOLD_OUT)
    able = able_users(train)
    n = min(MOST_USERS, max(LEAST_USERS, int(len(able) * SHARE)), int(len(able) * LARGEST_SHARE))
    chosen = np.sort(random.choice(able, size=n, replace=False))
    return _without(train, chosen), _asked(train, chosen, random)


def folds_of(train: Dataset, rng: int) -> Iterator[tuple[Dataset, Episodes]]:
    """One fold after another: `train` without some people and some items, and these people as
    episodes, which are asked for those items too.

    Every person who can be asked is in one fold at most (`MOST_USERS` in each), and so is every
    item. Where too few people are left to learn from there is no fold.
    """
    random = stream(rng, Purpose.FOLDS)
    able, taken = able_users(train), train.without_negative().touched
    touched = np.flatnonzero(taken)
    people = np.array_split(random.permutation(able), FOLDS)
    items = np.array_split(random.permutation(touched), ITEM_FOLDS)
    for chosen, hidden in zip(people, items[:FOLDS], strict=True):
        if not len(chosen):
            return
        chosen = np.sort(chosen[:MOST_USERS])
        gone = np.zeros(len(train.catalogue), dtype=bool)
        gone[hidden] = True
        kept = _without(train, chosen)
        kept = kept.where(~gone[kept.interactions["item"].to_numpy()])
        if not (kept.without_negative().histories.lengths >= 2).any():
            return
        episodes = _once(_asked(train, chosen, random, late=True), train)
        support = episodes.support.keep(~gone[episodes.support.items])
        yield kept, Episodes(support, episodes.query, taken)


def able_users(train: Dataset) -> Int[np.ndarray, " user"]:
    """The users with something to know them by and something to ask for."""
    histories = train.without_negative().histories
    foretold = train.event_kinds.foretold(histories)
    has_one = np.bincount(histories.rows[foretold], minlength=len(histories)) > 0
    return np.flatnonzero((histories.lengths >= 2) & has_one)


def _without(train: Dataset, people: Int[np.ndarray, " person"]) -> Dataset:
    held = np.zeros(len(train.user_ids), dtype=bool)
    held[people] = True
    return train.where(~held[train.interactions["user"].to_numpy()])


def _asked(
    train: Dataset,
    people: Int[np.ndarray, " person"],
    random: np.random.Generator,
    *,
    late: bool = False,
) -> Episodes:
    """A support of random size of each, and what came after it.

    Half of the supports are small, or where `late`, all of a history but a few events. What people
    refused before it is in their support, or all that they refused where no order is told.
    """
    whole = train.histories.take(people)
    own = train.event_kinds.support(whole)
    ordered = train.feedback != "rating" and train.clock is not None
    if not ordered:
        own = permuted(own, shuffled_order(own, random))
    sizes = support_sizes(own.lengths, random)
    if late:
        sizes = own.lengths - 1 - sizes
    support = own.places < sizes[own.rows]
    told, asked = own.keep(support), own.keep(~support)
    refused = train.event_kinds.refused(whole)
    if refused.any():
        before = np.cumsum(~refused) - own.offsets[whole.rows]
        heard = refused & ((before <= sizes[whole.rows]) if ordered else True)
        told = _between(told, whole.keep(heard), before[heard])
    return train.event_kinds.asked(Episodes(told, asked))


def _between(
    taken: Histories, refused: Histories, before: Int[np.ndarray, " refused"]
) -> Histories:
    """Both in one history each; so many events came `before` each that was refused."""
    rows = np.concatenate([taken.rows, refused.rows])
    order = np.lexsort((np.concatenate([taken.places, before - 0.5]), rows))
    return replace(
        taken,
        items=np.concatenate([taken.items, refused.items])[order],
        values=np.concatenate([taken.values, refused.values])[order],
        times=np.concatenate([taken.times, refused.times])[order],
        kinds=np.concatenate([taken.kinds, refused.kinds])[order],
        offsets=taken.offsets + refused.offsets,
        details=None,
    )


def _once(episodes: Episodes, train: Dataset) -> Episodes:
    """Those who are asked for something that they did not have."""
    if train.feedback == "implicit":
        episodes = without_repeats(episodes, train.event_kinds)
    return episodes.take(np.flatnonzero(episodes.query.lengths > 0))


def checked_validation(train: Dataset, valid: Episodes) -> Episodes:
    """What of `valid` a fit on `train` is judged on; raises DataError where nothing is asked.

    Nothing is left where all come back to what they had.
    """
    if valid.support.vocabulary != train.catalogue.vocabulary:
        raise DataError("valid must be episodes over train's catalogue, as a split gives them")
    valid = train.event_kinds.asked(valid)
    if len(valid) and not len(valid.query.items):
        raise DataError(
            f"none of the {len(valid)} validation episodes has a query event to be judged on; give "
            "episodes with queries, or none and users of the training data are held out"
        )
    if train.feedback == "implicit":
        valid = without_repeats(valid, train.event_kinds)
        if not len(valid.query.items):
            return valid.take(slice(0))
    return valid


@dataclass(frozen=True, eq=False)
class Taught:
    """What one head is learned from, and judged on."""

    given: Dataset
    """All that was given; tables are counted on it at last."""
    train: Dataset
    heard: Dataset
    """`train` with the events that speak against their item, which the others are without."""
    valid: Episodes
    """Queries of implicit events are on items that are not in the support, each once."""
    repeating: Episodes
    """The same people, asked for whatever came."""

    @classmethod
    def of(cls, given: Dataset, valid: Episodes | None, rng: int) -> "Taught":
        """With the validation that was given, or else with a few users held out.

        Supports come in the order in which they are served, whatever order they were drawn in.
        """
        if valid is None:
            heard, repeating = _held_out(given, rng)
            valid = _once(repeating, given)
        else:
            heard, repeating = given, given.event_kinds.asked(valid)
            valid = checked_validation(given, valid)
        taken = given.without_negative()
        train = taken if heard is given else heard.without_negative()
        return cls(taken, train, heard, *(_as_served(given, part) for part in (valid, repeating)))

    def beside_known(self, rng: int) -> "Taught":
        """Judged on known people too, as many as new ones: by a tenth of what each of them rated,
        which is learned without.

        Most of whom a shop asks for is known to it, and numbers of items that fit known people's
        own ratings may be worse for their next ones and better for those of others.
        """
        train, random = self.train, stream(rng, Purpose.HOLD_OUT, 1)
        able = able_users(train)
        chosen = np.sort(random.choice(able, min(len(able), len(self.valid)), replace=False))
        histories = train.histories
        ranks = ranks_of(histories, random.random(len(train.order))[train.order])
        part = np.maximum(1, histories.lengths // KNOWN_PART)[histories.rows]
        gone = np.isin(histories.rows, chosen) & (ranks < part)
        kept = train_on(train, ~gone)
        asked = Episodes(kept.histories.take(chosen), train_on(train, gone).histories.take(chosen))
        asked = _as_served(train, _once(train.event_kinds.asked(asked), train))
        support = joined([self.valid.support, asked.support])
        valid = Episodes(support, joined([self.valid.query, asked.query]))
        return replace(self, train=kept, valid=valid)


def _as_served(train: Dataset, episodes: Episodes) -> Episodes:
    """The support as adaptation reads it, in clock order; what was refused says nothing of
    ratings."""
    support, kinds = episodes.support, train.event_kinds
    if train.feedback == "rating":
        support = kinds.support(support)
    return replace(episodes, support=served(support, kinds))
