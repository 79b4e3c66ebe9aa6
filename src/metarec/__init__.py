"""A recommender that works from the first click."""

__version__ = "0.1.0"
