"""Cold items ranked among cold items: content alone must place what nobody has touched."""

import numpy as np

from metarec.contracts.dataset import Dataset
from metarec.data.draws import chosen, event_keys, uniform_of
from metarec.data.splits.masks import check_fraction, episodes_of, train_on
from metarec.data.splits.split import OWN_EVENTS_ALONE, Split

EXCLUDES = (
    "no event on a held-out item is in train or in a support",
    "the validation's events and the test's are disjoint",
    "only held-out items compete",
    "test events, altered or removed, change nothing in train",
    OWN_EVENTS_ALONE,
)


def split_cold_items(data: Dataset, *, items: float = 0.2, rng: int = 0) -> Split:
    """`items` of all items are held out; half of their events, by id, are the test query.

    The other half is the validation's query, over the same items; of declared kinds, only those
    that are to be foretold are in a query. The support is the user's whole
    history on the other items; a user without one is judged with an empty support.
    """
    check_fraction("items", items, zero=False)
    histories = data.histories
    everything = np.ones(len(data.catalogue), dtype=bool)
    held = chosen(data.catalogue.ids, items, rng, "held-out items", everything)
    cold = held[histories.items]
    asked = cold & data.event_kinds.foretold(histories)
    in_test = uniform_of(event_keys(histories, rng, "half")) < 0.5
    return Split(
        name="cold items",
        train=train_on(data, ~cold),
        valid=episodes_of(histories, ~cold, asked & ~in_test, held),
        test={"cold items": episodes_of(histories, ~cold, asked & in_test, held)},
        excludes=EXCLUDES,
        settings={"dataset_hash": data.hash, "items": items, "rng": rng},
    )
