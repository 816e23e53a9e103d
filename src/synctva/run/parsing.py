"""JSON -> the frozen class that it should be, or one line that says what is damaged in it."""

from functools import cache
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from synctva.errors import InputError

Kind = TypeVar("Kind")

Number = Annotated[int, Field(ge=0, le=2**53)]
"""A count, or the number of a seed: one that JSON's other readers know exactly, too."""

Finite = FiniteFloat
"""A number that is neither infinite nor NaN."""

_adapter = cache(TypeAdapter)
"""What checks values of a class; made once, as that takes a while."""


def read(path: Path, kind: type[Kind], remedy: str) -> Kind:
    """Returns the content of a JSON file as an object of a class.

    Raises:
        InputError: The file cannot be read, or is not what the class says, however it is damaged;
            the message names the place in the file, and ends with the remedy.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {remedy}") from error
    return parse(content, kind, str(path), remedy)


def parse(content: bytes, kind: type[Kind], place: str, remedy: str) -> Kind:
    """Returns JSON as an object of a class; see ``read``."""
    try:
        return _adapter(kind).validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part)[:80] for part in first["loc"])
        told = " ".join(f"{key}: {first['msg']}".removeprefix(": ").split())[:300]
        raise InputError(f"{place}: damaged ({told}); {remedy}") from error
