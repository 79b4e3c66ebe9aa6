"""The heart: features and a prior learned over many users, adapted to one person at once."""

from metarec.meta.config import MetaConfig
from metarec.meta.ensemble import Ensemble
from metarec.meta.explanation import Explanation
from metarec.meta.fusing import EnsembleConfig
from metarec.meta.loading import load_model
from metarec.meta.ordering import RankBy
from metarec.meta.person import Person
from metarec.meta.recommender import MetaRecommender

__all__ = [
    "Ensemble",
    "EnsembleConfig",
    "Explanation",
    "MetaConfig",
    "MetaRecommender",
    "Person",
    "RankBy",
    "load_model",
]
