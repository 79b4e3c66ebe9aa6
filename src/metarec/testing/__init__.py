"""What a new member of the library is held to: contract tests, and planted data to learn from.

The contract tests need pytest (`pip install "metarec[dev]"`); the planted data does not.
"""

from metarec.testing.planted_shop import PlantedShop, planted_shop
from metarec.testing.recommender_contract import RecommenderContract

__all__ = ["PlantedShop", "RecommenderContract", "planted_shop"]
