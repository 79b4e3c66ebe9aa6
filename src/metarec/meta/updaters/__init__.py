"""How the events of a person change the prior; one file each."""

from typing import Literal

from metarec.meta.updaters.anil import ANIL
from metarec.meta.updaters.closed_form import ClosedForm
from metarec.meta.updaters.learned_updater import LearnedUpdater
from metarec.meta.updaters.maml import MAML, MetaSGD, Reptile
from metarec.meta.updaters.neural_process import NeuralProcess
from metarec.meta.updaters.updater import Adapted, Additive, Support, Updater

UpdaterName = Literal[
    "ClosedForm", "ANIL", "MAML", "MetaSGD", "Reptile", "NeuralProcess", "LearnedUpdater"
]
UPDATERS: dict[str, type[Updater]] = {
    updater.__name__: updater
    for updater in (ClosedForm, ANIL, MAML, MetaSGD, Reptile, NeuralProcess, LearnedUpdater)
}

__all__ = [
    "ANIL",
    "MAML",
    "UPDATERS",
    "Adapted",
    "Additive",
    "ClosedForm",
    "LearnedUpdater",
    "MetaSGD",
    "NeuralProcess",
    "Reptile",
    "Support",
    "Updater",
    "UpdaterName",
]
