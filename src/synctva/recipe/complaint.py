"""What is wrong in a recipe, in one line, with the nearest known key where one is misspelt."""

import json
from collections.abc import Mapping
from dataclasses import fields

from pydantic import BaseModel, ValidationError

from synctva.emotions import MODALITIES
from synctva.encoders.settings import EncoderSettings
from synctva.errors import did_you_mean
from synctva.networks.registry import NETWORKS


def first_problem(error: ValidationError, kind: type[BaseModel]) -> str:
    """Returns one line on the first problem, with the nearest known key where one is misspelt."""
    problem, *others = error.errors()
    path = _path(problem["loc"], kind)
    key = ".".join(path)
    if problem["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _keys(problem["loc"][:-1], kind)
        return f"unknown key {key!r}; known are {', '.join(known)}." + did_you_mean(path[-1], known)
    if problem["type"] == "union_tag_invalid":
        name = problem.get("ctx", {})["tag"]
        known = ", ".join(NETWORKS)
        return f"{key}.network = {name!r}: known are {known}." + did_you_mean(name, NETWORKS)
    if problem["type"] == "tuple_type":
        words = json.dumps([word.strip() for word in str(problem["input"]).split(",")])
        return f"{key} = {problem['input']!r}: a list is needed; write {key}={words}"
    if problem["type"] == "value_error":  # the settings' own check, which names the key
        return problem["msg"].removeprefix("Value error, ")
    alike = [
        o["msg"] for o in others if (_path(o["loc"], kind), o["input"]) == (path, problem["input"])
    ]
    return f"{key} = {problem['input']!r}: {'; or: '.join([problem['msg'], *alike])}"


def _path(place: tuple[int | str, ...], kind: type[BaseModel]) -> list[str]:
    """Returns table and key of a place; what pydantic adds, such as the type it tried, is cut."""
    table, *rest = map(str, place)
    if table == "model":
        rest = rest[1:]  # after the network's name
    if table == "encoders":
        return [table, *rest[:2]]
    return [table, *rest[:1]] if table == "model" or table in _tables(kind) else [table]


def _keys(place: tuple[int | str, ...], kind: type[BaseModel]) -> list[str]:
    """Returns the keys that are known at a place."""
    if not place:
        return ["based_on", *kind.model_fields]
    if place[0] == "model":
        return [field.name for field in fields(NETWORKS[str(place[1])][0])]
    if place[0] == "encoders":
        return [field.name for field in fields(EncoderSettings)] if place[1:] else list(MODALITIES)
    return list(_tables(kind)[str(place[0])].model_fields)


def _tables(kind: type[BaseModel]) -> Mapping[str, type[BaseModel]]:
    """Returns the tables of a recipe that are recipes themselves."""
    kinds = {name: field.annotation for name, field in kind.model_fields.items()}
    return {
        name: own
        for name, own in kinds.items()
        if isinstance(own, type) and issubclass(own, BaseModel)
    }
