"""One process's model: it follows what any process put in service or changed of the items."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from metarec.contracts import DataError, MetarecError, Recommender
from metarec.serving.metrics import MODELS_FAILED
from metarec.serving.models import (
    Rows,
    Served,
    active_model,
    brought_up,
    changed,
    check_change,
    loaded,
)
from metarec.serving.notes import noted
from metarec.serving.store import Store, StoreError
from metarec.serving.store.changes import (
    Step,
    Verb,
    activation_of,
    append_changes,
    changes_between,
)
from metarec.serving.store.people import newest_of

At = tuple[int, int]
"""The number of an activation, and that of an item change."""
TRIES = 10
"""How often a change of items is made anew because another process was quicker."""


class Following:
    """The model that answers in this process.

    What is newer in the store is made ready in the background while the old one answers: no request
    waits for it, but those that change items or ask for one.
    """

    def __init__(self, store: Store) -> None:
        served = active_model(store)
        if served is None:
            raise DataError("no model was put in service in this store; metarec serve does it")
        self._store, self._served = store, served
        self._lock = threading.Lock()
        self._worker: threading.Thread | None = None
        self._failed: At | None = None
        self.trouble = ""
        """Why the newest model is not the one that answers; empty where it is."""

    @property
    def served(self) -> Served:
        """The model that answers now."""
        return self._served

    def current(self, activation: int, change: int) -> Served:
        """The model that answers; where these numbers are newer, it will soon be another one."""
        served, wanted = self._served, (activation, change)
        if _at(served) < wanted != self._failed and self._worker is None:
            self._worker = threading.Thread(target=self._in_background, daemon=True)
            self._worker.start()
        return served

    def caught_up(self) -> Served:
        """The model as the store has it now, where that can be made ready; waits for it."""
        with self._lock:
            self._catch_up()
            return self._served

    def take(self, served: Served) -> None:
        """Let a model answer that this process has made ready."""
        with self._lock:
            if _at(served) > _at(self._served):
                self._served = served

    def change_items(self, verb: Verb, rows: Rows) -> Served:
        """Write a change of items, made of the newest catalogue; the model after it.

        Raises DataError for a change that the catalogue cannot take: nothing is written then.
        """

        def steps(model: Recommender) -> list[Step]:
            check_change(model, verb, rows)
            return [(verb, rows)]

        return self.change_by(steps)

    def change_by(self, steps: Callable[[Recommender], Sequence[Step]]) -> Served:
        """Write what `steps` says of the newest catalogue, all of it or nothing."""
        for _ in range(TRIES):
            before = self.caught_up()
            after = before.model
            if not (wanted := steps(before.model)):
                return before
            for verb, rows in wanted:
                after = changed(after, verb, rows)
            with self._store.database.writing() as connection:
                number = append_changes(connection, wanted, before.change)
            if number is not None:
                served = replace(before, model=after, change=number)
                self.take(served)
                return served
        raise StoreError("other changes of items came between, again and again; ask once more")

    def _in_background(self) -> None:
        try:
            with self._lock:
                self._catch_up()
        except StoreError:
            pass  # whoever asks next meets it, too, or begins this anew
        finally:
            self._worker = None

    def _catch_up(self) -> None:
        """Make ready what is newer; where that cannot be, say why, and let the old model answer."""
        with self._store.database.reading() as connection:
            activation, change, _ = newest_of(connection)
            if (activation, change) in (_at(self._served), self._failed):
                return
            new = activation_of(connection, activation)
        try:
            base = self._served
            if new is not None and new.number != base.activation.number:
                base = loaded(new)
            with self._store.database.reading() as connection:
                changes = changes_between(connection, base.change, change)
            with noted():  # who made a change was told what is left out of it
                self._served = brought_up(base, changes)
        except StoreError:
            raise
        except Exception as error:
            self._failed = (activation, change)
            self.trouble = str(error) if isinstance(error, MetarecError) else type(error).__name__
            MODELS_FAILED.inc()
        else:
            self._failed, self.trouble = None, ""


def _at(served: Served) -> At:
    return served.activation.number, served.change
