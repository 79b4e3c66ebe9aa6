"""How the events of a person change the prior; one file each."""

from metarec.meta.updaters.anil import ANIL
from metarec.meta.updaters.closed_form import ClosedForm
from metarec.meta.updaters.maml import MAML, MetaSGD
from metarec.meta.updaters.updater import Adapted, Additive, Support, Updater

UPDATERS: dict[str, type[Updater]] = {
    updater.__name__: updater for updater in (ClosedForm, ANIL, MAML, MetaSGD)
}

__all__ = [
    "ANIL",
    "MAML",
    "UPDATERS",
    "Adapted",
    "Additive",
    "ClosedForm",
    "MetaSGD",
    "Support",
    "Updater",
]
