"""The plan of a sweep: which recipes on which stores with how many seeds, from one TOML file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from synctva.errors import InputError, did_you_mean
from synctva.recipe import Recipe, Section, load_difference, load_recipe
from synctva.run.folder import RunFolder
from synctva.tables import read_table

DEFAULT = "default"
"""Stands in a plan for the recipe that ``synctva train`` takes where none is given."""

Name = Annotated[str, Field(pattern=r"^\w[\w.+-]*$")]
"""A corpus's name in a plan; a folder is called so."""


class Plan(Section):
    """A plan as its file gives it; paths are relative to the file.

    Attributes:
        out: The folder of all runs; the command line may name another.
        seeds: Seeds of every run.
        recipes: Paths, patterns such as ``../baselines/*.toml``, or ``default``.
        differences: Likewise; what they say is laid over the corpus's default.
        stores: Corpus -> its feature store, or one for each of its folds.
        defaults: Corpus -> the recipe that ``default`` means there.
    """

    out: str | None = None
    seeds: Annotated[int, Field(ge=1)] = 5
    recipes: Annotated[tuple[str, ...], Field(min_length=1)]
    differences: tuple[str, ...] = ()
    stores: Annotated[dict[Name, str | tuple[str, ...]], Field(min_length=1)]
    defaults: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class PlannedRun:
    """One recipe on one store.

    Attributes:
        corpus: What the plan calls the corpus.
        name: What the plan calls the recipe: its file's name without the ending.
        fold: The store's number among the corpus's folds, from 1; None = it has no folds.
        recipe: The recipe.
        store: The feature store.
        folder: Where the run goes.
    """

    corpus: str
    name: str
    fold: int | None
    recipe: Recipe
    store: Path
    folder: RunFolder

    @property
    def title(self) -> str:
        """The run in words, such as ``meld-dev, fold 2: no-graphs``."""
        return f"{self.corpus}{f', fold {self.fold}' if self.fold else ''}: {self.name}"


@dataclass(frozen=True)
class PlannedSweep:
    """All runs of a plan, corpus by corpus, and the seeds of each."""

    runs: tuple[PlannedRun, ...]
    seeds: int


def load_plan(path: Path, out: Path | None = None) -> PlannedSweep:
    """Returns the runs of a plan.

    Args:
        path: The plan's file.
        out: The folder of all runs, in place of the plan's own.

    Raises:
        InputError: The plan or a recipe cannot be read, holds an unknown key or a wrong value; a
            pattern fits no recipe, or two recipes have one name; or no folder is named.
    """
    plan = _parse(path)
    folder = path.resolve().parent
    if out is None and plan.out is None:
        raise InputError(f'{path}: where do the runs go? write out = "FOLDER", or give --out')
    below = out.resolve() if out else (folder / str(plan.out)).resolve()
    recipes = _named(path, (*plan.recipes, *plan.differences))
    differences = set(_named(path, plan.differences))
    _refuse_unknown(path, "defaults", plan.defaults, list(plan.stores))
    runs = []
    for corpus, stores in plan.stores.items():
        full = (folder / plan.defaults[corpus]).resolve() if corpus in plan.defaults else None
        for name, file in recipes.items():
            if file is None:
                recipe = load_recipe(full)
            elif name in differences:
                recipe = load_difference(full, file)
            else:
                recipe = load_recipe(file)
            place = RunFolder(below / corpus / name)
            if isinstance(stores, str):
                store = (folder / stores).resolve()
                runs.append(PlannedRun(corpus, name, None, recipe, store, place))
                continue
            for fold, words in enumerate(stores, start=1):
                part = RunFolder(place.path / f"fold-{fold}")
                store = (folder / words).resolve()
                runs.append(PlannedRun(corpus, name, fold, recipe, store, part))
    return PlannedSweep(tuple(runs), plan.seeds)


def _parse(path: Path) -> Plan:
    if not path.is_file():
        raise InputError(f"{path}: no such plan; docs/sweeps.md shows one")
    value = read_table(path)
    if (
        not {"recipes", "stores"} & value.keys()
        and {"based_on", *Recipe.model_fields} & value.keys()
    ):
        raise InputError(
            f"{path}: a recipe, not a plan; train it with"
            f" `synctva train {path} --store STORE --out RUN`"
        )
    _refuse_unknown(path, "", value, list(Plan.model_fields))
    return Plan.parse(value, str(path))


def _refuse_unknown(path: Path, table: str, given: dict[str, Any], known: list[str]) -> None:
    for key in given:
        if key not in known:
            place = f" of {table}" if table else ""
            raise InputError(
                f"{path}: unknown key {key!r}{place}; known are {', '.join(known)}."
                + did_you_mean(key, known)
            )


def _named(path: Path, listed: tuple[str, ...]) -> dict[str, Path | None]:
    """Returns the files of a plan's list by name, in its order; the default recipe has none."""
    recipes: dict[str, Path | None] = {}
    for words in listed:
        for file in [None] if words == DEFAULT else _files(path, words):
            name = DEFAULT if file is None else file.stem
            if recipes.setdefault(name, file) != file:
                raise InputError(
                    f"{path}: two recipes are called {name!r}, {recipes[name] or DEFAULT} and"
                    f" {file or DEFAULT}; rename one, or sweep it with its own plan"
                )
    return recipes


def _files(path: Path, words: str) -> Iterator[Path]:
    """Yields the files that a path or a pattern in a plan means."""
    meant = path.resolve().parent / words
    is_pattern = any(sign in meant.name for sign in "*?[")
    found = sorted(meant.parent.glob(meant.name)) if is_pattern else [meant]
    if not found:
        raise InputError(f"{path}: no recipe fits {words!r}; paths are relative to the plan's file")
    yield from (file.resolve() for file in found)
