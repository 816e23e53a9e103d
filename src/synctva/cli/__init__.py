"""The command line. Every verb imports what it needs when it runs, so that help is instant."""

import gc

from synctva import terminal
from synctva.cli.app import app
from synctva.errors import InputError
from synctva.files import FULL, FULL_DISK

# Their verbs, in the order of help:
from synctva.cli import recognise as recognise  # isort: skip
from synctva.cli import live as live  # isort: skip
from synctva.cli import serve as serve  # isort: skip
from synctva.cli import measure as measure  # isort: skip
from synctva.cli import corpora as corpora  # isort: skip
from synctva.cli import features as features  # isort: skip
from synctva.cli import models as models  # isort: skip
from synctva.cli import predict as predict  # isort: skip
from synctva.cli import export as export  # isort: skip
from synctva.cli import sweeps as sweeps  # isort: skip
from synctva.cli import reports as reports  # isort: skip
from synctva.cli import faces as faces  # isort: skip
from synctva.cli import tour as tour  # isort: skip

TOO_MUCH = {
    RecursionError: "something in a file is nested too deeply; write the file again",
    MemoryError: "out of memory; use fewer workers, or split the input",
}

NEW_OBJECTS = 100_000
"""After so many, the garbage collector looks for unused ones: libraries make that many which stay,
and checking them again and again while they load takes a sixth of a second."""

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""


def main() -> None:
    """Runs the command line; bad input, or no access to files, is one line and exit code 2."""
    gc.set_threshold(NEW_OBJECTS)
    terminal.tell_warnings()
    try:
        app()
    except InputError as error:
        terminal.tell(error)
        raise SystemExit(2) from None
    except (RecursionError, MemoryError) as error:
        terminal.tell(TOO_MUCH[type(error)])
        raise SystemExit(2) from None
    except OSError as error:
        told = FULL_DISK if error.errno in FULL else error.strerror or error
        terminal.tell(f"{error.filename or 'files'}: {told}")
        raise SystemExit(2) from None
    except SystemExit as end:
        if end.code == INTERRUPTED:
            terminal.tell("stopped; run the same command again to resume")
        raise
