"""Where a service keeps what happened: SQLite in one file, or PostgreSQL."""

from metarec.serving.store.database import StoreError
from metarec.serving.store.events import Kept, KeyConflict, Outcome, Told
from metarec.serving.store.forgetting import Receipt
from metarec.serving.store.store import Store

__all__ = ["Kept", "KeyConflict", "Outcome", "Receipt", "Store", "StoreError", "Told"]
