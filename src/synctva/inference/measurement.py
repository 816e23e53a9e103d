"""A measurement on labelled recordings as one object: what its table, file and page show."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from jaxtyping import Float

from synctva.emotions import MODALITIES
from synctva.evaluation.recordings import pooled, recording_scores
from synctva.inference.evidence import Evidence
from synctva.inference.labelled import Measured

FORMAT = "synctva-measurement-1"


def measurement(
    name: str,
    parts: Mapping[str, Measured],
    frequencies: Float[np.ndarray, " emotion"],
    expect: str,
    model: str,
) -> dict[str, Any]:
    """Returns all that is reported of sets of labelled recordings, ready for JSON.

    Args:
        name: What was measured.
        parts: Name of a set -> what a model predicts for it.
        frequencies: How often each emotion is expected.
        expect: What they are called.
        model: The model's name.

    Returns:
        ``name``, ``model``, ``expect``, ``expected`` (emotion -> share), and ``sets``: name ->
        ``utterances``, ``left_out``, ``counted`` (emotion of the labels -> of the model),
        ``evidence``, ``scores`` (see ``recording_scores``) and ``clips``; where there are several
        sets, ``pooled`` is another one, without clips.
    """
    judged = {own: part.judged for own, part in parts.items()}
    sets = {
        own: {
            "utterances": len(part.judged),
            "left_out": part.left_out,
            "counted": dict(part.counted),
            "evidence": evidence_summary(part),
            "scores": recording_scores(judged[own], frequencies, MODALITIES),
            "clips": _clips(part),
        }
        for own, part in parts.items()
    }
    emotions = next(iter(judged.values())).emotions
    if len(parts) > 1:
        together = pooled(list(judged.values()))
        scores = recording_scores(together, frequencies, MODALITIES)
        sets["pooled"] = {"utterances": len(together), "scores": scores}
    return {
        "format": FORMAT,
        "name": name,
        "model": model,
        "expect": expect,
        "expected": dict(zip(emotions, frequencies.tolist(), strict=True)),
        "sets": sets,
    }


def evidence_summary(measured: Measured) -> dict[str, Any]:
    """Returns medians of what there was to see and hear, and how often a modality is there."""
    rows = measured.evidence
    present = measured.judged.present.mean(0)
    seen = [one for one in rows if one.frames]
    flags: dict[str, int] = {}
    for own in measured.flags:
        for flag in own.split():
            flags[flag] = flags.get(flag, 0) + 1
    return {
        "present": {m: float(present[i]) for i, m in enumerate(MODALITIES)},
        "frames": sum(int(one.frames) for one in rows),
        "frames_with_face": _share(seen),
        "face_px": _median([one.face_px for one in rows]),
        "level_db": _median([one.level_db for one in rows]),
        "noise_db": _median([one.noise_db for one in rows]),
        "snr_db": _median([one.snr_db for one in rows]),
        "flags": flags,
    }


def _share(seen: Sequence[Evidence]) -> float | None:
    frames = sum(one.frames for one in seen)
    return sum(one.faces * one.frames for one in seen) / frames if frames else None


def _median(values: Sequence[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return float(np.median(known)) if known else None


def _clips(measured: Measured) -> list[dict[str, Any]]:
    judged = measured.judged
    return [
        {
            "clip": measured.clips[row],
            "emotion": judged.emotions[judged.emotion[row]],
            "recognised": {
                subset: judged.emotions[int(own[row].argmax())]
                for subset, own in judged.probabilities.items()
            },
            "probabilities": {
                subset: [round(p, 6) for p in own[row].tolist()]
                for subset, own in judged.probabilities.items()
            },
            "evidence": {
                key: None if math.isnan(value) else round(value, 4)
                for key, value in asdict(measured.evidence[row]).items()
            },
            "flags": measured.flags[row],
        }
        for row in range(len(judged))
    ]
