"""The page of a recording in a real browser: it plays, is clicked, filtered, held in a hand."""

from pathlib import Path

import pytest
from support.browser import CHROMIUM, Page
from support.recognitions import HOSTILE, conversation, recognition, utterance
from support.recordings import Making, record

from synctva.reports.recognition import player, write_report

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

SPACE, LEFT, RIGHT = (" ", 32), ("ArrowLeft", 37), ("ArrowRight", 39)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("film") / "talk.mp4", Making(length_s=12.0))


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Path:
    out = tmp_path_factory.mktemp("page") / "talk.html"
    return write_report(conversation(), out, recording=film)[0]


def open_ready(page: Page, path: Path, *size: int, **media: str) -> None:
    page.complaints.clear()
    page.requests.clear()
    page.open(path, *size, **media)
    page.wait_for("!player || player.readyState >= 2")


def current(page: Page) -> int:
    """The number of the utterance that is highlighted; there is one."""
    found = page.ask("rows.flatMap((row, i) => (row.classList.contains('current') ? [i] : []))")
    assert len(found) == 1
    return found[0]


def shown(page: Page) -> list[int]:
    return page.ask("rows.flatMap((row, i) => (row.offsetHeight ? [i] : []))")


def test_it_opens_offline_without_a_complaint(page: Page, talk: Path):
    open_ready(page, talk)
    asked = [url.partition(":")[0] for url in page.requests]
    assert asked.count("file") == 1  # the page itself
    assert set(asked) <= {"file", "blob", "data"}
    assert page.complaints == []
    assert page.ask("player.duration") == pytest.approx(12.0, abs=0.2)


def test_a_clicked_utterance_is_played(page: Page, talk: Path):
    open_ready(page, talk)
    page.click(".utterance:nth-child(4) .text")
    assert page.ask("player.currentTime") >= 6.0  # at once, not after six seconds of playing
    assert current(page) == 3
    page.wait_for("!player.paused && !player.seeking && player.currentTime > 6.2")
    page.click("#play")
    assert page.ask("player.paused")
    assert page.complaints == []


def test_a_clicked_block_of_the_timeline_is_played(page: Page, talk: Path):
    open_ready(page, talk)
    x, y = page.ask(
        "(() => { const box = view.getBoundingClientRect(); const one = utterances[4];"
        "return [box.x + toX((one.start + one.end) / 2), box.y + (one.speaker + 0.6) * look.lane]"
        "})()"
    )
    page.click_at(x, y)
    assert page.ask("player.currentTime") >= 8.0
    assert current(page) == 4
    page.wait_for("!player.paused && !player.seeking && player.currentTime > 8.1")


def test_the_highlight_goes_with_the_playing(page: Page, talk: Path):
    open_ready(page, talk)
    assert current(page) == 0
    page.ask("player.playbackRate = 4, player.play()")
    page.wait_for("selected.number === 2")
    page.ask("player.pause()")
    assert current(page) == 2
    head = page.ask("new DOMMatrix(getComputedStyle(byId('head')).transform).m41")
    assert head == pytest.approx(page.ask("toX(player.currentTime)"), abs=3)


def test_the_highlighted_row_is_scrolled_into_sight(page: Page, tmp_path: Path, film: Path):
    many = recognition(*(utterance(n, text="Words. " * 60) for n in range(6)))
    open_ready(page, write_report(many, tmp_path / "talk.html", recording=film)[0], 1000, 500)
    assert page.ask("rows[5].getBoundingClientRect().top > innerHeight")
    page.ask("player.currentTime = 9.8, player.play()")
    page.wait_for(
        "(() => { const box = rows[5].getBoundingClientRect();"
        "return selected.number === 5 && box.top >= 0 && box.top < innerHeight })()"
    )


def test_keys_play_and_go_from_utterance_to_utterance(page: Page, talk: Path):
    open_ready(page, talk)
    page.press(*RIGHT)
    page.press(*RIGHT)
    assert current(page) == 2
    page.press(*LEFT)
    assert current(page) == 1
    page.wait_for("!player.seeking && player.currentTime > 1.9 && player.currentTime < 2.1")
    page.press(*RIGHT, shift=True)
    page.wait_for("!player.seeking && player.currentTime > 6.9")
    page.press(*SPACE)
    page.wait_for("!player.paused")
    page.press(*SPACE)
    assert page.ask("player.paused")


def test_keys_typed_into_the_search_stay_there(page: Page, talk: Path):
    open_ready(page, talk)
    page.ask("byId('search').focus()")
    page.press(*RIGHT)
    assert current(page) == 0


def test_filters_of_emotions_speakers_and_words(page: Page, talk: Path):
    open_ready(page, talk)
    page.click("[data-emotion='1']")
    assert shown(page) == [1]
    page.click("[data-emotion='2']")
    assert shown(page) == [1, 2]
    page.click("[data-speaker='0']")
    assert shown(page) == [2]
    page.click("#clear")
    assert shown(page) == [0, 1, 2, 3, 4, 5]
    page.click("#only-low")
    assert shown(page) == [1]
    page.click("#clear")
    page.ask("byId('search').value = 'LAMP', byId('search').dispatchEvent(new Event('input'))")
    assert shown(page) == [4]
    page.press(*RIGHT)
    assert page.complaints == []


def test_the_panel_tells_of_the_selected_one(page: Page, talk: Path):
    open_ready(page, talk)
    page.ask("goTo(utterances[2], 4, false)")
    words = page.ask("byId('now').innerText")
    for part in ("fear", "70 %", "Nora", "+40", "+10", "missing"):
        assert part in words
    page.ask("goTo(utterances[1], 2, false)")
    assert "Low confidence" in page.ask("byId('now').innerText")


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window(page: Page, talk: Path, width: int, scheme: str):
    open_ready(page, talk, width, 780, prefers_color_scheme=scheme)
    assert page.ask("document.documentElement.scrollWidth") == width
    assert page.complaints == []


def test_hostile_words_do_nothing(page: Page, tmp_path: Path, film: Path):
    found = recognition(*(utterance(n, HOSTILE + str(n % 2), HOSTILE) for n in range(4)))
    open_ready(page, write_report(found, tmp_path / "a.html", recording=film, title=HOSTILE)[0])
    page.ask("goTo(utterances[1], 2, false)")
    page.ask("showTip({ clientX: view.getBoundingClientRect().x + toX(0.5),"
             " clientY: view.getBoundingClientRect().y + 20 })")  # fmt: skip
    assert HOSTILE in page.ask("tip.textContent")
    assert page.ask("document.querySelectorAll('img').length") == 0
    assert page.ask("document.title").startswith(HOSTILE)
    assert page.complaints == []


def test_sound_alone_plays(page: Page, tmp_path: Path):
    sound = record(tmp_path / "talk.wav", Making(length_s=12.0))
    open_ready(page, write_report(conversation(), tmp_path / "a.html", recording=sound)[0])
    page.click(".utterance:nth-child(3) .time")
    assert page.ask("player.currentTime") >= 4.0
    page.wait_for("!player.paused && player.currentTime > 4.1")
    assert page.complaints == []


def test_words_alone_are_walked_through(page: Page, tmp_path: Path):
    open_ready(page, write_report(conversation(), tmp_path / "a.html")[0])
    page.click(".utterance:nth-child(3) .text")
    assert current(page) == 2
    page.press(*RIGHT)
    assert current(page) == 3
    assert page.complaints == []


def test_a_recording_beside_the_page_plays_and_is_missed(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(player, "EMBEDDED_BYTES", 100)
    film = record(tmp_path / "Gespräch: 1?.mp4", Making(length_s=12.0))
    path = write_report(conversation(), tmp_path / "talk.html", recording=film)[0]
    open_ready(page, path)
    page.click(".utterance:nth-child(4) .text")
    assert page.ask("player.currentTime") >= 6.0
    page.wait_for("!player.seeking && player.currentTime > 6.1")
    assert page.complaints == []
    film.unlink()
    page.open(path)
    page.wait_for("!byId('broken').hidden")


def test_an_empty_recording_has_a_page(page: Page, tmp_path: Path):
    page.complaints.clear()
    page.open(write_report(recognition(), tmp_path / "a.html")[0])
    assert page.complaints == []


def test_a_link_leads_to_a_moment(page: Page, talk: Path, tmp_path: Path):
    open_ready(page, talk)
    page.ask("(() => { location.hash = '#t=8.4'; })()")
    page.wait_for("Math.abs(playedTo() - 8.4) < 0.1")
    assert current(page) == 4
    page.click(".utterance:nth-child(2) .text")
    assert page.ask("location.hash") == "#t=2.0"
    page.ask("(() => { location.hash = '#t=99999'; })()")  # there is no such moment
    assert page.complaints == []
