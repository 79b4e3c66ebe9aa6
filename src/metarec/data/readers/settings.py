"""`dataset.toml`: what a folder says of itself."""

import tomllib
from pathlib import Path
from typing import Any

from metarec.data.validation.problems import Report
from metarec.files.disk import reason

CHOICES = {
    "feedback": ("rating", "implicit"),
    "clock": ("unix", "order"),
    "repeats": ("keep", "last", "sum"),
}
FORMER = {"value": "feedback", "timestamp": "clock"}
"""The names that keys had in the first format, which are still read."""


def read_settings(path: Path, report: Report) -> dict[str, Any]:
    """The checked content of `dataset.toml`; empty where there is no such file."""
    written = parsed(path, report)
    settings = dict(written)
    for former, key in FORMER.items():
        if former in settings:
            also = settings.pop(former)
            if settings.setdefault(key, also) != also:
                found = f"{key} = {settings[key]!r} and {former} = {also!r}"
                fix = f"remove {former}, the former name of {key}"
                report.fail(path.name, found, "one of them", fix, former)
    for key, choices in CHOICES.items():
        if settings.get(key, choices[0]) not in choices:
            found, expected = repr(settings.pop(key)), " or ".join(f'"{c}"' for c in choices)
            place = next((old for old, new in FORMER.items() if new == key and old in written), key)
            report.fail(path.name, found, expected, f"choose one of them for {place}", place)
    for key in ("name", "licence"):
        if not isinstance(settings.get(key, ""), str):
            report.fail(path.name, repr(settings.pop(key)), "text", f"quote the {key}", key)
    return settings


def parsed(path: Path, report: Report) -> dict[str, Any]:
    """The file's keys and values; empty where there is none or it cannot be read."""
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        report.fail(path.name, reason(error), "a readable file", "check the path")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        report.fail(path.name, f"broken TOML ({error})", "TOML in UTF-8", "mend that line")
    return {}
