"""Tables of settings: what others wrote is read, or refused before it takes time or memory."""

import tracemalloc
from pathlib import Path

import pytest

from synctva.budget import TOML_BYTES
from synctva.errors import InputError
from synctva.tables import read_table

PARTS = 3000


@pytest.mark.parametrize(
    "text",
    [
        ".".join(["a"] * PARTS) + " = 1",
        "[" + " . ".join(["a"] * PARTS) + "]",
        '"a\\".b"' + ".'c'" * PARTS + " = 1",
        "x = { " + "a." * PARTS + "a = 1 }",
    ],
)
def test_a_key_of_thousands_of_parts_is_refused_before_it_takes_memory(text: str, tmp_path: Path):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    tracemalloc.start()
    with pytest.raises(InputError, match=r"recipe\.toml: not TOML \(a key of more than 100 parts"):
        read_table(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_what_only_looks_like_a_long_key_is_read(tmp_path: Path):
    path = tmp_path / "recipe.toml"
    numbers, dots = [0.5] * 500, "a..." * 500
    path.write_text(f"a.b.c = {numbers}\nd = '{dots}'\n")
    assert read_table(path) == {"a": {"b": {"c": numbers}}, "d": dots}


@pytest.mark.parametrize("text", ["a" * TOML_BYTES, "a.a. " * (TOML_BYTES // 5)])
def test_a_long_line_that_is_no_table_is_refused_at_once(text: str, tmp_path: Path):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"recipe\.toml: not TOML"):
        read_table(path)
    path.write_text(f"{text} more")
    with pytest.raises(InputError, match="larger than 1 MiB"):
        read_table(path)
