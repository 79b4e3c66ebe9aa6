"""The ground: the few values that every room of metarec shares; it imports nothing of ours.

Outside, items and users are *ids* (strings). Inside, they are *indices* (rows of a vocabulary).
The two never share a name: `ids` are strings, `items` and `users` are indices.
"""

from metarec.contracts.answers import Predictions, Recommendations
from metarec.contracts.errors import (
    DataError,
    MetarecError,
    NotFittedError,
    UnknownItemWarning,
    UnsupportedError,
    whole_number,
)
from metarec.contracts.events import Event, EventLike
from metarec.contracts.histories import Histories, nested_events
from metarec.contracts.roles import Encoder, Recommender
from metarec.contracts.vocabulary import Vocabulary, vocabulary_of

__all__ = [
    "DataError",
    "Encoder",
    "Event",
    "EventLike",
    "Histories",
    "MetarecError",
    "NotFittedError",
    "Predictions",
    "Recommendations",
    "Recommender",
    "UnknownItemWarning",
    "UnsupportedError",
    "Vocabulary",
    "nested_events",
    "vocabulary_of",
    "whole_number",
]
