from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import special

from synctva.batch import Batch, batch_of
from synctva.data.made.planted import planted_corpus
from synctva.evaluation import prediction
from synctva.evaluation.prediction import predict, softmax
from synctva.model.emotion_model import EmotionModel
from synctva.networks.sync_tva.architecture import Architecture
from synctva.output import Output
from synctva.training.splits import concatenated

ARCHITECTURE = Architecture(width=8, heads=2, past=3, future=2)


def long_dialogue(utterances: int = 90) -> Batch:
    """Returns the utterances of a planted corpus as if they were one dialogue."""
    batch = batch_of(planted_corpus(dialogues=(20, 0, 0)))
    turns = torch.arange(len(batch))
    return replace(batch, turn=turns).part(0, utterances)


def model_of(architecture: Architecture) -> EmotionModel:
    torch.manual_seed(0)
    corpus = planted_corpus(dialogues=(1, 0, 0))
    model = EmotionModel(corpus.schema.emotions, corpus.dims, architecture)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return model


@pytest.mark.parametrize(
    "architecture",
    [
        ARCHITECTURE,
        replace(ARCHITECTURE, future=0),
        replace(ARCHITECTURE, enhancement_layers=2, graph_layers=2),
        replace(ARCHITECTURE, past="all"),
    ],
    ids=["window", "causal", "deep", "all_of_the_past"],
)
def test_a_dialogue_predicted_piece_by_piece_has_the_same_logits(architecture, monkeypatch):
    model, batch = model_of(architecture).eval(), long_dialogue()
    with torch.inference_mode():
        whole = model(batch).logits
    monkeypatch.setattr(prediction, "CHUNK_UTTERANCES", 17)
    torch.testing.assert_close(predict(model, batch), whole, rtol=1e-4, atol=1e-5)


def test_a_piece_is_no_longer_than_a_chunk_and_the_reach_around_it(monkeypatch):
    model, lengths = model_of(ARCHITECTURE), []
    monkeypatch.setattr(prediction, "CHUNK_UTTERANCES", 17)
    model.register_forward_pre_hook(lambda _, inputs: lengths.append(len(inputs[0])))
    predict(model, long_dialogue())
    assert model.reach is not None
    assert max(lengths) <= 17 + sum(model.reach)
    assert len(lengths) == 6


def test_a_long_dialogue_makes_no_room_for_many_short_ones_beside_it(monkeypatch):
    model, shapes = model_of(ARCHITECTURE).eval(), []
    long = long_dialogue(40)
    turn = long.part(0, 1)
    batch = concatenated([turn, turn, long, *[turn] * 50])
    with torch.inference_mode():
        whole = model(batch).logits
    monkeypatch.setattr(prediction, "CHUNK_PAIRS", 3 * 40**2)
    model.register_forward_pre_hook(
        lambda _, inputs: shapes.append(torch.bincount(inputs[0].dialogue))
    )
    torch.testing.assert_close(predict(model, batch), whole, rtol=1e-4, atol=1e-5)
    assert max(len(lengths) * int(lengths.max()) ** 2 for lengths in shapes) == 3 * 40**2
    assert len(shapes) == 2


def test_prediction_leaves_the_model_in_the_mode_it_was_in():
    model = model_of(ARCHITECTURE).train()
    predict(model, long_dialogue(5))
    assert model.training


def test_softmax_is_the_librarys_to_the_bit():
    logits = np.random.default_rng(0).normal(scale=30, size=(50, 7))
    np.testing.assert_array_equal(softmax(logits), special.softmax(logits, axis=1))


def test_a_batch_is_computed_where_the_model_is(monkeypatch):
    model, read = model_of(ARCHITECTURE).to("meta"), []

    def logits(batch: Batch) -> Output:
        read.append(batch.text.device.type)
        return Output(torch.zeros(len(batch), 7), torch.zeros(len(batch), 1))

    monkeypatch.setattr(model, "forward", logits)
    assert predict(model, long_dialogue()).device.type == "cpu"
    assert read == ["meta"]
