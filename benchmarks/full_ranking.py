"""Full-ranking evaluation against a bare matrix product and partial sort of the same shapes.

    python -m benchmarks.full_ranking [--users 6040] [--items 3706] [--d 64] [--repeats 5]

Both sides rank every item for every user in this one process; the ratio of their median CPU times
is what counts. The evaluation's side is everything that `evaluate` does beside fitting: scores,
excluded history, ties, the list metrics of every user, and the table of results.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import polars as pl

from benchmarks.common import Goal, write
from metarec.contracts import Catalogue, Dataset, Episodes, Histories, vocabulary_of
from metarec.data.splits.split import Split
from metarec.evaluation import evaluate
from metarec.recommenders import BaseRecommender

METRICS = ["ndcg", "recall", "precision", "mrr", "map", "hit_rate"]
ROWS_AT_ONCE = 2048


class Factors(BaseRecommender):
    """A model that does no more than the matrix product: one row of factors a user."""

    def __init__(self, users: np.ndarray, items: np.ndarray) -> None:
        super().__init__()
        self.users, self.items = users, items

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        self.row_of = {user_id: row for row, user_id in enumerate(train.user_ids)}

    def _score(self, histories: Histories) -> np.ndarray:
        assert histories.user_ids is not None
        rows = [self.row_of[user_id] for user_id in histories.user_ids]
        return self.users[rows] @ self.items.T


def shop(n_users: int, n_items: int, events: int = 20) -> Split:
    """Every user with `events` random events, the last of which is the query."""
    rng = np.random.default_rng(0)
    picks = np.argsort(rng.random((n_users, n_items)), axis=1)[:, :events]
    frame = pl.DataFrame(
        {
            "user": np.repeat(np.arange(n_users), events),
            "item": picks.ravel(),
            "value": np.ones(n_users * events, dtype=np.float32),
        }
    )
    catalogue = Catalogue.of(pl.DataFrame({"item_id": [f"i{item}" for item in range(n_items)]}))
    users = vocabulary_of(f"u{user}" for user in range(n_users))
    data = Dataset("bench", "implicit", None, catalogue, users, frame)
    histories = data.histories
    last = histories.places == events - 1
    episodes = Episodes(histories.keep(~last), histories.keep(last))
    return Split("leave-last-out", data, episodes, {"all users": episodes}, ())


def bare(users: np.ndarray, items: np.ndarray, k: int) -> np.ndarray:
    """The k best items of every user, in order, and nothing else."""
    lists = []
    for start in range(0, len(users), ROWS_AT_ONCE):
        scores = users[start : start + ROWS_AT_ONCE] @ items.T
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
        lists.append(np.take_along_axis(best, order, axis=1))
    return np.concatenate(lists)


def cpu_times(work: Callable[[], object], repeats: int) -> list[float]:
    """CPU seconds of each repeat, after one that warms up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--users", type=int, default=6040)
    parser.add_argument("--items", type=int, default=3706)
    parser.add_argument("--d", type=int, default=64)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    users, items = rng.normal(size=(given.users, given.d)), rng.normal(size=(given.items, given.d))
    split = shop(given.users, given.items)
    model = Factors(users, items).fit(split.train)

    def ours() -> object:
        return evaluate({"factors": model}, split, metrics=METRICS, k=given.k, curve=None)

    theirs_s = median(cpu_times(lambda: bare(users, items, given.k), given.repeats))
    ours_s = median(cpu_times(ours, given.repeats))
    ratio = ours_s / theirs_s
    goal = "full-ranking evaluation: within 3x of a bare product and partial sort"
    write(
        "full_ranking",
        None,
        [Goal(goal, f"{ratio:.2f}x", ratio <= 3.0)],
        shape=[given.users, given.items, given.d],
        bare_cpu_s=round(theirs_s, 3),
        evaluation_cpu_s=round(ours_s, 3),
    )


if __name__ == "__main__":
    main()
