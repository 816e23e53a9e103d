"""Tables of settings as people write them: TOML files, and ``key=value`` on the command line."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from synctva.errors import InputError


def read_table(path: Path) -> dict[str, Any]:
    """Returns what a TOML file holds.

    Raises:
        InputError: It is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML ({error})") from error


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
    except tomllib.TOMLDecodeError:
        return text
