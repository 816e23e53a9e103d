"""A store gives back what was written; whatever has happened to it is told in one line."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.kills import Killed, kill_at
from support.strategies import assert_same_corpus, corpora

from synctva.corpus import Corpus, Description
from synctva.data.made.planted import planted_corpus
from synctva.errors import InputError
from synctva.features.store import FeatureStore, concatenate, open_store, write_parts, write_store
from synctva.features.store import writing as store_module
from synctva.files import file_sha256

CORPUS = planted_corpus(0, (4, 1, 1), missing=0.3)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FeatureStore:
    """A store of several shards."""
    monkeypatch.setattr(store_module, "SHARD_UTTERANCES", 20)
    return write_store(CORPUS, tmp_path / "store")


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    pq.write_table(change(pq.read_table(path)), path)


def with_column(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def edit_manifest(store: FeatureStore, change: Callable[[dict], object]) -> None:
    path = store.path / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


@settings(max_examples=60, deadline=None)
@given(corpora(), st.integers(1, 8))
def test_what_is_written_is_read(corpus: Corpus, shard_utterances: int):
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(store_module, "SHARD_UTTERANCES", shard_utterances)
        written = write_store(corpus, Path(folder))
        assert written == open_store(Path(folder))
        assert written.fingerprints == {m: corpus.features[m].fingerprint for m in corpus.dims}
        assert_same_corpus(written.read(), corpus)
        *closed, _ = written.read_shards()
        for shard in closed:
            without_last = len(shard) - len(shard.dialogues[-1].utterances)
            assert without_last < shard_utterances <= len(shard)


def test_a_dialogue_is_never_split_over_shards(store: FeatureStore):
    shards = list(store.read_shards())
    assert len(shards) > 1
    ids = [dialogue.id for shard in shards for dialogue in shard.dialogues]
    assert ids == [dialogue.id for dialogue in CORPUS.dialogues]
    assert_same_corpus(concatenate(shards), CORPUS)


def test_a_shard_of_wide_features_holds_fewer_utterances(tmp_path: Path, monkeypatch):
    each = 4 * sum(CORPUS.dims.values())
    monkeypatch.setattr(store_module, "SHARD_BYTES", 15 * each + 3)
    *closed, _ = write_store(CORPUS, tmp_path / "store").read_shards()
    assert len(closed) > 1
    for shard in closed:
        assert len(shard) - len(shard.dialogues[-1].utterances) < 15 <= len(shard)


def test_the_store_knows_how_many_utterances_each_split_has(store: FeatureStore):
    for split, number in store.utterances.items():
        assert number == len(CORPUS.split(split))


def test_some_shards_are_read_alone(store: FeatureStore):
    files = list(store.shards)[2:0:-1]
    whole = list(store.read_shards())
    for part, expected in zip(store.read_shards(files), (whole[2], whole[1]), strict=True):
        assert_same_corpus(part, expected)


def test_some_splits_are_read_without_the_others(store: FeatureStore):
    expected = [CORPUS.split(split) for split in ("valid", "test")]
    found = store.read(("test", "valid"))
    assert {dialogue.split for dialogue in found.dialogues} == {"valid", "test"}
    for part in expected:
        assert_same_corpus(found.split(part.dialogues[0].split), part)


def test_any_parquet_reader_finds_missing_features_as_null(store: FeatureStore):
    table = pa.concat_tables(pq.read_table(store.path / file) for file in store.shards)
    for m, dim in CORPUS.dims.items():
        column = table.column(f"{m}_features")
        assert column.type == pa.list_(pa.float32(), dim)
        assert column.is_valid().to_pylist() == CORPUS.features[m].present.tolist()
    assert table.column("emotion").to_pylist() == [u.emotion for _, u in CORPUS.utterances()]


def test_the_manifest_counts_what_is_there(store: FeatureStore):
    manifest = json.loads((store.path / "manifest.json").read_text())
    assert {s: c["dialogues"] for s, c in manifest["counts"].items()} == {
        "train": 4,
        "valid": 1,
        "test": 1,
    }
    assert sum(c["utterances"] for c in manifest["counts"].values()) == len(CORPUS)
    for m, entry in manifest["modalities"].items():
        assert entry["missing"] == (~CORPUS.features[m].present).sum()


def test_the_fingerprint_tells_other_features_apart():
    extractor = Description("transformer", "minilm", "5.0", "ab12", {"pooling": "mean"}, 384)
    others = [
        replace(extractor, maker="tokens"),
        replace(extractor, weights="cd34"),
        replace(extractor, settings={"pooling": "first"}),
    ]
    others.append(replace(extractor, dim=385))
    assert len({one.fingerprint for one in [extractor, *others]}) == 5
    moved = replace(extractor, version="5.1", model="/elsewhere", files={"detector": "/x.onnx"})
    assert moved.fingerprint == extractor.fingerprint


def test_a_store_is_replaced_only_on_request_and_leaves_nothing_of_the_old(store: FeatureStore):
    smaller = CORPUS.split("test")
    for note in ("failures.csv", "audio-standardisation.parquet"):
        (store.path / note).touch()
    with pytest.raises(InputError, match="--overwrite"):
        write_store(smaller, store.path)
    assert_same_corpus(open_store(store.path).read(), CORPUS)
    replaced = write_store(smaller, store.path, overwrite=True)
    assert_same_corpus(replaced.read(), smaller)
    assert {file.name for file in store.path.iterdir()} == {"manifest.json", *replaced.shards}


@pytest.mark.parametrize("moment", ["shard_bytes", "write_bytes", "_count", "write_json"])
def test_a_write_that_dies_leaves_the_old_store(store: FeatureStore, moment: str):
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, moment, die)
        with pytest.raises(KeyboardInterrupt):
            write_store(CORPUS.split("test"), store.path, overwrite=True)
    assert_same_corpus(open_store(store.path).read(), CORPUS)


def test_nothing_but_a_store_is_ever_overwritten(tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("mine")
    for path in (tmp_path, tmp_path / "thesis.tex"):
        with pytest.raises(InputError, match="something other than a feature store"):
            write_store(CORPUS, path, overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_empty_corpus_is_not_written(tmp_path: Path):
    with pytest.raises(InputError, match="nothing to write"):
        write_store(CORPUS.select([]), tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_where_there_is_no_store_the_next_step_is_told(tmp_path: Path):
    with pytest.raises(InputError, match="synctva import"):
        open_store(tmp_path)


def nan_in_first(table: pa.Table) -> pa.Table:
    values = np.zeros((len(table), CORPUS.dims["text"]), dtype=np.float32)
    values[0, 3] = np.nan
    column = pa.FixedSizeListArray.from_arrays(values.reshape(-1), values.shape[1])
    return with_column(table, "text_features", column)


def narrower(table: pa.Table) -> pa.Table:
    column = pa.FixedSizeListArray.from_arrays(np.zeros(7 * len(table), dtype=np.float32), 7)
    return with_column(table, "audio_features", column)


def words_for_features(table: pa.Table) -> pa.Table:
    dim = CORPUS.dims["audio"]
    column = pa.array([["word"] * dim] * len(table), pa.list_(pa.string(), dim))
    return with_column(table, "audio_features", column)


def in_two_splits(table: pa.Table) -> pa.Table:
    splits = table.column("split").to_pylist()
    return with_column(table, "split", pa.array(["test", *splits[1:]]))


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda t: t.drop_columns(["speaker"]), "column 'speaker' is missing"),
        (lambda t: t.drop_columns(["visual_features"]), "column 'visual_features' is missing"),
        (narrower, "manifest.json says 24 floats; extract audio again"),
        (words_for_features, "manifest.json says 24 floats; extract audio again"),
        (nan_in_first, "'planted-00000' turn 0: text features hold NaN"),
        (in_two_splits, "dialogue 'planted-00000' is in two splits (test and train)"),
        (lambda t: with_column(t, "emotion", pa.array(["glee"] * len(t))), "emotion 'glee' is"),
        (lambda t: with_column(t, "turn", pa.nulls(len(t), pa.int64())), "import the corpus again"),
        (lambda t: with_column(t, "turn", pa.array(["0"] * len(t))), "import the corpus again"),
        (lambda t: with_column(t, "turn", pa.array([1] * len(t))), "turns out of order"),
        (lambda t: t.slice(1), "sha256 differs"),
        (lambda t: t.slice(0, 0), "sha256 differs"),
        (lambda t: with_column(t, "text", pa.array(["Hi"] * len(t))), "sha256 differs"),
    ],
)
def test_a_changed_shard_is_told_in_one_line_that_names_it(
    store: FeatureStore, damage: Callable[[pa.Table], pa.Table], complaint: str
):
    shard = store.path / next(iter(store.shards))
    rewrite(shard, damage)
    if "sha256" not in complaint:
        note(store, shard)
    assert complaint in complaint_about(store, shard)


def note(store: FeatureStore, shard: Path) -> None:
    """Has the manifest say that a shard is what it is now, as who gives it away may."""
    manifest = json.loads((store.path / "manifest.json").read_text())
    for entry in manifest["shards"]:
        if entry["file"] == shard.name:
            entry["sha256"] = file_sha256(shard)
    (store.path / "manifest.json").write_text(json.dumps(manifest))


def complaint_about(store: FeatureStore, path: Path) -> str:
    """Returns the message of opening and reading, which is one line and names the file."""
    with pytest.raises(InputError) as error:
        open_store(store.path).read()
    message = str(error.value)
    assert str(path) in message
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_shard_is_damaged(store: FeatureStore, kept: float):
    shard = store.path / list(store.shards)[1]
    shard.write_bytes(shard.read_bytes()[: int(kept * shard.stat().st_size)])
    assert "damaged, or changed since it was written" in complaint_about(store, shard)
    note(store, shard)
    assert "damaged or truncated" in complaint_about(store, shard)


def test_a_shard_that_is_not_what_the_manifest_says_is_not_parsed(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch
):
    shard = store.path / next(iter(store.shards))
    shard.write_bytes(shard.read_bytes() + b" ")
    monkeypatch.setattr("synctva.features.store.folder.read_shard", None)
    assert "sha256 differs" in complaint_about(store, shard)


def test_a_lost_shard_is_missing(store: FeatureStore):
    shard = store.path / list(store.shards)[-1]
    shard.unlink()
    assert "this shard is missing" in complaint_about(store, shard)


def test_a_store_that_was_rewritten_meanwhile_is_told_so(store: FeatureStore):
    files = list(store.shards)
    write_store(planted_corpus(1, (4, 1, 1)), store.path, overwrite=True)
    for reader in (store, open_store(store.path)):  # a job's files may be older than its store
        with pytest.raises(InputError, match=r"store: another process has rewritten the store"):
            list(reader.read_shards(files))
    open_store(store.path).read()


def test_who_writes_while_another_does_is_told_so(store: FeatureStore):
    def parts() -> Iterator[Corpus]:
        yield CORPUS.split("train")
        with pytest.raises(InputError, match=rf"store: process {os.getpid()} on .* wait for it"):
            write_store(planted_corpus(1, (4, 1, 1)), store.path, overwrite=True)
        yield CORPUS.split("test")

    write_parts(parts(), store.path, overwrite=True)
    written = open_store(store.path)
    ids = [dialogue.id for part in parts_of(CORPUS) for dialogue in part.dialogues]
    assert [dialogue.id for dialogue in written.read().dialogues] == ids
    assert {file.name for file in store.path.iterdir()} == {"manifest.json", *written.shards}


def parts_of(corpus: Corpus) -> list[Corpus]:
    return [corpus.split("train"), corpus.split("test")]


def test_of_two_writings_at_once_where_there_are_no_locks_one_is_left_whole(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch
):
    other = planted_corpus(1, (4, 1, 1))

    def parts() -> Iterator[Corpus]:
        yield CORPUS.split("train")
        write_store(other, store.path, overwrite=True)
        yield CORPUS.split("test")

    monkeypatch.setattr("synctva.files._is_free", lambda file: True)
    with pytest.raises(InputError, match=r"another process has rewritten the store"):
        write_parts(parts(), store.path, overwrite=True)
    assert_same_corpus(open_store(store.path).read(), other)


@pytest.mark.parametrize("is_there", [False, True])
def test_killed_at_any_write_the_same_call_ends_with_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
):
    monkeypatch.setattr(store_module, "SHARD_UTTERANCES", 20)
    path, whole, notes = tmp_path / "store", tmp_path / "whole", {"failures.csv": b"one"}

    def write(place: Path) -> None:
        write_parts([CORPUS], place, overwrite=is_there, notes=notes)

    def before() -> None:
        if is_there:
            write_store(planted_corpus(1, (4, 1, 1)), path)

    write(whole)
    expected = {file.name: file.read_bytes() for file in whole.iterdir()}
    for moment in range(len(expected)):
        before()
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, moment)
            with pytest.raises(Killed):
                write(path)
        (path / ".lock").touch()  # a process that is dead deletes nothing
        (path / ".part-0123456789abcdef").touch()  # as older versions called them
        if moment == len(expected) - 1 and not is_there:
            assert "manifest.json" in {file.name for file in path.iterdir()}
        write_parts([CORPUS], path, overwrite=True, notes=notes)
        assert {file.name: file.read_bytes() for file in path.iterdir()} == expected, moment
        shutil.rmtree(path)


def test_a_dialogue_in_two_shards_is_refused(store: FeatureStore):
    first, *_, last = store.shards
    (store.path / last).write_bytes((store.path / first).read_bytes())
    edit_manifest(store, lambda m: m["shards"][-1].update(sha256=store.shards[first]))
    assert "'planted-00000' stands twice" in complaint_about(store, store.path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda m: m.pop("schema"), "not a feature store's manifest (KeyError: 'schema')"),
        (lambda m: m.update(format=4), "format 4, this version reads up to 3"),
        (lambda m: m.update(modalities=[]), "not a feature store's manifest"),
        (lambda m: m.update(modalities={"smell": m["modalities"]["text"]}), "smell"),
        (lambda m: m.update(shards=[]), "no shards"),
        (lambda m: m.update(shards="all"), "not a feature store's manifest"),
        (lambda m: m["shards"][0].update(file="[" * 3000), "is not a file's name"),
        (lambda m: m["schema"].update(emotions=["joy"]), "two or more different"),
        (lambda m: m["modalities"]["text"]["description"].update(colour=1), "colour"),
        (lambda m: m["modalities"]["text"]["description"].update(dim=33), "says 33 floats"),
        (
            lambda m: m["modalities"]["text"]["description"].update(dim=None),
            "not a feature store's manifest",
        ),
        (lambda m: m["shards"][0].update(sha256="0"), "sha256 differs"),
    ],
)
def test_an_edited_manifest_is_told_in_one_line_that_names_a_file(
    store: FeatureStore, change: Callable[[dict], object], complaint: str
):
    edit_manifest(store, change)
    assert complaint in complaint_about(store, store.path)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"store"', "\ud800"])
def test_what_is_no_manifest_is_told_so(store: FeatureStore, content: str):
    manifest = store.path / "manifest.json"
    manifest.write_bytes(content.encode(errors="surrogatepass"))
    assert "not a feature store's manifest" in complaint_about(store, manifest)
