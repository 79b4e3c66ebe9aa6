"""The progress bars of transformers, hidden for a moment only."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """The bars of transformers and of its hub are off inside, and afterwards as they were."""
    try:
        from huggingface_hub.utils.tqdm import are_progress_bars_disabled
        from huggingface_hub.utils.tqdm import disable_progress_bars as hide
        from huggingface_hub.utils.tqdm import enable_progress_bars as show
        from transformers.utils import logging
    except ImportError:  # without them there is no bar
        yield
        return
    shown, hub_hidden = logging.is_progress_bar_enabled(), are_progress_bars_disabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
        if are_progress_bars_disabled() != hub_hidden:
            (hide if hub_hidden else show)()
