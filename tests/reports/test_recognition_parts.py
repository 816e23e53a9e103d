"""What the page holds beside the transcript: exports, the strongest moments, who speaks most."""

import gzip
import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from support.pages import Reader
from support.recognitions import EMOTIONS, conversation, recognition, utterance

from synctva.inference.export import SUFFIXES, read_recognition, write_recognition
from synctva.inference.recognition import RecognisedUtterance, Recognition
from synctva.reports.recognition.exports import exports_of, packed
from synctva.reports.recognition.moments import MOST, strongest
from synctva.reports.recognition.page import render_page
from synctva.reports.recognition.rows import rows_of
from synctva.reports.recognition.speakers import speakers_of


def of_speakers(count: int) -> Recognition:
    """Returns a talk in which the last of so many speakers says most, and the first least."""
    said = (range(count)[number] for number in range(count) for _ in range(number + 1))
    return recognition(*(utterance(n, f"Person {who}") for n, who in enumerate(said)))


def chat() -> Recognition:
    """Returns turns without times."""
    turns = [RecognisedUtterance(0, 0, u.speaker, u.text, u.probabilities) for u in
             conversation().utterances]  # fmt: skip
    return Recognition("chat.txt", 0.0, EMOTIONS, tuple(turns), "lite", "")


def test_exports_are_those_of_the_package_beside_the_recording(tmp_path: Path):
    found = conversation()
    exports = json.loads(gzip.decompress(b64decode(packed(exports_of(found)))))
    assert set(exports) == {*SUFFIXES} - {".parquet"}
    beside = replace(found, media=str(tmp_path / found.media))
    for suffix, content in exports.items():
        path = tmp_path / f"page{suffix}"
        write_recognition(found if suffix == ".json" else beside, path)
        own = path.read_bytes().decode()
        assert content == own.replace(f"file://{tmp_path}/", "file:///")
    (tmp_path / "back.json").write_text(exports[".json"])
    assert read_recognition(tmp_path / "back.json") == found


def test_exports_tell_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    found = conversation()
    for media in ("", "secret/place/talk.mp4", "/secret/place/talk.mp4", "secret/place/talk.srt"):
        for content in exports_of(replace(found, media=media)).values():
            assert "secret" not in content
            assert tmp_path.name not in content


def test_turns_without_times_are_given_none():
    found = chat()
    exports = exports_of(found)
    assert set(exports) == {".json", ".csv"}
    assert all(line.startswith(",,") for line in exports[".csv"].splitlines()[1:])
    reader = Reader(render_page(found, None, "chat"))
    assert "chat 2 speakers 6 utterances" in reader.words  # and no length
    assert all("hidden" in attrs for _, attrs in reader.elements if attrs.get("id") == "as-eaf")


def clear(number: int, top: float, *flags: str) -> RecognisedUtterance:
    """Returns an utterance that one modality carries and none speaks against."""
    return utterance(number, top=top, contributions={"text": 0.5}, flags=flags)


def test_moments_are_the_surest_that_nothing_speaks_against():
    found = recognition(
        clear(0, top=0.99),  # neutral
        clear(1, top=0.6),
        clear(2, top=0.8),
        clear(3, top=0.4),  # low
        utterance(4, top=0.9, contributions={"text": 0.5, "audio": -0.3}),  # at odds
        clear(5, 0.9, "audio_unlike_training"),
        clear(6, 0.9, "short"),
        clear(8, 0.95, "no_evidence"),
        clear(9, 0.7, "no_face"),
    )
    assert strongest(rows_of(found), EMOTIONS) == [2, 8, 1]
    many = recognition(*(clear(7 * n + 1, top=0.6 + n / 100) for n in range(20)))
    assert strongest(rows_of(many), EMOTIONS) == list(range(19, 19 - MOST, -1))
    reader = Reader(render_page(recognition(utterance(0)), None, "talk"))
    assert "Strongest moments None" in reader.words


def test_who_speaks_most_comes_first_in_lanes_and_cards():
    found = of_speakers(8)
    names = [speaker.name for speaker in speakers_of(found)]
    assert names == [f"Person {n}" for n in range(7, -1, -1)]
    reader = Reader(render_page(found, None, "talk"))
    assert "2 more" in reader.words
    assert "Show all 8" in reader.words
    assert "who speak most" not in Reader(render_page(of_speakers(6), None, "talk")).words


def test_what_is_drawn_of_a_speaker_is_theirs():
    found = of_speakers(3)
    page = render_page(found, None, "talk")
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    names = [speaker.name for speaker in speakers_of(found)]
    assert [names[row[2]] for row in data["utterances"]] == [u.speaker for u in found.utterances]
