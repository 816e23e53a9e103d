"""Several sound tracks: the one that a player plays, or the one that is named."""

from pathlib import Path

import av
import numpy as np
import pytest

from synctva.dialogue import Utterance
from synctva.errors import InputError
from synctva.features.extractors.clip import Clip
from synctva.inference import utterances
from synctva.inference.utterances import utterances_of
from synctva.listening.voice_activity import Speech
from synctva.media import browser_type, chosen_track, read_audio, sound_tracks, write_small
from synctva.media.sound import stream_audio

RATE_HZ, LENGTH_S = 48_000, 2.0
TONES = {"eng": 300, "deu": 700, "fra": 1_500}
FORMATS = {"mkv": ("matroska", "aac"), "mp4": ("mp4", "aac"), "ts": ("mpegts", "ac3")}


@pytest.fixture(scope="module", params=FORMATS)
def film(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Two seconds with a tone for each language; the second one is a player's own, but in a ts."""
    path = tmp_path_factory.mktemp("film") / f"film.{request.param}"
    form, codec = FORMATS[request.param]
    with av.open(str(path), "w", form) as movie:
        tracks = []
        for number, language in enumerate(TONES):
            track = movie.add_stream(codec, RATE_HZ, layout="stereo")
            track.metadata["language"] = language
            track.disposition = av.stream.Disposition(int(number == 1))
            tracks.append(track)
        for start in range(0, round(LENGTH_S * RATE_HZ), 1_024):
            times = np.arange(start, start + 1_024) / RATE_HZ
            for track, tone_hz in zip(tracks, TONES.values(), strict=True):
                wave = 0.3 * np.sin(2 * np.pi * tone_hz * times).astype(np.float32)
                frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), "fltp", "stereo")
                frame.sample_rate, frame.pts = RATE_HZ, start
                movie.mux(track.encode(frame))
        for track in tracks:
            movie.mux(track.encode(None))
    return path


def pitch_hz(samples: np.ndarray | None) -> int:
    """Returns the strongest frequency, to the nearest hundred."""
    assert samples is not None
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return int(round(spectrum.argmax() * 16_000 / len(samples), -2))


def test_the_tracks_are_told_and_found_by_number_and_language(film: Path):
    tracks = sound_tracks(film)
    assert [track.language for track in tracks] == [*TONES]
    assert [track.number for track in tracks if track.is_default] == [
        1 if film.suffix == ".ts" else 2
    ]
    for number, language in enumerate(TONES, 1):
        for choice in (f"{number}", language, language.upper()):
            assert chosen_track(film, choice).number == number
    for wrong in ("0", "4", "-1", "jpn", ""):
        with pytest.raises(InputError, match=r"no sound track .*: 1 \(eng, 2 channels\), 2 \(deu"):
            chosen_track(film, wrong)


def test_each_track_is_heard_whole_and_in_part(film: Path):
    own = next(track for track in sound_tracks(film) if track.is_default)
    for number, tone_hz in enumerate(TONES.values(), 1):
        whole = np.concatenate(list(stream_audio(film, number)))
        part = read_audio(film, 0.5, 1.5, number)
        assert (pitch_hz(whole), pitch_hz(part)) == (tone_hz, tone_hz)
        clip = Clip(Utterance(0, "Ada", media=f"{film}", start_s=0.5, end_s=1.5), number)
        np.testing.assert_array_equal(clip.samples(), part)
        if number == own.number:
            np.testing.assert_array_equal(read_audio(film, 0.5, 1.5), part)


def test_a_browser_gets_a_copy_with_the_track_that_is_heard(film: Path, tmp_path: Path):
    assert browser_type(film) is None
    for sound_track, tone_hz in (
        (3, TONES["fra"]),
        (None, TONES["deu" if film.suffix != ".ts" else "eng"]),
    ):
        write_small(film, tmp_path / "small.mp4", sound_track=sound_track)
        assert len(sound_tracks(tmp_path / "small.mp4")) == 1
        assert pitch_hz(read_audio(tmp_path / "small.mp4")) == tone_hz


def test_several_tracks_are_noted_and_the_chosen_one_is_kept(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    heard: list[int | None] = []

    def speech_in(recording: Path, kept: object, sound_track: int | None) -> Speech:
        heard.append(sound_track)
        return Speech(((0.0, 2.0),), 2.0)

    monkeypatch.setattr(utterances, "speech_in", speech_in)
    said = tmp_path / "said.srt"
    said.write_text("1\n00:00:00,000 --> 00:00:02,000\nAda: Hi.\n")
    assert "--sound-track chooses another" in utterances_of(film, said).note
    for transcript in (said, None):
        found = utterances_of(film, transcript, sound_track="fra")
        assert found.sound_track == 3
        assert found.note.startswith("sound track 3 (fra, 2 channels) is heard")
    assert heard == [None, 3, 3]
    with pytest.raises(InputError, match="a transcript has no sound"):
        utterances_of(said, sound_track="fra")
