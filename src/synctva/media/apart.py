"""The process that looks at recordings for this one, which opens none: they are treated as hostile.

It has a limit of time and of memory. A request is a function of a recording; one process serves
one recording after another, so that an ordinary one costs no start.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from synctva.errors import InputError
from synctva.work import Engine, Task, on_this_machine

TIME_LIMIT_S = 6 * 3_600.0
"""For all of a recording, which may be half a day long."""

MEMORY_BYTES = 6 << 30
"""Looking at a recording packet by packet needs a tenth of it; the libraries are included."""

Found = TypeVar("Found")


def apart(imported: str | None = None) -> Engine:
    """Returns a process that looks at recordings; it begins with the first one.

    Args:
        imported: As of :class:`synctva.work.Task`.
    """
    limits = {"time_limit_s": TIME_LIMIT_S, "memory_bytes": MEMORY_BYTES}
    return on_this_machine(Task(_looked, imported=imported, **limits), 1)


def seen_apart(
    look: Callable[[Path], Found], recording: str | Path, kept: Engine | None = None
) -> Found:
    """Returns what a function finds in a recording, in another process.

    Args:
        look: A function of a module, whose result can be sent.
        recording: The recording.
        kept: From :func:`apart`, for several recordings; None = a process for this one.

    Raises:
        InputError: As the function; or it took too long, or the process died of it.
    """
    looking = kept or apart()
    try:
        [(_, outcome)] = looking.outcomes([(look, Path(recording))])
    finally:
        if looking is not kept:
            looking.stop()
    if isinstance(outcome, InputError):
        raise outcome
    return outcome


def streamed_apart(
    stream: Callable[[Path], Iterator[Found]], recording: str | Path, kept: Engine | None = None
) -> Iterator[Found]:
    """Yields what a generator finds in a recording, which runs in another process, step by step.

    Args:
        stream: A generator of a module, whose results can be sent.
        recording: The recording.
        kept: From :func:`apart`; until all is sent, it can be asked nothing else.

    Raises:
        InputError: As ``seen_apart``.
    """
    looking = kept or apart()
    is_over = False

    def requests() -> Iterator[tuple[Callable[[Path], Any], Path]]:
        yield partial(_begun, stream), Path(recording)
        while not is_over:
            yield _next, Path(recording)

    try:
        for _, outcome in looking.outcomes(requests()):
            if isinstance(outcome, InputError):
                raise outcome
            is_over = not outcome
            yield from outcome
    finally:
        if looking is not kept:
            looking.stop()


_streams: list[Iterator[Any]] = []
"""In the process: what is found of one recording, as far as it was not told yet."""


def _begun(stream: Callable[[Path], Iterator[Found]], recording: Path) -> list[Found]:
    """Returns the first thing found, or nothing."""
    _streams[:] = [stream(recording)]
    return _next(recording)


def _next(recording: Path) -> list[Any]:
    """Returns the next thing found, or nothing if all is sent."""
    if not _streams:
        raise InputError(
            f"{recording}: crashed the process that read it; the recording is damaged or hostile:"
            " convert it with ffmpeg"
        )
    return list(islice(_streams[0], 1))


def _looked(request: tuple[Callable[[Path], Any], Path]) -> Any:
    look, recording = request
    return look(recording)
