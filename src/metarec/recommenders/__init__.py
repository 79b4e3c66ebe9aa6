"""One contract, one file a model: the simple rows that everything else is measured against."""

from metarec.recommenders.base import BaseRecommender, NoHyperparameters
from metarec.recommenders.bias import (
    ItemMean,
    ItemMeanConfig,
    UserItemBias,
    UserItemBiasConfig,
    UserMean,
    UserMeanConfig,
)
from metarec.recommenders.like_share import LikeShare, LikeShareConfig
from metarec.recommenders.loading import load_recommender
from metarec.recommenders.popularity import Popularity
from metarec.recommenders.random import Random

__all__ = [
    "BaseRecommender",
    "ItemMean",
    "ItemMeanConfig",
    "LikeShare",
    "LikeShareConfig",
    "NoHyperparameters",
    "Popularity",
    "Random",
    "UserItemBias",
    "UserItemBiasConfig",
    "UserMean",
    "UserMeanConfig",
    "load_recommender",
]
