"""Several recommenders as one: the sum of what they say, with a trust that validation teaches."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from jaxtyping import Float, Int

from metarec.contracts import (
    Catalogue,
    DataError,
    Dataset,
    Episodes,
    Histories,
    Recommender,
    UnsupportedError,
)
from metarec.contracts.running import time_left
from metarec.files.model_folder import parse_config
from metarec.meta.fusing import (
    EnsembleConfig,
    check_foretelling,
    fused,
    held_out_ratings,
    stacked,
    stacking,
)
from metarec.meta.holding_out import Taught
from metarec.meta.recommender import MetaRecommender
from metarec.meta.weighing import Table, weigh
from metarec.recommenders import BaseRecommender
from metarec.recommenders.loading import class_named as row_named
from metarec.recommenders.rated import check_rated
from metarec.training.streams import Purpose, stream
from metarec.training.trackers import Prefixed

NAME = re.compile(r"\w[\w -]*")
"""A member's name is that of its folder of checkpoints too."""


class Ensemble(BaseRecommender):
    """Score = Σ_m a_m (s_m − mean of s_m) / spread_m over the members m.

    The mean is over the items that the member can score for this person; of an item that it cannot
    score it says 0, the mean. An item that no member can score has no score. spread_m, one number
    of each member, is the mean over validation people of the standard deviation of s_m. The trust
    a ≥ 0 is what gives validation people the best lists, learned as the heart's trust in its tables
    (`metarec.meta.evidence.learn_trust`); where fewer than 50 events are asked for, every a is 1.
    `EnsembleConfig(by=...)` names other ways, of which "ratings" foretells ratings: it stacks what
    members foretell, so all of them must foretell ratings.

    `fit` fits all members on the same training part, with the validation that it is given. Without
    one, trust holds a few people out, as `MetaRecommender` does, whom no member learns from, and
    stacking a tenth of everyone's ratings, after which all members are fitted to all of them. Time
    is shared out: each gets its part of what those before it left. What speaks against items is
    taken out before any member sees it.
    """

    Config = EnsembleConfig
    config: EnsembleConfig
    members: Mapping[str, Any]
    """The recommenders by name; fitted ones, once the ensemble is."""
    weights_: Float[np.ndarray, " member"]
    spreads_: Float[np.ndarray, " member"]
    level_: float
    """What is added to the weighed ratings; 0 of any other way."""
    metrics_: Mapping[str, Any]
    """The weights by name, how many queries they were learned on, and how the sum stands beside the
    best member: NDCG@10 on validation people that the trust was not learned on, and the interval of
    the difference."""

    def __init__(
        self, members: Mapping[str, Recommender], config: EnsembleConfig | None = None
    ) -> None:
        super().__init__(config)
        self.members = _checked(members)
        self.serves_new_users = all(member.serves_new_users for member in self.members.values())
        able = [device for member in self.members.values() for device in _devices(member)]
        self.devices = tuple(dict.fromkeys(("cpu", *able)))

    def __repr__(self) -> str:
        named = [f"{name} ({type(each).__name__})" for name, each in self.members.items()]
        way = [] if self.config == EnsembleConfig() else [f"by={self.config.by!r}"]
        if self._catalogue is None:
            return self._told(", ".join([*named, *way]))
        parts = zip(self.weights_, named, strict=True)
        told = " + ".join(f"{weight:.2g} {name}" for weight, name in parts)
        return self._told(", ".join([told, *way]))

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        train = replace(train, negative_kinds=())  # their events are gone
        self.spreads_, self.level_ = np.ones(len(self.members)), 0.0
        if self.config.by == "ratings":
            self.metrics_ = self._stack(train, valid)
            return
        if valid is None and self.config.by != "trust":
            nobody = train.histories.take(slice(0))
            valid = Episodes(nobody, nobody)  # a way that learns nothing holds nobody out
        taught = Taught.of(train, valid, self.running.rng)
        self.members = self._fitted(taught.train, valid, self.running.end())
        self.metrics_ = self._weigh(taught)

    def _weigh(self, taught: Taught) -> Mapping[str, Any]:
        """Learns what each member counts in a sum of what all say, and tells of it."""
        names, by = list(self.members), self.config.by
        self.weights_ = np.ones(len(names))
        if by in ("trust", "scores"):
            random = stream(self.running.rng, Purpose.ENSEMBLE)
            found = weigh(names, self._said, taught.train, taught.valid, random)
            self.spreads_ = found.spreads
            if by == "trust":
                self.weights_ = found.weights
                return found.facts(names)
        return {"weights": self._by_name()}

    def _stack(self, train: Dataset, valid: Episodes | None) -> Mapping[str, Any]:
        """Learns what each expected rating counts, and tells of it."""
        check_rated(train, 'Ensemble by="ratings"')
        end, own = self.running.end(), (train, valid)
        if valid is None:
            own = held_out_ratings(train, self.running.rng)
            self.members = self._fitted(own[0], None, end, parts=2)
        else:
            self.members = self._fitted(train, valid, end)
        check_foretelling(self.members)
        asked = own[1]
        assert asked is not None
        told = [m.predict(asked.support, asked.query).scores for m in self.members.values()]
        self.level_, self.weights_ = stacking(np.stack(told), asked.query.values)
        if valid is None:
            self.members = self._fitted(train, None, end, place=" of all")
        return {"weights": self._by_name(), "level": self.level_, "queries": len(asked.query.items)}

    def _by_name(self) -> dict[str, float]:
        return dict(zip(self.members, self.weights_.tolist(), strict=True))

    @property
    def predicts_ratings(self) -> bool:  # type: ignore[override]
        """Whether ratings are stacked; else scores are no ratings, whatever the members say."""
        return self.config.by == "ratings"

    def _fitted(
        self,
        train: Dataset,
        valid: Episodes | None,
        end: float | None,
        *,
        parts: int = 1,
        place: str = "",
    ) -> dict[str, Any]:
        """The members, fitted one after another in the first of so many parts of the time."""
        how, n = self.running, len(self.members)
        fitted: dict[str, Any] = {}
        for name, member in self.members.items():
            fitted[name] = member.fit(
                train,
                valid,
                rng=how.rng,
                folder=how.below(f"{name}{place}").folder,
                progress=how.progress,
                device=how.device if how.device in _devices(member) else "cpu",
                threads=how.threads,
                time_s=time_left(end, n * parts - len(fitted)),
                tracker=None if how.tracker is None else Prefixed(how.tracker, f"{name}{place}"),
            )
        return fitted

    @property
    def shows_seen(self) -> bool:
        """Whether a member that counts has learned that lists are better with what people had."""
        return any(
            getattr(member, "shows_seen", False) and weight > 0
            for member, weight in zip(self.members.values(), self.weights_, strict=True)
        )

    def _score(self, histories: Histories) -> Float[np.ndarray, "history item"]:
        if self.config.by != "ratings":
            factors = self.weights_ / self.spreads_
            return fused(self.config.by, self._said(histories), factors)
        everything = all_items(histories)
        told = [m.predict(histories, everything).scores for m in self.members.values()]
        # (member, history * item) -> (history, item)
        ratings = stacked(self.level_, self.weights_, np.stack(told))
        return ratings.reshape(len(histories), len(self.catalogue))

    def _said(self, histories: Histories) -> list[Table]:
        """What each member says of the whole catalogue."""
        ids = self.catalogue.ids
        return [each.score(histories, ids) for each in self.members.values()]

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        """The weighed sum of what the members have to say of items beside items."""
        ids = [str(item) for item in self.catalogue.ids[rows]]
        table = np.full((len(self.members), 1, len(self.catalogue)), np.nan)
        silent = 0
        for said, member in zip(table, self.members.values(), strict=True):
            try:
                found = member.similar(ids, k=len(self.catalogue), exclude_seen=False)
                said[0, found.items] = found.scores
            except UnsupportedError:
                silent += 1
        if silent == len(self.members):
            return super()._alike(rows)
        # whatever the way: what a basket says is the mean over its items, which ranks are not
        return fused("scores", list(table), self.weights_ / self.spreads_)[0]

    @property
    def _asks_values(self) -> bool:
        return any(member.predicts_ratings for member in self.members.values())

    def state(self) -> dict[str, Any]:
        """What `save` writes beside the catalogue: its own numbers, and all of each member."""
        members = [
            {
                "name": name,
                "class": _public(name, member),
                "config": asdict(member.config),
                "state": member.state(),
            }
            for name, member in self.members.items()
        ]
        return {**self._state(), "members": members}

    @classmethod
    def of_state(cls, config: Any, catalogue: Catalogue, state: Mapping[str, Any]) -> Self:
        """The ensemble of this catalogue and `state`; names resolve inside metarec alone."""
        members = {}
        for told in state["members"]:
            place = f"member {told['name']!r} of the saved ensemble"
            member = class_named(told["class"], place)
            own = parse_config(told["config"], member.Config, place=place)
            members[told["name"]] = member.of_state(own, catalogue, told["state"])
        model = cls(members, config)
        model._catalogue = catalogue
        vars(model).update({name: value for name, value in state.items() if name != "members"})
        return model


def class_named(name: str, place: str | Path) -> Any:
    """The public recommender of this name, of whatever room; `place` holds it, for the error."""
    own = {model.__name__: model for model in (Ensemble, MetaRecommender)}
    return own[name] if name in own else row_named(name, place)


def all_items(histories: Histories) -> Histories:
    """A query of every item of the vocabulary for each history, in the order of its rows."""
    n, items = len(histories), np.arange(len(histories.vocabulary))
    nothing = np.zeros(n * len(items))
    return Histories(
        vocabulary=histories.vocabulary,
        items=np.tile(items, n),
        values=nothing,
        times=nothing + np.nan,
        offsets=np.arange(n + 1) * len(items),
        kinds=np.full(len(nothing), -1),
    )


def _devices(member: Recommender) -> Sequence[str]:
    return getattr(member, "devices", ("cpu",))


def _public(name: str, member: Recommender) -> str:
    """The name of the member's class; raises DataError for one that could not be loaded again."""
    own = type(member)
    with suppress(DataError):
        if class_named(own.__name__, name) is own:
            return own.__name__
    raise DataError(
        f"member {name!r} is a {own.__name__}, which is no public recommender of metarec, so that "
        "a saved ensemble could not be loaded; nothing was written. Save its members one by one"
    )


def _checked(members: Mapping[str, Recommender]) -> dict[str, Recommender]:
    wanted = 'such as Ensemble({"heart": MetaRecommender(), "order": SASRec()})'
    if not isinstance(members, Mapping):
        raise DataError(
            f"members must map names to recommenders, {wanted}, got {type(members).__name__}"
        )
    if len(members) < 2:
        raise DataError(f"members must be two recommenders at least, {wanted}, got {len(members)}")
    for name, member in members.items():
        if not (isinstance(name, str) and NAME.fullmatch(name)):
            raise DataError(
                f"a member's name must be letters, digits, spaces, _ and -, got {name!r}"
            )
        if isinstance(member, type) or not isinstance(member, Recommender):
            raise DataError(f"member {name!r} must be a recommender, {wanted}, got {member!r}")
    return dict(members)
