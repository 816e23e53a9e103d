"""The shipped model: small, documented, works on any modalities, live or not."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import synctva
from synctva.batch import Batch, batch_of
from synctva.emotions import MODALITIES, schema_named
from synctva.evaluation.attribution import subsets_of
from synctva.evaluation.calibration import calibration_error
from synctva.evaluation.metrics import confusions, scores_of
from synctva.evaluation.prediction import predict
from synctva.features.extractors.text import text_features
from synctva.features.extractors.tokens import TokenExtractor
from synctva.inference.predictions import predictions_of, probabilities_of
from synctva.inference.recognise import Recogniser
from synctva.model.causal import bare, causal, encoded
from synctva.model.checkpoint import Provenance
from synctva.model.confidence import Calibration, Confidence
from synctva.model.emotion_model import EmotionModel, Normalisation
from synctva.model.familiarity import Familiarity
from synctva.model.load import SHIPPED
from synctva.recipe import load_recipe
from synctva.run.folder import SeedFolder

ROOT = Path(__file__).parents[1]
LITE = SHIPPED / "lite"
CARD = (LITE / "MODEL_CARD.md").read_text(encoding="utf-8")

SAID = """1
00:00:00,000 --> 00:00:02,000
Ann: I am so happy, this is wonderful!

2
00:00:02,000 --> 00:00:04,000
Bob: Shut up! I hate you, get out of here!

3
00:00:04,000 --> 00:00:06,000
Ann: What? Oh my God!
"""


@pytest.fixture(scope="module")
def lite() -> EmotionModel:
    return EmotionModel.from_pretrained(LITE)


def drawn(model: EmotionModel, utterances: int = 14, seed: int = 0) -> Batch:
    """Returns a dialogue of random words, and of voices and faces such as it was trained on."""
    rng = torch.Generator().manual_seed(seed)
    tokens = torch.zeros(utterances, model.dims["text"])
    tokens[:, :6] = torch.randint(1000, 5000, (utterances, 6), generator=rng).float()
    voices, faces = (usual(model, m, utterances, rng) for m in ("audio", "visual"))
    return Batch(
        tokens,
        voices,
        faces,
        torch.ones(utterances, 3, dtype=torch.bool),
        torch.zeros(utterances, dtype=torch.long),
        torch.arange(utterances),
        torch.arange(utterances) % 2,
        torch.full((utterances,), -1),
    )


def usual(model: EmotionModel, modality: str, count: int, rng: torch.Generator) -> torch.Tensor:
    """Returns random features that are distributed as those of the training."""
    scale, known = model.normalisation[modality], model.familiarity[modality]
    assert isinstance(scale, Normalisation)
    assert isinstance(known, Familiarity)
    drawn = torch.randn(count, model.dims[modality], generator=rng)
    return (known.mean + drawn @ torch.linalg.inv(known.whitening)) * scale.sd + scale.mean


def test_all_weights_of_the_package_take_36_mib_at_the_most():
    package = Path(synctva.__file__).parent
    weights = [*package.rglob("*.safetensors"), *package.rglob("*.onnx"), *LITE.iterdir()]
    assert sum(file.stat().st_size for file in set(weights)) <= 36 * 2**20


def test_it_is_of_the_recipe_and_of_the_epoch_that_valid_chose():
    assert load_recipe(LITE / "recipe.toml") == load_recipe(ROOT / "recipes" / "lite-model.toml")
    scores = [epoch.valid.weighted_f1 for epoch in SeedFolder(LITE).read_log()]
    assert f"the epoch ({int(np.argmax(scores))} of 0 to {len(scores) - 1})" in CARD


def test_its_card_says_what_it_is_of_and_for():
    for corpus in ("MELD", "RAVDESS", "EmoDB", "FER2013", "MiniLM", "openSMILE"):
        assert corpus in CARD
    for term in ("GPL-3.0", "CC BY-NC-SA 4.0", "Apache-2.0", "AI Act", "independent once"):
        assert term in CARD


def test_every_set_of_modalities_has_a_calibration_and_gives_probabilities(lite: EmotionModel):
    batch = drawn(lite)
    assert lite.emotions == schema_named("meld-7").emotions
    for subset in subsets_of(MODALITIES):
        assert "+".join(subset) in lite.provenance.confidence.calibrations
        found = predictions_of(lite, batch.keep(subset)).probabilities
        assert found.shape == (len(batch), 7)
        np.testing.assert_allclose(found.sum(1), 1, atol=1e-6)
        assert len(np.unique(found.round(4), axis=0)) > 1


def test_in_causal_mode_no_later_utterance_counts(lite: EmotionModel):
    live, batch = causal(lite, "lite"), drawn(lite)
    changed = drawn(lite, seed=1)
    both = {
        f.name: torch.cat([getattr(batch, f.name)[:8], getattr(changed, f.name)[8:]])
        for f in fields(Batch)
    }
    other = Batch(**both)
    before, after = predict(live, batch), predict(live, other)
    torch.testing.assert_close(before[:8], after[:8], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(before[8:], after[8:], atol=1e-2)
    assert not torch.allclose(predict(lite, batch)[:8], predict(lite, other)[:8], atol=1e-3)


def test_an_utterance_has_the_calibration_of_the_modalities_it_has():
    known = Confidence({"text": Calibration(0.5, (0.0, 1.0)), "text+visual": Calibration(2.0)})
    own = Provenance(temperature=3.0, confidence=known)
    present = np.array([[1, 0, 0], [1, 0, 1], [0, 1, 1], [0, 0, 0]], dtype=bool)
    found = own.adjusted(np.tile([3.0, 6.0], (4, 1)), present)
    assert found.tolist() == [[1.5, 4.0], [6.0, 12.0], [1.0, 2.0], [1.0, 2.0]]


def test_voices_and_confidence_stay_when_it_is_saved(tmp_path: Path, lite: EmotionModel):
    lite.save_pretrained(tmp_path)
    again = EmotionModel.from_pretrained(tmp_path)
    assert again.provenance == lite.provenance
    assert len(again.provenance.voices["mean"]) == again.dims["audio"]


@pytest.mark.parametrize("is_causal", [False, True])
def test_words_alone_are_recognised(tmp_path: Path, is_causal: bool):
    said = tmp_path / "talk.srt"
    said.write_text(SAID, encoding="utf-8")
    found = Recogniser.load(is_causal=is_causal, workers=1).recognise(said)
    emotions = [found.emotions[int(np.argmax(one.probabilities))] for one in found.utterances]
    assert emotions == ["joy", "anger", "surprise"]
    assert [set(one.contributions) for one in found.utterances] == [{"text"}] * 3


@pytest.mark.corpus
@pytest.mark.slow
def test_it_scores_on_meld_s_words_what_its_card_says(corpora: Path, lite: EmotionModel):
    from synctva.data.source import read_source

    corpus = read_source(corpora / "meld").split("test")
    tokens = text_features(corpus, TokenExtractor("minilm", lite.dims["text"]))
    batch = batch_of(corpus.with_features("text", tokens))
    lacking = {m: torch.zeros(len(batch), lite.dims[m]) for m in ("audio", "visual")}
    batch = replace(batch, **lacking)
    live_model = causal(lite, "lite")
    assert dict(live_model.encoders.items()) == dict(lite.encoders.items())
    words = encoded(lite, batch)  # once, for both
    both_ways, live = (probabilities_of(bare(own), words) for own in (lite, live_model))
    emotion = batch.emotion.numpy()
    scores = [
        scores_of(confusions(emotion, own.argmax(1), np.zeros_like(emotion), 7).sum(0))
        for own in (both_ways, live)
    ]
    assert scores[0].weighted_f1 >= 0.59
    assert scores[0].macro_f1 >= 0.40
    assert scores[1].weighted_f1 >= scores[0].weighted_f1 - 0.02
    assert calibration_error(both_ways, emotion) < 0.05
    assert f"| MELD, words alone | 2,610 | {100 * scores[0].weighted_f1:.1f} |" in CARD
