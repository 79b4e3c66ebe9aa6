"""How sure a choice is: what validation tells of how far the served logits may be off."""

from metarec.meta.doubt.draws import draw_scale
from metarec.meta.doubt.learning import LEAST_PEOPLE, Doubt, learn_doubt
from metarec.meta.doubt.taken import Served, Taken

__all__ = ["LEAST_PEOPLE", "Doubt", "Served", "Taken", "draw_scale", "learn_doubt"]
