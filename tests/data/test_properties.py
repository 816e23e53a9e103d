"""Whatever is written is read back; whatever is garbage gives an InputError and nothing else."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support import samples
from support.strategies import assert_same_corpus, corpora

from synctva.corpus import Corpus
from synctva.data.source import read_source
from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.transcripts.table import NOBODY

CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(
    lambda text: text == text.strip()
)
SPEAKER = CELL.filter(lambda name: name.lower() not in NOBODY)
RELAXED = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, str]]:
    """Draws the cells of a table of dialogues of some turns, with audio at most of them."""
    splits = st.sampled_from(["train", "dev", "test"])
    numbers = st.floats(-(2.0**90), 2.0**90, width=32).map(repr)
    made = [{"emotion": "joy"}, {"emotion": "sad"}]
    made += [
        {"emotion": e} for e in draw(st.lists(st.sampled_from(["", "JOY", "sad"]), max_size=5))
    ]
    names = draw(st.lists(CELL, min_size=1, max_size=3, unique=True))
    of = {name: draw(splits) for name in names}
    for turn, row in enumerate(made):
        row["dialogue"] = draw(st.sampled_from(names))
        row |= {"turn": str(turn), "split": of[row["dialogue"]]}
        row |= {"speaker": draw(SPEAKER), "text": draw(CELL)}
        has = draw(st.booleans())
        row |= {f"audio_{column}": draw(numbers) if has else "" for column in range(2)}
    return draw(st.permutations(made))


def check_against(corpus: Corpus, written: list[dict[str, str]]) -> None:
    by_place = {(row["dialogue"], row["turn"]): row for row in written}
    assert len(corpus) == len(written)
    audio = corpus.features.get("audio")
    for number, (dialogue, utterance) in enumerate(corpus.utterances()):
        row = by_place[dialogue.id, str(utterance.turn)]
        assert (utterance.speaker, utterance.text) == (row["speaker"], row["text"])
        assert utterance.emotion == {"": None, "JOY": "joy"}.get(row["emotion"], row["emotion"])
        assert dialogue.split == {"dev": "valid"}.get(row["split"], row["split"])
        if audio is not None:
            wanted = [float(row[f"audio_{column}"] or 0) for column in range(2)]
            np.testing.assert_allclose(audio.values[number], np.float32(wanted), rtol=1e-6)
            assert audio.present[number] == bool(row["audio_0"])
        else:
            assert not row["audio_0"]


@RELAXED
@given(rows())
def test_a_csv_table_is_read_as_it_was_written(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("table") / "own.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, sorted(written[0]))
        writer.writeheader()
        writer.writerows(written)
    check_against(read_source(path), written)


@RELAXED
@given(rows())
def test_a_parquet_table_is_read_as_it_was_written(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("table") / "own.parquet"
    audio = [
        [float(row[f"audio_{c}"]) for c in range(2)] if row["audio_0"] else None for row in written
    ]
    columns = {k: [row[k] or None for row in written] for k in written[0] if "audio" not in k}
    columns["turn"] = [int(row["turn"]) for row in written]
    audio_type = pa.list_(pa.float64())
    pq.write_table(pa.table({**columns, "audio_features": pa.array(audio, audio_type)}), path)
    check_against(read_source(path), written)


@RELAXED
@given(corpora())
def test_own_arrays_are_read_as_they_were_written(tmp_path_factory, corpus: Corpus):
    ids = [dialogue.id.strip() for dialogue in corpus.dialogues]
    assume(corpus.features and all(ids) and len(set(ids)) == len(ids))
    pairs = [
        (replace(d, id=d.id.strip()), replace(u, speaker=u.speaker.strip() or "nobody"))
        for d, u in corpus.utterances()
    ]
    emotions = np.array([u.emotion or "" for _, u in pairs])
    arrays = {
        "dialogue": np.array([d.id for d, _ in pairs]),
        "turn": np.array([u.turn for _, u in pairs]),
        "speaker": np.array([u.speaker for _, u in pairs]),
        "split": np.array([d.split for d, _ in pairs]),
        "emotion": emotions,
        "names": np.array(corpus.schema.emotions),
        "present": np.stack(
            [
                corpus.features[m].present if m in corpus.features else np.zeros(len(pairs), bool)
                for m in MODALITIES
            ],
            axis=1,
        ),
        **{m: f.values for m, f in corpus.features.items()},
    }
    plain = [arrays["dialogue"], arrays["speaker"], arrays["names"]]
    assume(not any(text.endswith("\0") for d, u in pairs for text in (d.id, u.speaker)))
    assume(not any(name.endswith("\0") for name in corpus.schema.emotions))
    assert all(array.dtype.kind == "U" for array in plain)
    path = tmp_path_factory.mktemp("arrays") / "own.npz"
    np.savez(path, **arrays)
    found = read_source(path)
    splits = [dialogue.split for dialogue in corpus.dialogues]
    assert [(d.id, d.split) for d in found.dialogues] == list(zip(ids, splits, strict=True))
    assert [(u.turn, u.speaker, u.emotion) for _, u in found.utterances()] == [
        (u.turn, u.speaker, u.emotion) for _, u in pairs
    ]
    assert found.schema.emotions == corpus.schema.emotions
    for m, features in found.features.items():
        np.testing.assert_array_equal(features.values, corpus.features[m].values)
        np.testing.assert_array_equal(features.present, corpus.features[m].present)


def complaint(path: Path, kind: str) -> str:
    """Returns the message of the only error that may come."""
    try:
        read_source(path, kind)
    except InputError as error:
        return str(error)
    return ""


NAMES = {"table": "own.csv", "npz": "own.npz", "mosi": "mosi.npz", "iemocap": "utterances.csv"}


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([*NAMES.items(), ("table", "own.parquet")]))
def test_garbage_gives_one_line(tmp_path_factory, content: bytes, source: tuple[str, str]):
    kind, name = source
    path = tmp_path_factory.mktemp("garbage") / name
    path.write_bytes(content)
    message = complaint(path, kind)
    assert message
    assert "\n" not in message
    assert name in message


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_damage_gives_one_line_or_is_harmless(tmp_path_factory, data: st.DataObject):
    write = data.draw(
        st.sampled_from([samples.write_table, samples.write_arrays, samples.write_mosi])
    )
    path = write(tmp_path_factory.mktemp("damaged"))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    kind = {"own.csv": "table", "own.npz": "npz", "mosi.npz": "mosi"}[path.name]
    assert "\n" not in complaint(path, kind)


@RELAXED
@given(st.data())
def test_a_truncated_parquet_table_gives_one_line(tmp_path_factory, data: st.DataObject):
    path = samples.write_parquet(tmp_path_factory.mktemp("truncated"))
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    message = complaint(path, "table")
    assert "truncated" in message
    assert "\n" not in message


def test_same_corpus_means_the_same(tmp_path):
    path = samples.write_arrays(tmp_path)
    assert_same_corpus(read_source(path), read_source(path, "npz"))
