"""From scores to lists: ties, the best k, candidates and filters."""

from metarec.ranking.wanted import Wanted

__all__ = ["Wanted"]
