"""The store of a service: what happened, kept so that being killed loses nothing."""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Self

import sqlalchemy as sa

from metarec.serving.store.database import Database
from metarec.serving.store.events import Kept, Outcome, Told, append
from metarec.serving.store.forgetting import Receipt, finish_forgetting, forget
from metarec.serving.store.group_commit import GroupCommit
from metarec.serving.store.impressions import (
    Become,
    Chances,
    Feedback,
    Impression,
    KeptList,
    answered_by,
    answered_by_each,
    kept_lists,
    record,
    tell,
)
from metarec.serving.store.migrating import migrate
from metarec.serving.store.people import (
    Moment,
    history_of,
    merge,
    moment_of,
    owners_of,
    profile_of,
    put_profile,
)
from metarec.serving.store.tables import SETTINGS


class Store:
    """One SQLite file or PostgreSQL database; processes and threads may share it.

    What a method has written when it returns is on the disk.
    """

    def __init__(self, place: str) -> None:
        self.database = Database(place)
        try:
            migrate(self.database)
            self.secret = bytes.fromhex(str(self._own_setting("secret", secrets.token_hex(32))))
        except BaseException:
            self.database.close()
            raise
        self._writer = GroupCommit(self.database, self._append)

    def __repr__(self) -> str:
        return f"Store({self.database.shown})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what was asked for, and give all connections back."""
        self._writer.close()
        self.database.close()

    def tell(self, events: Sequence[Told]) -> list[Outcome]:
        """Write what is new of these events, all or nothing; what became of each, once it is
        durable. Raises KeyConflict for a key that stands for another event."""
        return self._writer.write(events) if events else []

    def moment(self, user_id: str) -> Moment:
        """What there is to be known of a person, and of the model that answers them."""
        with self.database.reading() as connection:
            return moment_of(connection, user_id)

    def history(self, user_id: str, after: int = 0) -> list[Kept]:
        """The events of a person behind one of a number, as they came."""
        with self.database.reading() as connection:
            return history_of(connection, user_id, after)

    def profile(self, user_id: str) -> dict[str, Any] | None:
        """What is known of a person besides their events."""
        with self.database.reading() as connection:
            return profile_of(connection, user_id)

    def put_profiles(self, profiles: Mapping[str, Mapping[str, Any]]) -> None:
        """Write what is known of these people in place of what was."""
        with self.database.writing() as connection:
            for user_id, columns in profiles.items():
                put_profile(connection, self.database, user_id, columns)

    def merge(self, session_id: str, user_id: str) -> tuple[str, bool]:
        """Make a session's events those of a user; whose they are, and whether that is new."""
        with self.database.writing() as connection:
            return merge(connection, self.database, session_id, user_id)

    def forget(self, user_id: str) -> Receipt:
        """Erase a person; see `metarec.serving.store.forgetting.forget`."""
        return forget(self.database, user_id, self.secret)

    def finish_forgetting(self) -> None:
        """Overwrite what was deleted, where a `forget` was ended before it had done so."""
        finish_forgetting(self.database)

    def show(
        self,
        user_id: str,
        items: Sequence[str],
        model: str,
        chances: Chances | None = None,
        token: str | None = None,
    ) -> str:
        """Keep which list a person was shown, by which model and how likely it was; the name under
        which feedback comes. Under a `token` of before it is kept once."""
        with self.database.writing() as connection:
            return record(connection, self.database, user_id, items, model, chances, token)

    def impressions(self, tokens: Sequence[str]) -> dict[str, KeptList]:
        """Lists that were kept, by their names; those that there are."""
        with self.database.reading() as connection:
            return kept_lists(connection, tokens)

    def owners(self, user_ids: Sequence[str]) -> dict[str, str]:
        """The user whose each id is: of a merged session, that user."""
        with self.database.reading() as connection:
            return owners_of(connection, user_ids)

    def tell_feedback(self, told: Sequence[Feedback]) -> list[Become]:
        """Write what came of lists, all or nothing. Raises KeyConflict for another
        value of a place that has one."""
        with self.database.writing() as connection:
            return tell(connection, self.database, told)

    def answered_by(self, user_id: str, since: float, until: float, most: int) -> list[Impression]:
        """The newest lists that a person was shown since, with what was told of them until then."""
        with self.database.reading() as connection:
            return answered_by(connection, user_id, since, until, most)

    def answered_by_each(
        self, user_ids: Sequence[str], since: float, until: float, most: int
    ) -> dict[str, list[Impression]]:
        """The same of each of these people; those who have any."""
        with self.database.reading() as connection:
            return answered_by_each(connection, user_ids, since, until, most)

    def setting(self, name: str) -> Any:
        """What was written under a name; None where nothing was."""
        with self.database.reading() as connection:
            asked = sa.select(SETTINGS.c.value).where(SETTINGS.c.name == name)
            found: str | None = connection.execute(asked).scalar()
        return None if found is None else json.loads(found)

    def put_setting(self, name: str, value: Any) -> None:
        """Write a JSON value under a name, in place of what was."""
        insert = self.database.insert(SETTINGS).values(name=name, value=json.dumps(value))
        later = {"value": insert.excluded.value}
        with self.database.writing() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=later))

    def _own_setting(self, name: str, value: Any) -> Any:
        """A setting that is made once and stays."""
        if (there := self.setting(name)) is not None:
            return there
        insert = self.database.insert(SETTINGS).values(name=name, value=json.dumps(value))
        with self.database.writing() as connection:
            connection.execute(insert.on_conflict_do_nothing())
        return self.setting(name)

    def _append(
        self, connection: sa.Connection, events: Sequence[Told], received: float
    ) -> list[Outcome]:
        return append(connection, self.database, events, self.secret, received)
