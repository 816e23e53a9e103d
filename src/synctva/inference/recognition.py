"""Recognition: what was recognised in one recording; frozen, and the only thing exports read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.transcripts.segment import LONGEST_S, Word

if TYPE_CHECKING:
    import pandas as pd

NO_EVIDENCE = "no_evidence"
"""The flag of an utterance with nothing that shows an emotion: its probabilities are the class
frequencies, and no emotion is recognised."""

UNSURE = 0.5
"""Below this probability the recognised emotion is less likely than all others together."""

UNLIKE_TRAINING = "_unlike_training"
"""After the name of a modality, the flag of inputs farther from the training's than usual: they
count less, or not at all."""


@dataclass(frozen=True)
class RecognisedUtterance:
    """One utterance and the emotion that it expresses.

    Attributes:
        start_s: Its start in the recording, in seconds.
        end_s: Its end, in seconds.
        speaker: Who speaks.
        text: What is said; None where there is no transcript.
        probabilities: Of the recognition's emotions, in their order; calibrated, their sum is 1.
        contributions: Modality -> exact Shapley value of the recognised emotion's probability:
            what that modality adds to it, between -1 and 1; only modalities that are present.
        flags: What is to note, such as ``no_face``, ``short`` or ``failed``.
        note: Why a modality failed, in words; empty where none did.
        words: The words with their times, where they were heard in the recording; else none.

    Raises:
        InputError: Times that are negative, out of order or beyond ``LONGEST_S``, or probabilities
            that are none.
    """

    start_s: float
    end_s: float
    speaker: str
    text: str | None
    probabilities: tuple[float, ...]
    contributions: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    note: str = ""
    words: tuple[Word, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "probabilities", tuple(self.probabilities))
        object.__setattr__(self, "contributions", dict(self.contributions))
        object.__setattr__(self, "flags", tuple(self.flags))
        object.__setattr__(self, "words", tuple(self.words))
        if not 0 <= self.start_s <= self.end_s <= LONGEST_S:
            raise InputError(f"an utterance from {self.start_s} s to {self.end_s} s is none")
        if min(self.probabilities, default=-1) < 0 or not abs(sum(self.probabilities) - 1) <= 1e-3:
            raise InputError(f"probabilities {self.probabilities} are none: their sum is not 1")
        if not set(self.contributions) <= set(MODALITIES):
            raise InputError(f"contributions of {list(self.contributions)}: no such modalities")


@dataclass(frozen=True)
class Recognition:
    """Who expressed what when in one recording.

    Attributes:
        media: Path of the recording, or of the transcript where there is no recording.
        duration_s: Its length, in seconds.
        emotions: The names of the emotions, in the order of the probabilities.
        utterances: In the order of time.
        model: The name of the model.
        fingerprint: sha256 of its weights.
        note: What was left out, in words; empty where nothing was.
    """

    media: str
    duration_s: float
    emotions: tuple[str, ...]
    utterances: tuple[RecognisedUtterance, ...]
    model: str
    fingerprint: str
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "emotions", tuple(self.emotions))
        object.__setattr__(self, "utterances", tuple(self.utterances))
        for utterance in self.utterances:
            if len(utterance.probabilities) != len(self.emotions):
                raise InputError(
                    f"{self.media}: {len(utterance.probabilities)} probabilities for"
                    f" {len(self.emotions)} emotions"
                )

    def emotion_of(self, utterance: RecognisedUtterance) -> str | None:
        """Returns the most probable emotion of an utterance; None where there is no evidence."""
        if NO_EVIDENCE in utterance.flags:
            return None
        return self.emotions[utterance.probabilities.index(max(utterance.probabilities))]

    def scores(
        self, utterance: RecognisedUtterance, top_k: int | None = None
    ) -> list[dict[str, str | float]]:
        """Returns the emotions of an utterance, the most probable first, as pipelines give them.

        Args:
            utterance: One of ``utterances``.
            top_k: The most emotions to return; None = all.

        >>> one = RecognisedUtterance(0, 1, "Ada", "Oh no!", (0.2, 0.5, 0.3))
        >>> found = Recognition("a.wav", 1, ("joy", "fear", "anger"), (one,), "lite", "")
        >>> found.scores(one, top_k=2)
        [{'label': 'fear', 'score': 0.5}, {'label': 'anger', 'score': 0.3}]
        """
        pairs = zip(self.emotions, utterance.probabilities, strict=True)
        ordered = sorted(pairs, key=lambda pair: -pair[1])
        return [{"label": name, "score": score} for name, score in ordered[:top_k]]

    def save(self, path: str | Path) -> None:
        """Writes it in the format that the ending of the path names, as ``recognise --out`` does.

        Raises:
            InputError: There is no such format (a page is one of the command line's), or the file
                cannot be written.
        """
        export = import_module("synctva.inference.export")  # which reads what this file defines
        export.write_recognition(self, Path(path))

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers, in the order in which they first speak."""
        return tuple(dict.fromkeys(utterance.speaker for utterance in self.utterances))

    @property
    def has_times(self) -> bool:
        """Whether anything tells when somebody speaks; turns and scripts have no times."""
        timed = self.duration_s > 0 or any(utterance.end_s > 0 for utterance in self.utterances)
        return timed or not self.utterances

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table of utterances."""
        return (
            *("start_s", "end_s", "speaker", "text", "emotion", "probability"),
            *(f"p_{name}" for name in self.emotions),
            *(f"{modality}_contribution" for modality in MODALITIES),
            *("flags", "note"),
        )

    def to_rows(self) -> list[tuple[float | str | None, ...]]:
        """Returns the cells of ``columns`` for each utterance; None where there is nothing."""
        return [
            (
                *((utterance.start_s, utterance.end_s) if self.has_times else (None, None)),
                *(utterance.speaker, utterance.text),
                *self._recognised(utterance),
                *utterance.probabilities,
                *(utterance.contributions.get(modality) for modality in MODALITIES),
                *(" ".join(utterance.flags), utterance.note),
            )
            for utterance in self.utterances
        ]

    def _recognised(self, utterance: RecognisedUtterance) -> tuple[str | None, float | None]:
        emotion = self.emotion_of(utterance)
        return emotion, None if emotion is None else max(utterance.probabilities)

    def to_pandas(self) -> "pd.DataFrame":
        """Returns a row for each utterance: ``file``, which is ``media``, and ``columns``."""
        import pandas as pd

        found = pd.DataFrame(self.to_rows(), columns=pd.Index(self.columns))
        found.insert(0, "file", self.media)
        return found.astype({"start_s": float, "end_s": float})

    def _repr_html_(self) -> str:
        """Returns what a notebook shows: when, who, what, and how sure."""
        shown = ["start_s", "end_s", "speaker", "text", "emotion", "probability"]
        return self.to_pandas()[shown].to_html(float_format="{:.2f}".format, na_rep="")
