"""Models of random weights that read real features, and small recordings for them."""

from functools import cache
from pathlib import Path

import numpy as np
import torch

from synctva.corpus import Description
from synctva.data.made.playhouse.people import cast
from synctva.data.made.playhouse.voices import PROSODIES, SAMPLE_RATE_HZ, speak
from synctva.emotions import MODALITIES, schema_named
from synctva.features.extractors.registry import make_extractor
from synctva.features.preset import Preset
from synctva.media import write_movie
from synctva.model.checkpoint import Provenance
from synctva.model.emotion_model import EmotionModel
from synctva.networks.sync_tva.architecture import Architecture

WIDTHS = {"text": 384, "audio": 88, "visual": 462}
SMALL = Architecture(width=8, heads=2, past=2, future=2)
SCHEMA = schema_named("meld-7")

SAID = (
    "1\n00:00:00,200 --> 00:00:01,000\nAda: Oh no!\n\n2\n00:00:01,000 --> 00:00:02,000\nBob: Yes.\n"
)
"""A transcript of two seconds."""


def model_of(
    *modalities: str, settings: Architecture = SMALL, **provenance: object
) -> EmotionModel:
    """Returns a model of these modalities, by default of all."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    dims = {m: WIDTHS[m] for m in modalities or MODALITIES}
    model = EmotionModel(SCHEMA.emotions, dims, settings)
    for name, weights in model.named_parameters():
        if "classifier" in name and weights.dim() > 1:
            torch.nn.init.normal_(weights, std=1.0)  # sure enough of itself to be told apart
    known = {m: known_features()[m] for m in dims}
    model.provenance = Provenance("own", SCHEMA.name, **{"features": known, **provenance})  # pyright: ignore
    return model.eval()


@cache
def known_features() -> dict[str, Description]:
    """Returns what the features of the preset ``lite`` are."""
    return {m: make_extractor(Preset(), m).description for m in MODALITIES}


def voice(seconds: float) -> np.ndarray:
    """Returns somebody who talks without a pause for so long, at 22050 Hz."""
    said = speak(
        "I put the suitcase next to the window.",
        cast(0, "train")[0].voice,
        PROSODIES["joy"],
        np.random.default_rng(0),
    )
    loud = np.flatnonzero(np.abs(said) > 0.05)
    said = said[loud[0] : loud[-1]]
    return np.resize(said, round(seconds * SAMPLE_RATE_HZ)).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)


def film(path: Path, *sound: np.ndarray) -> Path:
    """Writes a movie of this sound, with grey pictures."""
    heard = np.concatenate(sound)
    count = int(10 * len(heard) / SAMPLE_RATE_HZ)
    grey = (np.full((48, 64, 3), 100 + number % 9, np.uint8) for number in range(count))
    write_movie(path, grey, 10, heard, SAMPLE_RATE_HZ)
    return path
