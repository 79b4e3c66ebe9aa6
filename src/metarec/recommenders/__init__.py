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
from metarec.recommenders.biased_mf import BiasedMF, BiasedMFConfig, SVDPlusPlus, SVDPlusPlusConfig
from metarec.recommenders.bpr import BPR, BPRConfig
from metarec.recommenders.content import ContentRecommender
from metarec.recommenders.content_knn import ContentKNN
from metarec.recommenders.cooccurrence import Cooccurrence, CooccurrenceConfig
from metarec.recommenders.dropout_net import DropoutNet
from metarec.recommenders.dropout_net_config import DropoutNetConfig
from metarec.recommenders.ease import EASE, EASEConfig
from metarec.recommenders.ials import IALS, IALSConfig
from metarec.recommenders.ials_ridge import IALSRidge, IALSRidgeConfig
from metarec.recommenders.item2vec import Item2Vec
from metarec.recommenders.item2vec_config import Item2VecConfig
from metarec.recommenders.item_knn import ItemKNN, ItemKNNConfig
from metarec.recommenders.lightgcn import LightGCN
from metarec.recommenders.lightgcn_config import LightGCNConfig
from metarec.recommenders.like_share import LikeShare, LikeShareConfig
from metarec.recommenders.loading import load_recommender
from metarec.recommenders.melu import MeLU
from metarec.recommenders.melu_config import MeLUConfig
from metarec.recommenders.mult_vae import MultVAE
from metarec.recommenders.mult_vae_config import MultVAEConfig
from metarec.recommenders.neumf import NeuMF
from metarec.recommenders.neumf_config import NeuMFConfig
from metarec.recommenders.newest import Newest, NewestConfig
from metarec.recommenders.popularity import Popularity
from metarec.recommenders.predicted_popularity import (
    PredictedPopularity,
    PredictedPopularityConfig,
)
from metarec.recommenders.random import Random
from metarec.recommenders.rated_item_knn import RatedItemKNN, RatedItemKNNConfig
from metarec.recommenders.rec_vae import RecVAE
from metarec.recommenders.rec_vae_config import RecVAEConfig
from metarec.recommenders.sasrec import SASRec
from metarec.recommenders.sasrec_config import SASRecConfig
from metarec.recommenders.text_ridge import TextRidge, TextRidgeConfig
from metarec.recommenders.trending import Trending, TrendingConfig
from metarec.recommenders.two_tower import TwoTower
from metarec.recommenders.two_tower_config import TwoTowerConfig
from metarec.recommenders.user_knn import RatedUserKNN, RatedUserKNNConfig, UserKNN, UserKNNConfig

__all__ = [
    "BPR",
    "EASE",
    "IALS",
    "BPRConfig",
    "BaseRecommender",
    "BiasedMF",
    "BiasedMFConfig",
    "ContentKNN",
    "ContentRecommender",
    "Cooccurrence",
    "CooccurrenceConfig",
    "DropoutNet",
    "DropoutNetConfig",
    "EASEConfig",
    "IALSConfig",
    "IALSRidge",
    "IALSRidgeConfig",
    "Item2Vec",
    "Item2VecConfig",
    "ItemKNN",
    "ItemKNNConfig",
    "ItemMean",
    "ItemMeanConfig",
    "LightGCN",
    "LightGCNConfig",
    "LikeShare",
    "LikeShareConfig",
    "MeLU",
    "MeLUConfig",
    "MultVAE",
    "MultVAEConfig",
    "NeuMF",
    "NeuMFConfig",
    "Newest",
    "NewestConfig",
    "NoHyperparameters",
    "Popularity",
    "PredictedPopularity",
    "PredictedPopularityConfig",
    "Random",
    "RatedItemKNN",
    "RatedItemKNNConfig",
    "RatedUserKNN",
    "RatedUserKNNConfig",
    "RecVAE",
    "RecVAEConfig",
    "SASRec",
    "SASRecConfig",
    "SVDPlusPlus",
    "SVDPlusPlusConfig",
    "TextRidge",
    "TextRidgeConfig",
    "Trending",
    "TrendingConfig",
    "TwoTower",
    "TwoTowerConfig",
    "UserItemBias",
    "UserItemBiasConfig",
    "UserKNN",
    "UserKNNConfig",
    "UserMean",
    "UserMeanConfig",
    "load_recommender",
]
