"""Cells that a spreadsheet would run: text in it, and what they were when they are read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synctva.files import guarded, unguarded

CELLS = st.text() | st.text("'=+-@\t\ra1", max_size=6)


@given(CELLS)
def test_a_cell_comes_back_and_begins_no_formula(text: str):
    cell = guarded(text)
    assert unguarded(cell) == text
    assert not cell.startswith(("=", "@", "\t", "\r"))
    assert not cell.startswith(("+", "-")) or float(cell.replace(",", ".")) is not None


@pytest.mark.parametrize("text", ["-1", "+2.5", "-1e-3", "1,5", "it's", "'quoted'", "", "a=b"])
def test_what_is_no_formula_stays_as_it_is(text: str):
    assert guarded(text) == unguarded(text) == text
