"""Voices sound the same each time, differ from person to person, and tell emotions apart."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from synctva.data.made.playhouse.people import Voice, cast
from synctva.data.made.playhouse.scenes import EMOTIONS
from synctva.data.made.playhouse.voices import (
    PROSODIES,
    SAMPLE_RATE_HZ,
    Prosody,
    prosody_of,
    speak,
)
from synctva.errors import InputError

WORDS = "I put the suitcase next to the window."


@pytest.fixture(scope="module")
def voice() -> Voice:
    return cast(0, "train")[0].voice


def said(voice: Voice, prosody: Prosody, words: str = WORDS) -> np.ndarray:
    return speak(words, voice, prosody, np.random.default_rng(0))


def pitch_hz(sound: np.ndarray) -> float:
    """Returns the median pitch of the voiced parts, by autocorrelation."""
    found = []
    for start in range(0, len(sound) - 1024, 512):
        part = sound[start : start + 1024]
        echo = np.correlate(part, part, "full")[1023:]
        lags = slice(SAMPLE_RATE_HZ // 450, SAMPLE_RATE_HZ // 65)
        lag = lags.start + int(echo[lags].argmax())
        if part.std() > 0.02 and echo[lag] > 0.5 * echo[0]:
            found.append(SAMPLE_RATE_HZ / lag)
    return float(np.median(found))


def test_a_sentence_sounds_the_same_whatever_was_said_before(voice: Voice):
    others = [person.voice for person in cast(0, "train")[1:4]]
    for prosody in (PROSODIES["fear"], PROSODIES["anger"]):
        first = said(voice, prosody)
        for other in others:
            said(other, PROSODIES["joy"], "Oh no, what is this?")
            np.testing.assert_array_equal(said(voice, prosody), first)


def test_sound_is_finite_and_within_full_scale(voice: Voice):
    for emotion in EMOTIONS:
        sound = said(voice, PROSODIES[emotion])
        assert sound.dtype == np.float32
        assert 1 < len(sound) / SAMPLE_RATE_HZ < 5
        assert 0.1 < np.abs(sound).max() <= 1


def test_faster_higher_and_louder_are_what_they_say(voice: Voice):
    rest = said(voice, Prosody())
    assert len(said(voice, Prosody(rate=1.3))) < 0.9 * len(rest)
    assert pitch_hz(said(voice, Prosody(pitch=25))) > 1.1 * pitch_hz(rest)
    assert said(voice, Prosody(gain_db=6)).std() > 1.7 * rest.std()
    pause = said(voice, Prosody(pause_s=0.5))
    assert len(pause) - len(rest) == pytest.approx(0.7 * SAMPLE_RATE_HZ, abs=2)


def test_a_bright_voice_has_more_of_the_high_frequencies(voice: Voice):
    def high(prosody: Prosody) -> float:
        power = np.abs(np.fft.rfft(said(voice, prosody))) ** 2
        return float(power[len(power) // 5 :].sum() / power.sum())

    assert high(Prosody(tilt_db=3)) > 2 * high(Prosody()) > 4 * high(Prosody(tilt_db=-3))


def test_women_speak_higher_than_men():
    women, men = (
        [pitch_hz(said(p.voice, Prosody())) for p in cast(0, "train")[k:8:2]] for k in (0, 1)
    )
    assert min(women) > max(men)


def test_every_voice_sounds_otherwise():
    sounds = {said(person.voice, Prosody()).tobytes() for person in cast(0, "test")}
    assert len(sounds) == len(cast(0, "test"))


def test_an_emotion_is_never_said_twice_the_same_way_but_near_its_own():
    rng = np.random.default_rng(0)
    angry, sad = ([prosody_of(e, 0.9, rng) for _ in range(5)] for e in ("anger", "sadness"))
    assert len(set(angry)) == 5
    assert min(p.gain_db for p in angry) > max(p.gain_db for p in sad)
    assert prosody_of("fear", 0.0, rng).tremble == 0


def test_without_espeak_the_remedy_is_named(voice: Voice, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(InputError, match=r"pip install .synctva\[train\]"):
        said(voice, Prosody())


def test_a_sentence_without_sound_is_an_error(voice: Voice):
    with pytest.raises(InputError, match="says nothing"):
        said(replace(voice), Prosody(), "")
