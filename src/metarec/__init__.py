"""A recommender that works from the first click.

>>> import metarec as mr
>>> shop = mr.generate(users=60, items=40).dataset
>>> model = mr.MetaRecommender(mr.HashEncoder(), mr.MetaConfig(d=8, steps=50)).fit(shop)
>>> me = model.adapt([(shop.catalogue.ids[0], 5.0), (shop.catalogue.ids[1], 2.0)])
>>> len(me.recommend(k=3).ids)
3
"""

from metarec.contracts import Catalogue, DataError, Dataset, Event, Histories, Recommendations
from metarec.contracts.version import __version__
from metarec.data import (
    from_frames,
    generate,
    load,
    load_sql,
    pool_shops,
    split_cold,
    split_last_out,
)
from metarec.encoders import HashEncoder, TextEncoder
from metarec.evaluation import evaluate
from metarec.meta import Ensemble, MetaConfig, MetaRecommender, load_model

__all__ = [
    "Catalogue",
    "DataError",
    "Dataset",
    "Ensemble",
    "Event",
    "HashEncoder",
    "Histories",
    "MetaConfig",
    "MetaRecommender",
    "Recommendations",
    "TextEncoder",
    "__version__",
    "evaluate",
    "from_frames",
    "generate",
    "load",
    "load_model",
    "load_sql",
    "pool_shops",
    "split_cold",
    "split_last_out",
]
