"""How a reader describes itself: the value that the file of a corpus ends in."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from synctva.corpus import Corpus
from synctva.data.corpora.facts import Facts
from synctva.dialogue import SPLITS


@dataclass(frozen=True)
class Kind:
    """Something that can be read.

    Attributes:
        name: What ``--kind`` calls it.
        is_it: Whether an existing path holds it, from its name and the names inside it.
        read: Its reader; takes the path and ``arguments``, but never ``fold``.
        arguments: Those of ``read_source`` that go with it; ``fold`` only where nobody has
            published splits, or splits by speaker.
        facts: What is known of it where it is a published corpus with official counts.
        clips: What its recordings are called, without suffix; None where they may have any name,
            or there are none.
    """

    name: str
    is_it: Callable[[Path], bool]
    read: Callable[..., Corpus]
    arguments: tuple[str, ...] = ()
    facts: Facts | None = None
    clips: re.Pattern[str] | None = None
    folded: tuple[str, ...] = SPLITS
