"""Content to vectors."""

from metarec.encoders.cache import VectorCache, cache_folder
from metarec.encoders.column_role import ColumnRole, Role
from metarec.encoders.column_table import ColumnTable, ColumnUse, content_told
from metarec.encoders.columns import ItemColumns, UnusedColumnWarning
from metarec.encoders.content import ContentFeatures, encoder_from, reads_alike, texts_of
from metarec.encoders.hashed import HashEncoder
from metarec.encoders.reading import Reading, TextReader
from metarec.encoders.roles import ColumnRoles
from metarec.encoders.tabular import TabularFeatures
from metarec.encoders.template import compose
from metarec.encoders.text import TextEncoder

__all__ = [
    "ColumnRole",
    "ColumnRoles",
    "ColumnTable",
    "ColumnUse",
    "ContentFeatures",
    "HashEncoder",
    "ItemColumns",
    "Reading",
    "Role",
    "TabularFeatures",
    "TextEncoder",
    "TextReader",
    "UnusedColumnWarning",
    "VectorCache",
    "cache_folder",
    "compose",
    "content_told",
    "encoder_from",
    "reads_alike",
    "texts_of",
]
