"""Where a fit writes its losses down: the files of TensorBoard, MLflow or Weights & Biases."""

from metarec.training.trackers.mlflow import MLflow
from metarec.training.trackers.opening import opened
from metarec.training.trackers.prefixed import Prefixed
from metarec.training.trackers.tensorboard import TensorBoard
from metarec.training.trackers.wandb import WandB

__all__ = ["MLflow", "Prefixed", "TensorBoard", "WandB", "opened"]
