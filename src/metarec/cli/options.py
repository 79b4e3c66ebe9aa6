"""What the verbs share: reading events, configurations and encoders at the edge."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from metarec.contracts import Catalogue, DataError, Dataset, Encoder, Event, EventLike
from metarec.contracts.settings import parts_of
from metarec.contracts.vocabulary import forms_told
from metarec.encoders import ContentFeatures, HashEncoder, TextEncoder, content_told
from metarec.files.hyperparameters import parse_hyperparameters, unknown_names
from metarec.files.model_folder import check_replaceable
from metarec.meta import MetaConfig

Seed = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of everything random.")]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Threads of linear algebra; as many as are set elsewhere.")
]
Time = Annotated[
    float | None,
    typer.Option("--time", min=1, help="Seconds after which training ends with its best so far."),
]
EncoderName = Annotated[
    str, typer.Option(help='"default", "hash", or a name or folder that transformers loads.')
]
Template = Annotated[
    str | None, typer.Option(help='How an item\'s text is composed: "{title}. {genres}".')
]


def say_notes(shop: Dataset) -> None:
    """Tell what was understood of a shop's files without being told."""
    for note in shop.notes:
        typer.echo(note, err=True)


def parse_events(text: str, catalogue: Catalogue) -> list[EventLike]:
    """Events from "id:value,id:value", or from a JSON list of [id, value, kind, t].

    A value may be left out where the model needs none. JSON is for ids that hold a comma, and for
    kinds and times. At least one event must be on an item of the catalogue.
    """
    events = (
        _events_of_json(text)
        if text.lstrip().startswith("[")
        else _events_of_pairs(text, catalogue)
    )
    ids = [_item_of(event, place) for place, event in enumerate(events, 1)]
    if ids and not any(item in catalogue.row_of for item in ids):
        form = forms_told(ids, catalogue.vocabulary)
        told = form or f"its ids look like {str(catalogue.ids[0])!r}"
        raise DataError(
            f"none of the events is on an item of the model's catalogue (such as {ids[0]!r}); "
            f"{told}"
        )
    return events


def _item_of(event: EventLike, place: int) -> str:
    try:
        return Event.of(event).item
    except DataError as error:
        raise DataError(f"event {place} of --events: {error}") from error


def _events_of_pairs(text: str, catalogue: Catalogue) -> list[EventLike]:
    events: list[EventLike] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        item, colon, value = (side.strip() for side in part.rpartition(":"))
        if part in catalogue.row_of or not colon:  # an id may hold a colon of its own
            events.append(part)
            continue
        if not item:
            raise DataError(f'events must look like "id:value,id:value"; {part!r} has no id')
        try:
            events.append((item, float(value)))
        except ValueError as error:
            raise DataError(
                f'events must look like "id:value,id:value"; {value!r} in {part!r} is no number'
            ) from error
    return events


def _events_of_json(text: str) -> list[EventLike]:
    try:
        raw = json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise DataError(f"--events starts like a JSON list but is none: {error}") from error
    return [tuple(event) if isinstance(event, list) else event for event in raw]


def _whole(digits: str) -> float:
    """An integer of JSON; one that 64 bits may not hold is a float, which may be infinite."""
    return int(digits) if len(digits) < 19 else float(digits)


class Yaml(yaml.SafeLoader):
    """YAML in which 1e-3 is a number, as in JSON and in YAML 1.2, and not a string."""


Yaml.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def config_of(file: Path | None, settings: Sequence[str], kind: type[Any] = MetaConfig) -> Any:
    """The hyperparameters of a YAML file, overruled by `name=value` settings, of one `kind`."""
    return parse_hyperparameters(settings_of(file, settings, kind), kind)


def settings_of(file: Path | None, settings: Sequence[str], kind: type[Any]) -> dict[str, Any]:
    """What a YAML file and `name=value` settings say of a `kind`, by name."""
    raw: dict[str, Any] = {}
    if file is not None:
        if not file.is_file():
            raise DataError(f"{file} is not a file; --config names a YAML file of hyperparameters")
        try:
            loaded = yaml.load(file.read_text(encoding="utf-8"), Yaml)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise DataError(f"{file} is not YAML: {_in_one_line(error)}") from error
        if not isinstance(loaded, dict | None):
            raise DataError(f"{file} must map names to values, such as `d: 32`")
        raw.update(loaded or {})
    for setting in settings:
        name, told = said_by("--set", setting)
        part, dot, inner = (side.strip() for side in name.partition("."))
        if dot and part in parts_of(kind):
            own = raw.get(part)
            raw[part] = {**(own if isinstance(own, dict) else {}), inner: told}
        else:
            raw[name] = told
    refuse_unknown(raw, kind)
    return raw


def said_by(option: str, setting: str) -> tuple[str, Any]:
    """The name and the value of `name=value`, which is YAML."""
    name, equals, value = setting.partition("=")
    if not equals or not value.strip():
        raise DataError(f"{option} takes name=value, got {setting!r}")
    try:
        return name.strip(), yaml.load(value, Yaml)
    except yaml.YAMLError as error:
        raise DataError(
            f"{option} {setting}: the value is not YAML: {_in_one_line(error)}"
        ) from error


def refuse_unknown(raw: Mapping[str, Any], kind: type[Any]) -> None:
    """Refuse a name that no hyperparameter of the `kind` has."""
    if unknown := unknown_names(raw, kind):
        known = next(iter(unknown.values()))
        there = f"there are: {', '.join(known)}" if known else "this model has none"
        part, dot, _ = next(iter(unknown)).partition(".")
        if dot and part in parts_of(kind) and part in known:
            there = f"{part} is set as a whole here, or its parts by --set {part}.NAME=VALUE"
        elif dot and part not in known and not hasattr(kind, part):
            there = f"this model has no {part}" + (f"; {there}" if known else ", nor any other")
        raise DataError(f"no hyperparameter is called {', '.join(unknown)}; {there}")


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def check_out(out: Path, data: Path | None) -> None:
    """Refuse at once, not after an hour of training, a folder that results cannot go to."""
    if out.exists() and not out.is_dir():
        raise DataError(f"--out {out} is a file; name a folder")
    if data is not None and out.exists() and data.exists() and out.samefile(data):
        raise DataError(f"--out {out} is the folder of the data; name another folder")
    place = out.absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise DataError(f"--out {out} cannot be written: {place} is not a folder that you may use")


def check_model_place(out: Path, data: Path | None, *, force: bool) -> None:
    """Refuse a place that a model cannot go to, or where one stands that is not to be replaced."""
    check_out(out, data)
    check_replaceable(out)
    if out.exists() and any(out.iterdir()) and not force:
        raise DataError(f"{out} is a saved model; --force replaces it, or choose another --out")


def encoder_of(name: str, template: str | None) -> Encoder:
    """The default model, "hash", or any name or folder that transformers loads."""
    if name == "hash":
        return HashEncoder(template=template)
    return TextEncoder(template=template) if name == "default" else TextEncoder(name, template)


def content_of(shop: Dataset, encoder: Encoder) -> ContentFeatures:
    """The features of the shop's items; what each column is used as goes to the standard error."""
    return content_told(encoder, shop, partial(typer.echo, err=True))


def names_of(catalogue: Catalogue) -> list[str]:
    """What to call each item when people read: its title or name, else its id."""
    titles = catalogue.ids if catalogue.titles is None else catalogue.titles
    return [str(title or i) for title, i in zip(titles, catalogue.ids, strict=True)]
