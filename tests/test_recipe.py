"""Recipes: written and read back, based on each other, and wrong in one line."""

import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.networks.sync_tva.architecture import PAIRS, Architecture
from synctva.recipe import (
    LossRecipe,
    Recipe,
    TrainingRecipe,
    load_difference,
    load_recipe,
    load_section,
)
from synctva.training.expression import ExpressionRecipe

RECIPES = Path(__file__).parents[1] / "recipes"
RATE = st.floats(0, 1, exclude_max=True)
NOT_NEGATIVE = st.floats(0, 1e9)
REACH = st.just("all") | st.integers(0, 100)


def some(names: tuple[str, ...], smallest: int = 0) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), unique=True, min_size=smallest).map(tuple)


MODELS = st.fixed_dictionaries(
    {},
    optional={
        "width": st.integers(1, 64).map(lambda each: 4 * each),
        "past": REACH,
        "future": REACH,
        "dropout": RATE,
        "gating": st.booleans(),
        "graphs": some(tuple(PAIRS)),
    },
)
LOSSES = st.fixed_dictionaries(
    {},
    optional={
        "imbalance": st.sampled_from(["none", "class_balanced", "focal", "logit_adjustment"]),
        "strength": NOT_NEGATIVE,
        "smoothing": RATE,
        "contrastive": NOT_NEGATIVE,
    },
)
TRAININGS = st.fixed_dictionaries(
    {},
    optional={
        "epochs": st.integers(1, 2**40),
        "learning_rate": st.floats(0, 1e9, exclude_min=True),
        "averaging": RATE,
        "precision": st.sampled_from(["no", "bf16"]),
        "keep_epochs": st.booleans(),
    },
)
RECIPE_VALUES = st.fixed_dictionaries(
    {"model": MODELS, "loss": LOSSES, "training": TRAININGS},
    optional={"name": st.text(), "modalities": some(MODALITIES, smallest=1)},
)


def complaint(path: Path | None = None, *settings: str) -> str:
    """Returns what is said of a recipe, which is one line and names its file or its setting."""
    with pytest.raises(InputError) as caught:
        load_recipe(path, settings)
    message = str(caught.value)
    assert "\n" not in message
    assert all(part in message for part in settings)
    return message


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "path",
    sorted(path for path in RECIPES.rglob("*.toml") if path.parent.name != "sweeps"),
    ids=lambda path: str(path.relative_to(RECIPES)),
)
def test_every_recipe_of_the_project_loads(path: Path):
    kind = ExpressionRecipe if path.parent.name == "faces" else Recipe
    assert load_section(kind, path) != kind()


@given(RECIPE_VALUES)
def test_a_recipe_written_and_read_is_the_same(value):
    recipe = Recipe.parse(value, "drawn")
    assert Recipe.parse(tomllib.loads(recipe.to_toml()), "recipe") == recipe


def test_a_recipe_on_disk_is_the_same(tmp_path):
    recipe = Recipe(name='"Zoë"\r\n\\ # = [x]', modalities=("audio",))
    assert load_recipe(write(tmp_path / "recipe.toml", recipe.to_toml())) == recipe


def test_a_written_recipe_names_every_default():
    tables = tomllib.loads(Recipe().to_toml())
    assert set(tables) == set(Recipe.model_fields)
    assert set(tables["model"]) == {field.name for field in dataclasses.fields(Architecture)}
    assert set(tables["loss"]) == set(LossRecipe.model_fields)
    assert set(tables["training"]) == set(TrainingRecipe.model_fields)


def test_without_a_file_the_recipe_is_the_default():
    assert load_recipe() == Recipe()


def test_a_recipe_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Recipe().training.epochs = 3  # pyright: ignore[reportAttributeAccessIssue]


def test_a_difference_keeps_all_else_of_what_it_is_based_on(tmp_path):
    base = 'name = "base"\n[model]\nwidth = 64\nheads = 2\n[training]\nepochs = 7\n'
    write(tmp_path / "base.toml", base)
    middle = write(tmp_path / "a" / "middle.toml", 'based_on = "../base.toml"\nname = "middle"')
    top = write(tmp_path / "top.toml", 'based_on = "a/middle.toml"\n[model]\nheads = 8\n')
    assert load_recipe(middle).model == Architecture(width=64, heads=2)
    found = load_recipe(top)
    assert (found.name, found.model.width, found.model.heads) == ("middle", 64, 8)
    assert (found.training.epochs, found.loss) == (7, LossRecipe())


def test_a_list_replaces_the_list_it_is_based_on(tmp_path):
    write(tmp_path / "base.toml", 'modalities = ["text", "audio"]')
    top = write(tmp_path / "top.toml", 'based_on = "base.toml"\nmodalities = ["visual"]')
    assert load_recipe(top).modalities == ("visual",)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_recipes_based_on_each_other_in_a_circle_are_told(tmp_path, length):
    for number in range(length):
        after = f'based_on = "./{(number + 1) % length}.toml"'
        write(tmp_path / f"{number}.toml", after)
    message = complaint(tmp_path / "0.toml")
    assert "0.toml: this recipe is based on itself; correct based_on" in message


def test_a_mistake_is_told_with_the_file_it_stands_in(tmp_path):
    write(tmp_path / "base.toml", "[model]\nwidht = 64\n")
    top = write(tmp_path / "top.toml", 'based_on = "base.toml"')
    assert complaint(top).startswith(f"{tmp_path / 'base.toml'}: unknown key 'model.widht'")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("widht = 3", "unknown key 'widht'; known are based_on, name, modalities, model"),
        ("base_on = 'x.toml'", "Did you mean 'based_on'?"),
        ("[modle]\nwidth = 3", "unknown key 'modle'"),
        ("[model]\nwidht = 3", "unknown key 'model.widht'; known are width, heads"),
        ("[model]\nwidht = 3", "Did you mean 'width'?"),
        ("[loss]\nstrenght = 3", "Did you mean 'strength'?"),
        ("[training]\nepoch = 3", "Did you mean 'epochs'?"),
        ("[training]\nepoch = 3", "known are epochs, patience"),
        ("based_on = 3", "based_on must be the path of a recipe"),
        ("based_on = 'none.toml'", "none.toml: no such recipe"),
        ("name = ", "not TOML"),
        ("recipes = ['a.toml']", "own.toml: a plan, not a recipe; run it with `synctva sweep"),
    ],
)
def test_a_bad_recipe_file_is_told_with_its_key(tmp_path: Path, text: str, told: str):
    message = complaint(write(tmp_path / "own.toml", text))
    assert str(tmp_path) in message
    assert told in message


def test_a_misspelt_key_of_a_face_recipe_is_told_with_the_keys_of_face_recipes(tmp_path):
    path = write(tmp_path / "faces.toml", "epochz = 1\n")
    with pytest.raises(InputError) as caught:
        load_section(ExpressionRecipe, path)
    assert "known are based_on, epochs, batch, learning_rate" in str(caught.value)
    assert "Did you mean 'epochs'?" in str(caught.value)


def test_a_recipe_that_is_not_text_is_told(tmp_path):
    (tmp_path / "own.toml").write_bytes(b"name = '\xff'")
    assert f"{tmp_path / 'own.toml'}: not TOML" in complaint(tmp_path / "own.toml")
    assert "no such recipe" in complaint(tmp_path / "other.toml")
    assert "no such recipe" in complaint(tmp_path)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("model.width=65", "model.width 65: not a multiple of 4 heads"),
        ("model.width=wide", "model.width = 'wide': Input should be a valid integer"),
        ("model.past=far", "model.past = 'far'"),
        ("model.past=far", "or: Input should be 'all'"),
        ("model.past=-1", "model.past -1: must be 0 or more"),
        ("model.graphs=['a']", "model.graphs = 'a': Input should be 'text_audio', "),
        ("model.dropout=1", "model.dropout 1.0: must be in [0, 1)"),
        ("model=3", "model = 3: Input should be"),
        ("modalities=text,audio", 'a list is needed; write modalities=["text", "audio"]'),
        ("model.graphs=text_audio", 'write model.graphs=["text_audio"]'),
        ("modalities=[]", "modalities = []"),
        ("modalities=['txt']", "modalities = 'txt': Input should be 'text', 'audio' or 'visual'"),
        ("name=3", "name = 3: Input should be a valid string"),
        ("loss.imbalance=magic", "loss.imbalance = 'magic': Input should be 'none', "),
        ("loss.strength=nan", "loss.strength = nan"),
        ("training.epochs=0", "training.epochs = 0: Input should be greater than or equal to 1"),
        ("training.learning_rate=inf", "training.learning_rate = inf: Input should be a finite"),
        ("training.learning_rate=0", "training.learning_rate = 0: Input should be greater"),
        ("training.epochs.x=0", "training.epochs = {'x': 0}"),
        ("training=x", "training = 'x'"),
        ("modle.width=3", "Did you mean 'model'?"),
        ("based_on=base.toml", "name that recipe's file before --store instead"),
        ("width", "write key=value"),
        ("=3", "write key=value"),
    ],
)
def test_a_bad_setting_is_told_with_its_key_and_value(setting: str, told: str):
    assert told in complaint(None, setting)


def test_settings_are_toml_or_plain_words_and_the_last_one_counts():
    settings = (
        *("name=own run", "model.past=all", "model.future=0", "model.gating=false"),
        *("modalities=['text','audio']", "training.epochs=3", "training.epochs = 4 "),
    )
    recipe = load_recipe(None, settings)
    assert (recipe.name, recipe.model.past, recipe.model.future) == ("own run", "all", 0)
    assert (recipe.model.gating, recipe.modalities) == (False, ("text", "audio"))
    assert recipe.training.epochs == 4


def test_a_setting_changes_one_key_of_the_file_only(tmp_path):
    path = write(tmp_path / "own.toml", "[training]\nepochs = 7\npatience = 3\n")
    recipe = load_recipe(path, ("training.epochs=8",))
    assert (recipe.training.epochs, recipe.training.patience) == (8, 3)


def test_a_difference_is_laid_over_any_recipe(tmp_path):
    full = write(tmp_path / "full.toml", 'name = "full"\nmodel = { width = 64, heads = 2 }\n')
    path = write(tmp_path / "other.toml", 'name = "other"\nmodel.heads = 8\n')
    found = load_difference(full, path)
    assert (found.name, found.model) == ("other", Architecture(width=64, heads=8))
    assert load_difference(None, path).model == Architecture(heads=8)
    write(path, "modle.heads = 8\n")
    with pytest.raises(InputError, match=r"other\.toml.*'modle'"):
        load_difference(full, path)
