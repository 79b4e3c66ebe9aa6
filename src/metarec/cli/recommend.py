"""`metarec recommend`: events in, ranked items out, for a stranger, a user or everyone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from metarec.cli.filters import (
    AtMost,
    Boost,
    Candidates,
    Diversity,
    Exclude,
    HowMany,
    Where,
    filters_of,
    ids_of,
    profile_of,
)
from metarec.cli.interruption import going_on
from metarec.cli.lists import tell
from metarec.cli.options import parse_events
from metarec.cli.people import histories_of, shop_of
from metarec.contracts import DataError, EventLike, Filters, Histories, Recommender
from metarec.encoders.records import expanded
from metarec.jobs import recommend_to_file
from metarec.meta import RankBy, load_model
from metarec.meta.abilities import Adapts, Known
from metarec.meta.as_json import reasons, rows_of


def recommend(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model.")],
    events: Annotated[
        str, typer.Option(help='What the person did: "id:value,id:value", or JSON.')
    ] = "",
    data: Annotated[Path | None, typer.Option(help="A shop that knows the person.")] = None,
    user: Annotated[str | None, typer.Option(help="Whose events of --data to take.")] = None,
    profile: Annotated[str | None, typer.Option(help="What is known beside: JSON.")] = None,
    histories: Annotated[
        Path | None, typer.Option(help="For everyone of a shop (or a CSV of events), into --out.")
    ] = None,
    users: Annotated[
        str | None, typer.Option(help='Only for these: "id,id", or a file with one a line.')
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file for everyone: .parquet, .csv or .jsonl.")
    ] = None,
    rank_by: Annotated[
        RankBy | None,
        typer.Option(
            help="Of ratings: by what they would choose, how they would like it, or both."
        ),
    ] = None,
    k: HowMany = 10,
    where: Where = None,
    exclude: Exclude = None,
    exclude_seen: Annotated[
        bool | None,
        typer.Option(
            "--exclude-seen/--no-exclude-seen",
            help="Leave out what they had. Not said: as the model has learned.",
            show_default=False,
        ),
    ] = None,
    exclude_kinds: Annotated[
        str | None, typer.Option(help='Leave out only what they had by these kinds: "buy,cart".')
    ] = None,
    candidates: Candidates = None,
    diversity: Diversity = 0.0,
    boost: Boost = None,
    at_most: AtMost = None,
    explain: Annotated[bool, typer.Option("--explain", help="Each item's exact reasons.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Recommend for a person whom the model has never seen, for a user of a shop, or for everyone.

    Example: metarec recommend my-shop.model --events "2571:5,1:4" --explain
    Example: metarec recommend my-shop.model --data my-shop --user 42 --where "price < 20"
    Example: metarec recommend my-shop.model --histories my-shop --out lists.parquet
    """
    asked = filters_of(
        where=where,
        exclude=exclude,
        exclude_seen=exclude_seen,
        exclude_kinds=exclude_kinds,
        candidates=candidates,
        diversity=diversity,
        boost=boost,
        at_most=at_most,
    )
    whose = check_together(events, data, user, profile, histories, users, out)
    if histories is not None and out is not None:
        if explain or as_json:
            raise DataError("--histories writes a file; --explain and --json are for one person")
        everyone(model, histories, users, out, k, asked, rank_by)
        return
    loaded = load_model(model)
    people = people_of(loaded, events, whose)
    person = person_in(loaded, people, profile_of(profile))
    if person is None:
        check_one_order(loaded, rank_by)
        found = loaded.recommend(people, k, **asked)[0]
    else:
        found = person.recommend(k, rank_by=rank_by, **asked)
    rows = rows_of(found)
    if explain and person is not None:
        for row in rows:
            row["reasons"] = reasons(person, str(row["item_id"]), rank_by)
    elif explain:
        typer.echo(f"warning: {type(loaded).__name__} cannot explain its scores", err=True)
    tell(rows, found, loaded.catalogue, as_json=as_json)


def check_together(
    events: str,
    data: Path | None,
    user: str | None,
    profile: str | None,
    histories: Path | None,
    users: str | None,
    out: Path | None,
) -> tuple[Path, str] | None:
    """The shop and the user that are meant, if any; options that speak of different people, or lack
    the one they belong to, are refused."""
    if (histories is None) != (out is None):
        raise DataError("--histories and --out go together: whose events, and the file to write")
    if users is not None and histories is None:
        raise DataError(
            "--users goes with --histories and --out; for one person: --data and --user"
        )
    given = [bool(events), user is not None, histories is not None]
    if sum(given) > 1:
        raise DataError("give one of --events, --user and --histories")
    if profile is not None and histories is not None:
        raise DataError(
            "--profile is for one person; with --histories the shop's users have theirs"
        )
    match data, user:
        case None, None:
            return None
        case Path() as shop, str() as name:
            return shop, name
    raise DataError("--data and --user go together: the shop, and whose events to take")


def everyone(
    model: Path,
    histories: Path,
    users: str | None,
    out: Path,
    k: int,
    asked: Filters,
    rank_by: RankBy | None,
) -> None:
    """Write the lists of everyone, or of the named users, and say what was written."""
    loaded = load_model(model)
    people = histories_of(histories, loaded, None if users is None else ids_of(users))
    with going_on(f"{out} was not written; the same command begins anew"):
        if not isinstance(loaded, Adapts):
            check_one_order(loaded, rank_by)
        written = recommend_to_file(loaded, people, out, k, progress=True, rank_by=rank_by, **asked)
    typer.echo(f"wrote {out}: {written}")


def check_one_order(model: Recommender, rank_by: RankBy | None) -> None:
    """Refuse to choose an order of a model that has one."""
    if rank_by is not None:
        raise DataError(f"{type(model).__name__} orders by one score; leave --rank-by out")


def people_of(
    model: Recommender, events: str, whose: tuple[Path, str] | None
) -> Histories | list[list[EventLike]]:
    """The one history that is asked for: a user's of a shop, or the events that are told."""
    if whose is None:
        return [parse_events(events, model.catalogue)]
    data, user = whose
    shop = shop_of(data, model)
    row = shop.user_row(user)
    return shop.histories.take(slice(row, row + 1))


def person_in(
    model: Recommender,
    people: Histories | list[list[EventLike]],
    profile: Mapping[str, Any] | None,
) -> Known | None:
    """The person of the one history, with the shop's profile where none is told; None for a model
    that adapts to nobody."""
    history = people.events(0) if isinstance(people, Histories) else people[0]
    if isinstance(model, Adapts):
        if isinstance(people, Histories):
            profile = profile or _known_profile(model, people)
        return model.adapt(history, profile=profile)
    if profile:
        raise DataError(f"{type(model).__name__} takes no profile; leave --profile out")
    return None


def _known_profile(model: Any, people: Histories) -> dict[str, Any] | None:
    """What the shop knows of one person, in the columns that the model knows."""
    columns = getattr(model, "profile_columns", ())
    if people.profiles is None or not columns:
        return None
    known = expanded(people.profiles).row(0, named=True)
    return {name: value for name, value in known.items() if name in columns}
