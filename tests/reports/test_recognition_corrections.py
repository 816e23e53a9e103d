"""Corrections made by clicks in the page: marked, kept, undone, downloaded, and read again."""

from pathlib import Path

import pytest
from support.browser import CHROMIUM, Page
from support.recognitions import HOSTILE, RTL, conversation, recognition, utterance

from synctva.inference.corrections import corrected
from synctva.inference.export import write_recognition
from synctva.inference.recognition import Recognition
from synctva.reports.recognition import write_report
from synctva.transcripts import read_transcript

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


def opened(page: Page, found: Recognition, folder: Path) -> None:
    page.complaints.clear()
    page.open(write_report(found, folder / "talk.html")[0])
    page.ask("localStorage.clear()")
    page.open(folder / "talk.html")


def choose(page: Page, number: int, emotion: str) -> None:
    page.click(f".utterance:nth-child({number + 1}) .felt p")
    page.ask(
        f"(() => {{ const list = document.querySelector('.felt select'); list.value = '{emotion}';"
        "list.dispatchEvent(new Event('change')); list.blur(); })()"
    )


def write(page: Page, number: int, what: str, text: str) -> None:
    place = f".utterance:nth-child({number + 1}) {what}"
    page.click(place)
    page.ask(f"(() => {{ document.querySelector('{place}').textContent = {text!r}; }})()")
    page.press("Enter", 13)


def test_corrections_are_marked_kept_undone_and_read_again(page: Page, tmp_path: Path):
    found = conversation()
    opened(page, found, tmp_path)
    first, third = found.utterances[0], found.utterances[2]
    other = next(name for name in found.emotions if name != found.emotion_of(first))
    assert page.ask("byId('saving').hidden")
    page.click("#correct")
    choose(page, 0, other)
    write(page, 2, ".who bdi", "Somebody else")
    write(page, 2, ".text", "What was  really said, <b>here</b>")
    assert page.ask("rows.flatMap((row, i) => row.matches('.corrected') ? [i] : [])") == [0, 2]
    assert page.ask("rows[0].querySelector('.felt b').textContent") == other
    assert page.ask("byId('corrected').textContent") == "2 corrected"
    page.open(tmp_path / "talk.html")  # they stay
    assert page.ask("byId('corrected').textContent") == "2 corrected"
    write_recognition(found, tmp_path / "talk.json")
    for ending, function in {"csv": "asTable", "eaf": "asElan"}.items():
        path = tmp_path / f"{ending}" / f"talk.{ending}"
        path.parent.mkdir()
        path.write_text(page.ask(f"{function}()"), encoding="utf-8")
        held = corrected(tmp_path / "talk.json", path)
        assert held.counts["matched"] == len(found.utterances)
        assert held.counts["renamed"] == 1
        right = [found.emotions[number] for number in held.emotion]
        assert right == [other, *(found.emotion_of(one) for one in found.utterances[1:])]
        said = {one.speaker: one.text for one in read_transcript(path)}
        assert said["Somebody else"] == "What was really said, <b>here</b>"
    assert third.speaker != "Somebody else"
    assert page.complaints == []


def test_what_is_corrected_is_undone_step_by_step(page: Page, tmp_path: Path):
    found = conversation()
    opened(page, found, tmp_path)
    before = page.ask("asTable()")
    page.click("#correct")
    choose(page, 1, found.emotions[-1])
    choose(page, 1, found.emotions[-2])
    write(page, 0, ".text", "Other words")
    for _ in range(3):
        page.click("#undo")
    assert page.ask("asTable()") == before
    assert page.ask("byId('undo').disabled")
    assert page.ask("document.querySelectorAll('.corrected').length") == 0


def test_to_choose_what_was_recognised_is_no_correction(page: Page, tmp_path: Path):
    found = conversation()
    opened(page, found, tmp_path)
    page.click("#correct")
    choose(page, 0, found.emotions[-1])
    choose(page, 0, found.emotion_of(found.utterances[0]) or "")
    assert page.ask("corrections.size") == 0


def test_hostile_words_are_words(page: Page, tmp_path: Path):
    texts = (HOSTILE, RTL, "=1+1", "-5", "@x", "'=y", 'a, "b"', "two\n lines", "& emotion")
    found = recognition(*(utterance(n, f"{text} x", text) for n, text in enumerate(texts)))
    opened(page, found, tmp_path)
    for ending, function in {"csv": "asTable", "eaf": "asElan"}.items():
        path = tmp_path / f"own.{ending}"
        path.write_text(page.ask(f"{function}()"), encoding="utf-8")
        write_recognition(found, tmp_path / f"python.{ending}")
        told = [
            [(s.speaker, s.text) for s in read_transcript(p)]
            for p in (path, tmp_path / f"python.{ending}")
        ]
        assert sorted(told[0], key=str) == sorted(told[1], key=str)
