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
from metarec.meta.holding_out import Taught
from metarec.meta.recommender import MetaRecommender
from metarec.meta.weighing import Table, centred, weigh
from metarec.recommenders import BaseRecommender
from metarec.recommenders.loading import class_named as row_named
from metarec.training.streams import Purpose, stream

NAME = re.compile(r"\w[\w -]*")
"""A member's name is that of its folder of checkpoints too."""


class Ensemble(BaseRecommender):
    """Score = Σ_m a_m (s_m − mean of s_m) / spread_m over the members m.

    The mean is over the items that the member can score for this person; of an item that it cannot
    score it says 0, the mean. An item that no member can score has no score. spread_m, one number
    of each member, is the mean over validation people of the standard deviation of s_m. The trust
    a ≥ 0 is what gives validation people the best lists, learned as the heart's trust in its tables
    (`metarec.meta.evidence.learn_trust`); where fewer than 50 events are asked for, every a is 1.

    `fit` fits all members on the same training part, with the validation that it is given. Without
    one a few people are held out, as `MetaRecommender` does, to learn the trust on, whom no member
    learns from. Time is shared out: each gets its part of what those before it left. What speaks
    against items is taken out before any member sees it.
    """

    members: Mapping[str, Any]
    """The recommenders by name; fitted ones, once the ensemble is."""
    weights_: Float[np.ndarray, " member"]
    spreads_: Float[np.ndarray, " member"]
    metrics_: Mapping[str, Any]
    """The weights by name, how many queries they were learned on, and how the sum stands beside the
    best member: NDCG@10 on validation people that the trust was not learned on, and the interval of
    the difference."""

    def __init__(self, members: Mapping[str, Recommender]) -> None:
        super().__init__()
        self.members = _checked(members)
        self.serves_new_users = all(member.serves_new_users for member in self.members.values())
        able = [device for member in self.members.values() for device in _devices(member)]
        self.devices = tuple(dict.fromkeys(("cpu", *able)))

    def __repr__(self) -> str:
        named = [f"{name} ({type(each).__name__})" for name, each in self.members.items()]
        if self._catalogue is None:
            return self._told(", ".join(named))
        parts = zip(self.weights_, named, strict=True)
        return self._told(" + ".join(f"{weight:.2g} {name}" for weight, name in parts))

    def _fit(self, train: Dataset, valid: Episodes | None, rng: np.random.Generator) -> None:
        train = replace(train, negative_kinds=())  # their events are gone
        taught = Taught.of(train, valid, self.running.rng)
        self.members = self._fitted(taught.train, valid)
        random, names = stream(self.running.rng, Purpose.ENSEMBLE), list(self.members)
        found = weigh(names, self._said, taught.train, taught.valid, random)
        self.weights_, self.spreads_ = found.weights, found.spreads
        self.metrics_ = found.facts(names)

    def _fitted(self, train: Dataset, valid: Episodes | None) -> dict[str, Any]:
        """The members, fitted one after another."""
        how = self.running
        end = how.end()
        fitted: dict[str, Any] = {}
        for name, member in self.members.items():
            fitted[name] = member.fit(
                train,
                valid,
                rng=how.rng,
                folder=None if how.folder is None else Path(how.folder) / name,
                progress=how.progress,
                device=how.device if how.device in _devices(member) else "cpu",
                threads=how.threads,
                time_s=time_left(end, len(self.members) - len(fitted)),
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
        return self._sum(self._said(histories))

    def _said(self, histories: Histories) -> list[Table]:
        """What each member says of the whole catalogue."""
        ids = self.catalogue.ids
        return [each.score(histories, ids) for each in self.members.values()]

    def _sum(self, tables: Sequence[Table]) -> Table:
        total, known = np.zeros(tables[0].shape), np.zeros(tables[0].shape, dtype=bool)
        for table, factor in zip(tables, self.weights_ / self.spreads_, strict=True):
            total += factor * centred(table)
            known |= np.isfinite(table)
        return np.where(known, total, np.nan)

    def _alike(self, rows: Int[np.ndarray, " basket"]) -> Float[np.ndarray, " item"]:
        """The same sum of what the members have to say of items beside items."""
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
        return self._sum(list(table))[0]

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
            config = parse_config(told["config"], member.Config, place=place)
            members[told["name"]] = member.of_state(config, catalogue, told["state"])
        model = cls(members)
        model._catalogue = catalogue
        vars(model).update({name: value for name, value in state.items() if name != "members"})
        return model


def class_named(name: str, place: str | Path) -> Any:
    """The public recommender of this name, of whatever room; `place` holds it, for the error."""
    own = {model.__name__: model for model in (Ensemble, MetaRecommender)}
    return own[name] if name in own else row_named(name, place)


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
