import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.recognitions import EMOTIONS, HOSTILE, RTL, conversation, recognition, utterance
from support.recordings import Making, record

from synctva.errors import InputError
from synctva.reports.recognition import player, write_report
from synctva.reports.recognition.clock import clock, length
from synctva.reports.recognition.page import render_page
from synctva.reports.recognition.rows import rows_of
from synctva.reports.recognition.speakers import speakers_of

VOID = {"meta", "input", "link", "img", "br", "hr", "base"}


class Reader(HTMLParser):
    """Reads a page: its elements, its text outside scripts and style, whether all tags close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements, self.text, self.open, self.unclosed = [], [], [], []
        self.scripts: dict[str, str] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop()[0] != tag:
            self.unclosed.append(tag)

    def handle_data(self, data):
        tag, attrs = self.open[-1] if self.open else ("", {})
        if tag == "script" and "id" in attrs:
            self.scripts[attrs["id"]] = data
        elif tag not in ("script", "style"):
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def having(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for _, attrs in self.elements if name in attrs]

    def classed(self, name: str) -> list[dict[str, str | None]]:
        return [a for a in self.having("class") if name in (a["class"] or "").split()]


def read(path: Path) -> Reader:
    return Reader(path.read_text(encoding="utf-8"))


def written(folder: Path, found, **more) -> Reader:
    return read(write_report(found, folder / "talk.html", **more)[0])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    folder = tmp_path_factory.mktemp("page")
    film = record(folder / "talk.mp4", Making(length_s=12.0))
    return written(folder, conversation(), recording=film)


def test_every_tag_closes(page: Reader, tmp_path: Path):
    for reader in (page, written(tmp_path, recognition()), written(tmp_path, conversation())):
        assert (reader.open, reader.unclosed) == ([], [])


def test_the_page_loads_nothing(page: Reader):
    assert not page.having("src")
    for tag, attrs in page.elements:
        assert tag not in ("link", "iframe", "img", "object", "embed", "base"), tag
        assert attrs.get("href", "#").startswith("#"), attrs
    policy = next(attrs["content"] for attrs in page.having("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "media-src blob:" in policy


def test_ids_are_given_once_and_labels_point_to_something(page: Reader):
    ids = [attrs["id"] for attrs in page.having("id")]
    assert len(ids) == len(set(ids))
    for name in ("aria-labelledby", "for"):
        assert {attrs[name] for attrs in page.having(name)} <= set(ids)
    for attrs in page.having("href"):
        assert attrs["href"][1:] in ids or attrs["href"].startswith("#t=")


def test_every_button_has_a_name(page: Reader):
    buttons = [attrs for tag, attrs in page.elements if tag == "button"]
    with_words = ("clear", "undo", "as-csv", "as-eaf")
    told = {"aria-label", "aria-pressed", "aria-expanded"}
    named = [a for a in buttons if told & set(a) or a["id"] in with_words]
    assert len(named) == len(buttons)


def test_the_transcript_reads_without_a_script(page: Reader):
    for words in ("Where is the key?", "On the hook.", RTL, "Nora", "Ravi", "neutral", "70 %"):
        assert words in page.words
    assert "low confidence, next is neutral 12 %" in page.words
    assert "without visual: no face found" in page.words
    assert "odd thing" in page.words
    assert "the sound stops at 3 s" in page.words


def test_right_to_left_text_says_so_itself(page: Reader):
    assert all(attrs.get("dir") == "auto" for attrs in page.classed("text"))


def test_model_and_limits_are_told(page: Reader):
    assert "lite" in page.words
    assert "3f3f3f3f3f3f3f3f" in page.words
    assert "it may be wrong" in page.words
    assert "at work or in education is prohibited" in page.words


def test_the_numbers_of_the_script_are_those_of_the_recognition(page: Reader):
    data = json.loads(page.scripts["data"])
    found = conversation()
    assert [emotion["name"] for emotion in data["emotions"]] == list(EMOTIONS)
    assert data["duration"] == pytest.approx(found.duration_s)
    for numbers, one in zip(data["utterances"], found.utterances, strict=True):
        start, end, speaker, emotion, low, probabilities, parts = numbers
        assert (start, end) == (one.start_s, one.end_s)
        assert found.speakers[speaker] == one.speaker
        assert found.emotions[emotion] == found.emotion_of(one)
        assert bool(low & 1) == (max(one.probabilities) < 0.5)
        assert probabilities == pytest.approx(one.probabilities, abs=1e-4)
        assert parts == [one.contributions.get(m) for m in ("text", "audio", "visual")]


def test_hostile_words_stay_words(tmp_path: Path):
    folder = tmp_path / "a"
    found = recognition(
        utterance(0, HOSTILE, HOSTILE, flags=(HOSTILE,), note=HOSTILE), media=f"{HOSTILE}.mp4"
    )
    film = record(tmp_path / "film.mp4")
    reader = written(folder, found, title=HOSTILE, recording=film)
    calm = written(folder, recognition(utterance(0, flags=("a",), note="b")), recording=film)
    assert [tag for tag, _ in reader.elements] == [tag for tag, _ in calm.elements]
    assert not reader.having("onerror")
    assert reader.words.count("onerror=alert(1)") > 4
    assert "49" not in reader.words


def test_hostile_emotions_and_models_stay_words(tmp_path: Path):
    calm = recognition(utterance(0))
    hostile = type(calm)(
        calm.media, 3.0, (HOSTILE, *EMOTIONS[1:]), calm.utterances, HOSTILE, HOSTILE
    )
    reader = written(tmp_path, hostile)
    assert not reader.having("onerror")
    assert reader.words.count("onerror=alert(1)") >= 3


def test_without_a_recording_there_is_no_player(tmp_path: Path):
    reader = written(tmp_path, conversation())
    tags = {tag for tag, _ in reader.elements}
    assert not tags & {"video", "audio"}
    assert "canvas" in tags
    assert "content" not in reader.scripts


def test_sound_alone_has_a_player_without_pictures(tmp_path: Path):
    sound = record(tmp_path / "talk.wav")
    reader = written(tmp_path, conversation(), recording=sound)
    tags = {tag for tag, _ in reader.elements}
    assert "audio" in tags
    assert "video" not in tags


def test_without_an_utterance_the_page_says_so(tmp_path: Path):
    assert "No speech was found" in written(tmp_path, recognition()).words


def test_what_browsers_play_is_inside_as_it_is(tmp_path: Path):
    import base64

    film = record(tmp_path / "talk.mp4")
    reader = written(tmp_path, conversation(), recording=film)
    assert base64.b64decode(reader.scripts["content"]) == film.read_bytes()


@pytest.mark.slow
def test_sound_that_is_large_as_it_is_is_inside_as_aac(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import base64

    from synctva.media import browser_type, probe

    sound = record(tmp_path / "talk.wav", Making(length_s=12.0))
    reader = written(tmp_path, conversation(), recording=sound)
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(base64.b64decode(reader.scripts["content"]))
    assert browser_type(copy) == "audio/mp4"
    assert probe(copy).duration_s == pytest.approx(12.0, abs=0.1)
    assert copy.stat().st_size < sound.stat().st_size / 8
    monkeypatch.setattr(player, "UNPACKED_BYTES", sound.stat().st_size)
    reader = written(tmp_path, conversation(), recording=sound)
    assert base64.b64decode(reader.scripts["content"]) == sound.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["avi", "flv"])
def test_what_browsers_do_not_play_is_inside_as_a_copy(tmp_path: Path, ending: str):
    import base64

    from synctva.media import browser_type

    film = record(tmp_path / f"talk.{ending}")
    reader = written(tmp_path, conversation(), recording=film)
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(base64.b64decode(reader.scripts["content"]))
    assert browser_type(copy) == "video/mp4"


def test_a_large_recording_stays_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(player, "EMBEDDED_BYTES", 100)
    folder = tmp_path / "a #1"
    folder.mkdir()
    film = record(folder / "Gespräch: 1?.mp4", Making(length_s=12.0))
    paths = write_report(conversation(), tmp_path / "b" / "talk.html", recording=film)
    reader = read(paths[0])
    assert len(paths) == 1
    assert (
        next(a["src"] for a in reader.having("src")) == "./../a%20%231/Gespr%C3%A4ch%3A%201%3F.mp4"
    )
    assert "The recording lies beside this page" in reader.words
    policy = next(attrs["content"] for attrs in reader.having("http-equiv"))
    assert policy is not None
    assert "http" not in policy


def test_a_name_in_no_encoding_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    film = record(tmp_path / "t\udce4lk.mp4", Making(length_s=12.0))
    found = recognition(utterance(0, note=f"{film}: odd"), media=str(film))
    assert "content" in written(tmp_path, found, recording=film).scripts
    monkeypatch.setattr(player, "EMBEDDED_BYTES", 100)
    reader = written(tmp_path, found, recording=film)
    assert next(a["src"] for a in reader.having("src")) == "./t%E4lk.mp4"
    assert "t lk.mp4" in reader.words


@pytest.mark.slow
def test_a_blurred_page_never_holds_or_names_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import base64

    film = record(tmp_path / "secret.mp4")
    found = recognition(utterance(0), media=str(film))
    reader = written(tmp_path, found, recording=film, blur=True)
    assert base64.b64decode(reader.scripts["content"]) != film.read_bytes()
    assert "secret" not in (tmp_path / "talk.html").read_text(encoding="utf-8")
    assert "The detector misses some" in reader.words
    monkeypatch.setattr(player, "EMBEDDED_BYTES", 100)
    paths = write_report(found, tmp_path / "talk.html", recording=film, blur=True)
    assert [path.name for path in paths] == ["talk.html", "talk.preview.mp4"]
    assert "secret" not in paths[0].read_text(encoding="utf-8")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "secret.mp4", "talk.html", "talk.preview.mp4",
    ]  # fmt: skip


def test_notes_of_a_blurred_page_tell_all_but_names(tmp_path: Path):
    media = "talks/Jane Doe: therapy.mp4"
    notes = f"visual: {media}: ends at 1 s; audio: {media}: damaged", "odd: but kept"
    found = recognition(utterance(0, note=notes[0]), utterance(1, note=notes[1]), media=media)
    found = replace(found, note="Jane Doe.srt: line 9: begins after the end; 1 of 7 left out")
    for film in (None, record(tmp_path / "Jane Doe.wav")):
        words = written(tmp_path, found, recording=film, blur=True).words
        assert "Jane" not in (tmp_path / "talk.html").read_text(encoding="utf-8")
        for told in ("visual: ends at 1 s; audio: damaged", notes[1], "begins after the end; 1 of"):
            assert told in words


def test_a_recording_that_is_none_leaves_no_page(tmp_path: Path):
    broken = tmp_path / "talk.mp4"
    broken.write_text("no film")
    with pytest.raises(InputError, match="no recording of a format"):
        write_report(conversation(), tmp_path / "talk.html", recording=broken)
    assert [path.name for path in tmp_path.iterdir()] == ["talk.mp4"]


@pytest.mark.slow
@pytest.mark.parametrize("most", [player.EMBEDDED_BYTES, 100])
def test_a_page_writes_over_no_file_but_its_last_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
):
    monkeypatch.setattr(player, "EMBEDDED_BYTES", most)
    film = record(tmp_path / "talk.preview.mp4")
    before = film.read_bytes()
    for _ in range(2):
        write_report(conversation(), tmp_path / "talk.html", recording=film, blur=True)
        assert film.read_bytes() == before
        copies = [] if most > 100 else ["talk.preview-2.mp4"]
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names == sorted(["talk.html", "talk.preview.mp4", *copies])


def test_a_page_ends_in_html(tmp_path: Path):
    with pytest.raises(InputError, match=r"ends in \.html"):
        write_report(conversation(), tmp_path / "talk.pdf")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_report(conversation(), tmp_path / "file" / "talk.html")


def test_bands_cover_the_bar():
    for row in rows_of(conversation()):
        starts, ends = [b[1] for b in row.bands], [b[2] for b in row.bands]
        assert starts[0] == 0.0
        assert ends[-1] == pytest.approx(100, abs=0.2)
        assert starts[1:] == pytest.approx(ends[:-1], abs=0.11)
        assert row.bands[0][0] == row.emotion


def test_bars_of_contributions_begin_in_the_middle_and_keep_their_sign():
    row = rows_of(conversation())[0]
    text, audio, visual = row.contributions
    assert (text.points, audio.points, visual.points) == ("+30", "+20", "−10")  # noqa: RUF001
    assert text.from_percent == audio.from_percent == visual.to_percent == 50.0
    assert text.to_percent - 50 == pytest.approx(3 * (50 - visual.from_percent), abs=0.2)


def test_a_modality_that_no_utterance_has_is_not_called_missing():
    only_text = recognition(utterance(0, contributions={"text": 0.4}))
    (row,) = rows_of(only_text)
    assert [part.modality for part in row.contributions] == ["text"]
    assert row.notices == ()


def test_shares_of_speakers_and_emotions_add_up():
    nora, ravi = speakers_of(conversation())
    assert (nora.name, ravi.name) == ("Nora", "Ravi")
    assert nora.percent + ravi.percent == 100
    assert nora.utterances == 4
    for speaker in (nora, ravi):
        assert speaker.shares[-1].to_percent == pytest.approx(100, abs=0.1)


def test_speech_without_times_is_counted_instead():
    timeless = [
        type(u)(0.0, 0.0, u.speaker, u.text, u.probabilities) for u in conversation().utterances
    ]
    nora, ravi = speakers_of(recognition(*timeless))
    assert (nora.percent, ravi.percent) == (67, 33)


@pytest.mark.parametrize(
    ("time_s", "duration_s", "words"),
    [(62.9, 100, "1:02"), (5, 3599, "0:05"), (62, 3600, "0:01:02"), (7325, 8000, "2:02:05")],
)
def test_times_are_read_as_on_a_clock(time_s: float, duration_s: float, words: str):
    assert clock(time_s, duration_s) == words


def test_lengths_in_words():
    assert [length(s) for s in (12.4, 59.6, 185, 7260)] == [
        "12 s", "1 min 00 s", "3 min 05 s", "2 h 01 min",
    ]  # fmt: skip


def test_colours_carry_text_that_reads(page: Reader):
    data = json.loads(page.scripts["data"])
    for emotion in data["emotions"]:
        assert contrast(emotion["colour"], emotion["ink"]) >= 4.5


def contrast(first: str, second: str) -> float:
    """WCAG's contrast of two colours."""
    shades = []
    for colour in (first, second):
        parts = [int(x, 16) / 255 for x in re.findall("[0-9a-f]{2}", colour)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        shades.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(shades) + 0.05) / (min(shades) + 0.05)


def test_what_was_left_out_stands_at_the_top(tmp_path: Path):
    note = f"{HOSTILE}: line 9: begins after the end; 1 of 7 left out"
    write_report(replace(conversation(), note=note), tmp_path / "page.html")
    page = read(tmp_path / "page.html")
    assert f"Note on the transcript: {note}" in page.words
    write_report(conversation(), tmp_path / "page.html")
    assert "Note on the transcript" not in read(tmp_path / "page.html").words


def test_without_words_there_is_nothing_to_search_and_of_one_modality_nothing_to_compare():
    one = utterance(0, text=None, contributions={"audio": 0.3})
    told = render_page(recognition(one), None, "talk")
    assert '<label class="search" hidden>' in told
    assert "What carried it" not in told
    assert 'class="parts"' not in told


def test_a_modality_that_speaks_against_it_is_told(tmp_path: Path):
    found = recognition(
        utterance(0, contributions={"text": 0.4, "audio": -0.2, "visual": -0.05}),
        utterance(1, contributions={"text": 0.4, "audio": -0.02}),
    )
    rows = rows_of(found)
    assert rows[0].against == ("audio",)
    assert (rows[0].disagrees, rows[1].disagrees) == (True, False)
    assert "audio speaks against it" in written(tmp_path, found).words
