"""What is known of a person beside events, checked at the door."""

import datetime
import decimal
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float

from metarec.contracts import DataError, Dataset, Histories
from metarec.contracts.wording import written
from metarec.encoders import TabularFeatures
from metarec.encoders.records import expanded
from metarec.encoders.tabular import seconds_of

PLAIN = (
    str, int, float, bool, decimal.Decimal, datetime.date, datetime.time, datetime.timedelta,
    type(None),
)  # fmt: skip


def fields_apart(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The profile with each field of a record as `home.city`, as the model knows it."""
    flat: dict[str, Any] = {}
    for name, value in profile.items():
        inside = fields_apart(value) if isinstance(value, Mapping) else {}
        flat |= {f"{name}.{field}": part for field, part in inside.items()} or {name: value}
    return flat


def check_columns(names: Iterable[str], known: TabularFeatures) -> None:
    """Refuse columns that the model has never seen: a misspelt one would say nothing."""
    columns = known.columns
    if unknown := sorted(set(names) - columns):
        raise DataError(f"the profile has {unknown}; the model knows {sorted(columns)}")


def copied(name: str, value: Any) -> Any:
    """The value of one column of a profile, as a copy."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()  # a number of NumPy
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, list | tuple) and all(isinstance(part, PLAIN) for part in value):
        return list(value)
    raise DataError(
        f"the profile's {name} must be text, a number or a list of them, got "
        f"{type(value).__name__} {value!r}"
    )


def check_values(profile: Mapping[str, Any], known: TabularFeatures) -> None:
    """Refuse what is no number or date where the model knows such: it would count as missing."""
    for kind, columns in (("a number", known.numbers), ("a date", known.dates)):
        for name in columns.keys() & profile.keys():
            value = profile[name]
            column = pl.Series([value], strict=False)
            read = seconds_of(column) if kind == "a date" else column.cast(pl.Float64, strict=False)
            if value is not None and not read.is_finite().fill_null(False).all():
                raise DataError(
                    f"the profile's {name} must be {kind}, or {written('None', 'null', 'null')} "
                    f"where it is not known, got {value!r}"
                )


def checked_table(table: pl.DataFrame, known: TabularFeatures) -> pl.DataFrame:
    """The profiles of many people; a misspelt column would say nothing, silently.

    The table of a dataset has columns that no feature was made of, so others may stand beside.
    """
    table = expanded(table)
    if missing := sorted(known.columns - set(table.columns)):
        raise DataError(
            f"the profiles lack {missing}, they have {table.columns}; name each column as in the "
            "table of the fit, with null where nothing is known"
        )
    return table


def profiles_in(shop: Dataset) -> TabularFeatures | None:
    """How the profiles of a shop are read; None where it has none."""
    if shop.users is None or not shop.users.width:
        return None
    return TabularFeatures.fit(shop.users)


def of_nobody(known: TabularFeatures, users: pl.DataFrame) -> Float[np.ndarray, " d_profile"]:
    """The features of a person of whom nothing is known."""
    return known.transform(users.clear().clear(1))[0]


class KnowingProfiles:
    """The part of a fitted model that reads profiles; without a table of users it has none."""

    _profiles: TabularFeatures | None
    _no_profile: Float[np.ndarray, " d_profile"] | None

    @property
    def profile_columns(self) -> tuple[str, ...]:
        """The columns that a profile may have."""
        known = self._profiles
        return () if known is None else tuple(sorted(known.columns))

    def profile_features(
        self, profile: Mapping[str, Any] | None
    ) -> Float[np.ndarray, " d_profile"] | None:
        """The features of one profile, None where the model has none."""
        if self._profiles is None or self._no_profile is None:
            return None
        if not profile:
            return self._no_profile
        return self._profiles.transform(pl.DataFrame([dict(profile)]))[0]

    def _checked_profile(self, profile: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """A copy of the profile that nobody can change; columns and values must be known."""
        if profile is None:
            return None
        if not isinstance(profile, Mapping):
            raise DataError(f"a profile maps column names to values, got {profile!r}")
        if self._profiles is None:
            if profile:
                raise DataError("the model was fitted without profiles; leave the profile out")
            return None
        profile = fields_apart(profile)
        check_columns(profile, self._profiles)
        plain = {name: copied(name, value) for name, value in profile.items()}
        check_values(plain, self._profiles)
        return MappingProxyType(plain)

    def _features_of_many(self, histories: Histories) -> Float[np.ndarray, "person d"] | None:
        """The features of each history's profile; those of nobody where none is told."""
        if self._profiles is None or self._no_profile is None:
            return None
        if histories.profiles is None:
            return np.broadcast_to(self._no_profile, (len(histories), len(self._no_profile)))
        return self._profiles.transform(checked_table(histories.profiles, self._profiles))
