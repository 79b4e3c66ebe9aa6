"""What serves people imports no PyTorch: it starts in a second, in a fifth of the memory."""

import subprocess
import sys
from pathlib import Path

import pytest

import metarec as mr

SCRIPT = """
import sys
from importlib.machinery import ModuleSpec

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name.split(".")[0] == "torch" else None
    def create_module(self, spec):
        raise ImportError(f"{spec.name} was imported")
    def exec_module(self, module): ...

sys.meta_path.insert(0, NoTorch())
import metarec as mr

model = mr.load_model(sys.argv[1])
ids = model.catalogue.ids.tolist()
events = [(ids[3], 5.0), (ids[5], 1.0)]
me = model.adapt(events, profile={"age": 30})
me = me.observe((ids[2], 3.0)).forget(ids[3])
me.recommend(3), me.score(ids), me.predict(ids), me.explain(ids[1]), me.ask(2)
many = mr.Histories.of([events, []])
model.recommend(many, 2), model.score(many, ids), model.predict(many, many)
model.similar(ids[1], 2)
model.retire_items(ids[:1]).adapt([]).recommend(3)
model.save(sys.argv[1] + " again")
from metarec.cli import main
main(["recommend", sys.argv[1], "--events", f"{ids[3]}:5", "--explain", *sys.argv[2:]])
"""


def served(model: Path, *extra: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SCRIPT, str(model), *extra]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("name", [pytest.param("ratings", marks=pytest.mark.slow), "implicit"])
def test_a_saved_model_serves_people_where_torch_cannot_be_imported(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
):
    fitted: mr.MetaRecommender = request.getfixturevalue(name)
    fitted.save(tmp_path / "model")
    answer = served(tmp_path / "model")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("\n") == 21  # ten items with their reasons
    assert mr.load_model(tmp_path / "model again").config == fitted.config


def test_an_import_of_torch_would_be_seen():
    script = SCRIPT.replace("import metarec as mr", "import metarec.meta.network")
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert answer.returncode == 1
    assert "torch was imported" in answer.stderr
