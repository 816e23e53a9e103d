"""What a causal model needs of the turns so far: a bounded number of them, however long it lasts.

Each turn's features are made once. So a turn costs as much in the third hour as in the first
minute, and comes out as ``recognise --causal`` makes it of the whole recording.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np
import torch

from synctva.batch import Batch, batch_of, joined
from synctva.corpus import Corpus, Features
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.evaluation.frequencies import expected_frequencies
from synctva.features.extraction.recording import Encoding
from synctva.features.extractors.clip import Clip
from synctva.features.extractors.encoded import Encoded
from synctva.features.extractors.extractor import WordExtractor
from synctva.features.extractors.language import flags_of_words
from synctva.features.extractors.visual import VisualExtractor
from synctva.features.moments import Moments
from synctva.features.normalise import SpeakerNormalisation
from synctva.inference.encode import FAILED, EncodedDialogue
from synctva.inference.live.clip import Pictures, Remembering
from synctva.inference.live.words import Heard
from synctva.inference.predictions import Predictions, predictions_of, recognised
from synctva.inference.recognition import RecognisedUtterance
from synctva.model.causal import bare, causal, encoded
from synctva.model.emotion_model import EmotionModel
from synctva.model.inputs import without_what_tells_nothing
from synctva.model.makers import Makers, check_causal, makers_of
from synctva.tensors import device_of

AUDIO = "audio"


@runtime_checkable
class Knowing(Protocol):
    """What knows a model: a ``Recogniser``.

    Attributes:
        model: The model.
        name: What it is called.
        fingerprint: sha256 of its weights.
        schema: Its emotions.
        makers: Of what it reads.
    """

    model: EmotionModel
    name: str
    fingerprint: str
    schema: EmotionSchema
    makers: Makers


class Past:
    """The turns so far, as a model reads them.

    Args:
        recogniser: Whose model; in causal mode if it is not yet.
        expect: How often each emotion is expected, as of ``Recogniser.recognise``.

    Raises:
        InputError: The model has no causal mode, or there are no such frequencies.
    """

    def __init__(self, recogniser: Knowing, expect: str | None = None) -> None:
        model = causal(recogniser.model, recogniser.name)
        self.emotions = model.emotions
        self._schema, self._whole, self._bare = recogniser.schema, model, bare(model)
        self._makers = (
            recogniser.makers
            if recogniser.makers.is_causal
            else makers_of(model, recogniser.name, downloads=False)
        )
        check_causal(self._makers, recogniser.name)
        self._expected = None if expect is None else expected_frequencies(expect, self.emotions)
        assert model.reach is not None  # a causal model has one
        self._rows: deque[Batch] = deque(maxlen=model.reach[0] + 1)
        self._said: deque[Utterance] = deque(maxlen=max(1, self._makers.preset.text.context))
        self._speakers: dict[str, int] = {}
        self._people = 0
        self._heard: dict[str, Moments] = {}
        encoding = Encoding(self._makers.preset)
        self._extractors = {
            m: encoding.extractor(m)
            for m in self._makers.descriptions
            if m not in self._makers.words
        }
        self._threads = ThreadPoolExecutor(max(1, len(self._extractors)), "turn")
        self._visual = self._extractors.get("visual")
        if isinstance(self._visual, VisualExtractor) and self._visual.reader.find is not None:
            self._visual.reader.find = Remembering(self._visual.reader.find)

    def look(self, pictures: Pictures, at_s: float) -> None:
        """Looks for faces in a picture of an unfinished turn.

        Args:
            pictures: What was seen.
            at_s: When the picture is on screen.
        """
        if isinstance(self._visual, VisualExtractor) and self._visual.reader.find is not None:
            picture = pictures.at(at_s)
            if picture is not None:
                self._visual.reader.find(picture)

    def recognise(
        self,
        utterance: Utterance,
        clip: Clip,
        words: Callable[[], Heard] = Heard,
        *,
        is_over: bool = True,
    ) -> RecognisedUtterance:
        """Returns what a turn expresses, after all that were recognised before.

        Args:
            utterance: Who speaks when.
            clip: Its sound and pictures.
            words: Returns its words; called while sound and pictures are processed.
            is_over: Whether it becomes part of the past; else it is an estimate.
        """
        utterance, heard, made, note = self._features(utterance, clip, words)
        own = without_what_tells_nothing(self._corpus(utterance, made))
        own, voice = self._normalised(own, utterance.speaker)
        row = encoded(self._whole, batch_of(own).to(device_of(self._whole)))
        number = self._speakers.get(utterance.speaker, self._people)
        row = replace(row, speaker=torch.full_like(row.speaker, number))
        so_far = _dialogue_of([*self._rows, row])
        found = predictions_of(self._bare, so_far, self._expected, at_once=True)
        if is_over:
            self._rows.append(row)
            self._said.append(utterance)
            self._speakers[utterance.speaker] = number
            self._people = max(self._people, number + 1)
            if voice is not None:
                self._heard[utterance.speaker] = voice
        last = Predictions(*(getattr(found, column.name)[-1:] for column in fields(Predictions)))
        encoded_turn = EncodedDialogue(own, {0: note} if note else {})
        return replace(next(recognised(encoded_turn, last, heard.flags)), words=heard.words)

    def merge(self, speaker: str, into: str) -> None:
        """Treats what a speaker has said as another's from now on."""
        if (old := self._speakers.pop(speaker, None)) is not None:
            new = self._speakers.setdefault(into, old)
            self._rows.extend(
                [
                    replace(r, speaker=r.speaker.masked_fill(r.speaker == old, new))
                    for r in self._rows
                ]
            )
        if (heard := self._heard.pop(speaker, None)) is not None:
            self._heard[into] = self._heard[into] + heard if into in self._heard else heard
        said = [replace(u, speaker=into) if u.speaker == speaker else u for u in self._said]
        self._said.extend(said)

    def _features(
        self, utterance: Utterance, clip: Clip, words: Callable[[], Heard]
    ) -> tuple[Utterance, Heard, dict[str, Encoded], str]:
        """Returns what is said, the features of each modality, and what failed, in words.

        All are processed side by side: whoever waits for a turn waits for the slowest.
        """
        recorded = self._threads.map(partial(self._encoded, clip), self._extractors)
        heard = words()
        utterance = replace(utterance, text=heard.text)
        made = {m: self._words(extractor, utterance) for m, extractor in self._makers.words.items()}
        notes: list[str] = []
        for modality, (found, note) in zip(self._extractors, recorded, strict=True):
            made[modality] = found
            notes += [note] if note else []
        in_order = {m: made[m] for m in self._makers.descriptions}
        return utterance, heard, in_order, "; ".join(notes)

    def _encoded(self, clip: Clip, modality: str) -> tuple[Encoded, str]:
        try:
            return self._extractors[modality].encode_clip(clip), ""
        except InputError as error:
            return Encoded(None, (FAILED,)), f"{modality}: {error}"

    def _words(self, extractor: WordExtractor, utterance: Utterance) -> Encoded:
        if not (utterance.text or "").strip():
            return Encoded(None)
        before = [replace(said, turn=turn) for turn, said in enumerate(self._said)]
        said = self._dialogue(*before, replace(utterance, turn=len(before)))
        vector = extractor.encode([extractor.inputs_of(said)[-1]])[0]
        flags = flags_of_words(self._dialogue(utterance), extractor.description)
        return Encoded(vector, tuple(flags[0].split()) if flags else ())

    def _dialogue(self, *utterances: Utterance) -> Corpus:
        return Corpus("live", self._schema, (Dialogue("live", "test", utterances),))

    def _corpus(self, utterance: Utterance, made: dict[str, Encoded]) -> Corpus:
        corpus = self._dialogue(utterance)
        for modality, one in made.items():
            known = self._makers.descriptions[modality]
            is_there = np.array([one.vector is not None])
            values = np.zeros(known.dim, np.float32) if one.vector is None else one.vector
            features = Features(values[None], is_there, known, (" ".join(one.flags),))
            corpus = corpus.with_features(modality, features)
        return corpus

    def _normalised(self, own: Corpus, speaker: str) -> tuple[Corpus, Moments | None]:
        """Returns the turn with its sound normalised as in training, and what was heard so far."""
        by, voices = self._makers.normalise_by, self._makers.voices
        if by is None or voices is None:
            return own, None
        sound = own.features[AUDIO]
        sound = replace(sound, description=sound.description.normalised(by), extracted=sound.values)
        if not sound.present[0]:
            return own.with_features(AUDIO, sound), None
        heard = Moments.of(sound.values)
        if speaker in self._heard:
            heard = self._heard[speaker] + heard
        mean, sd = voices.towards(heard)
        person = SpeakerNormalisation(AUDIO, by, ("",), mean[None], sd[None])
        values = person.apply(sound.values, [""])
        return own.with_features(AUDIO, replace(sound, values=values)), heard


def _dialogue_of(rows: list[Batch]) -> Batch:
    """Returns turns, each a batch of one, as one dialogue."""
    turn = torch.arange(len(rows))
    return replace(joined(rows), dialogue=torch.zeros_like(turn), turn=turn)
