"""What there was to see and hear in an utterance, before any emotion: faces, level, noise."""

import math
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from synctva.corpus import Description
from synctva.dialogue import Dialogue, Utterance
from synctva.features.extraction.cache import Cache, cache_key
from synctva.features.extractors.clip import Clip
from synctva.features.extractors.encoded import Encoded
from synctva.features.extractors.registry import make_extractor
from synctva.features.extractors.visual import VisualExtractor
from synctva.features.preset import Preset
from synctva.inference.encode import TIME_LIMIT_S
from synctva.media import SAMPLE_RATE_HZ
from synctva.model.makers import Makers
from synctva.work import Task, on_this_machine

WINDOW_S = 0.05
"""Sound is looked at in windows of this length: its quietest tenth is taken for the noise."""

SILENCE_DB = -100.0
"""The level of what is quieter still, and of digital silence."""


@dataclass(frozen=True)
class Evidence:
    """What there was to see and hear.

    Attributes:
        frames: Pictures that were looked at.
        faces: Share of them in which the speaker's face was found; NaN without pictures.
        face_px: Median side of the face; NaN without one.
        level_db: Root mean square of the sound, below full scale; NaN without sound.
        noise_db: Of the quietest tenth of it.
        snr_db: How far the loudest tenth is above that.
    """

    frames: float
    faces: float
    face_px: float
    level_db: float
    noise_db: float
    snr_db: float


NOTHING = Evidence(0.0, *(math.nan,) * 5)


def evidence_of(
    dialogues: Iterable[Dialogue],
    makers: Makers,
    workers: int | None,
    cache: Path | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> list[Evidence]:
    """Returns what there was to see and hear in each utterance, in order.

    Args:
        dialogues: With recordings; an utterance without one, or whose recording is broken, has
            nothing.
        makers: Of the model's features; their detector looks for faces.
        workers: Processes that decode recordings; None = one per core.
        cache: Where findings are kept; None = nowhere.
        advance: Called with the number of utterances that are done.
    """
    utterances = [utterance for dialogue in dialogues for utterance in dialogue.utterances]
    found = [NOTHING] * len(utterances)
    rows = [row for row, utterance in enumerate(utterances) if utterance.media is not None]
    looking = on_this_machine(Task(_attempt, _begin, (makers.preset, cache), TIME_LIMIT_S), workers)
    try:
        requests = (utterances[row] for row in rows)
        for row, (_, outcome) in zip(rows, looking.outcomes(requests), strict=True):
            if isinstance(outcome, Encoded) and outcome.vector is not None:
                found[row] = Evidence(*outcome.vector.tolist())
            advance(1)
    finally:
        looking.stop()
    return found


def look(utterance: Utterance, extractor: VisualExtractor | None) -> Evidence:
    """Returns what there is to see and hear in an utterance's recording.

    Args:
        utterance: With a recording.
        extractor: Looks for faces; None = nobody does.

    Raises:
        InputError: The recording is missing, broken or hostile.
    """
    clip = Clip(utterance)
    samples = clip.samples()
    found = NOTHING if samples is None or not samples.size else _heard(samples)
    frames = (
        None
        if extractor is None
        else clip.frames(extractor.reader.rate_hz, extractor.reader.most_frames)
    )
    if extractor is None or frames is None:
        return found
    track = extractor.reader.speaker(frames, samples)
    count = len(frames.pixels)
    sides = [face.side_px for face in track.faces] if track else []
    return replace(
        found,
        frames=float(count),
        faces=len(sides) / count,
        face_px=float(np.median(sides)) if sides else math.nan,
    )


def _heard(samples: Float32[np.ndarray, " sample"]) -> Evidence:
    size = round(WINDOW_S * SAMPLE_RATE_HZ)
    whole = samples[: len(samples) // size * size] if len(samples) >= size else samples
    power = np.square(whole.reshape(-1, min(size, len(whole))).astype(np.float64)).mean(1)
    quiet, loud = np.quantile(power, [0.1, 0.9])
    noise_db = _decibel(quiet)
    return replace(
        NOTHING,
        level_db=_decibel(power.mean()),
        noise_db=noise_db,
        snr_db=_decibel(loud) - noise_db,
    )


def _decibel(power: float) -> float:
    return max(SILENCE_DB, 10 * math.log10(power)) if power > 0 else SILENCE_DB


_looking: list[tuple[VisualExtractor | None, Cache | None]] = []
"""In a worker: what it was begun with."""


def _begin(preset: Preset, cache: Path | None) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"  # one worker per core, each with one thread
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    found = make_extractor(preset, "visual") if "visual" in preset.modalities else None
    extractor = found if isinstance(found, VisualExtractor) else None
    _looking.append((extractor, None if cache is None else Cache(cache)))


def _attempt(utterance: Utterance) -> Encoded:
    extractor, cache = _looking[0]
    key = ""
    if cache is not None:
        key = _key(utterance, extractor)
        if (kept := cache.get(key)) is not None:
            return kept
    found = look(utterance, extractor)
    encoded = Encoded(np.array(astuple(found), np.float32))
    if cache is not None:
        cache.put(key, encoded)
    return encoded


def _key(utterance: Utterance, extractor: VisualExtractor | None) -> str:
    settings = {} if extractor is None else dict(extractor.description.settings)
    own = Description("evidence", version="1", settings=settings, dim=len(fields(Evidence)))
    clip = Clip(utterance)
    return cache_key(own, [clip.content("sound"), clip.content("pictures")])
