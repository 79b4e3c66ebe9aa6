"""The tables of a store, as the newest migration leaves them."""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, Table, Text

METADATA = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")
"""A row's number: SQLite counts on by itself in INTEGER columns alone."""

EVENTS = Table(
    "events",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("value", Double),
    Column("kind", Text),
    Column("clock", Double),
    Column("context", Text),
    Column("text", Text),
    Column("key", Text, nullable=False, unique=True),
    Column("received", Double, nullable=False),
    Index("events_of_a_person", "user_id", "id"),
    sqlite_autoincrement=True,
)
"""What people did, in the order in which it was told; numbers are never used twice."""

IMPRESSIONS = Table(
    "impressions",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("items", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("received", Double, nullable=False),
    Column("token", Text),
    Column("policy", Text),
    Column("chances", Text),
    Index("impressions_of_a_person", "user_id", "id"),
    Index("impressions_by_token", "token", unique=True),
    sqlite_autoincrement=True,
)
"""Lists that were shown, where the caller asked to keep them; by which policy, how likely each item
was at its place, and under which name feedback comes. A list of before has none of these."""

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("impression", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("value", Double, nullable=False),
    Column("received", Double, nullable=False),
    Index("feedback_once", "impression", "kind", "position", unique=True),
    Index("feedback_of_a_person", "user_id"),
    sqlite_autoincrement=True,
)
"""What came of lists that were shown: how far they were seen, what was clicked, what it earned."""

PROFILES = Table(
    "profiles",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("profile", Text, nullable=False),
    Column("revision", Number, nullable=False),
)
"""What is known of people besides their events."""

MERGES = Table(
    "merges",
    METADATA,
    Column("session_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False, index=True),
)
"""Which anonymous sessions turned out to be which user's."""

ERASED_KEYS = Table("erased_keys", METADATA, Column("hash", Text, primary_key=True))
"""Keyed hashes of the keys of erased events, so that an old message cannot bring them back."""

RECEIPTS = Table(
    "receipts",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("events", Number, nullable=False),
    Column("impressions", Number, nullable=False),
    Column("received", Double, nullable=False),
    sqlite_autoincrement=True,
)
"""What was erased and when, and not whose it was."""

ITEM_CHANGES = Table(
    "item_changes",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("verb", Text, nullable=False),
    Column("rows", Text, nullable=False),
    Column("received", Double, nullable=False),
    sqlite_autoincrement=True,
)
"""What came, changed and went in the catalogue since the model was saved."""

ACTIVATIONS = Table(
    "activations",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("folder", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("items_after", Number, nullable=False),
    Column("received", Double, nullable=False),
    sqlite_autoincrement=True,
)
"""Which model folder answers, the newest row last; item changes up to `items_after` are in it."""

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("revoked", Double),
    Column("origins", Text, nullable=False, server_default=""),
    Column("per_minute", Integer),
)
"""Who may ask; of a key only its hash is kept."""

SETTINGS = Table(
    "settings",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""What the store says of itself: its secret, and what the shop declares."""
