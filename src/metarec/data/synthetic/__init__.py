"""A shop that never was: written items, users with known tastes, and events between them."""
