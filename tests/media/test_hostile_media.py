"""Broken and hostile files: one clear line each, no other file opened, nothing on stderr."""

import contextlib
import os
import struct
import time
import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.recordings import MOVING, Making, mkv_of, of_100_hours, png_of, record

from synctva.errors import InputError
from synctva.media import length_of, local_file, probe, read_audio, read_frames
from synctva.media.limits import Limits
from synctva.media.local_file import ZEROS_BYTES

READERS = (probe, read_audio, read_frames)

RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assert_refused(path: Path, reason: str) -> None:
    for read in READERS:
        with pytest.raises(InputError, match=reason) as told:
            read(path)
        assert str(told.value).startswith(str(path))


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "list.wav"])
@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nFILE\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile FILE\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
        '<?xml version="1.0"?><MPD><BaseURL>FILE</BaseURL></MPD>',
        "concat:FILE|FILE",
        "These are just words.\n",
    ],
)
def test_what_lists_other_files_is_refused_under_any_name(tmp_path: Path, name: str, content: str):
    other = record(tmp_path / "other.mp4")
    (tmp_path / name).write_text(content.replace("FILE", str(other)))
    assert_refused(tmp_path / name, "begins with .* no recording of a format that is read")


@pytest.mark.parametrize("ending", ["caf", "aiff", "wav", "mpg", "wma", "aac"])
def test_damage_is_refused_or_heard_without_a_word_on_stderr(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], ending: str
):
    whole, rng = record(tmp_path / f"a.{ending}").read_bytes(), np.random.default_rng(3)
    for _ in range(20):
        content = np.frombuffer(whole, np.uint8).copy()
        content[rng.integers(0, 400, 12)] = rng.integers(0, 256, 12)
        (tmp_path / f"b.{ending}").write_bytes(content.tobytes())
        for read in READERS:
            with contextlib.suppress(InputError):
                read(tmp_path / f"b.{ending}")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("prefix", ["file:", "concat:", "subfile,,start,0,end,0,,:", "http://a/"])
def test_a_name_is_never_a_protocol(tmp_path: Path, prefix: str):
    path = record(tmp_path / "a.wav")
    assert_refused(Path(f"{prefix}{path}"), "no such file")
    odd = tmp_path / "pipe:0.wav"
    path.rename(odd)
    assert len(read_audio(odd)) == 16_000


def test_only_regular_files_are_opened_and_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "zero.mp4").symlink_to("/dev/zero")
    (tmp_path / "folder.mp4").mkdir()
    for name in ("pipe", "zero", "folder"):
        assert_refused(tmp_path / f"{name}.mp4", "a folder, device or pipe")
    assert_refused(tmp_path / "none.mp4", "no such file")
    (tmp_path / "link.wav").symlink_to(record(tmp_path / "a.wav"))
    assert len(read_audio(tmp_path / "link.wav")) == 16_000


def test_an_empty_file_says_so(tmp_path: Path):
    (tmp_path / "a.mp4").touch()
    assert_refused(tmp_path / "a.mp4", r"empty \(0 bytes\)")


def test_an_mp4_whose_end_is_missing_is_refused(tmp_path: Path):
    content = record(tmp_path / "a.mp4").read_bytes()
    (tmp_path / "b.mp4").write_bytes(content[: content.index(b"moov") - 4])
    assert_refused(tmp_path / "b.mp4", r"damaged or cut off \(.+\); copy or download it again")


@pytest.mark.parametrize("ending", ["mkv", "wav", "flac", "avi", "ogg", "flv"])
def test_of_a_file_that_was_cut_off_most_is_read_and_little_is_refused(tmp_path: Path, ending: str):
    making = Making(length_s=4.0, codec="pcm_s16le" if ending in ("mkv", "wav", "avi") else None)
    content = record(tmp_path / f"a.{ending}", making).read_bytes()
    (tmp_path / f"most.{ending}").write_bytes(content[: int(0.8 * len(content))])
    (tmp_path / f"little.{ending}").write_bytes(content[: int(0.2 * len(content))])
    if ending not in ("ogg", "flv"):  # they state no length that a cut leaves in place
        assert 0.6 < len(read_audio(tmp_path / f"most.{ending}")) / 64_000 < 0.95
        with pytest.raises(InputError, match=r"only [01]\.\d\d s of sound can be read"):
            read_audio(tmp_path / f"little.{ending}")
    with pytest.raises(InputError, match=r"can be read|starts at 2 s, but the sound ends at"):
        read_audio(tmp_path / f"little.{ending}", 2.0, 4.0)


@pytest.mark.parametrize("ending", ["mkv", "avi", "flv"])
def test_of_pictures_that_were_cut_off_most_are_shown_and_few_are_refused(
    tmp_path: Path, ending: str
):
    content = record(tmp_path / f"a.{ending}", Making(length_s=4.0), sound=False).read_bytes()
    (tmp_path / f"most.{ending}").write_bytes(content[: int(0.8 * len(content))])
    (tmp_path / f"little.{ending}").write_bytes(content[: int(0.2 * len(content))])
    assert len(read_frames(tmp_path / f"most.{ending}", 0.0, 4.0).pixels) >= 12
    with pytest.raises(InputError, match=r"only [01]\.\d\d s of video can be read|damaged"):
        read_frames(tmp_path / f"little.{ending}", 0.0, 4.0)


@pytest.mark.parametrize("ending", ["wav", "mkv", "flac", "mp4"])
def test_a_header_that_claims_100_hours_costs_nothing(tmp_path: Path, ending: str):
    path = of_100_hours(tmp_path / f"a.{ending}")
    begun = time.monotonic()
    assert len(read_audio(path, 0.1, 0.9)) == 12_800
    if ending in MOVING:
        assert len(read_frames(path, 0.1, 0.9).pixels) == 4
    with pytest.raises(InputError, match=r"of sound can be read|but the sound ends at"):
        read_audio(path, 100.0, 102.0)
    if ending in ("mkv", "flac"):  # the others state it in another place as well, truly
        assert probe(path).duration_s >= 359_000
        with pytest.raises(InputError, match=r"\d{6} s are asked for at once, 1800 s are the most"):
            read_audio(path)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (20_000, 8), (9_000, 9_000)])
def test_pictures_of_20000_pixels_are_refused_before_they_are_decoded(
    tmp_path: Path, width: int, height: int
):
    (tmp_path / "a.png").write_bytes(png_of(width, height))
    (tmp_path / "a.mkv").write_bytes(mkv_of(width, height, tmp_path / "b.mkv"))
    begun = time.monotonic()
    for ending in ("png", "mkv"):
        with pytest.raises(InputError, match=r"pictures of .* pixels cannot be read|damaged"):
            read_frames(tmp_path / f"a.{ending}")
    assert time.monotonic() - begun < 1


def test_sound_of_an_impossible_rate_is_refused(tmp_path: Path):
    content = bytearray(record(tmp_path / "a.wav").read_bytes())
    for rate_hz in (1, 2**31 - 1):
        content[24:28] = struct.pack("<I", rate_hz)
        (tmp_path / "b.wav").write_bytes(content)
        with pytest.raises(InputError, match=r"at \d+ Hz cannot be read|damaged"):
            read_audio(tmp_path / "b.wav")


def test_a_file_that_is_too_large_or_of_too_many_streams_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w", "matroska") as movie:
        streams = [movie.add_stream("pcm_s16le", 16_000, layout="mono") for _ in range(70)]
        for stream in streams:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 160), np.int16), "s16", "mono")
            frame.sample_rate = 16_000
            movie.mux(stream.encode(frame))
    assert_refused(path, "more than 64 streams")
    monkeypatch.setattr("synctva.media.local_file.LIMITS", Limits(file_bytes=1_000))
    assert_refused(path, "cut the recording into parts")


def test_neither_sound_nor_pictures(tmp_path: Path):
    with av.open(str(tmp_path / "a.mkv"), "w", "matroska") as movie:
        movie.add_attachment("a.txt", "text/plain", b"words")
        movie.start_encoding()
    assert_refused(tmp_path / "a.mkv", "neither sound nor pictures|damaged")


def test_libav_writes_nothing_to_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    content = bytearray(record(tmp_path / "a.mp4", Making(length_s=0.5)).read_bytes())
    content[2_000:6_000:50] = bytes(len(content[2_000:6_000:50]))
    (tmp_path / "b.mp4").write_bytes(content)
    for read in READERS:
        with contextlib.suppress(InputError):
            read(tmp_path / "b.mp4")
    assert capfd.readouterr() == ("", "")


def reads_or_refuses(path: Path) -> None:
    reads: list[Callable[[], object]] = [lambda: probe(path)]
    for span in ((None, None), (0.1, 0.3)):
        reads += [lambda s=span: read_audio(path, *s), lambda s=span: read_frames(path, *s)]
    for read in reads:
        with contextlib.suppress(InputError):
            read()


SIGNED = [b"\x1a\x45\xdf\xa3", b"FLV\x01", b"fLaC", b"OggS", b"ID3", b"\xff\xfb\x90"]
SIGNED += [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0AVI ", b"RIFF\0\0\0\0WAVEfmt "]
SIGNED += [b"\0\0\0\x18ftypmp42", b""]


@pytest.mark.parametrize("signature", SIGNED)
def test_random_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, signature: bytes):
    path = tmp_path_factory.mktemp("random") / "a.mp4"

    @RELAXED
    @given(st.binary(max_size=300))
    def check(content: bytes) -> None:
        path.write_bytes(signature + content)
        reads_or_refuses(path)

    check()


@pytest.mark.parametrize("ending", ["mp4", "wav", "mkv", "flv"])
def test_flipped_and_missing_bytes_are_read_over_or_refused(
    tmp_path_factory: pytest.TempPathFactory, ending: str
):
    folder = tmp_path_factory.mktemp("flipped")
    whole = record(folder / f"whole.{ending}", Making(length_s=0.4, step_s=0.2)).read_bytes()
    path = folder / f"a.{ending}"
    places = st.integers(0, len(whole) - 1)
    flips = st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)

    @RELAXED
    @given(flips, st.one_of(st.just(len(whole)), places))
    def check(changes: list[tuple[int, int]], length: int) -> None:
        content = bytearray(whole)
        for place, value in changes:
            content[place] = value
        path.write_bytes(content[:length])
        reads_or_refuses(path)

    check()


@pytest.mark.parametrize(("ending", "most_s"), [("mp3", 0.1), ("wav", 0.0), ("flac", 0.0)])
def test_zeros_behind_the_end_are_no_part_of_a_recording(
    ending: str, most_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = record(tmp_path / f"talk.{ending}", Making(length_s=1.0))
    whole, heard = length_of(path), read_audio(path)
    with path.open("ab") as file:
        file.truncate(path.stat().st_size + 8 * ZEROS_BYTES)
    monkeypatch.setattr(local_file, "MOST_ZEROS", 16 * ZEROS_BYTES)
    assert length_of(path) == pytest.approx(whole, abs=most_s)
    again = read_audio(path)
    assert heard is not None
    assert again is not None
    sure = len(heard) - 400  # at its end the resampler knows of what follows
    np.testing.assert_array_equal(again[:sure], heard[:sure])
    with local_file.open_local(path) as (file, _):
        assert file.seek(0, os.SEEK_END) < 3 * ZEROS_BYTES
    monkeypatch.setattr(local_file, "MOST_ZEROS", ZEROS_BYTES)
    with pytest.raises(InputError, match="ends in more than 1 MiB of zeros"):
        length_of(path)


def test_digital_silence_at_the_end_is_kept(tmp_path: Path):
    with wave.open(str(tmp_path / "quiet.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(b"\1\2" * 16_000 + bytes(2 * ZEROS_BYTES))
    assert length_of(tmp_path / "quiet.wav") == pytest.approx(1 + ZEROS_BYTES / 16_000)
