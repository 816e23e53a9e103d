"""When the network is used to fetch from the hub; and nothing from it is ever run.

What is on this machine is read without the network. What is not is fetched if the user named it. A
name in a file is not the user's wish, so it is fetched only if they ask for it. Code that comes
with a model is never run, and nobody is asked whether it may.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from threading import RLock
from typing import Any

from synctva.errors import InputError

WEIGHTS: Mapping[str, Any] = {"use_safetensors": True, "output_loading_info": True}
"""How the weights of a model are loaded: only those that cannot run, and told what is missing."""

_told_by: ContextVar[str | None] = ContextVar("told_by", default=None)
"""The file that names what is loaded now; None = the user names it."""

_switch = RLock()
"""Held where the library's own switch is off: one switch serves all threads."""


@contextmanager
def named_in(file: str, *, downloads: bool = False) -> Iterator[None]:
    """Says that a file, and not the user, names the models that are loaded inside.

    Args:
        file: Its path, or the model that it belongs to, for messages.
        downloads: Whether the user asks for what is not on this machine to be fetched.
    """
    token = _told_by.set(None if downloads else file)
    try:
        yield
    finally:
        _told_by.reset(token)


def loaded(
    load: Callable[..., Any], source: str, is_whole: Callable[[Any], bool] = lambda found: True
) -> Any:
    """Returns what the library loads of a folder or of a hub id.

    Args:
        load: A function of the library, such as ``from_pretrained`` of a class.
        source: The folder or the id.
        is_whole: Whether what was found on this machine is all that there is of a hub id.

    Raises:
        InputError: It needs code of its own; or a file names it, and it is not on this machine.
        OSError: There is no such model.
        ValueError: It is damaged, or the library does not know its kind.
    """
    from huggingface_hub import constants

    logging.getLogger("transformers.modeling_utils").addFilter(_is_no_list)
    is_folder = Path(source).is_dir()
    try:
        with _offline():
            here = _without_code(load, source, local_files_only=True)
        if is_folder or is_whole(here):
            return here
        reason = "incomplete"
    except OSError as error:
        if is_folder or constants.is_offline_mode():
            raise
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    if (file := _told_by.get()) is not None:
        raise InputError(
            f"{file}: names {source!r} of the hub, which is not on this machine ({reason}); add"
            f" --download, or fetch it with `hf download {source}`"
        )
    return _without_code(load, source, local_files_only=False)


def _is_no_list(record: logging.LogRecord) -> bool:
    """Returns whether a message lists no weights: what is missing is refused where it is loaded."""
    return "LOAD REPORT" not in record.getMessage()


def _without_code(load: Callable[..., Any], source: str, *, local_files_only: bool) -> Any:
    try:
        return load(source, local_files_only=local_files_only, trust_remote_code=False)
    except ValueError as error:
        if "trust_remote_code" not in str(error):
            raise
        raise InputError(
            f"{source}: needs code of its own, which is never run; use a model that the library"
            " transformers knows by itself"
        ) from error


@contextmanager
def _offline() -> Iterator[None]:
    """Keeps the library from the network, whatever it would look up by the way."""
    from huggingface_hub import constants

    with _switch:
        before = constants.HF_HUB_OFFLINE
        constants.HF_HUB_OFFLINE = True  # pyright: ignore[reportConstantRedefinition]
        try:
            yield
        finally:
            constants.HF_HUB_OFFLINE = before  # pyright: ignore[reportConstantRedefinition]
