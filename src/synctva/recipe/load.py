"""Recipes on disk: read, laid over each other, and set key by key."""

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from synctva.errors import InputError
from synctva.recipe.tables import Kind, Recipe, Section
from synctva.tables import merged, read_table, with_keys


def load_recipe(path: Path | None = None, settings: tuple[str, ...] = ()) -> Recipe:
    """Returns a recipe from a file, or the default, with some keys set; see ``load_section``."""
    return load_section(Recipe, path, settings)


def load_difference(full: Path | None, path: Path) -> Recipe:
    """Returns what becomes of a recipe when the keys of a second file are set in it.

    Args:
        full: The recipe; None = the default.
        path: The difference, such as an ablation.

    Raises:
        InputError: As ``load_recipe``.
    """
    below = {} if full is None else _read(Recipe, full, ())
    return Recipe.parse(merged(below, _read(Recipe, path, ())), f"{path} on {full or 'default'}")


def load_section(kind: type[Kind], path: Path | None, settings: tuple[str, ...] = ()) -> Kind:
    """Returns a recipe of any kind from a file, or its default, with some keys set.

    A file may open with ``based_on = "other.toml"`` (a path beside it) and give the difference.

    Args:
        kind: What the file describes.
        path: The recipe's file; None = the default recipe.
        settings: ``key=value`` pairs such as ``model.width=64``; values are TOML, or plain words.

    Raises:
        InputError: The file cannot be read, or holds an unknown key or a wrong value.
    """
    value = _set({} if path is None else _read(kind, path, ()), settings)
    place = " ".join([str(path or "default recipe"), *(f"--set {s}" for s in settings)])
    return kind.parse(value, place)


def with_settings(recipe: Recipe, settings: tuple[str, ...]) -> Recipe:
    """Returns a recipe with some keys set; see ``load_section``."""
    value = TypeAdapter(Recipe).dump_python(recipe, mode="json")
    place = " ".join([recipe.name, *(f"--set {s}" for s in settings)])
    return Recipe.parse(_set(value, settings), place)


def _set(value: dict[str, Any], settings: tuple[str, ...]) -> dict[str, Any]:
    for setting in settings:
        if setting.partition("=")[0].strip() == "based_on":
            raise InputError(f"--set {setting}: name that recipe's file before --store instead")
    return with_keys(value, settings, "model.width=64")


def _read(kind: type[Section], path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"{path}: no such recipe; see the folder recipes/, or leave it out")
    if path.resolve() in seen:
        raise InputError(f"{path}: this recipe is based on itself; correct based_on")
    value = read_table(path)
    if {"recipes", "stores"} & (value.keys() - kind.model_fields.keys()):
        raise InputError(f"{path}: a plan, not a recipe; run it with `synctva sweep {path}`")
    based_on = value.pop("based_on", None)
    if based_on is None:
        return value
    if not isinstance(based_on, str):
        raise InputError(f"{path}: based_on must be the path of a recipe, in quotes")
    below_path = path.parent / based_on
    below = _read(kind, below_path, (*seen, path.resolve()))
    kind.parse(below, str(below_path))  # so that a mistake is told with the file it stands in
    return merged(below, value)
