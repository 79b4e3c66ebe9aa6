"""Write the golden files of this folder: `python -m tests.golden.make_golden`.

They hold what the model answered and learned on 2026-11-27, before the rooms moved (PyTorch
2.13.0, NumPy 2, one thread). A change that is meant to move these numbers makes them anew and says
so in the change log; any other change leaves them alone.
"""

import json
from pathlib import Path

import numpy as np

from tests.golden.golden_cases import MODELS, answers, fitted, loss_and_gradients, validation

HERE = Path(__file__).parent


def main() -> None:
    spread = {}
    for name in MODELS:
        model = fitted(name)
        model.save(HERE / "models" / name)
        np.savez_compressed(HERE / f"{name}.answers.npz", **answers(model))
        np.savez_compressed(HERE / f"{name}.loss.npz", **loss_and_gradients(name))
        spread[name] = validation(name).tolist()
    (HERE / "validation.json").write_text(json.dumps(spread, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
