"""A person's list, page by page: one list as it was when its first page was asked for."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field, StringConstraints

from metarec.contracts import DataError, Filters
from metarec.serving.api.answers import ListOut, Short
from metarec.serving.api.asking import Filtered, Whose
from metarec.serving.api.limits import LONGEST_LIST
from metarec.serving.api.service import Service
from metarec.serving.api.shapes import Shape
from metarec.serving.cursors import HOLDS_S, Cursor, StaleCursor, digest_of, ids_digest
from metarec.serving.exploring import CANDIDATES
from metarec.serving.people import Known
from metarec.serving.store.events import canonical
from metarec.serving.store.impressions import Chances

MAY_CHANGE = {"cursor", "explain", "record"}
"""Fields of a question that pages of one list may have differently."""


class Paged(Whose, Filtered):
    """A question for a list, and where in it to go on."""

    cursor: Annotated[str, StringConstraints(min_length=1, max_length=1_000)] | None = Field(
        default=None,
        description="`next` of the page before, beside the same question once more: the `k` items "
        "that follow. It is one list, as it was when its first page was asked for: what its person "
        "did since does not change it, so no item comes twice and none is left out. 422 for a "
        "cursor of another question or user; 410 where the list cannot be made again (another "
        "model or catalogue answers, the person's profile or earlier events changed, an hour "
        "passed): ask for the first page again.",
        examples=[None],
    )


class PagedOut(Shape):
    """Where a list goes on."""

    next: str | None = Field(
        description="Ask on with this as `cursor`; null: the list ends here. A list ends after "
        f"{LONGEST_LIST:,} items, one that explores after {CANDIDATES}; one with `diversity` has "
        "one page, since its places hang on its length."
    )


@dataclass(frozen=True, eq=False)
class Page:
    """One page of a list that is asked for."""

    known: Known
    begin: Cursor
    """Where it begins: of a first page, with nothing before it."""
    k: int
    longest: int
    """How many items all pages may have together."""
    secret: bytes

    @property
    def length(self) -> int:
        """How many items there are on all pages up to this one, where there are so many."""
        end = self.begin.offset + self.k
        return min(end, self.longest) if self.begin.offset else end

    @property
    def impression(self) -> str | None:
        """The name of the page where it is recorded, the same however often it is asked for; None
        of a first page, which is a new list each time."""
        if not self.begin.offset:
            return None
        return digest_of(self.secret, "impression", self.begin.sealed(self.secret))

    def as_of(self, filters: Filters, return_after_s: float | None) -> Filters:
        """The filters, looking from the moment of the first page."""
        filters["at"] = self.begin.at
        if return_after_s is not None:
            filters["seen_since"] = self.begin.at - return_after_s
        return filters

    def cut(self, whole: ListOut, chances: Chances) -> tuple[ListOut, Chances]:
        """This page of the list of all pages; raises StaleCursor where it is another list."""
        start = self.begin.offset
        ids = [item.item_id for item in whole.items]
        if ids_digest(self.secret, ids[:start]) != self.begin.shown:
            raise StaleCursor("what the list is made of has changed since its first page")
        if not start:
            return whole, chances
        found = len(ids) - start
        short = None
        if found < self.k:
            why = f"a list like this has at most {self.longest:,} items on all its pages"
            left_out = {} if whole.short is None else whole.short.left_out
            if whole.short is not None:
                why = f"with the pages before: {whole.short.why}"
            short = Short(asked=self.k, found=found, why=why, left_out=left_out)
        page = whole.model_copy(update={"items": whole.items[start:], "short": short})
        return page, replace(chances, places=chances.places[start:])

    def next(self, ids: Sequence[str], seed: int | None) -> str | None:
        """The cursor behind this page, `ids` being all items up to its end."""
        if len(ids) < self.begin.offset + self.k or len(ids) >= self.longest:
            return None
        shown = ids_digest(self.secret, ids)
        return replace(self.begin, offset=len(ids), shown=shown, seed=seed).sealed(self.secret)


def page_of(service: Service, body: Paged, known: Known, longest: int) -> Page:
    """The page that a body asks for, of a person as they are known now; raises DataError for a
    cursor of another question, and StaleCursor for one of a list that is not there any more."""
    secret, now = service.store.secret, time.time()
    asked = body.model_dump(mode="json", exclude=MAY_CHANGE, exclude_defaults=True)
    question = digest_of(secret, canonical(asked))
    if body.cursor is None:
        parts = (known.served.version, known.newest, len(known.events), known.profile, now)
        begin = Cursor(question, *parts, None, 0, ids_digest(secret, []))
        return Page(known, begin, body.k, longest, secret)
    begin = Cursor.opened(body.cursor, secret)
    if begin.question != question:
        raise DataError(
            "cursor: it goes on with the list of another question, or another person's; send it "
            f"with the question that it came from ({', '.join(sorted(MAY_CHANGE))} alone may "
            "differ)"
        )
    if now - begin.at > HOLDS_S:
        raise StaleCursor(f"the first page is more than {HOLDS_S / 60:.0f} minutes old")
    if known.served.version != begin.model:
        raise StaleCursor("another model, or another catalogue, answers now")
    if body.user_id is not None:
        known = service.people.as_of(body.user_id, known, begin)
    return Page(known, begin, body.k, longest, secret)
