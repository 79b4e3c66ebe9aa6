"""The ground: the few values that every room of metarec shares; it imports nothing of ours.

Outside, items and users are *ids* (strings). Inside, they are *indices* (rows of a vocabulary).
The two never share a name: `ids` are strings, `items` and `users` are indices.
"""

from metarec.contracts.answers import Predictions, Recommendations
from metarec.contracts.catalogue import Catalogue
from metarec.contracts.dataset import Clock, Dataset, Feedback, RepeatsRule
from metarec.contracts.episodes import Episodes
from metarec.contracts.errors import (
    AlikeItemWarning,
    DataError,
    DivergedError,
    MetarecError,
    MissingValueWarning,
    NotFittedError,
    NothingLearnedWarning,
    UnknownItemWarning,
    UnknownKindWarning,
    UnsupportedError,
    whole_number,
)
from metarec.contracts.event_kinds import EventKinds
from metarec.contracts.events import Event, EventLike
from metarec.contracts.filters import Filters
from metarec.contracts.hashing import hash_of
from metarec.contracts.histories import Histories, nested_events
from metarec.contracts.item_changes import ItemChanges
from metarec.contracts.outlook import Outlook
from metarec.contracts.roles import Encoder, Recommender, Tracker
from metarec.contracts.running import Running
from metarec.contracts.shortfall import Shortfall
from metarec.contracts.vocabulary import Vocabulary, vocabulary_of

__all__ = [
    "AlikeItemWarning",
    "Catalogue",
    "Clock",
    "DataError",
    "Dataset",
    "DivergedError",
    "Encoder",
    "Episodes",
    "Event",
    "EventKinds",
    "EventLike",
    "Feedback",
    "Filters",
    "Histories",
    "ItemChanges",
    "MetarecError",
    "MissingValueWarning",
    "NotFittedError",
    "NothingLearnedWarning",
    "Outlook",
    "Predictions",
    "Recommendations",
    "Recommender",
    "RepeatsRule",
    "Running",
    "Shortfall",
    "Tracker",
    "UnknownItemWarning",
    "UnknownKindWarning",
    "UnsupportedError",
    "Vocabulary",
    "hash_of",
    "nested_events",
    "vocabulary_of",
    "whole_number",
]
