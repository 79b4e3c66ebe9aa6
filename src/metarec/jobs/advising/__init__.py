"""Before a fit: what to expect of a shop, what it lacks, and how long it will take."""

from metarec.jobs.advising.advice import Advice, advise
from metarec.jobs.advising.facts import Facts, facts_of

__all__ = ["Advice", "Facts", "advise", "facts_of"]
