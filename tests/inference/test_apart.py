"""The process of the command opens no recording: others do, with limits of time and of memory."""

import os
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from support.models import SAID
from support.recordings import Making, record
from support.talks import talk as recognised

from synctva.errors import InputError
from synctva.inference.utterances import utterances_of
from synctva.media import apart, length_of, seen_apart, streamed_apart
from synctva.reports.recognition import write_report


def test_this_process_opens_no_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def trap(*_: object, **__: object) -> None:
        raise AssertionError("opened in the process of the command")

    recording = record(tmp_path / "talk.mp4", Making(length_s=2.5))
    (tmp_path / "talk.srt").write_text(SAID)
    monkeypatch.setattr(av, "open", trap)
    with pytest.raises(AssertionError):
        length_of(recording)
    with apart() as kept:
        found = utterances_of(recording, tmp_path / "talk.srt", apart=kept)
        assert found.duration_s == pytest.approx(2.5, abs=0.1)
        write_report(recognised(), tmp_path / "talk.html", recording=recording, apart=kept)
    assert "base64" in (tmp_path / "talk.html").read_text()


def test_one_process_serves_recordings_one_after_another_and_outlives_a_bad_one(tmp_path: Path):
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    good = record(tmp_path / "good.wav", Making(length_s=1.0))
    with apart() as kept:
        with pytest.raises(InputError, match=r"bad\.wav"):
            seen_apart(length_of, tmp_path / "bad.wav", kept)
        assert seen_apart(length_of, good, kept) == pytest.approx(1.0, abs=0.05)


def letters(recording: Path) -> Iterator[str]:
    """What is found in a file whose name tells; in one that is called so, the process dies."""
    for letter in recording.stem:
        if letter == "!":
            os._exit(3)
        yield letter


def test_what_is_found_step_by_step_comes_in_order_and_leaves_the_process_for_the_next():
    with apart() as kept:
        assert [*streamed_apart(letters, "abc.wav", kept)] == [*"abc"]
        assert [*streamed_apart(letters, ".wav", kept)] == [*".wav"]
        assert next(streamed_apart(letters, "abc.wav", kept)) == "a"  # it is left early
        assert [*streamed_apart(letters, "de.wav", kept)] == [*"de"]
        assert seen_apart(str, "f.wav", kept) == "f.wav"


@pytest.mark.parametrize("name", ["!a", "a!b"])
def test_a_process_that_dies_on_the_way_is_one_line(name: str):
    found = []
    with pytest.raises(InputError, match="hostile: convert it with ffmpeg") as error:
        found.extend(streamed_apart(letters, f"{name}.wav"))
    assert found == [*name.partition("!")[0]]
    assert "\n" not in str(error.value)
