"""Fits how far a checkpoint may be believed, on valid splits and degraded copies of them.

    python benchmarks/confidence.py src/synctva/models/lite --work work/confidence \
        --training stores/lite --words stores/meld-tokens \
        --voices corpora/ravdess corpora/emodb --strangers corpora/nemo --faces corpora/fer2013 \
        --goemotions corpora/goemotions --labels corpora/emotiontalk

Words are MELD's of ``valid``, with their conversation around them and without. A voice and a face
are put beside each, of people whom the model has not learnt from, by themselves as strangers are
heard: RAVDESS's and EmoDB's of ``valid`` and FER2013's of ``valid``, as they are and degraded, and
nEMO's, in a language that the model never heard, as they are and in rooms. Their emotions are drawn
as EmotionTalk's people label one utterance by all, by its voice alone and by its face alone: real
voices and faces often tell another emotion than the utterance has. GoEmotions' comments are words
of another kind.

The density of words and faces is that of ``train`` of the store that the model learnt from; that of
voices is of ``train`` of the voices' folders, as they were recorded and in rooms. No test split and
no real recording is looked at. What was computed stays in ``--work``.
With ``--of audio`` the trust in voices, alone and in company, is fitted anew and all else stays.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from degraded import FACES, VOICES, copies
from jaxtyping import Float32, Int
from lite import in_schema, widened
from silero_vad import load_silero_vad
from speech import speech_of

from synctva.batch import Batch, batch_of
from synctva.corpus import Corpus
from synctva.data.corpora.fer2013 import read_fer2013_faces
from synctva.data.corpora.goemotions import read_goemotions
from synctva.data.corpora.nemo import read_nemo
from synctva.data.made.agreement import Agreement, read_agreement
from synctva.data.source import read_source
from synctva.emotions import MODALITIES, EmotionSchema, schema_named
from synctva.errors import InputError
from synctva.evaluation.frequencies import expected_frequencies
from synctva.features.extractors.audio import AudioExtractor
from synctva.features.extractors.expression import load_expression_network
from synctva.features.extractors.text import text_features
from synctva.features.normalise import PRIOR_UTTERANCES
from synctva.features.store import open_store
from synctva.inference.labelled import counted_as
from synctva.media import read_audio
from synctva.media.rooms import draw_room, heard_in
from synctva.model.causal import without_encoders
from synctva.model.emotion_model import EmotionModel
from synctva.model.makers import makers_of
from synctva.training.confidence import Part, fit_confidence, fit_familiarity, fit_voices

LEARNT_FROM, STRANGERS, FACES_KEPT, TRAINING_KEPT, COMMENTS = 300, 240, 1200, 6000, 1000
"""So many clips of a corpus, clips, pictures, utterances, comments are enough, and take minutes."""

IN_A_ROOM = "foreign in a room"
"""The kind of voice that is most like a real one: of a language never heard, and in no studio."""

STUDIO, STUDIO_IN_A_ROOM = "learnt from", "learnt from, in a room"
"""The kinds of voices that the density is of."""


class Donors:
    """Voices or faces by emotion and kind: ``clean``, ``degraded``, ``foreign``, in a room."""

    def __init__(
        self,
        values: Float32[np.ndarray, "donor dim"],
        emotion: Int[np.ndarray, " donor"],
        kind: np.ndarray,
    ) -> None:
        self.values, self.emotion, self.kind = values, emotion, kind

    def drawn(
        self, kind: str, emotion: Int[np.ndarray, " utterance"], rng: np.random.Generator
    ) -> tuple[Float32[np.ndarray, "utterance dim"], np.ndarray]:
        """Returns a donor of each emotion, and where there is one."""
        values = np.zeros((len(emotion), self.values.shape[1]), np.float32)
        there = np.zeros(len(emotion), bool)
        for row, wanted in enumerate(emotion):
            own = np.flatnonzero((self.kind == kind) & (self.emotion == wanted))
            if len(own):
                values[row], there[row] = self.values[rng.choice(own)], True
        return values, there


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, help="the checkpoint; it is rewritten, or --out")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument(
        "--training", type=Path, help="the store it learnt from; none = its densities stay"
    )
    parser.add_argument("--words", type=Path, required=True, help="MELD, as the model reads words")
    parser.add_argument(
        "--voices", type=Path, nargs="+", required=True, help="of their folders, valid"
    )
    parser.add_argument("--strangers", type=Path, required=True, help="nEMO's folder")
    parser.add_argument("--faces", type=Path, required=True, help="FER2013's folder")
    parser.add_argument("--goemotions", type=Path, required=True, help="its folder")
    parser.add_argument("--labels", type=Path, required=True, help="EmotionTalk's folder")
    parser.add_argument("--of", nargs="+", choices=MODALITIES, default=MODALITIES)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    model = EmotionModel.from_pretrained(arguments.model)
    schema = EmotionSchema("of the model", model.emotions)
    rng = np.random.default_rng(0)
    rows = voice_rows(arguments, schema, model.provenance.features["audio"].model)
    voices = kept(arguments.work / "voices.npz", rows)
    faces = kept(arguments.work / "faces.npz", face_rows(arguments.faces, schema))
    words = open_store(arguments.words).read()
    joint = read_agreement(arguments.labels, schema)
    plain, valid = without_encoders(model, widened(batch_of(words.split("valid")), model))
    if arguments.training is not None:
        some_of_it = some(open_store(arguments.training).read(), rng)
        fit_familiarity(plain, without_encoders(model, some_of_it)[1])
    if "audio" in arguments.of:
        if STUDIO not in voices.kind:
            raise InputError(f"{arguments.work / 'voices.npz'}: of an earlier version; delete it")
        fit_voices(plain, *(voices.values[voices.kind == k] for k in (STUDIO, STUDIO_IN_A_ROOM)))
    parts = list(conversations(model, valid, voices, faces, joint, rng))
    if "text" in arguments.of:
        _, comments = without_encoders(model, goemotions(arguments.goemotions, model, schema, rng))
        parts.append(Part("comments", comments))
    frequencies = expected_frequencies("meld", model.emotions)
    for name, loss in fit_confidence(plain, parts, frequencies, arguments.of).items():
        print(f"{name}: {loss:.3f} nats")
    model.familiarity, model.provenance = plain.familiarity, plain.provenance
    for m, known in model.familiarity.items():
        print(f"{m}: half at {float(known.far):.2f}, width {float(known.width):.2f}")  # pyright: ignore
    for name, own in model.provenance.confidence.calibrations.items():
        print(name, f"scale {own.scale:.2f}", " ".join(f"{b:+.2f}" for b in own.bias))
    model.save_pretrained(arguments.out or arguments.model)


def kept(path: Path, rows: Iterator[tuple[Float32[np.ndarray, " dim"], int, str]]) -> Donors:
    """Returns donors from a file, or makes the file first."""
    if not path.is_file():
        found = list(rows)
        np.savez(
            path,
            values=np.stack([row[0] for row in found]),
            emotion=np.array([row[1] for row in found]),
            kind=np.array([row[2] for row in found]),
        )
    with np.load(path) as file:
        return Donors(file["values"], file["emotion"], file["kind"])


def voice_rows(
    arguments: argparse.Namespace, schema: EmotionSchema, features: str
) -> Iterator[tuple[Float32[np.ndarray, " dim"], int, str]]:
    """Yields features of voices, as they are and degraded, each cut to its speech."""
    extractor, silero, rng = AudioExtractor(features), load_silero_vad(), np.random.default_rng(0)
    in_rooms = {"foreign": IN_A_ROOM, STUDIO: STUDIO_IN_A_ROOM}
    for place, emotion, kind in voice_clips(arguments, schema, rng):
        sound = read_audio(place)
        assert sound is not None
        sound = speech_of(sound, silero)
        heard = [(kind, sound)]
        if kind == "clean":
            heard += [("degraded", one) for one in list(copies(sound, rng, VOICES))[1:]]
        else:
            heard.append((in_rooms[kind], heard_in(draw_room(rng), sound, rng)))
        for told, one in heard:
            vector = extractor.encode(one).vector
            if vector is not None:
                yield vector, emotion, told


def voice_clips(
    arguments: argparse.Namespace, schema: EmotionSchema, rng: np.random.Generator
) -> Iterator[tuple[str, int, str]]:
    """Yields recordings, their emotions, and their kind as they are."""
    for path in arguments.voices:
        corpus = read_source(path)
        for place, emotion in labelled(corpus.split("valid"), schema):
            yield place, emotion, "clean"
        clips = list(labelled(corpus.split("train"), schema))
        for number in rng.permutation(len(clips))[:LEARNT_FROM]:
            yield *clips[number], STUDIO
    clips = list(labelled(read_nemo(arguments.strangers), schema))
    for number in rng.permutation(len(clips))[:STRANGERS]:
        yield *clips[number], "foreign"


def labelled(corpus: Corpus, schema: EmotionSchema) -> Iterator[tuple[str, int]]:
    """Yields the recordings of a corpus whose emotions a schema has."""
    names = counted_as(corpus.schema, schema)
    for _, utterance in corpus.utterances():
        name, place = names.get(utterance.emotion or ""), utterance.audio_media or utterance.media
        if name is not None and place is not None:
            yield place, schema.number(name)


def as_strangers(
    voices: Float32[np.ndarray, "voice dim"], model: EmotionModel
) -> Float32[np.ndarray, "voice dim"]:
    """Returns voices normalised as somebody's only utterance is."""
    mean, sd = (np.array(model.provenance.voices[name]) for name in ("mean", "sd"))
    share = PRIOR_UTTERANCES / (PRIOR_UTTERANCES + 1)
    return (np.sqrt(share) * (voices - mean) / np.where(sd > 0, sd, np.inf)).astype(np.float32)


def face_rows(
    source: Path, schema: EmotionSchema
) -> Iterator[tuple[Float32[np.ndarray, " dim"], int, str]]:
    """Yields features of faces, as they are and degraded."""
    pictures, rng = read_fer2013_faces(source), np.random.default_rng(0)
    names = schema_named("fer-7").mapping(schema)
    network = load_expression_network().eval()
    number = [schema.number(name) if name else -1 for name in names.values()]
    pixels, emotions, _ = pictures.of("valid")
    chosen = rng.permutation(len(pixels))[:FACES_KEPT]
    for kind, degrade in [("clean", None), *FACES.items()]:
        few = chosen if degrade is None else chosen[: FACES_KEPT // 3]
        own = pixels[few]
        if degrade is not None:
            own = np.stack([degrade(picture, rng) for picture in own])
        told = kind if degrade is None else "degraded"
        for row, vector in zip(few, vectors(network, own), strict=True):
            yield vector, number[emotions[row]], told


@torch.inference_mode()
def vectors(network: torch.nn.Module, pixels: np.ndarray) -> Float32[np.ndarray, "face dim"]:
    found = []
    for part in torch.from_numpy(pixels).float().split(128):
        own = network.embed(part)  # pyright: ignore[reportCallIssue]
        found.append(torch.cat([own, network.classifier(own).softmax(1)], dim=1))  # pyright: ignore
    return torch.cat(found).numpy()


def some(corpus: Corpus, rng: np.random.Generator) -> Batch:
    """Returns whole dialogues of the split ``train``, drawn by chance."""
    batch = batch_of(corpus.split("train"))
    lengths = torch.bincount(batch.dialogue)
    order = torch.from_numpy(rng.permutation(len(lengths)))
    return batch.select(order[lengths[order].cumsum(0) <= TRAINING_KEPT])


def conversations(
    model: EmotionModel,
    batch: Batch,
    voices: Donors,
    faces: Donors,
    joint: Agreement,
    rng: np.random.Generator,
) -> Iterator[Part]:
    """Yields MELD's valid words beside voices and faces of each kind."""
    kinds = [
        ("clean", "clean"),
        ("degraded", "degraded"),
        ("foreign", "clean"),
        (IN_A_ROOM, "degraded"),
    ]
    for voice, face in kinds:
        emotion = batch.emotion.numpy()
        shown = joint.draw(emotion, rng)
        heard, has_audio = voices.drawn(voice, shown["audio"], rng)
        visual, has_visual = faces.drawn(face, shown["visual"], rng)
        present = np.stack([batch.present[:, 0].numpy(), has_audio, has_visual], axis=1)
        together = replace(
            batch,
            audio=torch.from_numpy(as_strangers(heard, model)),
            voice=torch.from_numpy(heard),
            visual=torch.from_numpy(visual),
            present=torch.from_numpy(present),
        )
        for name, own in (("in talk", together), ("alone", each_alone(together))):
            whole = torch.where(own.present.all(1), own.emotion, -1)
            told = f"{voice} voices, {face} faces, {name}"
            yield Part(told, replace(own, emotion=whole), is_usual=(voice, face) == kinds[0])


def each_alone(batch: Batch) -> Batch:
    """Returns the same utterances, each a conversation by itself."""
    return replace(
        batch,
        dialogue=torch.arange(len(batch)),
        turn=torch.zeros_like(batch.turn),
        speaker=torch.zeros_like(batch.speaker),
    )


def goemotions(
    source: Path, model: EmotionModel, schema: EmotionSchema, rng: np.random.Generator
) -> Batch:
    """Returns comments of one emotion that the model has, each by itself."""
    corpus = in_schema(read_goemotions(source).split("valid"), schema)
    told = [d.id for d in corpus.dialogues if d.utterances[0].emotion is not None]
    chosen = corpus.select([told[number] for number in rng.permutation(len(told))[:COMMENTS]])
    own = text_features(chosen, makers_of(model, "the model").words["text"])
    return widened(batch_of(chosen.with_features("text", own)), model)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"confidence: {error}")
