"""The page as a tool, in a real browser: what stays in sight, is folded, drawn and downloaded."""

from pathlib import Path

import pytest
from support.browser import CHROMIUM, Page
from support.contrast import faint
from support.recognitions import conversation, recognition, utterance
from support.recordings import Making, record

from synctva.inference.recognition import Recognition
from synctva.reports.recognition import write_report
from synctva.reports.recognition.exports import exports_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


def crowd() -> Recognition:
    """Returns a talk of eight, the first of whom says most; one in three is at odds."""
    said = [who for who in range(8) for _ in range(9 - who)]
    return recognition(
        *(
            utterance(
                n, f"Person {who}", contributions={"text": 0.4, "audio": -0.1 if n % 3 else -0.2}
            )
            for n, who in enumerate(said)
        )
    )


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(crowd(), tmp_path_factory.mktemp("page") / "crowd.html")[0]


def opened(page: Page, path: Path, *size: int, **media: str) -> None:
    page.complaints.clear()
    page.open(path, *size, **media)


SETTLED = """new Promise((done) => {
  let frames = 10;
  const wait = () => (frames-- ? requestAnimationFrame(wait) : done());
  wait();
})"""
"""The frames for which a row that was jumped to is looked for again, and some more."""


def scrolled(page: Page, to: str) -> None:
    page.ask(SETTLED)
    page.ask(f"(() => {{ scrollTo({{ top: {to}, behavior: 'instant' }}) }})()")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_slim_timeline_is_there_when_the_large_one_is_out_of_sight(
    page: Page, talk: Path, width: int
):
    opened(page, talk, width, 800)
    assert page.ask("strip.hidden")
    scrolled(page, "document.body.scrollHeight")
    page.wait_for("!strip.hidden && strip.getBoundingClientRect().top === 0")
    x, y = page.ask(
        "(() => { const box = ribbon.getBoundingClientRect(), one = utterances[20];"
        "return [box.x + box.width * (one.start + 0.5) / data.duration, box.y + 9]; })()"
    )
    page.click_at(x, y)
    assert page.ask("selected.number") == 20
    page.wait_for("rows[20].getBoundingClientRect().top >= strip.offsetHeight")
    assert "%" in page.ask("byId('strip-now').textContent")
    drawn = page.ask(
        f"Array.from(brush.getImageData({x} - ribbon.getBoundingClientRect().x, 12, 1, 1).data)"
    )
    colour = page.ask("data.emotions[selected.emotion].colour")
    assert "#" + bytes(drawn[:3]).hex() == colour
    scrolled(page, "0")
    page.wait_for("strip.hidden")
    assert page.complaints == []


def test_those_who_speak_less_share_a_lane_until_they_are_unfolded(page: Page, talk: Path):
    opened(page, talk)
    shown = "Array.from(document.querySelectorAll('{}')).filter((e) => e.offsetHeight).length"
    assert page.ask(shown.format("[data-speaker]")) == 6
    assert page.ask(shown.format(".people article")) == 6
    assert page.ask("document.querySelector('.names .fold').innerText") == "2 more"
    last = page.ask("utterances.findLast((one) => one.speaker === 7).number")
    place = (
        "(() => {{ const box = view.getBoundingClientRect(), one = utterances[{}];"
        "return [box.x + toX(one.start + 0.5), box.y + (laneOf(one) + 0.5) * look.lane] }})()"
    )
    folded = page.ask(place.format(last))
    page.click_at(*folded)
    assert page.ask("selected.number") == last
    scrolled(page, "0")
    page.click(".names .fold")
    assert page.ask(shown.format("[data-speaker]")) == 8
    assert page.ask(shown.format(".people article")) == 8
    scrolled(page, "0")
    assert page.ask(place.format(last))[1] > folded[1] + 20
    page.click(".speakers .fold")
    assert page.ask(shown.format("[data-speaker]")) == 6
    assert page.complaints == []


def test_what_is_drawn_over_time_is_the_mean_of_the_probabilities(page: Page, tmp_path: Path):
    found = recognition(utterance(0, top=0.4), utterance(8, top=0.4), utterance(0, "Ravi", top=0.4))
    opened(page, write_report(found, tmp_path / "a.html")[0])
    share = page.ask(
        "(() => { const bottom = lanes() * look.lane + look.mean - 5, height = look.mean - 11;"
        "const kind = (x, share) => { const [r, g, b, a] = pen.getImageData(x, bottom - share *"
        "height, 1, 1).data; return a && '#' + [r, g, b].map((v) => v.toString(16).padStart(2,"
        "'0')).join(''); };"
        "return [kind(toX(0.5), 0.3), kind(toX(0.5), 0.45), kind(toX(5), 0.5)]; })()"
    )
    colours = page.ask("data.emotions.map((one) => one.colour)")
    assert share[0] == colours[0]
    assert share[1] == colours[1]
    assert share[2] == 0  # nobody speaks


def test_all_formats_are_downloaded_from_inside(page: Page, tmp_path: Path):
    found = conversation()
    opened(page, write_report(found, tmp_path / "talk.html")[0])
    offered = page.ask("Array.from(byId('export').options, (one) => one.value).slice(1)")
    exports = exports_of(found)
    assert offered == list(exports)
    page.ask(
        "(() => { window.kept = []; const make = URL.createObjectURL;"
        "URL.createObjectURL = (blob) => (kept.push(blob), make(blob));"
        "HTMLAnchorElement.prototype.click = function () { kept.push(this.download); }; })()"
    )
    for number, suffix in enumerate(offered):
        page.ask(
            f"(() => {{ byId('export').value = '{suffix}';"
            "byId('export').dispatchEvent(new Event('change')); })()"
        )
        page.wait_for(f"kept.length === {2 * number + 2}")
        assert page.ask("kept.at(-2).text()") == exports[suffix]
        assert page.ask("kept.at(-1)").lower() == f"talk{suffix}"
    assert page.complaints == []


def test_moments_and_disagreement_lead_to_their_rows(page: Page, talk: Path):
    opened(page, talk)
    number = page.ask("Number(document.querySelector('#moments a').dataset.number)")
    assert number % 3 > 0
    page.click("#moments a")
    assert page.ask("selected.number") == number
    page.ask("byId('only-against').click()")  # no mouse, since the page may still scroll
    at_odds = page.ask("utterances.filter((one) => one.shown).map((one) => one.number)")
    assert at_odds == list(range(0, page.ask("rows.length"), 3))
    page.ask("(() => { goTo(utterances[3], utterances[3].start, false); })()")
    assert "audio against it" in page.ask("byId('now').innerText")
    assert page.complaints == []


def test_rows_without_words_are_low_and_tell_something(page: Page, tmp_path: Path):
    parts = {"audio": 0.3}
    found = recognition(*(utterance(n, text=None, contributions=parts) for n in range(6)))
    opened(page, write_report(found, tmp_path / "a.html")[0])
    assert page.ask("Math.max(...rows.map((row) => row.offsetHeight))") < 60
    assert page.ask("rows.every((row) => row.innerText.includes('1.0 s'))")


def test_where_there_is_no_picture_the_sound_is_drawn_and_clicked(page: Page, tmp_path: Path):
    sound = record(tmp_path / "talk.wav", Making(length_s=13.0, step_s=6.0))
    opened(page, write_report(conversation(), tmp_path / "a.html", recording=sound)[0])
    page.wait_for("player.readyState >= 2")
    tall = (
        "(() => {{ const ratio = wave.width / wave.clientWidth, x = Math.floor({} / data.duration *"
        "wave.clientWidth / BAR_PX) * BAR_PX + 1;"
        "const { data: pixels } = comb.getImageData(x * ratio, 0, 1, wave.height);"
        "return pixels.filter((value, i) => i % 4 === 3 && value).length / ratio; }})()"
    )
    tall = tall.replace("{ data: pixels }", "{{ data: pixels }}")
    assert page.ask(tall.format(4.0)) < 8
    assert page.ask(tall.format(9.0)) > 60
    page.complaints.clear()  # Chromium's of these readings
    x, y = page.ask(
        "(() => { const box = wave.getBoundingClientRect();"
        "return [box.x + box.width * 8.5 / data.duration, box.y + 20]; })()"
    )
    page.click_at(x, y)
    assert page.ask("selected.number") == 4
    assert page.ask("playedTo()") >= 8.3  # it plays on
    assert page.complaints == []


@pytest.mark.parametrize("ending", ["mp4", "wav", None])
def test_on_a_telephone_the_verdict_is_seen_at_once(page: Page, tmp_path: Path, ending: str | None):
    made = record(tmp_path / f"talk.{ending}", Making(length_s=12.0)) if ending else None
    opened(page, write_report(conversation(), tmp_path / "a.html", recording=made)[0], 390, 664)
    page.wait_for("!player || player.readyState >= 2")
    bottom = page.ask("document.querySelector('.verdict').getBoundingClientRect().bottom")
    assert 0 < bottom < 664  # a small telephone, less the browser's bars
    assert page.ask("byId('now-emotion').textContent") == "neutral"


def test_turns_without_times_stand_one_after_another(page: Page, tmp_path: Path):
    turns = [
        type(u)(0.0, 0.0, u.speaker, u.text, u.probabilities) for u in conversation().utterances
    ]
    found = Recognition("chat.txt", 0.0, conversation().emotions, tuple(turns), "lite", "")
    opened(page, write_report(found, tmp_path / "chat.html")[0])
    assert page.ask("utterances.map((one) => one.start)") == [0, 1, 2, 3, 4, 5]
    assert page.ask("rows[2].innerText").startswith("3")
    assert all(line.startswith("0,0,") for line in page.ask("asTable()").split("\n")[1:-1])
    assert page.complaints == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_the_contrast_that_reads(page: Page, talk: Path, width: int, scheme: str):
    opened(page, talk, width, 800, prefers_color_scheme=scheme)
    assert faint(page) == []
    page.ask(
        "(() => { byId('correct').click(); correct(0, 'emotion', data.emotions[6].name); undo();"
        "correct(1, 'emotion', data.emotions[6].name); fold(false);"
        "document.querySelector('[data-emotion]').click(); byId('only-against').click();"
        "scrollTo(0, 2000); showTip({ clientX: view.getBoundingClientRect().x + toX(0.5),"
        "clientY: view.getBoundingClientRect().y + 20 }); })()"
    )
    page.wait_for("!strip.hidden")
    assert faint(page) == []
