"""What the transcript shows of every utterance."""

from dataclasses import dataclass

from synctva.emotions import MODALITIES
from synctva.inference.recognition import (
    NO_EVIDENCE,
    UNLIKE_TRAINING,
    UNSURE,
    RecognisedUtterance,
    Recognition,
)
from synctva.reports.recognition.clock import clock

NOTHING = "no evidence"
"""Stands for the emotion of an utterance that has none."""

AGAINST = -0.15
"""A modality that takes so much from the recognised emotion's probability speaks against it."""

THIN = ("failed", "short")
"""Flags of an utterance with thin evidence, besides those of inputs unlike the training's."""

LEAST_SCALE = 0.25
"""Bars of contributions are drawn on a scale to the greatest one, and to this at the least."""

WORDS = {
    "no_face": ("visual", "no face found"),
    "unclear_face": ("visual", "face too dark or blurred"),
    "no_video": ("visual", "no pictures"),
    "whole_frame": ("visual", "whole picture, no face found"),
    "no_audio": ("audio", "no sound"),
    "silent": ("audio", "silence"),
    "other_language": ("text", "words in a language that the model does not know"),
    "short": ("", "very short"),
    "failed": ("", "could not be read"),
    "text_unlike_training": ("", "words unlike those of training"),
    "audio_unlike_training": ("", "voice unlike those of training"),
    "visual_unlike_training": ("", "face unlike those of training"),
    NO_EVIDENCE: ("", "nothing shows an emotion"),
}
"""Flag -> the modality it explains the absence of, and what it says in words."""


@dataclass(frozen=True)
class Contribution:
    """A modality's part in a recognised emotion.

    Attributes:
        modality: Its name.
        points: What it adds to the probability, x100, with its sign; None if it is absent.
        from_percent: Where its bar begins, of the width; zero is in the middle.
        to_percent: Where its bar ends.
    """

    modality: str
    points: str | None
    from_percent: float
    to_percent: float


@dataclass(frozen=True)
class TranscriptRow:
    """An utterance in words and numbers.

    Attributes:
        time: When it starts.
        length: How long it lasts, in words; empty where that is not known.
        speaker: Who speaks.
        text: What is said; None where there is no transcript.
        emotion: What was recognised, or ``NOTHING``.
        probability: How probable it is.
        percent: That, x100; None where nothing tells an emotion.
        is_low: Whether that is a low confidence.
        is_thin: Whether little is known of it, or it is unlike what the model learnt from.
        next_best: The second emotion with its probability, in words.
        bands: All emotions that are seen in a bar: name, from and to as percent of the width.
        spoken: All probabilities in words, for those who do not see the bar.
        contributions: Of all modalities that the recording has.
        against: The modalities that speak against it.
        notices: What else is to note, in words: modalities that are missing, and why.
    """

    time: str
    length: str
    speaker: str
    text: str | None
    emotion: str
    probability: float
    percent: int | None
    is_low: bool
    is_thin: bool
    next_best: str
    bands: tuple[tuple[str, float, float], ...]
    spoken: str
    contributions: tuple[Contribution, ...]
    against: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def disagrees(self) -> bool:
        """Whether a modality speaks against it."""
        return bool(self.against)


def rows_of(recognition: Recognition) -> list[TranscriptRow]:
    """Returns a row for every utterance, in their order."""
    utterances = recognition.utterances
    sizes = [abs(value) for u in utterances for value in u.contributions.values()]
    scale = max([LEAST_SCALE, *sizes])
    present = {m for u in utterances for m in u.contributions}
    modalities = [m for m in MODALITIES if m in present]
    return [_row(recognition, utterance, modalities, scale) for utterance in utterances]


def _row(
    recognition: Recognition, utterance: RecognisedUtterance, modalities: list[str], scale: float
) -> TranscriptRow:
    ranked = sorted(
        zip(recognition.emotions, utterance.probabilities, strict=True), key=lambda pair: -pair[1]
    )
    found = recognition.emotion_of(utterance)
    if found is None:
        ranked = [(NOTHING, 1.0)]
    emotion, probability = ranked[0]
    second = next((pair for pair in ranked if pair[0] != emotion), (emotion, 0.0))
    return TranscriptRow(
        time=clock(utterance.start_s, recognition.duration_s) if recognition.has_times else "",
        length=f"{utterance.end_s - utterance.start_s:.1f} s" if recognition.has_times else "",
        speaker=utterance.speaker,
        text=utterance.text,
        emotion=emotion,
        probability=probability,
        percent=None if found is None else round(100 * probability),
        is_low=probability < UNSURE,
        is_thin=any(flag in THIN or flag.endswith(UNLIKE_TRAINING) for flag in utterance.flags),
        next_best=f"{second[0]} {100 * second[1]:.0f} %",
        bands=_bands(ranked),
        spoken=", ".join(f"{name} {100 * p:.0f} %" for name, p in ranked),
        contributions=tuple(_contribution(utterance, m, scale) for m in modalities),
        against=tuple(_against(utterance)),
        notices=tuple(_notices(utterance, modalities)),
    )


def _bands(ranked: list[tuple[str, float]]) -> tuple[tuple[str, float, float], ...]:
    bands, start = [], 0.0
    for name, probability in ranked:
        if probability >= 0.005:
            bands.append((name, round(start, 1), round(start + 100 * probability, 1)))
        start += 100 * probability
    return tuple(bands)


def _contribution(utterance: RecognisedUtterance, modality: str, scale: float) -> Contribution:
    value = utterance.contributions.get(modality)
    if value is None:
        return Contribution(modality, None, 50.0, 50.0)
    end = 50 + 50 * value / scale
    points = f"{100 * value:+.0f}".replace("-", "−")  # noqa: RUF001
    return Contribution(modality, points, round(min(50.0, end), 1), round(max(50.0, end), 1))


def _against(utterance: RecognisedUtterance) -> list[str]:
    """Returns the modalities that speak against the recognised emotion."""
    if NO_EVIDENCE in utterance.flags:
        return []
    return [modality for modality, value in utterance.contributions.items() if value <= AGAINST]


def _notices(utterance: RecognisedUtterance, modalities: list[str]) -> list[str]:
    """Returns a line for every modality that is missing, then the other flags."""
    told, lines = set[str](), []
    for modality in modalities:
        if modality not in utterance.contributions:
            why = [flag for flag in utterance.flags if WORDS.get(flag, ("",))[0] == modality]
            told.update(why)
            reasons = ", ".join(WORDS[flag][1] for flag in why)
            lines.append(f"without {modality}" + (f": {reasons}" if reasons else ""))
    for flag in utterance.flags:
        if flag not in told:
            lines.append(WORDS.get(flag, ("", flag.replace("_", " ")))[1])
    return [*lines, *([utterance.note] if utterance.note else [])]
