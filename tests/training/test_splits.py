"""A split by windows is the split in memory: the same dialogues, statistics and scores."""

from dataclasses import asdict, fields
from pathlib import Path

import pytest
import torch
from support.tiny import tiny_corpus, tiny_recipe

from synctva.batch import Batch, batch_of
from synctva.corpus import Corpus
from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.features.store import FeatureStore, write_store
from synctva.features.store import writing as store_module
from synctva.model.emotion_model import EmotionModel
from synctva.training import splits
from synctva.training.loop import validate
from synctva.training.splits import InMemory, Split, Streamed, concatenated, open_splits

CORPUS = tiny_corpus((30, 8, 4), missing=0.2)
SHARD_UTTERANCES = 40
NAMES = ("train", "valid")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FeatureStore:
    """A store of several shards, of which two or three fill a window."""
    monkeypatch.setattr(store_module, "SHARD_UTTERANCES", SHARD_UTTERANCES)
    monkeypatch.setattr(splits, "WINDOW_BYTES", 120 * 4 * sum(CORPUS.dims.values()))
    return write_store(CORPUS, tmp_path / "store")


def opened(
    store: FeatureStore, limit: int, modalities: tuple[str, ...] = MODALITIES
) -> list[Split]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "IN_MEMORY_BYTES", limit)
        return open_splits(store, NAMES, modalities)


def streamed(store: FeatureStore, modalities: tuple[str, ...] = MODALITIES) -> Streamed:
    train, _ = opened(store, 0, modalities)
    assert isinstance(train, Streamed)
    return train


def assert_same_batch(one: Batch, other: Batch) -> None:
    """Bit for bit."""
    for field in fields(Batch):
        assert torch.equal(getattr(one, field.name), getattr(other, field.name)), field.name


def rows_of(batch: Batch) -> list[tuple[float, ...]]:
    """Returns every utterance as numbers, in an order that does not depend on the batch's."""
    columns = [batch.text, batch.audio, batch.visual, batch.present, batch.turn, batch.emotion]
    return sorted(map(tuple, torch.cat([c.reshape(len(batch), -1) for c in columns], 1).tolist()))


def test_small_splits_are_in_memory_and_large_ones_are_not(store: FeatureStore):
    sizes = [splits.bytes_per_utterance(store, MODALITIES) * store.utterances[n] for n in NAMES]
    kinds = [InMemory, InMemory]
    for limit in (max(sizes), max(sizes) - 1, min(sizes), min(sizes) - 1):
        kinds = [InMemory if size <= limit else Streamed for size in sizes]
        assert [type(split) for split in opened(store, limit)] == kinds
    assert kinds == [Streamed, Streamed]


def test_a_modality_that_is_left_out_takes_no_room(store: FeatureStore):
    limit = splits.bytes_per_utterance(store, ("text",)) * store.utterances["train"]
    assert isinstance(opened(store, limit, ("text",))[0], InMemory)
    assert isinstance(opened(store, limit)[0], Streamed)


@pytest.mark.parametrize("modalities", [MODALITIES, ("text", "visual")], ids="+".join)
def test_in_memory_a_split_is_the_batch_of_its_corpus(store: FeatureStore, modalities: tuple):
    for name, split in zip(NAMES, opened(store, 2**40, modalities), strict=True):
        assert isinstance(split, InMemory)
        assert_same_batch(split.batch, batch_of(CORPUS.split(name)).keep(modalities))


def test_an_epoch_by_windows_has_every_dialogue_exactly_once(store: FeatureStore):
    train = streamed(store)
    orders = set()
    for seed, epoch in [(0, 0), (0, 1), (1, 0)]:
        plan = train.plan(60, seed, epoch)
        batches = [train.read(chosen) for chosen in plan]
        assert rows_of(concatenated(batches)) == rows_of(batch_of(CORPUS.split("train")))
        assert all(
            len(b) <= 60 or len(c.dialogues) == 1 for b, c in zip(batches, plan, strict=True)
        )
        orders.add(tuple(float(x) for b in batches for x in b.text[:, 0]))
    assert len(orders) == 3


def test_a_window_is_random_and_never_larger_than_allowed(store: FeatureStore):
    train = streamed(store)
    epochs = [train.windows(0, epoch) for epoch in range(4)]
    each = splits.bytes_per_utterance(store, MODALITIES)
    for windows in epochs:
        assert len(windows) > 2
        assert sorted(shard for window in windows for shard in window) == sorted(
            number for number, lengths in enumerate(train.lengths) if len(lengths)
        )
        for window in windows:
            size = sum(int(train.lengths[shard].sum()) for shard in window) * each
            assert size <= splits.WINDOW_BYTES or len(window) == 1
    assert len({frozenset(window) for windows in epochs for window in windows}) > len(epochs[0]) + 2


def test_a_batch_that_is_read_alone_is_that_of_the_whole_epoch(store: FeatureStore):
    """As a training does that goes on in the middle of an epoch."""
    plan = streamed(store).plan(60, 0, 0)
    train = streamed(store)
    expected = [train.read(chosen) for chosen in plan]
    for chosen, batch in reversed(list(zip(plan, expected, strict=True))):
        assert_same_batch(streamed(store).read(chosen), batch)


def test_only_one_window_is_read_for_the_batches_inside_it(store: FeatureStore, monkeypatch):
    train = streamed(store)
    reads: list[str] = []
    whole = FeatureStore.read_shards

    def counted(self: FeatureStore, files: list[str]):
        reads.extend(files)
        return whole(self, files)

    monkeypatch.setattr(FeatureStore, "read_shards", counted)
    for chosen in train.plan(60, 0, 0):
        train.read(chosen)
    assert len(reads) == len(set(reads)) == sum(map(len, train.windows(0, 0)))


def test_statistics_and_counts_are_those_of_the_split_in_memory(store: FeatureStore):
    found = []
    for limit in (2**40, 0):
        train = opened(store, limit)[0]
        model = EmotionModel(CORPUS.schema.emotions, CORPUS.dims, tiny_recipe().model)
        train.normalise(model)
        found.append((train.counts(len(CORPUS.schema.emotions)), model.normalisation.state_dict()))
    assert torch.equal(found[0][0], found[1][0])
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-5, atol=1e-6)


def test_scores_are_those_of_the_split_in_memory(store: FeatureStore):
    torch.manual_seed(0)
    model = EmotionModel(CORPUS.schema.emotions, CORPUS.dims, tiny_recipe().model)
    memory, windows = (validate(model, opened(store, limit)[1]) for limit in (2**40, 0))
    assert asdict(windows) == pytest.approx(asdict(memory), rel=1e-5)


@pytest.mark.parametrize("limit", [2**40, 0], ids=["in memory", "by windows"])
@pytest.mark.parametrize("ranks", [2, 3, 11])
def test_every_dialogue_is_looked_at_by_exactly_one_process(
    store: FeatureStore, limit: int, ranks: int
):
    valid = opened(store, limit)[1]
    parts = [part for rank in range(ranks) for part in valid.parts(rank, ranks)]
    whole = batch_of(CORPUS.split("valid"))
    counted = [part for part in parts if (part.emotion >= 0).any()]  # or a stand-in
    assert rows_of(concatenated(counted)) == rows_of(whole)


def test_wrong_emotions_need_the_split_in_memory(store: FeatureStore):
    train = streamed(store)
    assert train.with_label_noise(0.0, 0) is train
    with pytest.raises(InputError, match=r"store: training.label_noise needs the split 'train' in"):
        train.with_label_noise(0.1, 0)


def test_a_split_that_some_shards_lack_is_read_all_the_same(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(store_module, "SHARD_UTTERANCES", 20)
    corpus: Corpus = tiny_corpus((6, 1, 3))
    store = write_store(corpus, tmp_path / "store")
    for split in opened(store, 0):
        batches = [split.read(chosen) for chosen in split.plan(30, 0, 0)]
        assert sum(map(len, batches)) == sum(map(len, split.parts()))
