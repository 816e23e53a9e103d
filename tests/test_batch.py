from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.strategies import corpora

from synctva.batch import Batch, batch_of
from synctva.corpus import Corpus
from synctva.data.made.planted import planted_corpus
from synctva.emotions import MODALITIES

CORPUS = planted_corpus(0, (5, 1, 1), missing=0.3)


def assert_same_batch(one: Batch, other: Batch) -> None:
    for field in fields(Batch):
        torch.testing.assert_close(
            getattr(one, field.name), getattr(other, field.name), rtol=0, atol=0
        )


@settings(deadline=None)
@given(corpora())
def test_a_batch_holds_the_corpus_row_by_row(corpus: Corpus):
    batch = batch_of(corpus)
    pairs = list(corpus.utterances())
    emotions = corpus.schema.emotions
    assert len(batch) == len(pairs)
    assert batch.turn.tolist() == [utterance.turn for _, utterance in pairs]
    assert [emotions[e] if e >= 0 else None for e in batch.emotion.tolist()] == [
        utterance.emotion for _, utterance in pairs
    ]
    assert [corpus.dialogues[d].id for d in batch.dialogue.tolist()] == [d.id for d, _ in pairs]
    for i, m in enumerate(MODALITIES):
        if m in corpus.features:
            np.testing.assert_array_equal(batch.features[m].numpy(), corpus.features[m].values)
            assert batch.present[:, i].tolist() == corpus.features[m].present.tolist()
        else:
            assert batch.features[m].shape == (len(pairs), 0)
            assert not batch.present[:, i].any()


@settings(deadline=None)
@given(corpora())
def test_speakers_are_numbered_within_their_dialogue_by_first_turn(corpus: Corpus):
    batch = batch_of(corpus)
    for number, dialogue in enumerate(corpus.dialogues):
        names = list(dict.fromkeys(utterance.speaker for utterance in dialogue.utterances))
        speakers = batch.speaker[batch.dialogue == number].tolist()
        assert [names[speaker] for speaker in speakers] == [u.speaker for u in dialogue.utterances]


@given(st.lists(st.integers(0, len(CORPUS.dialogues) - 1), max_size=9))
@settings(deadline=None)
def test_selected_dialogues_come_whole_in_the_asked_order(chosen: list[int]):
    batch = batch_of(CORPUS)
    selected = batch.select(torch.tensor(chosen, dtype=torch.long))
    alone = [batch_of(CORPUS.select([CORPUS.dialogues[number].id])) for number in chosen]
    assert len(selected) == sum(map(len, alone))
    for number, one in enumerate(alone):
        rows = selected.dialogue == number
        for field in fields(Batch):
            if field.name != "dialogue":
                assert torch.equal(getattr(selected, field.name)[rows], getattr(one, field.name))


def test_selecting_all_dialogues_changes_nothing():
    batch = batch_of(CORPUS)
    assert_same_batch(batch.select(torch.arange(len(CORPUS.dialogues))), batch)


@pytest.mark.parametrize("kept", [(), ("audio",), ("text", "visual"), MODALITIES])
def test_only_kept_modalities_stay_and_the_rest_is_zero(kept: tuple[str, ...]):
    batch = batch_of(CORPUS)
    fewer = batch.keep(kept)
    for i, m in enumerate(MODALITIES):
        if m in kept:
            assert torch.equal(fewer.present[:, i], batch.present[:, i])
            assert torch.equal(fewer.features[m], batch.features[m])
        else:
            assert not fewer.present[:, i].any()
            assert not fewer.features[m].any()
    for name in ("dialogue", "turn", "speaker", "emotion"):
        assert torch.equal(getattr(fewer, name), getattr(batch, name))
    assert_same_batch(fewer.keep(kept), fewer)


def test_removing_a_modality_of_an_utterance_leaves_its_neighbours_and_the_original():
    batch = batch_of(CORPUS)
    before = replace(batch, text=batch.text.clone(), present=batch.present.clone())
    row = int(batch.present[:, 0].nonzero()[2])
    present = batch.present.clone()
    present[row, 0] = False
    fewer = batch.with_present(present)
    assert not fewer.text[row].any()
    others = torch.arange(len(batch)) != row
    assert torch.equal(fewer.text[others], batch.text[others])
    assert_same_batch(batch, before)


def test_absent_features_are_zero_whatever_the_corpus_holds_there():
    text = CORPUS.features["text"]
    values = np.where(text.present[:, None], text.values, np.float32(7))
    spoilt = replace(CORPUS, features={**CORPUS.features, "text": replace(text, values=values)})
    assert_same_batch(batch_of(spoilt), batch_of(CORPUS))


def test_a_batch_shares_no_memory_with_its_corpus():
    values = CORPUS.features["text"].values.copy()
    batch = batch_of(CORPUS)
    batch.text.fill_(9)
    np.testing.assert_array_equal(CORPUS.features["text"].values, values)


def test_an_empty_corpus_is_an_empty_batch():
    batch = batch_of(CORPUS.select([]))
    assert len(batch) == 0
    assert batch.text.shape == (0, 32)
    assert len(batch.select(torch.tensor([], dtype=torch.long))) == 0


def test_moving_to_a_device_moves_every_column():
    moved = batch_of(CORPUS).to("meta")
    assert {getattr(moved, field.name).device.type for field in fields(Batch)} == {"meta"}
