"""K folds over events: each event is the question once."""

import numpy as np

from metarec.contracts import DataError
from metarec.contracts.dataset import Dataset
from metarec.data.draws import event_keys, keys_of, ranks_of, seed_of
from metarec.data.splits.masks import EventMask, episodes_of, train_on
from metarec.data.splits.split import OWN_EVENTS_ALONE, Split

EXCLUDES = (
    "no event is in train and in a query of the same split",
    "a support holds only events of the same user outside the fold",
    OWN_EVENTS_ALONE,
)


def split_k_fold(data: Dataset, *, folds: int = 5, valid: float = 0.1, rng: int = 0) -> list[Split]:
    """`folds` splits; in each, one fold of every user's events is the test query.

    The support is the user's events of the other folds, in order of time: an event may be judged
    with later ones known. A `valid` share of those is held out of train for validation, and is in
    the support of the test. Where kinds of events are declared, only those that are to be foretold
    are in a fold or held out; the others are in train and in every support.
    """
    if folds < 2:
        raise DataError(f"folds must be at least 2, got {folds}")
    if not 0 <= valid < 1:
        raise DataError(f"valid must be a share between 0 and 1, got {valid}")
    histories = data.histories
    asked = data.event_kinds.foretold(histories)
    ranks = ranks_of(histories, event_keys(histories, rng, "fold"), among=asked)
    # a user with fewer events than folds should not always land in the first ones
    starts = keys_of(data.user_ids, seed_of(rng, "first fold")) % np.uint64(folds)
    fold_of = np.where(asked, (ranks + starts.astype(np.int64)[histories.rows]) % folds, -1)
    held = ranks_of(histories, event_keys(histories, rng, "valid"))
    return [_split(data, fold_of == fold, held, fold, folds, valid, rng) for fold in range(folds)]


def _split(
    data: Dataset,
    in_fold: EventMask,
    ranks: np.ndarray,
    fold: int,
    folds: int,
    valid: float,
    rng: int,
) -> Split:
    histories = data.histories
    open_ = ~in_fold & data.event_kinds.foretold(histories)
    others = ranks_of(histories, ranks, among=open_)
    rest = np.bincount(histories.rows[open_], minlength=len(histories))
    in_valid = open_ & (others < np.round(valid * rest)[histories.rows])
    train = ~in_fold & ~in_valid
    return Split(
        name="k-fold",
        train=train_on(data, train),
        valid=episodes_of(histories, train, in_valid),
        test={f"fold {fold + 1} of {folds}": episodes_of(histories, ~in_fold, in_fold)},
        excludes=EXCLUDES,
        settings={
            "dataset_hash": data.hash,
            "fold": fold,
            "folds": folds,
            "valid": valid,
            "rng": rng,
        },
    )
