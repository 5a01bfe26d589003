import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from stormlab.hosts.finding import find_recipe
from stormlab.hosts.javascript.code import run_recipe
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld, Phase
from stormlab_models.doc_tables import blocks
from stormlab_models.libraries.recipes import RECIPES
from stormlab_models.libraries.recipes_doc import main, recipes

needs_npm = pytest.mark.npm
PAGE = Path(__file__).resolve().parents[3] / "docs" / "recipes.md"


def test_the_page_lists_the_recipes_as_they_are() -> None:
    assert blocks(PAGE.read_text(encoding="utf-8"))["recipes"] == recipes()


def test_every_recipe_has_a_row_with_its_version_and_what_it_promises() -> None:
    rows = recipes().splitlines()[2:]
    assert len(rows) == len(RECIPES)
    for row, recipe in zip(rows, RECIPES.values(), strict=True):
        cells = [cell.strip() for cell in row.replace("\\|", "").strip("|").split(" | ")]
        assert cells[0] == f"`{recipe.name}`"
        assert cells[1] == recipe.package.rpartition("@")[2]
        assert recipe.formula
        assert cells[5]


def test_the_list_is_written_between_its_comments(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Kept\n<!-- table: recipes -->\nold\n<!-- end -->\n", encoding="utf-8")
    assert CliRunner().invoke(main, [str(page)]).exit_code == 0
    expected = f"# Kept\n<!-- table: recipes -->\n\n{recipes()}\n\n<!-- end -->\n"
    assert page.read_text(encoding="utf-8") == expected


def test_a_page_without_the_comments_stays_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Nothing\n", encoding="utf-8")
    assert CliRunner().invoke(main, [str(page)]).exit_code == 2
    assert page.read_text(encoding="utf-8") == "# Nothing\n"


@needs_npm
def test_the_recipe_of_the_page_works_as_it_stands(tmp_path: Path) -> None:
    found = re.findall(
        r"```python\n(# ours\.py\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    file = tmp_path / "ours.py"
    file.write_text(found[0], encoding="utf-8")
    recipe = find_recipe(f"recipe:{file}")
    assert recipe.declares.attempts_max == 20
    quiet = run_recipe(recipe, BareWorld(settle_s=7200.0))
    assert len(quiet.of(Event.PROVED)) == 1
    assert not quiet.has(Event.CLOSE)
    assert len(quiet.of(Event.RECEIVED)) > 170  # pongs
    gone = run_recipe(recipe, BareWorld((Phase("serve", 30.0), Phase("refuse", 900.0))))
    assert len(gone.of(Event.NEW)) == 1 + 20
