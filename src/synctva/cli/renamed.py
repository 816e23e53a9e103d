"""Options that are written differently now: an error names the new way."""

from collections.abc import Mapping
from typing import Any

from typer.core import TyperCommand

from synctva.errors import InputError


def with_renamed(renamed: Mapping[str, str]) -> type[TyperCommand]:
    """Returns the class of a verb that says how an old option is written now.

    Args:
        renamed: Old option -> what to write in its place.
    """

    class Renamed(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            for word in args:
                option = word.partition("=")[0]
                if option in renamed:
                    raise InputError(f"{option} is gone; write {renamed[option]}")
            return super().parse_args(ctx, args)

    return Renamed
