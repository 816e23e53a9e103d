"""Batch: the utterances of some dialogues as flat tensors, the only input of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from synctva.corpus import Corpus
from synctva.emotions import MODALITIES


@dataclass(frozen=True)
class Batch:
    """Utterances of whole dialogues, one after another: no padding.

    Attributes:
        text: Text features; width 0 where the corpus has none. Zero where not present.
        audio: Audio features, likewise.
        visual: Visual features, likewise.
        present: Which of text, audio and visual each utterance has.
        dialogue: Number of the dialogue, from 0, never decreasing.
        turn: Number of the turn in its dialogue, strictly increasing inside it.
        speaker: Number of the speaker within its dialogue.
        emotion: Number of the emotion in the schema; -1 = unlabelled.
        voice: Audio features as they were extracted, where ``audio`` is normalised by speaker and
            they are known; else of width 0. No network reads them: they tell how far a voice is
            from those that a model learnt from.
    """

    text: Float[Tensor, "utterance text_dim"]
    audio: Float[Tensor, "utterance audio_dim"]
    visual: Float[Tensor, "utterance visual_dim"]
    present: Bool[Tensor, "utterance 3"]
    dialogue: Int[Tensor, " utterance"]
    turn: Int[Tensor, " utterance"]
    speaker: Int[Tensor, " utterance"]
    emotion: Int[Tensor, " utterance"]
    voice: Float[Tensor, "utterance voice_dim"] = field(default_factory=lambda: torch.zeros(0, 0))

    def __post_init__(self) -> None:
        count = self.dialogue.shape[0]  # not its len: an export's may be a symbol
        if self.voice.shape[0] != count:
            object.__setattr__(self, "voice", self.audio.new_zeros(count, 0))

    def __len__(self) -> int:
        """Returns the number of utterances."""
        return len(self.dialogue)

    @property
    def features(self) -> Mapping[str, Float[Tensor, "utterance dim"]]:
        """The features by modality."""
        return {m: getattr(self, m) for m in MODALITIES}

    def to(self, device: torch.device | str) -> "Batch":
        """Returns the batch on a device."""
        return Batch(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})

    def keep(self, modalities: tuple[str, ...]) -> "Batch":
        """Returns the batch in which only these modalities are present."""
        kept = torch.tensor([m in modalities for m in MODALITIES], device=self.present.device)
        return self.with_present(self.present & kept)

    def with_present(self, present: Bool[Tensor, "utterance 3"]) -> "Batch":
        """Returns the batch with other modalities present; absent features become zero."""
        columns = {
            m: getattr(self, m).masked_fill(~present[:, [i]], 0.0) for i, m in enumerate(MODALITIES)
        }
        others = ("dialogue", "turn", "speaker", "emotion", "voice")
        rest = {name: getattr(self, name) for name in others}
        return Batch(**columns, present=present, **rest)

    def part(self, start: int, stop: int) -> "Batch":
        """Returns the utterances from ``start`` up to ``stop``; they must be of one dialogue."""
        columns = {f.name: getattr(self, f.name)[start:stop] for f in fields(self)}
        return Batch(**{**columns, "dialogue": torch.zeros_like(columns["dialogue"])})

    def select(self, dialogues: Int[Tensor, " chosen"]) -> "Batch":
        """Returns the batch of the chosen dialogues (by number), in that order, renumbered."""
        lengths = torch.bincount(self.dialogue)
        starts = lengths.cumsum(0) - lengths
        chosen = lengths[dialogues]
        device = self.dialogue.device
        number = torch.repeat_interleave(torch.arange(len(dialogues), device=device), chosen)
        offset = torch.arange(len(number), device=device) - (chosen.cumsum(0) - chosen)[number]
        rows = starts[dialogues][number] + offset
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self)}
        return Batch(**{**columns, "dialogue": number})


def joined(batches: Sequence[Batch]) -> Batch:
    """Returns the dialogues of several batches as one batch, in that order, renumbered."""
    columns = {f.name: torch.cat([getattr(own, f.name) for own in batches]) for f in fields(Batch)}
    counts = torch.tensor([int(own.dialogue[-1]) + 1 if len(own) else 0 for own in batches])
    before = torch.repeat_interleave(
        counts.cumsum(0) - counts, torch.tensor([len(own) for own in batches])
    )
    own = columns["dialogue"]
    return Batch(**{**columns, "dialogue": own + before.to(own.device)})


def batch_of(corpus: Corpus) -> Batch:
    """Returns all utterances of a corpus as one batch, in the corpus's order."""
    count = len(corpus)
    columns = {
        m: torch.from_numpy(corpus.features[m].values)
        if m in corpus.features
        else torch.zeros(count, 0)
        for m in MODALITIES
    }
    present = [
        corpus.features[m].present if m in corpus.features else np.zeros(count, dtype=bool)
        for m in MODALITIES
    ]
    dialogue, turn, speaker, emotion = [], [], [], []
    for number, entry in enumerate(corpus.dialogues):
        speakers: dict[str, int] = {}
        for utterance in entry.utterances:
            dialogue.append(number)
            turn.append(utterance.turn)
            speaker.append(speakers.setdefault(utterance.speaker, len(speakers)))
            emotion.append(
                -1 if utterance.emotion is None else corpus.schema.emotions.index(utterance.emotion)
            )
    there = torch.from_numpy(np.stack(present, axis=1))
    audio = corpus.features.get("audio")
    extracted = None if audio is None else audio.extracted
    batch = Batch(
        **columns,
        present=there,
        dialogue=torch.tensor(dialogue, dtype=torch.long),
        turn=torch.tensor(turn, dtype=torch.long),
        speaker=torch.tensor(speaker, dtype=torch.long),
        emotion=torch.tensor(emotion, dtype=torch.long),
        voice=torch.zeros(count, 0) if extracted is None else torch.from_numpy(extracted.copy()),
    )
    return batch.with_present(there)  # a copy, so that it shares no memory with the corpus
