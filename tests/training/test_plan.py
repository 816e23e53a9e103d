"""Plans: what they mean, and how their mistakes are told."""

import re
from pathlib import Path

import pytest

from synctva.errors import InputError
from synctva.networks.sync_tva.architecture import Architecture
from synctva.recipe import Recipe
from synctva.training.plan import load_plan

SHIPPED = sorted((Path(__file__).parents[2] / "recipes" / "sweeps").glob("*.toml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with recipes a, b and more/c, and room for a plan."""
    (tmp_path / "more").mkdir()
    for place in ("a", "b", "more/c"):
        (tmp_path / f"{place}.toml").write_text(f'name = "recipe {Path(place).name}"\n')
    return tmp_path


def write(folder: Path, text: str) -> Path:
    (folder / "plan.toml").write_text(text, encoding="utf-8")
    return folder / "plan.toml"


STORES = '\n[stores]\none = "stores/one"\n'


def test_every_recipe_runs_on_every_store_and_every_fold(folder):
    plan = load_plan(
        write(
            folder,
            'out = "runs"\nseeds = 3\nrecipes = ["default", "*.toml", "more/c.toml"]\n'
            '[stores]\none = "stores/one"\ntwo = ["stores/two-1", "/stores/two-2"]\n',
        ).rename(folder / "plan"),
    )
    assert plan.seeds == 3
    found = {(run.corpus, run.fold, run.name): run for run in plan.runs}
    names = ("default", "a", "b", "c")
    expected = [("one", None, name) for name in names]
    expected += [("two", fold, name) for name in names for fold in (1, 2)]
    assert list(found) == expected
    second = found["two", 2, "c"]
    assert second.recipe.name == "recipe c"
    assert second.store == Path("/stores/two-2")
    assert second.folder.path == folder / "runs" / "two" / "c" / "fold-2"
    assert found["one", None, "a"].folder.path == folder / "runs" / "one" / "a"
    assert found["one", None, "a"].store == folder / "stores" / "one"
    assert found["one", None, "default"].recipe == Recipe()


def test_paths_are_relative_to_the_plan_and_out_to_where_the_command_is_given(folder, monkeypatch):
    write(folder, 'out = "runs"\nrecipes = ["a.toml"]' + STORES)
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    (run,) = load_plan(Path("../plan.toml")).runs
    assert run.folder.path == folder / "runs" / "one" / "a"
    (run,) = load_plan(Path("../plan.toml"), Path("mine")).runs
    assert run.folder.path == folder / "elsewhere" / "mine" / "one" / "a"
    assert run.store == folder / "stores" / "one"


def test_a_corpus_has_a_default_of_its_own_and_differences_are_laid_over_it(folder):
    (folder / "more" / "wide.toml").write_text('name = "wide"\nmodel.width = 256\n')
    (folder / "more" / "none.toml").write_text('name = "none"\nloss.imbalance = "none"\n')
    text = 'out = "runs"\nrecipes = ["default", "a.toml"]\ndifferences = ["more/none.toml"]\n'
    text += '[stores]\none = "1"\ntwo = "2"\n[defaults]\ntwo = "more/wide.toml"\n'
    plan = load_plan(write(folder, text))
    assert [run.name for run in plan.runs] == ["default", "a", "none"] * 2
    found = {(run.corpus, run.name): run.recipe for run in plan.runs}
    assert found["one", "default"] == Recipe()
    assert found["one", "none"].model == Recipe().model
    assert found["one", "a"] == found["two", "a"]
    assert found["two", "default"].name == "wide"
    none = found["two", "none"]
    assert (none.name, none.model, none.loss.imbalance) == ("none", Architecture(width=256), "none")


def test_a_recipe_that_is_named_twice_runs_once(folder):
    plan = load_plan(write(folder, 'out = "r"\nrecipes = ["a.toml", "[ab].toml"]' + STORES))
    assert [run.name for run in plan.runs] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("out = ", "not TOML"),
        ("model.width = 64", "plan.toml: a recipe, not a plan; train it with `synctva train"),
        ('based_on = "a.toml"', "plan.toml: a recipe, not a plan"),
        ('recipes = ["a.toml"]\nseed = 3' + STORES, "'seed'; known are out, seeds, .*'seeds'?"),
        ('recipes = ["a.toml"]\nseeds = 0' + STORES, "seeds = 0: "),
        ("recipes = []" + STORES, "recipes = "),
        ('recipes = ["a.toml"]\n[stores]\n', "stores = "),
        ('recipes = ["a.toml"]\n[stores]\n"../up" = "1"\n', "stores = "),
        ('recipes = ["a.toml"]\n[stores]\none = 1\n', "stores = 1: "),
        ('recipes = ["a.toml"]' + STORES, "where do the runs go"),
        ('out = "r"\nrecipes = ["x/*.toml"]' + STORES, "no recipe fits 'x/"),
        ('out = "r"\nrecipes = ["d.toml"]' + STORES, "no such recipe"),
        ('out = "r"\nrecipes = ["bad.toml"]' + STORES, "unknown key 'model.widht'"),
        ('out = "r"\nrecipes = ["a.toml", "more/a.toml"]' + STORES, "two recipes are called 'a'"),
        (
            'out = "r"\nrecipes = ["a.toml"]' + STORES + '[defaults]\nome = "b.toml"\n',
            "unknown key 'ome' of defaults; known are one. Did you mean 'one'?",
        ),
        (
            'out = "r"\nrecipes = ["a.toml"]\ndifferences = ["more/a.toml"]' + STORES,
            "two recipes are called 'a'",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(folder: Path, text: str, told: str):
    (folder / "bad.toml").write_text("model.widht = 3\n")
    (folder / "more" / "a.toml").write_text("")
    with pytest.raises(InputError, match=told.replace("?", r"\?")) as caught:
        load_plan(write(folder, text))
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def test_a_plan_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match=r"plan\.toml: no such plan"):
        load_plan(tmp_path / "plan.toml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_plan_compares_with_peers_and_ablations(path: Path):
    runs = load_plan(path).runs
    names = {run.name for run in runs}
    assert {"default", "lite", "base", "late_fusion", "no-graphs"} <= names
    (out,) = {run.folder.path.parents[1 if run.fold is None else 2] for run in runs}
    assert out == path.parents[2] / "runs" / "comparison"
    (command,) = re.findall(r"^#   synctva sweep (\S+)", path.read_text(), re.MULTILINE)
    assert command == f"recipes/sweeps/{path.name}"
