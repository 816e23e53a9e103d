"""What is printed: names and texts of files are shown, and never obeyed."""

import io
import logging
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from synctva import terminal
from synctva.terminal import console as module
from synctva.terminal.printable import printable

NASTY = "a\x1b]0;PWNED\x07\x1b[2J\nsynctva: all fine\u202e\x9b31m"


@given(st.text())
def test_a_text_becomes_one_line_without_control_characters(text: str):
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert all(unicodedata.category(letter) not in ("Cc", "Cs", "Zl", "Zp") for letter in shown)


@pytest.mark.parametrize("text", ["Zoë", "日本語", "می‌خواهم", "👩‍🚀", "a\u00a0b", r"C:\x1b", ""])
def test_words_of_any_script_are_shown_as_they_are(text: str):
    assert printable(text) == text


def test_nothing_that_is_printed_obeys_a_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    screen = io.StringIO()
    monkeypatch.setattr(module, "console", module._Console(file=screen))
    table = Table(title=NASTY)  # whoever forgets to escape it
    table.add_row(terminal.escape(NASTY))
    terminal.show(table)
    terminal.say(f"Wrote {terminal.escape(NASTY)}.")
    assert not set("\x1b\x07\x9b") & set(screen.getvalue())
    last = screen.getvalue().splitlines()[-1]
    assert last.startswith(r"Wrote a\x1b]0;PWNED\x07\x1b[2J\nsynctva: all fine\u202e")
    terminal.tell(f"{NASTY}: no such file")
    monkeypatch.setattr(logging, "lastResort", None)
    terminal.tell_warnings()
    logging.getLogger("synctva.own").warning("%s: left out", NASTY)
    err = capsys.readouterr().err
    assert not set("\x1b\x07\x9b") & set(err)
