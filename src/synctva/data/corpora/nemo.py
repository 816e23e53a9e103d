"""nEMO: Polish sentences spoken by nine actors in six emotions.

Citation: Christop: nEMO: Dataset of Emotional Speech in Polish. LREC-COLING 2024.
Source: https://huggingface.co/datasets/amu-cai/nEMO
Licence: CC BY-NC-SA 4.0.
Emotions: anger, fear, happiness, neutral, sadness, surprised (``nemo-6``).

A clip's name is its actor, emotion and sentence, ``KD0_anger_17``. All sentences are said in all
emotions, so words show nothing. The clips may lie in any folders; beside a table of them, name the
kind. The authors have no splits: actors TP0 and WR0 are ``valid`` and ``test``.
"""

import re
from pathlib import Path

from synctva.corpus import Corpus
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.files.clips import has_named_clip, named_clips
from synctva.data.kind import Kind
from synctva.emotions import schema_named
from synctva.errors import InputError

NAME = re.compile(r"([A-Z]{2}\d)_(anger|fear|happiness|neutral|sadness|surprised)_(\d+)")
SOURCE = "https://huggingface.co/datasets/amu-cai/nEMO"
SCHEMA = "nemo-6"
SPLITS = {"TP0": "valid", "WR0": "test"}
"""Actor -> split; the others are ``train``."""


def read_nemo(source: Path) -> Corpus:
    """Returns nEMO from a folder of its clips; a clip is a dialogue of one utterance.

    Raises:
        InputError: The folder holds no clip of nEMO, or two different ones of one name.
    """
    rows = [
        UtteranceRow(
            dialogue=stem,
            speaker=match[1],
            split=SPLITS.get(match[1], "train"),
            emotion=match[2],
            media=str(path),
        )
        for stem, (path, match) in named_clips(source, NAME).items()
    ]
    if not rows:
        raise InputError(
            f"{source}: no clip of nEMO in it, such as KD0_anger_17.wav; get it from {SOURCE}"
        )
    return assemble(
        "nemo", schema_named(SCHEMA), rows, {}, source, lambda row: f"{source}: clip {row + 1}"
    )


KIND = Kind("nemo", lambda path: has_named_clip(path, NAME), read_nemo, clips=NAME)
