"""The pictures of a span are those that were on screen at its moments, upright and not large."""

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.recordings import HEIGHT, MOVING, WIDTH, Making, drawn, number_in, record

from synctva.errors import InputError
from synctva.media import Frames, probe, read_frames, write_small
from synctva.media.libav import Recording, decoding

FEW = settings(max_examples=8, deadline=None)


def numbers(frames: Frames) -> list[int]:
    return [number_in(pixels) for pixels in frames.pixels]


@pytest.mark.parametrize("ending", MOVING)
def test_every_moment_has_the_picture_that_was_on_screen(
    tmp_path_factory: pytest.TempPathFactory, ending: str
):
    folder = tmp_path_factory.mktemp("pictures")
    path = record(folder / f"a.{ending}", Making(length_s=8.0))

    @FEW
    @given(
        start_s=st.floats(0.0, 7.0),
        length_s=st.floats(0.1, 0.9),
        rate_hz=st.floats(1.0, 40.0),
    )
    def check(start_s: float, length_s: float, rate_hz: float) -> None:
        frames = read_frames(path, start_s, start_s + length_s, rate_hz=rate_hz)
        assert len(frames.pixels) == max(1, round(length_s * rate_hz))
        assert ((frames.times_s > 0) & (frames.times_s < length_s)).all()
        late_s = 0.023 if ending == "flv" else 0.0  # its sound begins before its pictures
        for number, time_s in zip(numbers(frames), frames.times_s, strict=True):
            shown = (start_s + time_s - late_s) * 25
            assert np.floor(shown - 0.05) <= number <= np.floor(max(0, shown) + 0.05)

    check()


@pytest.mark.parametrize("ending", MOVING)
def test_a_late_span_is_reached_without_decoding_what_comes_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
):
    path = record(tmp_path / f"a.{ending}", Making(length_s=8.0, key_every=25))
    decoded, truly = [], decoding.decoded

    def counted(self: Recording, stream: object) -> Iterator[tuple[float, object]]:
        for time_s, frame in truly(self, stream):
            decoded.append(time_s)
            yield time_s, frame

    monkeypatch.setattr(decoding, "decoded", counted)
    assert len(read_frames(path, 7.0, 7.4).pixels) == 2
    assert min(decoded) > 5.0


@pytest.mark.parametrize("leads_to_s", [7.9, 100.0])
def test_an_index_that_leads_too_far_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leads_to_s: float
):
    path, truly = record(tmp_path / "a.mp4", Making(length_s=8.0)), Recording.seek
    expected = numbers(read_frames(path, 5.0, 5.8))
    monkeypatch.setattr(
        Recording, "seek", lambda self, stream, to_s: truly(self, stream, leads_to_s)
    )
    assert numbers(read_frames(path, 5.0, 5.8)) == expected


@pytest.mark.parametrize("ending", ["mkv", "mp4", "webm"])
def test_a_variable_frame_rate_is_told_by_the_timestamps(tmp_path: Path, ending: str):
    times_s = (0.0, 0.1, 0.9, 1.0, 1.05, 3.0, 3.5, 6.0, 6.2)
    path = record(tmp_path / f"a.{ending}", Making(times_s=times_s), sound=False)
    whole = read_frames(path, 0.0, 6.4, rate_hz=10)
    expected = np.searchsorted(times_s, whole.times_s, side="right") - 1
    assert numbers(whole) == expected.tolist()
    late = read_frames(path, 3.2, 6.1, rate_hz=10)
    expected = np.searchsorted(times_s, late.times_s + 3.2, side="right") - 1
    assert numbers(late) == expected.tolist()


def test_a_long_span_is_spread_evenly_over_the_most_pictures(tmp_path: Path):
    path = record(tmp_path / "a.mp4", Making(length_s=4.0))
    frames = read_frames(path, rate_hz=25, most=8)
    np.testing.assert_allclose(frames.times_s, np.arange(8) / 2 + 0.25)
    assert numbers(frames) == [int(time_s * 25) for time_s in frames.times_s]


def test_a_clip_of_one_picture_is_one_picture(tmp_path: Path):
    path = record(tmp_path / "a.mp4", Making(length_s=0.04), sound=False)
    assert numbers(read_frames(path)) == [0]


@pytest.mark.parametrize("ending", ["wav", "mp3", "m4a", "flac", "ogg"])
def test_no_pictures_are_none(tmp_path: Path, ending: str):
    assert read_frames(record(tmp_path / f"a.{ending}")) is None


def test_a_cover_is_no_video(tmp_path: Path):
    path = tmp_path / "a.mkv"
    record(tmp_path / "a.mp3", Making())
    content = io.BytesIO()
    Image.fromarray(drawn(1)).save(content, "JPEG")
    with av.open(str(tmp_path / "a.mp3")) as old, av.open(str(path), "w", "mp3") as new:
        sound = new.add_stream_from_template(old.streams.audio[0])
        cover = new.add_stream("mjpeg")
        cover.width, cover.height, cover.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(drawn(1), "rgb24")
        new.mux([*cover.encode(frame), *cover.encode(None)])
        for packet in old.demux(audio=0):
            if packet.dts is not None:
                packet.stream = sound
                new.mux(packet)
    assert read_frames(path) is None


def test_the_half_of_a_split_screen(tmp_path: Path):
    left, right = drawn(0b10101010), drawn(0b01100110)
    Image.fromarray(np.hstack([left, right])).save(tmp_path / "a.png")
    for half, number in (("left", 0b10101010), ("right", 0b01100110)):
        frames = read_frames(tmp_path / "a.png", half=half)
        assert frames.pixels.shape == (1, HEIGHT, WIDTH, 3)
        assert numbers(frames) == [number]


@pytest.mark.parametrize(
    ("size", "half", "expected"),
    [
        ((1280, 720), None, (360, 640)),
        ((720, 1280), None, (640, 360)),
        ((1280, 640), "left", (640, 640)),
        ((2600, 650), "right", (320, 640)),
        ((641, 3), None, (3, 640)),
        ((30, 20), None, (20, 30)),
        ((31, 20), "left", (20, 16)),
    ],
)
def test_large_pictures_are_scaled_down_and_small_ones_stay(
    tmp_path: Path, size: tuple[int, int], half: str | None, expected: tuple[int, int]
):
    Image.new("RGB", size, (200, 100, 50)).save(tmp_path / "a.png")
    pixels = read_frames(tmp_path / "a.png", half=half).pixels
    assert pixels.shape == (1, *expected, 3)
    assert np.abs(pixels.astype(int) - (200, 100, 50)).max() <= 2


@pytest.mark.parametrize(
    ("ending", "mode"),
    [("png", mode) for mode in ("RGB", "L", "P", "RGBA", "1", "I;16")]
    + [("jpeg", mode) for mode in ("RGB", "L", "CMYK")],
)
def test_a_still_picture_is_one_frame_as_others_see_it(tmp_path: Path, ending: str, mode: str):
    ramp = np.linspace(0, 255, 48).astype(np.uint8)
    picture = Image.fromarray(np.add.outer(ramp // 2, ramp // 2).astype(np.uint8))
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    else:
        picture = picture.convert(mode)
    path = tmp_path / f"a.{ending}"
    picture.save(path)
    seen = np.asarray(Image.open(path).convert("RGB")).astype(int)
    if mode == "I;16":
        seen = np.repeat((np.asarray(Image.open(path)) // 257)[:, :, None], 3, 2).astype(int)
    frames = read_frames(path, 3.0, 4.0)
    assert frames.times_s.tolist() == [0.0]
    assert np.abs(frames.pixels[0] - seen).max() <= 3


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_telephone_held_sideways_is_turned_upright(tmp_path: Path, quarters: int):
    number = 0b00001011
    sideways = np.rot90(drawn(number), quarters)
    orientation = {0: 1, 1: 6, 2: 3, 3: 8}[quarters]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(sideways).save(tmp_path / "a.jpeg", exif=exif, quality=95)
    frames = read_frames(tmp_path / "a.jpeg")
    assert frames.pixels.shape == (1, HEIGHT, WIDTH, 3)
    assert numbers(frames) == [number]


@pytest.mark.parametrize("aspect", [Fraction(16, 11), Fraction(8, 9)])
@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi"])
def test_pixels_that_are_not_square_become_so(tmp_path: Path, ending: str, aspect: Fraction):
    path = record(tmp_path / f"a.{ending}", Making(pixel_aspect=aspect))
    frames = read_frames(path, 0.2, 0.6)
    assert frames.pixels.shape[1:] == (HEIGHT, round(WIDTH * aspect), 3)
    left = read_frames(path, 0.2, 0.6, half="left")
    assert left.pixels.shape[2] == pytest.approx(WIDTH * aspect / 2, abs=1)
    write_small(path, tmp_path / "small.mp4")
    facts = probe(tmp_path / "small.mp4")
    assert facts.width / facts.height == pytest.approx(WIDTH / HEIGHT * aspect, rel=0.04)


def test_a_span_that_runs_on_is_clipped_and_one_mostly_outside_is_refused(tmp_path: Path):
    path = record(tmp_path / "a.mp4", sound=False)
    assert len(read_frames(path, 0.5, 1.2).pixels) == 2
    with pytest.raises(InputError, match=r"from 0.5 s to 3 s only 0.50 s of video"):
        read_frames(path, 0.5, 3.0)
    with pytest.raises(InputError, match=r"starts at 5 s, but the (sound|video) ends at 1 s"):
        read_frames(path, 5.0, 6.0)


def test_pictures_that_begin_late_are_not_shown_before(tmp_path: Path):
    times_s = [5.0 + number / 25 for number in range(25)]
    path = record(tmp_path / "a.mp4", Making(length_s=6.0, times_s=times_s))
    assert len(read_frames(path, 4.8, 5.4).pixels) == 3
    with pytest.raises(InputError, match=r"only 0.00 s of video"):
        read_frames(path, 1.0, 2.0)
