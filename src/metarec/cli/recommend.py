"""`metarec recommend`: events in, ranked items out, for a stranger, a user or everyone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from metarec.cli.abilities import Adapts, Known
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
from metarec.cli.options import names_of, parse_events
from metarec.cli.people import histories_of, shop_of
from metarec.contracts import Catalogue, DataError, EventLike, Filters, Histories, Recommendations
from metarec.jobs import recommend_to_file
from metarec.meta import load_model

HEADER = "rank title [id]  score{std}"
"""What stands in each line that people read."""


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
    k: HowMany = 10,
    where: Where = None,
    exclude: Exclude = None,
    exclude_seen: Annotated[
        bool, typer.Option("--exclude-seen/--no-exclude-seen", help="Leave out what they had.")
    ] = True,
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
        at_most=at_most or [],
    )
    check_together(events, data, user, profile, histories, users, out)
    if histories is not None and out is not None:
        if explain or as_json:
            raise DataError("--histories writes a file; --explain and --json are for one person")
        everyone(model, histories, users, out, k, asked)
        return
    loaded = load_model(model)
    known = profile_of(profile)
    people: Histories | list[list[EventLike]]
    if data is not None and user is not None:
        shop = shop_of(data, loaded)
        row = shop.user_row(user)
        people = shop.histories.take(slice(row, row + 1))
        history: list[EventLike] = list(people.events(0))
        known = known or _known_profile(loaded, people)
    else:
        history = parse_events(events, loaded.catalogue)
        people = [history]
    person = loaded.adapt(history, profile=known) if isinstance(loaded, Adapts) else None
    if person is None and known:
        raise DataError(f"{type(loaded).__name__} takes no profile; leave --profile out")
    found = (
        loaded.recommend(people, k, **asked)[0] if person is None else person.recommend(k, **asked)
    )
    rows = rows_of(found)
    if explain and person is not None:
        for row_told in rows:
            row_told["reasons"] = reasons(person, str(row_told["item_id"]))
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
) -> None:
    """Refuse options that speak of different people, or lack the one they belong to."""
    if (data is None) != (user is None):
        raise DataError("--data and --user go together: the shop, and whose events to take")
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


def everyone(
    model: Path, histories: Path, users: str | None, out: Path, k: int, asked: Filters
) -> None:
    """Write the lists of everyone, or of the named users, and say what was written."""
    loaded = load_model(model)
    people = histories_of(histories, loaded, None if users is None else ids_of(users))
    with going_on(f"{out} was not written; the same command begins anew"):
        written = recommend_to_file(loaded, people, out, k, progress=True, **asked)
    typer.echo(f"wrote {out}: {written}")


def rows_of(found: Recommendations) -> list[dict[str, Any]]:
    """The list as JSON values."""
    return [
        {"item_id": str(i), "score": float(s), "std": None if std != std else float(std)}
        for i, s, std in zip(found.ids, found.scores, found.stds, strict=True)
    ]


def tell(
    rows: list[dict[str, Any]], found: Recommendations, catalogue: Catalogue, *, as_json: bool
) -> None:
    """Print the list as JSON or as people read it, and why it is shorter than asked."""
    if as_json:
        typer.echo(json.dumps({"recommendations": rows}, indent=2, ensure_ascii=False))
        return
    show(rows, dict(zip(catalogue.ids, names_of(catalogue), strict=True)))
    if found.why_short and len(rows) < min(found.asked, len(catalogue)):
        typer.echo(_why(rows, found), err=True)


def show(rows: list[dict[str, Any]], titles: Mapping[str, str]) -> None:
    """Print the list under a line that names its parts."""
    if rows:
        std = "" if rows[0]["std"] is None else " ± standard deviation"
        typer.echo(HEADER.format(std=std))
    for rank, row in enumerate(rows, 1):
        typer.echo(line_of(rank, row, titles))


def _why(rows: list[dict[str, Any]], found: Recommendations) -> str:
    told = found.why_short
    return f"fewer than asked: {told}" if rows else f"nothing is left to recommend: {told}"


def _known_profile(model: Any, people: Histories) -> dict[str, Any] | None:
    """What the shop knows of one person, in the columns that the model knows."""
    columns = getattr(model, "profile_columns", ())
    if people.profiles is None or not columns:
        return None
    return {
        name: value for name, value in people.profiles.row(0, named=True).items() if name in columns
    }


def reasons(person: Known, item_id: str) -> dict[str, Any]:
    """Base, shares and effects of one item's score, as JSON values."""
    told = person.explain(item_id)
    return {
        "score": told.score,
        "base": told.base,
        "events": [
            {"item_id": e.item, "value": e.value, "share": float(share), "effect": float(effect)}
            for e, share, effect in zip(told.events, told.shares, told.effects, strict=True)
        ],
    }


def line_of(rank: int, row: dict[str, Any], titles: Mapping[str, str]) -> str:
    """One recommended item, and under it why, where that was asked for."""
    std = "" if row["std"] is None else f" ± {row['std']:.2f}"
    lines = [f"{rank:3d}. {titles[row['item_id']]} [{row['item_id']}]  {row['score']:.2f}{std}"]
    if "reasons" in row:
        told = row["reasons"]
        parts = [f"{told['base']:.2f} expected of anyone"]
        ordered = sorted(told["events"], key=lambda event: -abs(event["share"]))
        parts += [f"{e['share']:+.2f} {titles[e['item_id']]} ({e['value']:g})" for e in ordered]
        lines.append(f"     {told['score']:.2f} = " + ", ".join(parts))
    return "\n".join(lines)
