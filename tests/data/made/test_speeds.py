"""Copies at other speeds: what changes, what stays, and who hears of it."""

import wave
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.recordings import Making, record, step_in, tone

from synctva.corpus import Corpus, Description, Features
from synctva.data.checks.official import official_counts
from synctva.data.made.speeds import played_at, with_speeds
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import schema_named
from synctva.errors import InputError
from synctva.media import read_audio

SCHEMA = schema_named("meld-7")


def corpus_of(path: Path | None) -> Corpus:
    media = None if path is None else str(path)
    spoken = Utterance(0, "Ada", "Well.", "joy", start_s=0.25, end_s=1.0, media=media)
    silent = Utterance(1, "Bob", "Oh.", "anger")
    return Corpus(
        "two",
        SCHEMA,
        (
            Dialogue("a", "train", (spoken, silent)),
            Dialogue("b", "valid", (spoken,)),
            Dialogue("c", "test", (spoken,)),
        ),
        {},
    )


def copied(corpus: Corpus, speeds: list[float], folder: Path) -> Corpus:
    return with_speeds(corpus, speeds, folder, progress=lambda total: nullcontext(lambda n: None))


def test_the_sound_of_a_copy_is_the_span_at_its_speed(tmp_path: Path) -> None:
    path = record(tmp_path / "talk.mp4")  # of one second, whose tone begins in its middle
    made = copied(corpus_of(path), [0.8, 1.25], tmp_path / "copies")
    for dialogue, speed in zip(made.dialogues[3:], [0.8, 1.25], strict=True):
        sound = dialogue.utterances[0].audio_media
        assert sound is not None
        samples = read_audio(sound)
        assert samples is not None
        assert len(samples) / 16_000 == pytest.approx(0.75 / speed, abs=0.002)
        assert step_in(samples) == pytest.approx(0.25 / speed, abs=0.005)


@pytest.mark.parametrize("speed", [0.5, 0.92, 1.08, 2.0])
def test_faster_is_shorter_and_higher(speed: float) -> None:
    samples = tone(Making(step_s=0.0, rate_hz=16_000))[0]
    played = played_at(samples, speed)
    assert len(played) == pytest.approx(len(samples) / speed, abs=1)
    loudest = np.abs(np.fft.rfft(played)).argmax() * 16_000 / len(played)
    assert loudest == pytest.approx(1_000 * speed, rel=0.01)


def test_only_train_is_copied_and_copies_are_voices_of_their_own(tmp_path: Path) -> None:
    corpus = corpus_of(record(tmp_path / "talk.wav"))
    made = copied(corpus, [0.92], tmp_path / "copies")
    assert made.dialogues[:3] == corpus.dialogues
    (copy,) = made.dialogues[3:]
    assert copy.split == "train"
    assert copy.id not in {dialogue.id for dialogue in corpus.dialogues}
    assert [u.emotion for u in copy.utterances] == ["joy", "anger"]
    assert [u.text for u in copy.utterances] == ["Well.", "Oh."]
    assert not {u.speaker for u in copy.utterances} & {"Ada", "Bob"}
    assert copy.utterances[1].audio_media is None
    assert made.origin == {"speeds": [0.92, 1.0]}


def test_official_counts_are_not_held_against_copies(tmp_path: Path) -> None:
    corpus = replace(corpus_of(record(tmp_path / "talk.wav")), name="meld")
    assert official_counts(corpus) is not None
    assert official_counts(copied(corpus, [0.92], tmp_path / "copies")) is None


def test_a_film_without_sound_is_copied_without_sound(tmp_path: Path) -> None:
    made = copied(corpus_of(record(tmp_path / "mute.mp4", sound=False)), [1.1], tmp_path / "copies")
    assert made.dialogues[3].utterances[0].audio_media is None
    assert made.dialogues[3].utterances[0].media is not None


def test_copies_are_16_bit_and_not_clipped_to_noise(tmp_path: Path) -> None:
    made = copied(corpus_of(record(tmp_path / "talk.wav")), [0.9], tmp_path / "copies")
    with wave.open(str(made.dialogues[3].utterances[0].audio_media)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert 0.45 < np.abs(samples / 32767.0).max() < 0.6


@pytest.mark.parametrize("speeds", [[1.0], [0.4], [2.1], [0.9, 0.9], [float("nan")]])
def test_speeds_that_make_no_sense_are_refused(speeds: list[float], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"such as 0\.92 and 1\.08"):
        copied(corpus_of(record(tmp_path / "talk.wav")), speeds, tmp_path / "copies")


def test_a_corpus_without_recordings_or_with_features_is_refused(tmp_path: Path) -> None:
    corpus = corpus_of(None)
    with pytest.raises(InputError, match="no training utterance has a recording"):
        copied(corpus, [0.9], tmp_path / "copies")
    published = Features(np.zeros((4, 2), np.float32), np.ones(4, bool), Description("published"))
    with pytest.raises(InputError, match="already has features"):
        copied(
            Corpus("two", SCHEMA, corpus.dialogues, {"audio": published}),
            [0.9],
            tmp_path / "copies",
        )
