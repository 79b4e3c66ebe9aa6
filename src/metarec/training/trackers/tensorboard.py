"""TensorBoard: event files in a folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from metarec.contracts import DataError


class TensorBoard:
    """Writes into a folder that `tensorboard --logdir` shows; a fit that goes on adds to it."""

    def __init__(self, folder: str | Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise DataError(
                'this tracker needs TensorBoard; run: pip install "metarec[tensorboard]"'
            ) from error
        if Path(folder).exists() and not Path(folder).is_dir():
            raise DataError(f"{folder} is a file; TensorBoard writes into a folder")
        self._writer: Any = SummaryWriter(str(folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def settings(self, values: Mapping[str, Any]) -> None:
        """As a table, in the tab of texts."""
        rows = [f"| {name} | {value} |" for name, value in values.items()]
        self._writer.add_text("settings", "\n".join(["| setting | value |", "|---|---|", *rows]))
        self._writer.flush()

    def log(self, values: Mapping[str, float], step: int) -> None:
        """As one curve a name."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()
