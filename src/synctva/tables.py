"""Tables of settings: TOML and JSON files, and ``key=value`` on the command line.

A file may be another's: it is only so large, and its values lie only so deep in each other, that
whatever goes through them comes to an end.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from synctva.budget import NESTED, TEXT_BYTES, TOML_BYTES
from synctva.errors import InputError

_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?<![\w-])(?:{_PART}[ \t]*+\.[ \t]*+){{{NESTED}}}")
"""A key such as ``a.b.c`` of so many parts, for which the library takes memory by their square."""


def read_table(path: Path) -> dict[str, Any]:
    """Returns what a TOML file holds.

    Raises:
        InputError: It is no TOML, too large, or too deep.
    """
    return _read(path, "not TOML", toml_in, TOML_BYTES)


def toml_in(text: str) -> dict[str, Any]:
    """Returns what a text of TOML says.

    Raises:
        ValueError: It is none, or too deep.
    """
    if _LONG_KEY.search(text):
        raise ValueError(f"a key of more than {NESTED} parts")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("too deep") from error


def read_json(path: Path, what: str = "not JSON, or damaged") -> Any:
    """Returns what a JSON file holds.

    Args:
        path: The file.
        what: What it is where it is none, for the error.

    Raises:
        InputError: It is no JSON, too large, or too deep.
    """
    return _read(path, what, json.loads, TEXT_BYTES)


def _read(path: Path, what: str, parse: Callable[[str], Any], most_bytes: int) -> Any:
    try:
        if path.stat().st_size > most_bytes:
            raise InputError(f"{path}: larger than {most_bytes >> 20} MiB; is it another file?")
        value = parse(path.read_text(encoding="utf-8-sig"))
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path}: {what} ({reason}); write it again") from error
    if _is_deep(value):
        raise InputError(
            f"{path}: tables lie more than {NESTED} deep in each other; write it again"
        )
    return value


def _is_deep(value: object) -> bool:
    """Returns whether values lie too deep in each other to be gone through."""
    layer = [value]
    for _ in range(NESTED + 1):
        tables = [one for one in layer if isinstance(one, (dict, list))]
        layer = [v for t in tables for v in (t.values() if isinstance(t, dict) else t)]
        if not layer:
            return False
    return True


def with_keys(table: Mapping[str, Any], settings: Sequence[str], example: str) -> dict[str, Any]:
    """Returns a table in which some keys are set.

    Args:
        table: The table, with tables in it.
        settings: ``key=value`` pairs such as ``model.width=64``; values are TOML, or plain words.
        example: Of a pair, for the error.

    Raises:
        InputError: One of them is no such pair.
    """
    value = dict(table)
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key.strip():
            raise InputError(f"--set {setting}: write key=value, such as {example}")
        value = merged(value, _nested(key.strip(), _toml_value(text.strip())))
    return value


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a table with the keys of another one laid over it, table by table."""
    both = dict(below)
    for key, value in above.items():
        old = both.get(key)
        both[key] = (
            merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return both


def _nested(key: str, value: object) -> dict[str, Any]:
    head, dot, rest = key.partition(".")
    return {head: _nested(rest, value) if dot else value}


def _toml_value(text: str) -> object:
    try:
        return toml_in(f"value = {text}")["value"]
    except ValueError:
        return text
