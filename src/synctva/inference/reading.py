"""What a process does that reads recordings for a model; it needs no torch where none is asked for.

What torch makes of a face is made by the process that has the model.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from synctva.features.extraction.cache import Cache
from synctva.features.extraction.recording import Encoding, Recordings, Request
from synctva.features.extractors.clarity import SIDE_PX
from synctva.features.extractors.clip import Clip
from synctva.features.extractors.encoded import Encoded
from synctva.features.extractors.face_reader import FaceReader, Faces
from synctva.features.preset import Preset, VisualChoice

_reading: list[Callable[[Request], Encoded | Faces]] = []
"""In such a process: what reads, as it was begun with."""


def begin(preset: Preset, cache: Path | None) -> None:
    """Begins a process.

    Args:
        preset: The extractors.
        cache: The folder in which features are looked up and kept; None = nowhere.
    """
    os.environ["OMP_NUM_THREADS"] = "1"  # one worker per core, each with one thread
    if "torch" in sys.modules:  # by way of the script that this process was begun with
        sys.modules["torch"].set_num_threads(1)
    if cache is not None:
        _reading.append(Recordings(preset, Cache(cache)).encode)
    elif is_read_alone(preset.visual):
        _reading.append(_ReadAlone(preset).read)
    else:
        _reading.append(Encoding(preset).encode)


def read(request: Request) -> Encoded | Faces:
    """Returns a request's features, or the faces that they are made of."""
    return _reading[0](request)


def is_read_alone(choice: VisualChoice) -> bool:
    """Returns whether faces are read in one process and encoded in another."""
    return choice.model == "expression" and not choice.crops


class _ReadAlone:
    """Reads faces, and encodes all else."""

    def __init__(self, preset: Preset) -> None:
        self._encoding, self._choice = Encoding(preset), preset.visual
        self._faces: FaceReader | None = None

    def read(self, request: Request) -> Encoded | Faces:
        """Returns what there is to encode of pictures, else features."""
        if request.modality != "visual":
            return self._encoding.encode(request)
        if self._faces is None:
            left = {"model", "pooling", "crops"}
            self._faces = FaceReader(SIDE_PX, **self._choice.model_dump(exclude=left))
        return self._faces.read_clip(Clip(request.utterance, request.sound_track))
