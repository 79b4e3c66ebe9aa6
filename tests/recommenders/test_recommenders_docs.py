"""The page on recommenders is true of the package."""

import inspect
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest

from metarec import recommenders
from metarec.recommenders import BaseRecommender, ContentRecommender

PAGE = (Path(__file__).parents[2] / "docs" / "recommenders.md").read_text(encoding="utf-8")
CLASSES = [getattr(recommenders, name) for name in recommenders.__all__]
ABSTRACT = (BaseRecommender, ContentRecommender)
ROWS = [
    c
    for c in CLASSES
    if isinstance(c, type) and issubclass(c, BaseRecommender) and c not in ABSTRACT
]


def test_the_table_names_every_public_recommender_and_no_other() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE)
    assert sorted(listed) == sorted(row.__name__ for row in ROWS)


@pytest.mark.parametrize("config", [c for c in CLASSES if is_dataclass(c)])
def test_every_choice_is_documented_and_every_value_of_its_space_is_allowed(config: type) -> None:
    source = inspect.getsource(config)
    names = [field.name for field in fields(config)]
    for name in names:
        if name in config.__annotations__:  # inherited fields are documented where they stand
            assert re.search(rf'^    {name}: .*\n    """', source, flags=re.MULTILINE), name
    for name, values in getattr(config, "space", {}).items():
        assert name in names
        for value in values:
            config(**{name: value})


def test_the_page_shows_how_to_add_one() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    imports = (
        "from dataclasses import dataclass\n"
        "import numpy as np\n"
        "from jaxtyping import Float\n"
        "from metarec.contracts import Dataset, Episodes, Histories, Recommender\n"
        "from metarec.recommenders import BaseRecommender\n"
        "from metarec.testing import RecommenderContract, planted_shop\n"
    )
    names: dict[str, object] = {"__name__": "page"}
    exec(imports + blocks[1] + blocks[2], names)
    made = names["TestNewestFirst"]().make()  # type: ignore[operator]
    shop = names["planted_shop"]().data  # type: ignore[operator]
    answer = made.fit(shop).recommend([[]], 3)
    assert np.array_equal(answer.items, [[35, 34, 33]])
