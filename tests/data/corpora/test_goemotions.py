"""GoEmotions: a comment is a dialogue; one with several emotions has none."""

from pathlib import Path

import pytest

from synctva.data.checks.official import counts
from synctva.data.corpora import goemotions
from synctva.data.corpora.goemotions import is_goemotions, read_goemotions
from synctva.data.source import kind_of, read_source
from synctva.errors import InputError

LABELS = "anger\ndisgust\nfear\njoy\nneutral\nsadness\nsurprise\n"


def write(folder: Path, train: str, prefix: str = "") -> Path:
    (folder / f"{prefix}labels.txt").write_text(LABELS, encoding="utf-8")
    for file in ("dev.tsv", "test.tsv"):
        (folder / f"{prefix}{file}").write_text("Why?\t4\tid of {file}\n", encoding="utf-8")
    (folder / f"{prefix}train.tsv").write_text(train, encoding="utf-8")
    return folder


@pytest.mark.parametrize("prefix", ["", "ekman_"])
def test_comments_are_dialogues_of_one_utterance(tmp_path: Path, prefix: str):
    write(tmp_path, 'He said "no\t0\ta\nOh no, not her\t3,4\tb\nHelp\u2028me\t2\tc\n', prefix)
    assert is_goemotions(tmp_path)
    assert kind_of(tmp_path) == "goemotions"
    corpus = read_goemotions(tmp_path)
    said = [(d.split, u.emotion, u.text) for d, u in corpus.utterances()]
    assert said[:3] == [
        ("train", "anger", 'He said "no'),
        ("train", None, "Oh no, not her"),
        ("train", "fear", "Help\u2028me"),
    ]
    assert [split for split, *_ in said[3:]] == ["valid", "test"]


@pytest.mark.parametrize("line", ["no tabs", "two\t0", "words\t7\tid", "words\tjoy\tid", "a\t\tid"])
def test_a_line_that_is_none_is_told_with_its_place(tmp_path: Path, line: str):
    write(tmp_path, f"fine\t0\tx\n{line}\n")
    with pytest.raises(InputError, match=r"train.tsv: line 2: not a comment"):
        read_goemotions(tmp_path)


def test_a_missing_table_is_told(tmp_path: Path):
    (write(tmp_path, "fine\t0\tx\n") / "dev.tsv").unlink()
    with pytest.raises(InputError, match=r"dev.tsv: .*No such file"):
        read_goemotions(tmp_path)


@pytest.mark.corpus
def test_every_comment_is_there(corpora: Path):
    corpus = read_source(corpora / "goemotions")
    rows = [row for row in counts(corpus) if row.emotion is not None]
    assert all(row.utterances == row.official for row in rows)
    assert len(corpus) == sum(goemotions.FACTS.dialogues.values())
