"""Many writers, one wait for the disk: what is told while one commit runs goes into the next."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import sqlalchemy as sa

from metarec.serving.store.database import Database
from metarec.serving.store.events import Outcome, Told

EVENTS_AT_ONCE = 20_000
Append = Callable[[sa.Connection, Sequence[Told], float], list[Outcome]]


@dataclass(frozen=True, eq=False)
class Job:
    """The events of one caller, and where the answer goes."""

    events: Sequence[Told]
    answer: "Future[list[Outcome]]" = field(default_factory=Future)


class GroupCommit:
    """One thread that writes for all others of its process, in the order in which they asked.

    An answer is given when its transaction is on the disk. What is wrong with one caller's events
    is that caller's error alone.
    """

    def __init__(self, database: Database, append: Append) -> None:
        self._database, self._append = database, append
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def write(self, events: Sequence[Told]) -> list[Outcome]:
        """Write these events, and return when they are durable."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="store", daemon=True)
                self._thread.start()
            job = Job(events)
            self._jobs.put(job)
        return job.answer.result()

    def close(self) -> None:
        """Write what was asked for, and end the thread."""
        with self._lock:
            if self._thread is not None:
                self._jobs.put(None)
                self._thread.join()
                self._thread = None

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            group, ended = self._group(job)
            self._commit(group)
            if ended:
                return

    def _group(self, first: Job) -> tuple[list[Job], bool]:
        """All that wait now, and whether the end was among it."""
        group, size = [first], len(first.events)
        while size < EVENTS_AT_ONCE:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, False
            if job is None:
                return group, True
            group.append(job)
            size += len(job.events)
        return group, False

    def _commit(self, group: list[Job]) -> None:
        found: list[list[Outcome] | Exception] = []
        try:
            with self._database.writing() as connection:
                if len(group) == 1:  # its error undoes the whole transaction, which is its own
                    found = [self._append(connection, group[0].events, time.time())]
                else:
                    found = [self._written(connection, job) for job in group]
        except Exception as error:  # of the commit, or of the only one: nothing is acknowledged
            found = [error] * len(group)
        for job, said in zip(group, found, strict=True):
            if isinstance(said, Exception):
                job.answer.set_exception(said)
            else:
                job.answer.set_result(said)

    def _written(self, connection: sa.Connection, job: Job) -> list[Outcome] | Exception:
        """What became of one caller's events; an error undoes them and no others."""
        try:
            with self._database.telling(), connection.begin_nested():
                return self._append(connection, job.events, time.time())
        except Exception as error:
            return error
