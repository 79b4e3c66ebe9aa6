"""Models of an older format, brought to the present one."""

from pathlib import Path

import metarec as mr


def model_saved_before(folder: Path) -> mr.MetaRecommender:
    """The model saved in format 2."""
    return mr.MetaRecommender.load(folder)
