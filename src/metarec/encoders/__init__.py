"""Content to vectors."""

from metarec.encoders.cache import VectorCache, cache_folder
from metarec.encoders.columns import ItemColumns, UnusedColumnWarning
from metarec.encoders.content import ContentFeatures, encoder_from
from metarec.encoders.hashed import HashEncoder
from metarec.encoders.tabular import TabularFeatures
from metarec.encoders.template import compose
from metarec.encoders.text import TextEncoder

__all__ = [
    "ContentFeatures",
    "HashEncoder",
    "ItemColumns",
    "TabularFeatures",
    "TextEncoder",
    "UnusedColumnWarning",
    "VectorCache",
    "cache_folder",
    "compose",
    "encoder_from",
]
