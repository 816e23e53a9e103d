"""Each file of a run is one class: written and read back the same, and damage is one line."""

import json
import shutil
import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Union

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_folders import write_run

from synctva.errors import InputError
from synctva.run.description import RunDescription, read_description, write_description
from synctva.run.evaluation import FINDINGS, Evaluation, read_evaluation, write_evaluation
from synctva.run.finished import Finished, read_finished, write_finished
from synctva.run.folder import RunFolder
from synctva.run.log import Epoch, read_log, write_log
from synctva.run.scores import Score

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def made(hint: Any) -> st.SearchStrategy[Any]:
    """Returns a strategy of all that a class, or a hint in one, allows; see ``built``."""
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        if inside[0] is float:
            return st.floats(allow_nan=False, allow_infinity=False)
        return st.integers(0, 2**53)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(made, inside))
    if origin is tuple:
        if inside[-1] is Ellipsis:
            return st.lists(made(inside[0]), max_size=3).map(tuple)
        return st.tuples(*map(made, inside))
    if origin is dict:
        return st.dictionaries(made(inside[0]), made(inside[1]), max_size=2)
    if is_dataclass(hint):
        hints = typing.get_type_hints(hint, include_extras=True)
        inside = {field.name: made(hints[field.name]) for field in fields(hint)}
        return st.fixed_dictionaries(inside).map(lambda values: partial(hint, **values))
    simple = {int: st.integers(-9, 9), bool: st.booleans(), str: WORDS, type(None): st.none()}
    return st.floats(allow_nan=False) if hint is float else simple[hint]


def built(value: Any) -> Any:
    """Returns what was drawn; types are checked at random when it is made, so not while drawing."""
    if isinstance(value, partial):
        return value.func(**{name: built(own) for name, own in value.keywords.items()})
    if isinstance(value, tuple):
        return tuple(map(built, value))
    return {key: built(own) for key, own in value.items()} if isinstance(value, dict) else value


@settings(max_examples=30)
@given(made(Evaluation))
def test_an_evaluation_is_read_as_it_was_written(tmp_path_factory, drawn):
    evaluation = built(drawn)
    path = tmp_path_factory.getbasetemp() / "evaluation.json"
    write_evaluation(path, evaluation)
    assert read_evaluation(path, "") == evaluation


@given(made(Finished))
def test_how_a_training_ended_is_read_as_it_was_written(tmp_path_factory, drawn):
    finished = built(drawn)
    path = tmp_path_factory.getbasetemp() / "finished.json"
    write_finished(path, finished)
    assert read_finished(path, "") == finished


@given(made(RunDescription))
def test_a_description_is_read_as_it_was_written_or_names_no_emotions(tmp_path_factory, drawn):
    described = built(drawn)
    path = tmp_path_factory.getbasetemp() / "run.json"
    write_description(path, described)
    names = {name.strip().casefold() for name in described.emotions}
    if len(names) < 2 or len(names) < len(described.emotions) or "" in names:
        with pytest.raises(InputError, match="two or more different names"):
            read_description(path, "")
    else:
        assert read_description(path, "") == described


@given(st.lists(made(Epoch), max_size=4, unique_by=lambda epoch: epoch.keywords["epoch"]))
def test_a_log_is_read_as_it_was_written_in_order(tmp_path_factory, drawn):
    epochs = [built(epoch) for epoch in drawn]
    path = tmp_path_factory.getbasetemp() / "log.jsonl"
    write_log(path, epochs)
    assert read_log(path, "") == sorted(epochs, key=lambda epoch: epoch.epoch)


def test_findings_are_all_that_need_not_be_there():
    optional = {
        field.name
        for field in fields(Evaluation)
        if field.default is None and field.default_factory is MISSING
    }
    assert set(FINDINGS) == optional - {"store"}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("sound") / "run", seeds=1)


READ: dict[str, Callable[[RunFolder], object]] = {
    "run.json": lambda run: run.describe(),
    "evaluation.json": lambda run: run.evaluation.read(),
    "seed-0/log.jsonl": lambda run: run.seed(0).read_log(),
    "seed-0/finished.json": lambda run: run.seed(0).read_finished(),
}
HOSTILE = {
    "nothing": b"\n",
    "no text": b"\xff\xfe\n",
    "a list": b"[]\n",
    "nested deeply": b'{"a": ' * 100_000 + b"\n",
    "lists nested deeply": b"[" * 100_000 + b"\n",
    "a long number": b'{"epoch": ' + b"9" * 100_000 + b"}\n",
    "half of a letter": b'{"name": "\\ud800"}\n',
    "many lines in a word": json.dumps({"name": ["\n" * 9]}).encode() + b"\n",
}


@pytest.mark.parametrize("file", READ)
@pytest.mark.parametrize("damage", HOSTILE)
def test_a_hostile_file_is_one_line_with_its_name_and_a_remedy(
    sound: Path, tmp_path: Path, file: str, damage: str
):
    run = shutil.copytree(sound, tmp_path / "run")
    (run / file).write_bytes(HOSTILE[damage])
    assert told(file, run)


def told(file: str, run: Path) -> str:
    with pytest.raises(InputError) as caught:
        READ[file](RunFolder(run))
    message = str(caught.value)
    assert message.startswith(f"{run / file}: ")
    assert "damaged (" in message
    assert "`synctva " in message
    assert "\n" not in message
    assert len(message) < 300 + 3 * len(str(run))
    return message


NUMBERS = {"a long number": 10**400, "below zero": -1, "no number": "many", "none": None}


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    ("file", "keys"),
    [
        ("run.json", ("seeds", 0)),
        ("run.json", ("dims", "text")),
        ("evaluation.json", ("parameters",)),
        ("evaluation.json", ("per_seed", 0, "seed")),
        ("evaluation.json", ("confusion", "test", 0, 0)),
        ("seed-0/finished.json", ("epochs",)),
        ("seed-0/log.jsonl", ("epoch",)),
    ],
)
def test_a_wrong_number_is_told_at_its_place(sound: Path, tmp_path: Path, file, keys, number):
    run = shutil.copytree(sound, tmp_path / "run")
    value = json.loads((run / file).read_text().splitlines()[0] if ".jsonl" in file else
                       (run / file).read_text())  # fmt: skip
    place = value
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = NUMBERS[number]
    (run / file).write_text(json.dumps(value) + "\n")
    assert ".".join(map(str, keys)) in told(file, run)


def test_numbers_that_are_infinite_are_no_scores(sound, tmp_path):
    run = shutil.copytree(sound, tmp_path / "run")
    text = (run / "evaluation.json").read_text()
    for word in ("NaN", "Infinity", "1e999"):
        (run / "evaluation.json").write_text(text.replace('"mean": 0.584', f'"mean": {word}', 1))
        assert "test.weighted_f1.mean" in told("evaluation.json", run)


def test_what_a_later_version_adds_is_passed_over(sound, tmp_path):
    run = shutil.copytree(sound, tmp_path / "run")
    for file, read in READ.items():
        before = read(RunFolder(run))
        text = (run / file).read_text()
        (run / file).write_text(text.replace("{", '{"new": [1], ', 1))
        assert read(RunFolder(run)) == before


def test_scores_are_frozen():
    with pytest.raises(AttributeError):
        Score(0.5).mean = 0.6  # type: ignore[misc]
