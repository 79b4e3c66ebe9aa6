"""Weights & Biases: a run of a project."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from metarec.contracts import DataError


class WandB:
    """Writes one run, offline into `folder` where nothing else is said; `wandb sync` sends it."""

    def __init__(
        self,
        project: str,
        folder: str | Path = ".",
        mode: Literal["offline", "online"] = "offline",
    ) -> None:
        try:
            import wandb
        except ImportError as error:
            raise DataError(
                'this tracker needs Weights & Biases; run: pip install "metarec[wandb]"'
            ) from error
        quiet = wandb.Settings(silent=True)
        self._run: Any = wandb.init(
            project=project, dir=str(folder), mode=mode, settings=quiet, reinit="create_new"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._run.finish(exit_code=0 if kind is None else 1)

    def settings(self, values: Mapping[str, Any]) -> None:
        """As the configuration of the run."""
        plain = bool | int | float | str | None
        told = {k: v if isinstance(v, plain) else str(v) for k, v in values.items()}
        self._run.config.update(told)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """As one chart a name; the step of each part of a fit is a number beside it."""
        steps = {f"{name.rpartition('/')[0]}/step": step for name in values}
        self._run.log({**values, **steps})
