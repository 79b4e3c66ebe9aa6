"""MLflow: a run of an experiment, in a database or on a server."""

import time
from collections.abc import Mapping
from typing import Any, Self

from metarec.contracts import DataError

EXPERIMENT = "metarec"


class MLflow:
    """Writes one run to a tracking URI, such as sqlite:///mlflow.db or http://localhost:5000.

    No state of the process is changed: a run that is active there stays what it is.
    """

    def __init__(self, uri: str, experiment: str = EXPERIMENT) -> None:
        try:
            from mlflow.exceptions import MlflowException
            from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise DataError(
                'this tracker needs MLflow; run: pip install "metarec[mlflow]"'
            ) from error
        try:
            self._client = MlflowClient(tracking_uri=uri)
            there = self._client.get_experiment_by_name(experiment)
            number = (
                self._client.create_experiment(experiment) if there is None else there.experiment_id
            )
        except MlflowException as error:
            told = str(error).splitlines()[0]
            raise DataError(f"MLflow cannot write to {uri}: {told}") from error
        self.run_id: str = self._client.create_run(number).info.run_id

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._client.set_terminated(self.run_id, "FINISHED" if kind is None else "FAILED")

    def settings(self, values: Mapping[str, Any]) -> None:
        """As parameters of the run."""
        for name, value in values.items():
            self._client.log_param(self.run_id, name, value)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """As metrics of the run."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, step) for name, value in values.items()]
        self._client.log_batch(self.run_id, metrics)
