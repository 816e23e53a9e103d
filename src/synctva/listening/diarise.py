"""Who speaks when, by pyannote if it is installed; the one file that knows it."""

import os
from collections.abc import Callable

import numpy as np
from jaxtyping import Float32

from synctva.errors import InputError
from synctva.listening.turns import Turn
from synctva.media import SAMPLE_RATE_HZ

PIPELINE = "pyannote/speaker-diarization-community-1"
"""On the hub, where its conditions have to be accepted once."""


Diarise = Callable[[Float32[np.ndarray, " sample"]], list[Turn]]
"""All sound of a recording at 16 kHz -> who speaks when."""


def load_diariser(name: str = PIPELINE) -> Diarise:
    """Returns what tells speakers apart.

    Args:
        name: A pipeline's hub id, or its folder.

    Raises:
        InputError: pyannote.audio is not installed, or cannot load the pipeline.
    """
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"  # it would tell its makers of every use
    try:
        from pyannote.audio import Pipeline  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError(
            "--diarise needs pyannote.audio; install it with `pip install 'synctva[diarise]'`, or"
            " give a transcript that names the speakers with --transcript"
        ) from error
    try:
        pipeline = Pipeline.from_pretrained(name)
    except Exception as error:  # each layer below has errors of its own
        raise _not_loaded(name, " ".join(f"{error}".split())[:200]) from error
    if pipeline is None:
        raise _not_loaded(name, "no access")

    def diarise(samples: Float32[np.ndarray, " sample"]) -> list[Turn]:
        import torch

        sound = {"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE_HZ}
        found = pipeline(sound)
        tracks = getattr(found, "speaker_diarization", found).itertracks(yield_label=True)
        return [Turn(float(t.start), float(t.end), str(speaker)) for t, _, speaker in tracks]

    return diarise


def _not_loaded(name: str, reason: str) -> InputError:
    return InputError(
        f"--diarise: {name} cannot be loaded ({reason}); accept its conditions on the hub and log"
        " in once with `hf auth login`"
    )
