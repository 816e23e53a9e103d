"""Words and speakers of what was heard; stand-ins for what is too large to install here."""

import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from support.models import voice
from support.recordings import Making, record

from synctva.errors import InputError
from synctva.listening.asr import PACKAGE, PACKAGED, Sentence, load_transcriber
from synctva.listening.diarise import Turn, load_diariser
from synctva.listening.listener import Listener, Spoken, listener_of, spoken
from synctva.listening.stretches import AROUND_S
from synctva.listening.voice_activity import Speech
from synctva.transcripts import Word

TALK = Speech(((0.5, 2.0), (2.5, 4.0)), 4.5)
TURNS = [Turn(0.4, 1.2, "A"), Turn(1.2, 3.0, "B"), Turn(3.0, 4.0, "A")]


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """Four and a half seconds; a tone begins at 2.5 s."""
    return record(tmp_path / "talk.wav", Making(length_s=4.5, step_s=2.5))


def hear(samples: np.ndarray) -> list[Sentence]:
    """Says where the tone is, in seconds since the sound's start."""
    step_s = float(np.argmax(np.abs(samples) > 0.1)) / 16_000
    words = Word(0.0, 0.5, " Oh"), Word(0.5, 1.4, " no.")
    return [Sentence(words), Sentence((Word(step_s, step_s + 0.8, " Beep."),))]


def test_words_are_heard_at_their_times_in_the_recording(talk: Path):
    found = spoken(talk, TALK, Listener(hear, count=None)).segments
    assert [(span.text, span.speaker) for span in found] == [("Oh no.", None), ("Beep.", None)]
    assert (found[0].start_s, found[0].end_s) == TALK.spans[0]
    assert found[0].words[-1].end_s == pytest.approx(TALK.spans[0][0] - AROUND_S + 1.4)
    assert found[1].start_s == pytest.approx(2.5, abs=0.01)


def test_a_sentence_is_cut_where_another_speaker_goes_on(talk: Path):
    found = spoken(talk, TALK, Listener(hear, lambda samples: TURNS)).segments
    told = [(span.text, span.speaker) for span in found]
    assert told == [("Oh", "A"), ("no.", "B"), ("Beep.", "B")]


@pytest.mark.parametrize("is_transcribed", [True, False])
def test_where_nobody_speaks_nobody_is_asked_who_does(talk: Path, is_transcribed: bool):
    def refuse(samples: np.ndarray) -> list:
        raise AssertionError(f"asked of {len(samples)} samples")

    listener = Listener(refuse if is_transcribed else None, refuse)
    assert spoken(talk, Speech((), 4.5), listener) == Spoken(())


def test_speakers_alone_divide_speech(talk: Path):
    lengths: list[int] = []

    def diarise(samples: np.ndarray) -> list[Turn]:
        lengths.append(len(samples))
        assert np.argmax(np.abs(samples) > 0.1) / 16_000 == pytest.approx(2.5, abs=0.01)
        return TURNS

    found = spoken(talk, TALK, Listener(diarise=diarise)).segments
    assert lengths == [4 * 16_000]
    told = [(round(s.start_s, 3), round(s.end_s, 3), s.speaker) for s in found]
    assert told == [(0.5, 1.2, "A"), (1.2, 2.0, "B"), (2.5, 3.0, "B"), (3.0, 4.0, "A")]


def test_words_have_their_times_in_the_recording(talk: Path):
    found = spoken(talk, TALK, Listener(hear, count=None)).segments
    assert [word.text for word in found[0].words] == ["Oh", "no."]
    assert found[0].words[1].start_s == pytest.approx(1.0 - AROUND_S)


def test_speech_without_words_has_a_voice(talk: Path):
    def only_beep(samples: np.ndarray) -> list[Sentence]:
        return hear(samples)[1:]

    found = spoken(talk, TALK, Listener(only_beep, lambda samples: TURNS)).segments
    told = [(span.text, span.speaker) for span in found]
    assert told == [("", "A"), ("", "B"), ("Beep.", "B")]


def test_words_that_are_not_english_are_left_out_and_it_is_said(talk: Path):
    def unlikely(samples: np.ndarray) -> list[Sentence]:
        return [Sentence(sentence.words, -1.0) for sentence in hear(samples)]

    found = spoken(talk, TALK, Listener(unlikely, count=None, is_english=True))
    assert [span.text for span in found.segments] == ["", ""]
    assert found.is_foreign
    assert "another language" in found.note
    found = spoken(talk, TALK, Listener(unlikely, count=None))
    assert [span.text for span in found.segments] == ["Oh no.", "Beep."]
    assert (found.note, found.is_foreign) == ("", False)


def test_other_weights_than_the_pinned_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / PACKAGE
    (folder / "model").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "model" / "model.bin").write_bytes(b"other")
    monkeypatch.syspath_prepend(tmp_path)
    package = ModuleType("faster_whisper")
    package.WhisperModel = object  # pyright: ignore
    monkeypatch.setitem(sys.modules, "faster_whisper", package)
    with pytest.raises(InputError, match="not the known weights"):
        load_transcriber(PACKAGED)(voice(1))


@pytest.mark.parametrize(
    ("words", "package", "remedy"),
    [
        (("small", False), "faster_whisper", r"pip install 'synctva\[asr\]'"),
        ((None, True), "pyannote.audio", r"pip install 'synctva\[diarise\]'"),
    ],
)
def test_what_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str | None, bool], package: str, remedy: str
):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=remedy):
        listener_of(*words)


def test_nothing_is_loaded_unless_asked_for():
    assert listener_of(None, False) == Listener()


def test_whispers_segments_are_sentences(monkeypatch: pytest.MonkeyPatch):
    class WhisperModel:
        def __init__(self, name: str, **_: object) -> None:
            if name == "none":
                raise ValueError("no such\nsize")

        def encode(self, spectrogram: np.ndarray) -> None:
            pass

        def transcribe(self, samples: np.ndarray, word_timestamps: bool, **_: object):
            word = SimpleNamespace(start=0.1, end=0.4, word=" Hello", probability=0.5)
            segments = [SimpleNamespace(words=[word]), SimpleNamespace(words=None)]
            return iter(segments if word_timestamps else []), None

    package = ModuleType("faster_whisper")
    package.WhisperModel = WhisperModel  # pyright: ignore
    monkeypatch.setitem(sys.modules, "faster_whisper", package)
    found = load_transcriber("small")(voice(1))
    assert found == [
        Sentence((Word(0.1, 0.4, " Hello"),), float(np.log(0.5))),
        Sentence(()),
    ]
    with pytest.raises(InputError, match=r"none: cannot be loaded \(no such size"):
        load_transcriber("none")(voice(1))


def test_the_language_is_told_to_what_hears_words(monkeypatch: pytest.MonkeyPatch):
    told: list[str | None] = []

    class WhisperModel:
        def __init__(self, name: str, **_: object) -> None:
            pass

        def encode(self, spectrogram: np.ndarray) -> None:
            pass

        def transcribe(self, samples: np.ndarray, language: str | None, **_: object):
            told.append(language)
            if language == "klingon":
                raise ValueError("not a valid language code")
            return iter([]), None

    package = ModuleType("faster_whisper")
    package.WhisperModel = WhisperModel  # pyright: ignore
    monkeypatch.setitem(sys.modules, "faster_whisper", package)
    for asr, language in (("small", None), ("small", "de"), ("base.en", "en")):
        hears = listener_of(asr, False, language=language).transcribe
        assert hears is not None
        hears(voice(1))
    assert told == [None, "de", "en"]
    with pytest.raises(InputError, match=r"--language klingon: none that small knows"):
        load_transcriber("small", "klingon")(voice(1))
    with pytest.raises(InputError, match=r"tiny.en knows English alone"):
        listener_of(PACKAGED, False, language="de")
    with pytest.raises(InputError, match=r"no words are heard here"):
        listener_of(None, False, language="de")


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_pyannotes_tracks_are_turns_and_nobody_is_told(
    monkeypatch: pytest.MonkeyPatch, is_wrapped: bool
):
    class Annotation:
        def itertracks(self, yield_label: bool):
            yield SimpleNamespace(start=0.5, end=1.0), "A", "SPEAKER_00"

    class Pipeline:
        @classmethod
        def from_pretrained(cls, name: str):
            return None if name == "gated" else cls()

        def __call__(self, sound: dict):
            assert sound["waveform"].shape == (1, 22_050)
            found = Annotation()
            return SimpleNamespace(speaker_diarization=found) if is_wrapped else found

    monkeypatch.setenv("PYANNOTE_METRICS_ENABLED", "1")
    package, audio = ModuleType("pyannote"), ModuleType("pyannote.audio")
    audio.Pipeline = Pipeline  # pyright: ignore
    monkeypatch.setitem(sys.modules, "pyannote", package)
    monkeypatch.setitem(sys.modules, "pyannote.audio", audio)
    assert load_diariser()(voice(1)) == [Turn(0.5, 1.0, "SPEAKER_00")]
    assert os.environ["PYANNOTE_METRICS_ENABLED"] == "0"
    with pytest.raises(InputError, match="gated cannot be loaded"):
        load_diariser("gated")
