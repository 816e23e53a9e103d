"""Scripts and chats: who says what, without times."""

from pathlib import Path

import pytest
from support.tones import write_tone

from synctva.errors import InputError
from synctva.inference.utterances import utterances_of
from synctva.transcripts import is_script, read_script


def written(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "content", "is_one"),
    [
        ("a.txt", "Ada: Hi.", True),
        ("a.csv", "Name;Sentence\nAda;Hi.", True),
        ("a.tsv", "who\twords\nAda\tHi.", True),
        ("a.csv", "speaker,text,start,end\nAda,Hi.,0,1", False),
        ("a.csv", "speaker,age\nAda,36", False),
        ("a.srt", "Ada: Hi.", False),
    ],
)
def test_a_script_is_known_by_its_name_or_its_columns(
    tmp_path: Path, name: str, content: str, is_one: bool
):
    path = written(tmp_path / name, content)
    assert is_script(path) == is_one
    if is_one:
        assert read_script(path)[0] == [("Ada", "Hi.")]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.txt", "Ada: Hi.\nand more", "line 2: a turn is a name and words"),
        ("a.txt", "Ada:", "line 1: a turn is a name and words"),
        ("a.txt", ": Hi.", "line 1: a turn is a name and words"),
        ("a.txt", "\n \n", "nobody speaks in it"),
        ("a.csv", "speaker,text\nAda,Hi.\n,Oh!", "line 3: a turn is a name and words"),
        ("a.csv", "speaker,text", "nobody speaks in it"),
    ],
)
def test_what_is_no_turn_is_told_with_its_line(
    tmp_path: Path, name: str, content: str, complaint: str
):
    with pytest.raises(InputError, match=complaint):
        read_script(written(tmp_path / name, content))


def test_a_script_cannot_tell_when_somebody_speaks_in_a_recording(tmp_path: Path):
    script = written(tmp_path / "a.txt", "Ada: Hi.")
    write_tone(sound := tmp_path / "a.wav", 1.0, 200)
    with pytest.raises(InputError, match="no times in it"):
        utterances_of(sound, script)
