"""What to do is told in the words of the place where a shop is being read."""

import pytest

from metarec.contracts.wording import shell_words
from metarec.data.validation.remedies import Remedies


def test_words_of_a_shell_last_as_long_as_the_command():
    frames = Remedies("frames")
    with shell_words():
        assert frames.setting("target_kinds", ["buy", "gift"]) == "pass --target-kinds buy,gift"
    assert frames.setting("target_kinds", ["buy"]) == 'pass target_kinds=["buy"]'


@pytest.mark.parametrize(
    ("source", "table", "told", "in_a_shell"),
    [
        ("frames", "items", 'columns={"title": "it"}', "--map title=it"),
        ("file", "items", 'item_columns={"title": "it"}', "--map items.title=it"),
        ("file", "interactions", 'columns={"title": "it"}', "--map title=it"),
        ("file", "users", 'user_columns={"title": "it"}', "--map users.title=it"),
    ],
)
def test_a_column_is_named_as_it_is_given_there(source, table, told: str, in_a_shell: str):
    remedies = Remedies(source)
    assert remedies.column("title", "it", table) == f"say which holds it, such as {told}"
    with shell_words():
        assert remedies.column("title", "it", table) == f"say which holds it, such as {in_a_shell}"
        assert "title=NAME" in remedies.column("title", None, table)


def test_a_folder_is_mended_in_its_own_files_and_other_tables_by_arguments():
    folder, frames = Remedies(), Remedies("frames")
    assert folder.setting("repeats", "last") == 'set repeats = "last" in dataset.toml'
    assert frames.setting("repeats", "last") == 'pass repeats="last"'
    assert (
        folder.column("item_id", "id") == "rename the column that holds it to item_id, such as id"
    )
    assert folder.column("item_id", None) == "rename the column that holds it to item_id"
    assert folder.no_column("kind") == "give the column another name"
    assert frames.no_column("kind") == 'pass columns={"kind": None}'
    assert folder.dates() == "write them as 2024-12-31"
    assert frames.dates() == 'pass dates="day-first" or dates="month-first"'
