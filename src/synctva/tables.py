"""Tables of settings: TOML and JSON files, and ``key=value`` on the command line.

A file may be another's: it is only so large, and its values lie only so deep in each other, that
whatever goes through them comes to an end.
"""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from synctva.budget import NESTED, TEXT_BYTES
from synctva.errors import InputError


def read_table(path: Path) -> dict[str, Any]:
    """Returns what a TOML file holds.

    Raises:
        InputError: It is no TOML, too large, or too deep.
    """
    return _read(path, "not TOML", tomllib.loads)


def read_json(path: Path, what: str = "not JSON, or damaged") -> Any:
    """Returns what a JSON file holds.

    Args:
        path: The file.
        what: What it is where it is none, for the error.

    Raises:
        InputError: It is no JSON, too large, or too deep.
    """
    return _read(path, what, json.loads)


def _read(path: Path, what: str, parse: Callable[[str], Any]) -> Any:
    try:
        if path.stat().st_size > TEXT_BYTES:
            raise InputError(f"{path}: larger than {TEXT_BYTES >> 20} MiB; is it another file?")
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
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
