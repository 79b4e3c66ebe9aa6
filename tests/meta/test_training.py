"""What a training step reads and weighs, worked out on a few people."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import metarec as mr
from metarec.contracts import Episodes, EventKinds, Histories
from metarec.data.sampling import PrefixBatch, RatingBatch
from metarec.meta.features.content_network import ContentNetwork
from metarec.meta.heads.choice_losses import next_event_loss, other_events_loss
from metarec.meta.heads.choice_validation import cross_entropy
from metarec.meta.heads.value_training import absolute_error, query_loss
from metarec.meta.loops.episodes import Inputs, pad_episodes, profiles_of
from metarec.meta.loops.steps import PROFILE_DROPOUT, Step, draw_step, query_weights, torch_seed
from metarec.meta.network import HeartNetwork

from .networks import small_network

DAY = 86_400.0
N_ITEMS, D_CONTENT, D_PROFILE = 6, 4, 2


def network_of(*, implicit: bool, kinds: int = 2, refused: tuple[int, ...] = ()) -> HeartNetwork:
    """A network whose recency, kinds and profiles all matter."""
    config = mr.MetaConfig(d=3)
    rng = torch.Generator().manual_seed(0)
    network = small_network(
        N_ITEMS, D_CONTENT, config, implicit=implicit, d_profile=D_PROFILE, kinds=kinds
    )
    network.confidence.refused = np.array(refused, dtype=np.int64)
    with torch.no_grad():
        network.features.v.normal_(generator=rng)
        network.prior.M.normal_(generator=rng)
        network.confidence.log_confidence.copy_(torch.tensor([1.0, -1.0]))
        network.confidence.old.fill_(-1.0)
        network.confidence.decay.fill_(0.0)
    return network


def inputs_of(recency: str) -> Inputs:
    rng = np.random.default_rng(0)
    histories = Histories.of([[(f"i{i}", 4.0) for i in range(N_ITEMS)]])
    return Inputs(
        histories,
        torch.from_numpy(rng.normal(size=(N_ITEMS, D_CONTENT))).float(),
        torch.from_numpy(rng.normal(size=(2, D_PROFILE))).float(),
        torch.zeros(D_PROFILE),
        torch.ones(N_ITEMS),
        recency,
        np.array([0]),
    )


def one_history(**given: np.ndarray) -> dict[str, np.ndarray]:
    n = 5
    return {
        "items": np.arange(n)[None],
        "values": np.array([[1.0, 5.0, 2.0, 4.0, 3.0]], dtype=np.float32),
        "times": 1e9 + DAY * np.array([[0.0, 3.0, 4.0, 9.0, 11.0]]),
        "kinds": np.array([[0, 1, -1, 0, 1]]),
        "event_mask": np.ones((1, n), dtype=bool),
        "target_mask": np.ones((1, n), dtype=bool),
    } | given


def next_loss(
    recency: str,
    config: mr.MetaConfig,
    position: int,
    refused: tuple[int, ...] = (),
    **given: np.ndarray,
) -> float:
    columns = one_history(**given)
    at = np.array([[position]])
    batch = PrefixBatch(**columns, positions=at, position_mask=np.ones((1, 1), dtype=bool))
    network, inputs = network_of(implicit=True, refused=refused), inputs_of(recency)
    step = Step(batch, np.array([0]), torch.ones(N_ITEMS), torch.Generator())
    terms = network.features(inputs.content, step.z)
    return float(next_event_loss(network, terms, step, batch, inputs, config).detach())


def test_a_task_of_prefixes_has_the_profile_of_whose_they_are():
    network, inputs = network_of(implicit=True), inputs_of("place")
    at, asked = np.array([[1, 3]]), np.ones((1, 2), dtype=bool)
    batch = PrefixBatch(**one_history(), positions=at, position_mask=asked)
    step = Step(batch, np.array([1]), torch.ones(N_ITEMS), torch.Generator())
    terms = network.features(inputs.content, step.z)
    support, profiles = network.head.task(network, terms, step, inputs, mr.MetaConfig())
    assert (support.confidence > 0).sum(-1).tolist() == [[1, 3]]
    assert profiles is not None
    assert inputs.profiles is not None
    torch.testing.assert_close(profiles, inputs.profiles[[1]][:, None, :])


@pytest.mark.parametrize("recency", ["place", "clock"])
def test_the_judged_event_tells_nothing_of_its_support_but_what_was_chosen(recency: str):
    config, columns = mr.MetaConfig(value_weight="log"), one_history()
    plain = next_loss(recency, config, 4)
    for name, there in (("times", 1e9 + 500 * DAY), ("values", 9.0), ("kinds", 0)):
        changed = columns[name].copy()
        changed[0, 4] = there
        assert next_loss(recency, config, 4, **{name: changed}) == plain, name
    later = columns["times"].copy()
    later[0, :4] -= np.array([40.0, 30.0, 20.0, 0.0]) * DAY
    assert (next_loss(recency, config, 4, times=later) != plain) == (recency == "clock")
    for name, there in (("values", 9.0), ("kinds", 1), ("items", 5)):
        changed = columns[name].copy()
        changed[0, 0] = there
        assert next_loss(recency, config, 4, **{name: changed}) != plain, name


NEGATIVE = pytest.mark.parametrize("negative", [(), ("b",)], ids=["taken", "refused"])


@NEGATIVE
@pytest.mark.parametrize("recency", ["clock", "place"])
def test_a_prefix_in_training_is_a_support_in_validation(recency: str, negative: tuple[str, ...]):
    columns, inputs = one_history(), inputs_of(recency)
    refused = (1,) * len(negative)
    columns["target_mask"] = columns["kinds"] != (1 if negative else -9)
    events = Histories(
        vocabulary=inputs.histories.vocabulary,
        items=columns["items"][0],
        values=columns["values"][0].astype(np.float64),
        times=columns["times"][0],
        offsets=np.array([0, 5]),
        kinds=columns["kinds"][0],
        kind_names=("a", "b"),
        user_ids=np.array(["u"], dtype=object),
    )
    asked = Episodes(events.keep(events.places < 3), events.keep(events.places == 3))
    padded = pad_episodes(asked, recency, {"u": 0}, ("a", "b"), EventKinds(negative=negative))
    network = network_of(implicit=True, refused=refused)
    judged = cross_entropy(network, inputs, padded, mr.MetaConfig())
    told = next_loss(
        recency, mr.MetaConfig(), 3, refused=refused, target_mask=columns["target_mask"]
    )
    assert judged == pytest.approx(told, rel=1e-5)


@NEGATIVE
@pytest.mark.parametrize("evenness", [0.0, 1.0])
def test_events_outside_a_support_in_training_are_a_query_in_validation(
    evenness: float, negative: tuple[str, ...]
):
    """Two people, so that nobody's items compete with those of another."""
    own = mr.MetaConfig(evenness=evenness, value_weight="log")
    rows = np.array([[0, 1, 2, 3, 4], [5, 4, 0, 2, 1]])
    one = one_history()
    columns = {name: np.repeat(column, 2, axis=0) for name, column in one.items()}
    columns["items"] = rows
    known = np.arange(5) < np.array([[3], [2]])
    refused = columns["kinds"] == (1 if negative else -9)
    columns["target_mask"] = ~refused
    network = network_of(implicit=True, refused=(1,) * len(negative))
    inputs = inputs_of("none")
    batch = RatingBatch(**columns, support_mask=known)
    step = Step(batch, np.array([0, 1]), torch.ones(N_ITEMS), torch.Generator())
    terms = network.features(inputs.content, step.z)
    loss = other_events_loss(network, terms, step, batch, inputs, own).item()
    events = Histories(
        vocabulary=inputs.histories.vocabulary,
        items=rows.ravel(),
        values=columns["values"].ravel().astype(np.float64),
        times=columns["times"].ravel(),
        offsets=np.array([0, 5, 10]),
        kinds=columns["kinds"].ravel(),
        kind_names=("a", "b"),
        user_ids=np.array(["u", "v"], dtype=object),
    )
    asked = Episodes(events.keep(known.ravel()), events.keep(~(known | refused).ravel()))
    kinds = EventKinds(negative=negative)
    judged = [
        cross_entropy(
            network,
            inputs,
            pad_episodes(asked.take(np.array([row])), "none", {"u": 0, "v": 1}, ("a", "b"), kinds),
            own,
        )
        for row in (0, 1)
    ]
    n_asked = asked.query.lengths
    share = n_asked[0] / n_asked.sum() if evenness == 0 else 1 / 2  # by events, or all alike
    assert loss == pytest.approx(share * judged[0] + (1 - share) * judged[1], rel=1e-5)


def rating_loss(recency: str, **given: np.ndarray) -> float:
    columns = one_history(**given)
    batch = RatingBatch(**columns, support_mask=np.array([[True, True, True, False, False]]))
    network, inputs = network_of(implicit=False), inputs_of(recency)
    step = Step(batch, np.array([0]), torch.ones(N_ITEMS), torch.Generator())
    terms = network.features(inputs.content, step.z)
    return float(query_loss(network, terms, step, inputs, mr.MetaConfig()).detach())


def test_the_clock_and_kind_of_judged_ratings_play_no_part():
    columns, plain = one_history(), rating_loss("clock")
    for name, there in (("times", 1e9 + 500 * DAY), ("kinds", 0)):
        changed = columns[name].copy()
        changed[0, 3:] = there
        assert rating_loss("clock", **{name: changed}) == plain, name
    for name, there in (("times", 1e9 - 50 * DAY), ("kinds", 1), ("values", 3.0)):
        changed = columns[name].copy()
        changed[0, 0] = there
        assert rating_loss("clock", **{name: changed}) != plain, name


@pytest.mark.parametrize("implicit", [False, True])
def test_kinds_and_profiles_count_in_the_validation_loss(implicit: bool):
    recency = "place" if implicit else "none"
    network, inputs, config = network_of(implicit=implicit), inputs_of(recency), mr.MetaConfig()
    events = Histories.of([[("i0", 1.0, "a"), ("i1", 5.0, "b"), ("i2", 2.0, "a")]])
    people = replace(
        events,
        vocabulary=inputs.histories.vocabulary,
        user_ids=np.array(["u"], dtype=object),
    )
    asked = replace(people, items=people.items + 3)

    def loss(support: Histories) -> float:
        episodes = Episodes(support, asked)
        padded = pad_episodes(episodes, recency, {"u": 0}, ("a", "b"))
        if implicit:
            return cross_entropy(network, inputs, padded, config)
        return absolute_error(network, inputs, padded, (-9.0, 9.0))

    plain = loss(people)
    assert loss(replace(people, kinds=1 - people.kinds)) != plain
    assert loss(replace(people, kinds=np.full(3, -1))) != plain
    assert loss(replace(people, user_ids=np.array(["stranger"], dtype=object))) != plain


@pytest.mark.parametrize(("evenness", "shares"), [(0.0, [1, 4]), (0.5, [1, 2]), (1.0, [1, 1])])
def test_evenness_weighs_people_from_by_their_events_to_all_alike(evenness: float, shares):
    asked = np.array([[True, False, False, False], [True] * 4, [False] * 4])
    weights = query_weights(asked, mr.MetaConfig(evenness=evenness)).numpy()
    np.testing.assert_allclose(weights.sum(axis=1), [*shares, 0], rtol=1e-6)
    assert (weights[~asked] == 0).all()
    assert len(np.unique(weights[1])) == 1


def test_profiles_of_a_tenth_of_people_are_hidden_in_a_step():
    inputs = replace(inputs_of("none"), users=np.array([0, 1]))
    config = mr.MetaConfig(batch_users=20_000, all_masked=0.0)
    step = draw_step(inputs, config, np.random.default_rng(0), lambda users, _: users)
    hidden = step.users == -1
    assert hidden.mean() == pytest.approx(PROFILE_DROPOUT, abs=0.01)  # three standard errors: 0.006
    np.testing.assert_array_equal(step.users[~hidden], step.batch[~hidden])
    shown = profiles_of(replace(inputs, no_profile=torch.full((D_PROFILE,), 7.0)), step.users)
    assert shown is not None
    assert (shown[torch.from_numpy(hidden)] == 7).all()
    assert (shown[torch.from_numpy(~hidden)] != 7).all()


@pytest.mark.parametrize(("masked", "all_masked"), [(0.3, 0.0), (0.0, 0.4), (0.3, 0.4)])
def test_residuals_are_hidden_as_often_as_the_settings_say(masked: float, all_masked: float):
    inputs = replace(inputs_of("none"), counts=torch.tensor([1.0, 2.0, 0.0, 3.0, 1.0, 1.0]))
    config = mr.MetaConfig(batch_users=1, masked=masked, all_masked=all_masked)
    rng = np.random.default_rng(0)
    z = np.array([draw_step(inputs, config, rng, lambda u, _: u).z.numpy() for _ in range(4000)])
    assert (z[:, 2] == 0).all()  # an untouched item has no residual
    touched = z[:, inputs.touched.numpy() > 0]
    assert touched.mean() == pytest.approx((1 - masked) * (1 - all_masked), abs=0.03)
    none = all_masked + (1 - all_masked) * masked**5
    assert (touched.sum(axis=1) == 0).mean() == pytest.approx(none, abs=0.03)


def test_dropout_silences_units_and_keeps_the_mean():
    rng = torch.Generator().manual_seed(0)
    network = ContentNetwork({"all": 3}, 2, rng, hidden=40, dropout=0.4)
    assert network.output is not None
    with torch.no_grad():
        network.output.normal_(generator=rng)
        content = torch.randn(5, 3, generator=rng)
        draws = torch.stack(
            [network(content, torch_seed(np.random.default_rng(i))) for i in range(3000)]
        )
        whole = network(content)
    error = draws.std(dim=0) / 3000**0.5
    assert (error > 0).all()
    assert ((draws.mean(dim=0) - whole).abs() < 5 * error).all()
    silent = ContentNetwork({"all": 3}, 2, rng, hidden=40, dropout=0.0)
    torch.testing.assert_close(silent(content, rng), silent(content))
