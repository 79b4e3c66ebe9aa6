"""The synthetic shop is the same for a seed, true to its truth, and winnable as its regime says."""

import inspect
import resource
from pathlib import Path

import numpy as np
import pytest

from metarec.contracts import DataError, Dataset
from metarec.data import Shop, generate, generate_to, load
from metarec.data.synthetic.truth import CHUNK


@pytest.fixture(scope="module")
def shop() -> Shop:
    return generate(users=600, items=200)


def full(shop: Shop, at: float = 1.0) -> np.ndarray:
    users, items = np.arange(len(shop.dataset.user_ids)), np.arange(len(shop.dataset.catalogue))
    return shop.truth(users[:, None], items[None, :], at)


def personal_share(shop: Shop) -> float:
    """Share of the truth's variance that neither a user's nor an item's mean explains."""
    truth = full(shop)
    residual = truth - truth.mean(0) - truth.mean(1, keepdims=True) + truth.mean()
    return float(residual.var() / truth.var())


def test_a_seed_repeats_and_another_differs() -> None:
    one, two, other = generate(50, 40), generate(50, 40), generate(50, 40, rng=1)
    assert one.dataset.hash == two.dataset.hash
    assert one.dataset.hash != other.dataset.hash
    assert np.array_equal(full(one), full(two))


def test_more_users_do_not_change_the_first_ones() -> None:
    few, many = generate(20, 40), generate(60, 40)
    assert np.array_equal(full(few), full(many)[:20])
    first = many.dataset.interactions.filter(many.dataset.interactions["user"] < 20)
    mean = few.dataset.interactions["value"].mean()
    assert abs(mean - first["value"].mean()) < 0.5  # type: ignore[operator]


def test_texts_say_what_an_item_is_about(shop: Shop) -> None:
    frame = shop.dataset.catalogue.frame
    assert frame.columns == ["title", "description", "category", "tags", "price", "year"]
    assert frame.null_count().sum_horizontal().item() == 0
    sentences = frame["description"].str.count_matches(r"\.")
    assert (sentences == 4).all()
    hiking = frame.filter(frame["category"] == "hiking")["description"].str.to_lowercase()
    words = "trail|boots|summit|backpack|ridge|compass|forest|tent"
    assert hiking.str.contains(words).all()


def test_ratings_follow_the_truth_with_noise(shop: Shop) -> None:
    events = shop.dataset.interactions
    middle = (events["timestamp"] - 1_609_459_200) / (3 * 365 * 86_400)
    expected = shop.truth(events["user"].to_numpy(), events["item"].to_numpy(), middle.to_numpy())
    errors = events["value"].to_numpy() - expected
    assert np.corrcoef(events["value"].to_numpy(), expected)[0, 1] > 0.7
    assert abs(errors.mean()) < 0.05
    kurtosis = ((errors - errors.mean()) ** 4).mean() / errors.var() ** 2
    assert kurtosis > 3  # heavier tails than a Gaussian's


def test_exposure_is_skewed_and_biased(shop: Shop) -> None:
    counts = np.sort(shop.dataset.item_counts)[::-1]
    assert counts[:20].sum() > 0.3 * counts.sum()
    users, items = (shop.dataset.interactions[c].to_numpy() for c in ("user", "item"))
    assert shop.truth(users, items).mean() > full(shop).mean() + 0.2


def test_items_arrive_over_time_and_never_have_events_before(shop: Shop) -> None:
    arrival = shop.truth.items.arrival
    opened, length = 1_609_459_200, 3 * 365 * 86_400
    events = shop.dataset.interactions
    earliest = opened + arrival[events["item"].to_numpy()] * length
    assert (events["timestamp"].to_numpy() >= np.floor(earliest)).all()
    assert 0.3 < (arrival > 0).mean() < 0.5


def test_tastes_drift_and_are_no_sum_of_user_and_item(shop: Shop) -> None:
    before, after = full(shop, 0.0), full(shop, 1.0)
    assert np.abs(after - before).mean() > 0.1
    assert personal_share(shop) > 0.5


def test_tastes_are_not_linear_in_the_topics(shop: Shop) -> None:
    """The best linear fit of one user's worths on what items are leaves much unexplained."""
    truth = generate(100, 3000, kind="implicit").truth
    things = truth.items
    features = np.zeros((3000, 28))
    features[np.arange(3000), things.primary] = 1
    features[np.arange(3000), 12 + things.secondary] += 1
    features[:, 24:] = np.stack(
        [things.log_price, things.year, things.quality, np.ones(3000)], axis=1
    )
    worth = truth(np.arange(100)[None, :], np.arange(3000)[:, None])
    left = worth - features @ np.linalg.lstsq(features, worth, rcond=None)[0]
    assert 0.05 < left.var(0).mean() / worth.var(0).mean() < 0.6


def test_the_regimes_differ_in_who_can_win() -> None:
    bias = generate(400, 200, regime="bias")
    together = generate(400, 200, regime="cooccurrence")
    assert personal_share(bias) < 0.02
    assert personal_share(together) > 0.5

    def told_by_text(shop: Shop) -> float:
        """Share of the items' taste profile that their categories explain."""
        truth = full(shop)
        truth = truth - truth.mean(0)
        category = shop.dataset.catalogue.frame["category"].to_numpy()
        means = {c: truth[:, category == c].mean(1) for c in set(category)}
        fitted = np.stack([means[c] for c in category], axis=1)
        return 1 - float((truth - fitted).var() / truth.var())

    assert told_by_text(generate(400, 200)) > 2 * told_by_text(together)


def test_implicit_events_have_no_rating_and_may_repeat() -> None:
    data = generate(200, 50, kind="implicit").dataset
    assert data.feedback == "implicit"
    assert set(data.interactions["value"]) == {1.0}
    assert data.interactions.select("user", "item").is_duplicated().any()


def test_profiles_tell_something_and_have_gaps(shop: Shop) -> None:
    users = shop.dataset.users
    assert users is not None
    known = users["age"].is_not_null().to_numpy()
    assert 0.85 < known.mean() < 0.99
    era = shop.truth.users_of(0).era[: len(users)]
    assert np.corrcoef(users["age"].drop_nulls().to_numpy(), era[known])[0, 1] < -0.8


@pytest.mark.parametrize("kind", ["rating", "implicit"])
def test_the_folder_holds_the_same_shop(kind, tmp_path: Path) -> None:
    truth = generate_to(tmp_path / "shop", 120, 60, kind=kind, rng=3)
    made = generate(120, 60, kind=kind, rng=3)
    data = load(tmp_path / "shop")
    assert data.hash == made.dataset.hash
    assert data.name == made.dataset.name
    assert truth == made.truth


def test_chunks_of_users_join_without_a_seam(tmp_path: Path) -> None:
    n = CHUNK + 10
    truth = generate_to(tmp_path / "shop", n, 30)
    data = load(tmp_path / "shop")
    assert len(data.user_ids) == n
    assert data.user_ids[CHUNK] == f"u{CHUNK:07d}"
    assert (data.histories.lengths >= 1).all()
    users = np.array([0, CHUNK + 9, 5, CHUNK])
    whole = truth(users, np.array([1, 2, 3, 4]))
    single = [
        truth(np.array([u]), np.array([i]))[0] for u, i in zip(users, (1, 2, 3, 4), strict=True)
    ]
    assert whole.tolist() == single


def test_a_folder_that_exists_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match="other files"):
        generate_to(tmp_path / "shop", 20, 20)
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


@pytest.mark.parametrize(
    "wrong", [{"users": 0}, {"items": 3}, {"kind": "stars"}, {"regime": "chaos"}]
)
def test_wrong_settings_are_refused(wrong) -> None:
    with pytest.raises(DataError):
        generate(**wrong)


def test_the_truth_refuses_who_is_not_there(shop: Shop) -> None:
    with pytest.raises(DataError, match="users"):
        shop.truth(np.array([600]), np.array([0]))
    with pytest.raises(DataError, match="items"):
        shop.truth(np.array([0]), np.array([-1]))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_users(tmp_path: Path) -> None:
    generate_to(tmp_path / "few", 2 * CHUNK, 1000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    generate_to(tmp_path / "many", 12 * CHUNK, 1000)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kb < 150_000
    data: Dataset = load(tmp_path / "many")
    assert len(data.user_ids) == 12 * CHUNK


def test_a_folder_and_a_shop_in_memory_have_the_same_defaults() -> None:
    defaults = [
        {name: p.default for name, p in inspect.signature(make).parameters.items()}
        for make in (generate, generate_to)
    ]
    assert defaults[1].pop("folder") is inspect.Parameter.empty
    expected = {"users": 1000, "items": 500, "kind": "rating", "rng": 0, "regime": "content"}
    assert defaults == [expected, expected]


def test_the_truth_knows_the_first_and_the_last_of_its_rows_and_no_other(shop: Shop) -> None:
    assert shop.truth(np.array([0, 599]), np.array([199, 0])).shape == (2,)
    assert shop.truth(np.array([], dtype=int), np.array([], dtype=int)).shape == (0,)
    for users, items in ((-1, 0), (600, 0), (0, 200), (0, -1)):
        with pytest.raises(DataError, match=r"must be rows from 0 to (599|199)"):
            shop.truth(np.array([3, users]), np.array([3, items]))
