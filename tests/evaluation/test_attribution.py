"""Subsets of the modalities, and Shapley values."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax
from support.tiny import only, sync_tva_recipe, tiny_corpus

from synctva.batch import Batch, batch_of
from synctva.data.made.planted import bayes_probabilities, planted_corpus
from synctva.emotions import MODALITIES
from synctva.evaluation.attribution import shapley_values, subset_scores, subsets_of
from synctva.evaluation.prediction import predict
from synctva.evaluation.protocol import evaluate, load_evaluated
from synctva.model.checkpoint import Provenance
from synctva.model.emotion_model import EmotionModel
from synctva.output import Output
from synctva.run.words import SCORES

CORPUS = tiny_corpus((3, 0, 0))
BATCH = batch_of(CORPUS)
EMOTION = np.arange(len(BATCH)) % 7


class Voting(EmotionModel):
    """Every modality that is present votes for the first emotion, with its own weight."""

    votes = torch.tensor([1.0, 1.0, 0.0])

    def forward(self, batch: Batch) -> Output:
        logits = torch.zeros(len(batch), 7)
        logits[:, 0] = batch.present.float() @ self.votes
        return Output(logits=logits, unimodal={}, fused=logits)


def model_of(kind: type[EmotionModel] = EmotionModel, *modalities: str) -> EmotionModel:
    torch.manual_seed(0)
    corpus = only(CORPUS, *(modalities or MODALITIES))
    model = kind(corpus.schema.emotions, corpus.dims, sync_tva_recipe().model)
    model.provenance = Provenance(temperature=0.5)
    return model


def probability(model: EmotionModel, modalities: tuple[str, ...]) -> np.ndarray:
    logits = predict(model, BATCH.keep(modalities)).numpy() / model.provenance.temperature
    return softmax(logits, axis=1)[np.arange(len(BATCH)), EMOTION]


def test_subsets_are_all_there_small_ones_first():
    found = subsets_of(("text", "audio", "visual"), smallest=0)
    assert [len(subset) for subset in found] == [0, 1, 1, 1, 2, 2, 2, 3]
    assert len(set(found)) == 8
    assert all(subset == tuple(m for m in MODALITIES if m in subset) for subset in found)
    assert subsets_of(("audio",)) == [("audio",)]


@pytest.mark.parametrize("modalities", [("text",), ("text", "visual"), MODALITIES], ids="+".join)
def test_shapley_values_sum_to_what_all_add_to_none(modalities: tuple):
    model = model_of(EmotionModel, *modalities)
    values = shapley_values(model, BATCH, EMOTION)
    gained = probability(model, modalities) - probability(model, ())
    assert values.sum(1) == pytest.approx(gained, abs=1e-6)
    unknown = [i for i, m in enumerate(MODALITIES) if m not in modalities]
    assert (values[:, unknown] == 0).all()
    assert np.abs(values).max() > 1e-4


def test_shapley_values_are_the_mean_over_all_orders():
    model = model_of()
    expected = np.zeros((len(BATCH), 3))
    orders = list(permutations(MODALITIES))
    for order in orders:
        for place, m in enumerate(order):
            added = probability(model, order[: place + 1]) - probability(model, order[:place])
            expected[:, MODALITIES.index(m)] += added / len(orders)
    assert shapley_values(model, BATCH, EMOTION) == pytest.approx(expected, abs=1e-6)


def test_equal_modalities_share_and_an_ignored_one_gets_nothing():
    values = shapley_values(model_of(Voting), BATCH, np.zeros(len(BATCH), dtype=np.int64))
    assert (values[:, 2] == 0).all()
    both = BATCH.present[:, :2].all(1).numpy()
    assert values[both, 0] == pytest.approx(values[both, 1])
    assert (values[both, 0] > 0.1).all()
    lacking = ~BATCH.present.numpy()
    assert (values[lacking] == 0).all()


def test_all_modalities_score_what_the_evaluation_says(run):
    loaded = load_evaluated(run)
    found, result = subset_scores(loaded), evaluate(loaded)
    names = ["text", "audio", "visual", "text+audio", "text+visual", "audio+visual"]
    assert list(found) == [*names, "text+audio+visual"]
    whole = found["text+audio+visual"]
    for name in SCORES:
        own, expected = getattr(whole, name), getattr(result.test, name)
        assert (own.mean, own.sd) == pytest.approx((expected.mean, expected.sd))


def test_a_subset_hides_the_others_as_if_they_had_never_been_there(run: Path):
    loaded = load_evaluated(run)
    model, batch = loaded.models[0], loaded.batches["test"]
    without = batch_of(only(loaded.corpora["test"], "text"))
    kept = batch.keep(("text",))
    assert torch.equal(kept.text, without.text)
    assert not kept.present[:, 1:].any()
    assert (kept.audio == 0).all()
    assert not torch.equal(predict(model, kept), predict(model, batch))


COUPLES = {
    "text": ("joy", "anger"),
    "audio": ("surprise", "sadness"),
    "visual": ("fear", "disgust"),
}
"""The emotions of the planted corpus that the other two modalities tell apart."""


class Best(EmotionModel):
    """Says what the best possible classifier of the planted corpus says of what it is given."""

    corpus = planted_corpus(dialogues=(0, 0, 60), missing=0.0)

    def forward(self, batch: Batch) -> Output:
        given = tuple(m for m, there in zip(MODALITIES, batch.present.any(0), strict=True) if there)
        logits = torch.from_numpy(np.log(bayes_probabilities(self.corpus, given))).float()
        return Output(logits=logits, unimodal={}, fused=logits)


def test_shapley_values_point_to_the_modalities_that_were_planted():
    corpus = Best.corpus
    model = Best(corpus.schema.emotions, corpus.dims, sync_tva_recipe().model)
    batch = batch_of(corpus)
    emotion = batch.emotion.numpy()
    right = predict(model, batch).numpy().argmax(1) == emotion
    assert right.mean() > 0.7
    values = shapley_values(model, batch, emotion)
    for least, couple in COUPLES.items():
        of_couple = np.isin(emotion, [corpus.schema.number(name) for name in couple])
        means = dict(zip(MODALITIES, values[right & of_couple].mean(0), strict=True))
        assert min(means, key=means.__getitem__) == least, (couple, means)
