"""SASRec: the order of a history, content for untouched items, and NumPy that is its network."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from recommender_toys import dataset, taken

from metarec.contracts import DataError, Dataset, Episodes, Histories, Running
from metarec.contracts.alignment import align
from metarec.encoders import HashEncoder
from metarec.recommenders import Cooccurrence, Popularity, SASRec, SASRecConfig
from metarec.recommenders import sequence_batches as batches
from metarec.recommenders.judging import hold_out_last
from metarec.recommenders.sequence_batches import Sampler, Sequences, competing_chances
from metarec.recommenders.sequence_fitting import learn, short_floats
from metarec.recommenders.sequence_network import SequenceNetwork
from metarec.recommenders.sequence_serving import FrozenNetwork
from metarec.recommenders.sequence_training import list_loss, step_loss
from metarec.training.optimiser_config import OptimiserConfig

TINY = SASRecConfig(d=8, layers=2, steps=6, learning_rate=0.03, max_events=6)
N_ITEMS = 9


def walks(people: int = 120, events: int = 10, rng: int = 0) -> list[list[int]]:
    """Histories in which the next of nine items is a function of the last two."""
    random = np.random.default_rng(rng)
    tables = [np.roll(np.arange(N_ITEMS), 1), np.arange(N_ITEMS)[::-1]]
    found = []
    for _ in range(people):
        own = random.integers(N_ITEMS, size=2).tolist()
        while len(own) < events:
            own.append(int(tables[own[-2] % 2][own[-1]]))
        found.append(own)
    return found


def ordered(shop: Dataset) -> Dataset:
    """The shop, whose rows are said to be in order of time."""
    told = shop.interactions.with_columns(pl.int_range(pl.len()).alias("timestamp"))
    return replace(shop, clock="order", interactions=told)


def shop_of(histories: list[list[int]], items: str = "abcdefghi") -> Dataset:
    events = [(f"u{u}", items[i], 1.0) for u, own in enumerate(histories) for i in own]
    return ordered(dataset(events, items, "implicit"))


def some_histories(lengths: list[int], rng: int = 0) -> Histories:
    random = np.random.default_rng(rng)
    items = "abcdefghi"
    return Histories.of([[items[i] for i in random.integers(9, size=n)] for n in lengths])


def network_of(config: SASRecConfig, content: np.ndarray | None = None) -> SequenceNetwork:
    """A network whose every weight is drawn, those that begin at 0 or 1 too."""
    random = torch.Generator().manual_seed(0)
    given = np.zeros((N_ITEMS, 0)) if content is None else content
    network = SequenceNetwork(torch.from_numpy(given.astype(np.float32)), config)
    with torch.no_grad():
        for weights in network.parameters():
            weights.copy_(0.4 * torch.randn(weights.shape, generator=random))
    return network.eval()


def in_rows_of(shop: Dataset, histories: Histories) -> Histories:
    return align(histories, shop.catalogue)


@pytest.mark.parametrize("kind", ["transformer", "gru", "lstm"])
def test_numpy_serves_what_the_network_learned(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(TINY, network=kind)
    network = network_of(config)
    vectors = network.residual.detach()
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    frozen = FrozenNetwork(config, vectors.numpy(), weights)
    people = in_rows_of(shop_of([[0]]), some_histories([0, 3, 6, 1, 11, 6]))
    together = frozen.after(people.items, people.lengths)
    recent = people.last(config.max_events)
    inputs = np.pad(recent.padded(recent.items + 1, 0), ((0, 0), (1, 0)))
    with torch.no_grad():
        told = network(vectors, torch.from_numpy(inputs))[torch.arange(6), recent.lengths]
    np.testing.assert_allclose(together, told.numpy(), rtol=1e-5, atol=1e-5)
    each = [people.take(slice(h, h + 1)) for h in range(len(people))]
    alone = [frozen.after(one.items, one.lengths)[0] for one in each]
    np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-9)
    monkeypatch.setattr("metarec.recommenders.sequence_serving.CELLS_AT_ONCE", 1)
    np.testing.assert_allclose(
        frozen.after(people.items, people.lengths), together, rtol=1e-9, atol=1e-9
    )


def test_histories_that_read_the_same_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of(TINY)
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    frozen = FrozenNetwork(TINY, network.residual.detach().numpy(), weights)
    long, many = np.arange(20) % N_ITEMS, 30  # of which the newest 6 are read
    read, sizes = FrozenNetwork._read, []

    def counted(self: FrozenNetwork, x: np.ndarray, last: np.ndarray) -> np.ndarray:
        sizes.append(len(x))
        return read(self, x, last)

    monkeypatch.setattr(FrozenNetwork, "_read", counted)
    lengths = np.array([0, *[20] * many, 0, 1])
    told = frozen.after(np.array([*np.tile(long, many), 3]), lengths)
    assert sum(sizes) == 3
    np.testing.assert_array_equal(told[1 : many + 1], np.tile(told[1], (many, 1)))
    np.testing.assert_array_equal(told[0], told[many + 1])
    alone = frozen.after(long, np.array([20]))[0]
    np.testing.assert_allclose(told[1], alone, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_the_order_of_the_last_two_events_is_learned_that_no_simple_row_can_know() -> None:
    train, held = walks(), walks(people=60, rng=1)
    shop, ids = shop_of(train), list("abcdefghi")
    asked = [[ids[i] for i in own[:-1]] for own in held]
    told = np.array([own[-1] for own in held])
    config = SASRecConfig(d=32, layers=1, learning_rate=0.02, steps=60, dropout=0.0)
    right = {
        type(row).__name__: np.mean(row.fit(shop).score(asked, ids).argmax(axis=1) == told)
        for row in (SASRec(None, config), Popularity(), Cooccurrence())
    }
    assert right["SASRec"] > 0.9
    assert max(right["Popularity"], right["Cooccurrence"]) < 0.5


def recipes() -> Dataset:
    """Two kinds of people; `z` has nobody's events and the very title of `a`."""
    titles = dict(zip("abcdefghi", ["red tea", *["tea"] * 3, *["iron saw"] * 5], strict=True))
    random = np.random.default_rng(0)
    events = []
    for person in range(40):
        own = random.permutation(list("abcd" if person % 2 else "efghi"))[:4]
        events += [(f"u{person}", item, 1.0) for item in own]
    table = {"item_id": [*titles, "z"], "title": [*titles.values(), "red tea"]}
    return ordered(dataset(events, table, "implicit"))


def test_an_item_that_nobody_touched_is_scored_by_its_content() -> None:
    config = SASRecConfig(d=16, layers=1, learning_rate=0.01, steps=80, hidden=0.3)
    shop = recipes()
    model = SASRec(HashEncoder(64), config).fit(shop)
    tea, iron = (
        dict(zip("aez", row, strict=True))
        for row in model.score([["b", "c"], ["f", "g"]], list("aez"))
    )
    assert tea["z"] > tea["e"]
    assert iron["z"] < iron["e"]
    assert abs(tea["z"] - tea["a"]) < abs(tea["z"] - tea["e"]) / 2
    blind = SASRec(None, config).fit(shop)
    scores = blind.score([["b", "c"]], list("aez"))[0]
    assert np.isnan(scores).tolist() == [False, False, True]


def test_content_counts_alike_whatever_its_unit_and_level() -> None:
    shop, random = shop_of(walks(people=30)), np.random.default_rng(0)
    content = np.round(8 * random.normal(size=(N_ITEMS, 4)))
    content[1] = content[0]
    one, other, scarce = (
        learn(shop, None, told, TINY, Running())
        for told in (content, 64 * content + 1024, 0 * content + 3)
    )
    np.testing.assert_allclose(one.vectors, other.vectors, atol=1e-5)
    assert not np.array_equal(one.vectors, scarce.vectors)
    blind = learn(shop, None, content[:, :0], TINY, Running())
    np.testing.assert_array_equal(scarce.vectors, blind.vectors)  # all read the same


def test_a_person_without_events_is_told_what_people_begin_with() -> None:
    shop = shop_of([[2, *own] for own in walks(people=40, events=4)])
    begin = Episodes(*(in_rows_of(shop, Histories.of([events])) for events in ([], ["c"])))
    model = SASRec(None, replace(TINY, steps=40)).fit(shop, begin)
    first = model.score([[]], list("abcdefghi"))[0]
    assert np.isfinite(first).all()
    assert first.argmax() == 2


def test_a_shop_of_one_item_and_one_without_an_event_to_foretell() -> None:
    one = ordered(taken(u="a", v="aa"))
    scores = SASRec(None, TINY).fit(one).score([[], ["a"]], list("ab"))
    assert np.isnan(scores).tolist() == [[False, True]] * 2
    with pytest.raises(DataError, match="no event is to be foretold"):
        SASRec(None, TINY).fit(one.where(np.zeros(3, dtype=bool)))


def test_a_killed_fit_goes_on_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, draw = shop_of(walks(people=30)), Sampler.draw
    whole = SASRec(None, TINY).fit(shop)
    steps: list[int] = []

    def killed(self: Sampler, rng: np.random.Generator) -> batches.Step:
        steps.append(len(steps))
        if len(steps) == 4:
            raise KeyboardInterrupt
        return draw(self, rng)

    monkeypatch.setattr(Sampler, "draw", killed)
    with pytest.raises(KeyboardInterrupt):
        SASRec(None, TINY).fit(shop, folder=tmp_path / "run")
    again = SASRec(None, TINY).fit(shop, folder=tmp_path / "run")
    assert len(steps) == 1 + TINY.n_steps(30, 30)
    assert again.metrics_ == whole.metrics_
    np.testing.assert_array_equal(again.vectors_, whole.vectors_)
    for name, weights in whole.weights_.items():
        np.testing.assert_array_equal(again.weights_[name], weights)
    with pytest.raises(DataError, match="checkpoint of another run"):
        SASRec(None, TINY).fit(shop_of(walks(people=31)), folder=tmp_path / "run")


def test_the_best_on_the_given_validation_is_kept_and_queries_on_untouched_items_are_no_part() -> (
    None
):
    shop = shop_of(walks(people=40), "abcdefghij")
    support, query = some_histories([0, 8, 3, 2]), Histories.of([["b"], ["j"], ["e", "j"], ["a"]])
    valid = Episodes(in_rows_of(shop, support), in_rows_of(shop, query))
    support_items = [{ord(event.item) - ord("a") for event in support.events(h)} for h in range(4)]
    model = SASRec(None, replace(TINY, steps=40, learning_rate=0.05, patience=3)).fit(shop, valid)
    assert model.metrics_["best_step"] < model.metrics_["steps"]
    scores = model._score(valid.support)[:, :9]
    gains = []
    for h, asked in ((0, 1), (2, 4), (3, 0)):
        had = set() if asked in support_items[h] else support_items[h]
        rank = sum(scores[h, i] > scores[h, asked] for i in range(9) if i not in had)
        gains.append(1 / np.log2(2 + rank))
    assert model.metrics_["valid_loss"] == pytest.approx(1 - np.mean(gains), rel=1e-6)
    lost = valid.take(np.array([1]))  # nothing is left of it, so that people are held out
    other = SASRec(None, TINY).fit(shop, lost)
    np.testing.assert_array_equal(other.vectors_, SASRec(None, TINY).fit(shop).vectors_)


def test_a_fit_shows_its_progress_where_it_is_asked_to(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metarec.contracts.progress.EVERY_S", 0.0)
    shop = shop_of(walks(20))
    SASRec(None, TINY).fit(shop)
    assert not any(capsys.readouterr())
    SASRec(None, TINY).fit(shop, progress=True)
    assert any(capsys.readouterr())


def test_time_that_is_up_ends_training() -> None:
    model = SASRec(None, replace(TINY, steps=10_000)).fit(shop_of(walks(20)), time_s=0.05)
    assert model.metrics_["cut_by_time"]
    assert model.metrics_["steps"] < 10_000


@pytest.mark.parametrize("steps", [1, 6])
def test_a_loss_that_is_no_number_names_the_step_and_what_to_do(steps: int) -> None:
    config = replace(TINY, learning_rate=1e30, steps=steps)
    with pytest.raises(DataError, match=r"loss is nan at step \d+; lower the learning"):
        SASRec(None, config).fit(shop_of(walks(20)))


def sequences_of(shop: Dataset) -> Sequences:
    asked = shop.event_kinds.foretold(shop.histories)
    return Sequences(shop.histories, asked, shop.clock is not None)


def events_of(step: batches.Step) -> list[tuple[list[int], list[int], list[int]]]:
    """What each person of a step reads, is asked for, and where."""
    found = []
    for piece in step.pieces:
        width = piece.inputs.shape[1]
        for row, inputs in enumerate(piece.inputs):
            mine = piece.asked // width == row
            asked, places = step.items[piece.targets[mine]], piece.asked[mine] % width
            read = step.items[inputs[1 : places.max() + 1] - 1]  # what the last of them rests on
            found.append((read.tolist(), asked.tolist(), places.tolist()))
    return found


@pytest.mark.parametrize("least", [1, 2000])
def test_a_step_reads_each_history_before_what_it_asks_for(
    least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "LEAST_EVENTS", least)
    short, long = [3, 1, 4], list(range(9))
    sequences = sequences_of(shop_of([short, long, [5]]))
    sampler = Sampler(sequences, 3, 4, 0.0, competing_chances(sequences.counts, 9))
    starts = set()
    for seed in range(40):
        one, several, stretch = sorted(
            events_of(sampler.draw(np.random.default_rng(seed))), key=lambda own: len(own[1])
        )
        assert one == ([], [5], [0])
        assert several == ([3, 1], [3, 1, 4], [0, 1, 2])
        read, asked, places = stretch
        assert read == list(range(read[0], read[0] + 4))
        # a stretch that begins inside its history does not tell what people begin with
        assert asked == ([0, *read[1:], 4] if read[0] == 0 else [*read[1:], read[-1] + 1])
        assert places == list(range(5 - len(asked), 5))
        starts.add(read[0])
    assert starts == {0, 1, 2, 3, 4}


def test_without_an_order_a_history_is_read_in_a_new_one_each_time() -> None:
    shop = taken(u="abcde")
    sampler = Sampler(sequences_of(shop), 1, 9, 0.0, np.ones(5))
    read = [events_of(sampler.draw(np.random.default_rng(seed)))[0][1] for seed in range(9)]
    assert all(sorted(own) == list(range(5)) for own in read)
    assert len({tuple(own) for own in read}) > 4


def test_events_that_are_not_to_be_foretold_are_read_and_not_asked_for() -> None:
    shop = shop_of([[0, 1, 2, 3], [4]])
    kinds = pl.Series("event", ["view", "buy", "view", "buy", "view"])
    shop = replace(shop, interactions=shop.interactions.with_columns(kinds), target_kinds=("buy",))
    sampler = Sampler(sequences_of(shop), 1, 9, 0.0, np.ones(9))
    assert events_of(sampler.draw(np.random.default_rng(0))) == [([0, 1, 2], [1, 3], [1, 3])]


def test_chances_to_compete_add_up_and_grow_with_the_root_of_events() -> None:
    counts = np.array([0, 1, 4, 9, 400, 10_000])
    chances = competing_chances(counts, 3)
    assert chances.sum() == pytest.approx(3)
    assert chances[0] == 0
    assert chances[4] == chances[5] == 1
    np.testing.assert_allclose(chances[1:4], np.array([1, 2, 3]) / 6)
    assert competing_chances(counts, 5).tolist() == [0, 1, 1, 1, 1, 1]
    assert competing_chances(counts, 1).tolist() == [0, 0, 0, 0, 0, 1]
    assert competing_chances(np.array([4, 1, 4]), 1).tolist() == [1, 0, 0]  # of equals the first


def test_the_loss_is_the_softmax_over_all_where_all_compete_and_on_average_where_some_do() -> None:
    sequences = sequences_of(shop_of([[0, 1, 2, 3], [4, 5, 6, 0], [7, 8, 1, 1]]))
    network = network_of(replace(TINY, dropout=0.0), np.eye(N_ITEMS)[:, :3])
    full = Sampler(sequences, 3, 6, 0.0, competing_chances(sequences.counts, 99))
    step = full.draw(np.random.default_rng(0))
    vectors = network.vectors(torch.arange(N_ITEMS), torch.ones(N_ITEMS))
    losses = []
    for read, asked, places in events_of(step):
        told = network(vectors, torch.tensor([[0, *(i + 1 for i in read)]]))[0, places]
        losses.append(
            torch.nn.functional.cross_entropy(
                told @ vectors.mT, torch.tensor(asked), reduction="sum"
            )
        )
    assert len(step.items) == N_ITEMS
    expected = torch.stack(losses).sum().item() / 12
    assert step_loss(network, step).item() == pytest.approx(expected, rel=1e-5)
    # the sum over who competes, not its logarithm, is right on average: with small logits both are
    with torch.no_grad():
        for weights in network.norm.parameters():
            weights.mul_(0.02)
    few = competing_chances(sequences.counts, 4)
    drawn = [
        step_loss(network, replace(step, **competing_in(few, seed))).item() for seed in range(300)
    ]
    whole = step_loss(network, step).item()
    assert abs(np.mean(drawn) - whole) < 0.1
    assert whole < np.log(9) + 0.1


def competing_in(chances: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    drawn = np.flatnonzero(np.random.default_rng(seed).random(len(chances)) < chances)
    return {"negatives": drawn, "log_chance": np.log(chances[drawn])}


def test_the_last_events_of_some_people_are_held_out_and_never_an_items_only_one() -> None:
    histories = [[0, 1, 2]] * 39 + [[0, 1, 3], [4], []]
    shop = shop_of(histories)
    held = []
    for seed in range(30):
        kept, judged = hold_out_last(shop, np.random.default_rng(seed))
        assert len(kept.items) + len(judged) == len(shop.histories.items)
        assert set(kept.items) == set(shop.histories.items)
        held += judged.query.items.tolist()
        assert (judged.support.lengths == 2).all()
        assert len(judged) in (9, 10)  # a quarter of those who have two events
    assert set(held) == {2}
    drawn = [
        hold_out_last(taken(u="abcde", v="abcde", w="abcde", x="abcde"), np.random.default_rng(s))
        for s in range(60)
    ]
    assert {int(judged.query.items[0]) for _, judged in drawn} == set(range(5))
    longer = shop_of([[event % 3 for event in range(2 + person)] for person in range(40)])
    lengths = hold_out_last(longer, np.random.default_rng(0))[1].support.lengths
    assert (np.diff(lengths) > 0).all()  # people in the order of the shop


class NoTorch:
    """Finds no PyTorch, and says who looked for it."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.split(".")[0] == "torch":
            raise ImportError(f"{name} was imported")


def test_a_saved_model_answers_without_pytorch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = SASRec(None, TINY).fit(shop_of(walks(20)))
    model.save(tmp_path / "model")
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setattr(sys, "meta_path", [NoTorch(), *sys.meta_path])
    answer = SASRec.load(tmp_path / "model").recommend([["a", "b"], []], 3)
    assert (answer.items >= 0).all()
    with pytest.raises(ImportError, match="torch was imported"):
        import torch  # noqa: F401


def test_a_step_has_as_many_people_as_have_its_events_and_the_one_before_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, real = [], Sequences.people_at_once

    def watched(self: Sequences, events: int, most: int) -> int:
        asked.append((events, most))
        return real(self, events, most)

    monkeypatch.setattr(Sequences, "people_at_once", watched)
    SASRec(None, replace(TINY, batch=70)).fit(shop_of(walks(20)))
    assert asked == [(70, TINY.max_events + 1)]


def test_products_are_rounded_on_a_gpu_alone_and_only_while_it_learns() -> None:
    before = torch.get_float32_matmul_precision()
    for device, within in (("cpu", before), ("cuda", "high")):
        with short_floats(device):
            assert torch.get_float32_matmul_precision() == within
        assert torch.get_float32_matmul_precision() == before


def test_a_width_that_heads_do_not_share_evenly_is_refused_where_there_are_heads() -> None:
    with pytest.raises(DataError, match="d must be a multiple of heads, got d=9, heads=2"):
        SASRecConfig(d=9)
    assert SASRecConfig(d=9, network="gru").d == 9


def test_a_weight_that_is_not_read_is_refused() -> None:
    how = OptimiserConfig("adamw", weight_decay=0.1)
    with pytest.raises(DataError, match=r"say optimiser\.weight_decay in its place"):
        SASRecConfig(weight_decay=0.1, optimiser=how)
    assert SASRecConfig(optimiser=how).weight_decay == 0.01


def test_steps_and_their_people_follow_the_size_of_a_shop() -> None:
    sequences = sequences_of(shop_of([[0] * 10] * 50 + [[1] * 30] * 50))
    assert sequences.people_at_once(300, most=99) == 15
    assert sequences.people_at_once(300, most=10) == 30
    assert sequences.people_at_once(10**6, most=10) == 100
    assert sequences.people_at_once(1, most=10) == 1
    steps = [SASRecConfig().n_steps(people, 20) for people in (30, 1001, 10**6)]
    assert steps == [500, 200 * 51, 40_000]
    assert SASRecConfig(steps=7).n_steps(1000, 20) == 7


def test_items_that_score_alike_share_a_rank_and_those_had_before_are_no_rivals_of_new_ones() -> (
    None
):
    shop = shop_of([list(range(N_ITEMS))])
    network = network_of(TINY)
    with torch.no_grad():
        network.residual.zero_()  # all items score 0
    asked = Episodes(*(in_rows_of(shop, Histories.of([own])) for own in (list("abcd"), ["f"])))
    touched = torch.arange(N_ITEMS) < 8
    found = list_loss(network, asked, touched, TINY.max_events)
    assert found == pytest.approx(1 - 1 / np.log2(2 + 3 / 2))  # e, g and h, and not a to d, nor i
    again = Episodes(*(in_rows_of(shop, Histories.of([own])) for own in (list("abcd"), ["a"])))
    assert list_loss(network, again, touched, 2) == pytest.approx(1 - 1 / np.log2(2 + 7 / 2))


@pytest.mark.parametrize(
    ("known", "asked", "pieces"),
    [
        ([0] * 6, [20] * 6, [2, 2, 2]),  # 9 scores for each event that is asked for: 180
        ([5, 0, 2, 0, 0, 1], [1] * 6, [3, 2, 1]),  # 64 numbers a place: 64 to 384
    ],
)
def test_people_whose_lists_are_judged_are_read_in_pieces(
    monkeypatch: pytest.MonkeyPatch, known: list[int], asked: list[int], pieces: list[int]
) -> None:
    shop, network = shop_of([list(range(N_ITEMS))]), network_of(TINY)
    own = Episodes(*(in_rows_of(shop, some_histories(n)) for n in (known, asked)))
    touched, sizes = torch.ones(N_ITEMS, dtype=torch.bool), list[int]()
    whole = list_loss(network, own, touched, TINY.max_events)
    monkeypatch.setattr("metarec.recommenders.sequence_training.CELLS_AT_ONCE", 384)
    network.register_forward_hook(lambda _, told, __: sizes.append(len(told[1])))
    assert list_loss(network, own, touched, TINY.max_events) == pytest.approx(whole, rel=1e-5)
    assert sizes == pieces
