import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sentence_transformers
import torch
from huggingface_hub import constants
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaModel,
)

from synctva.corpus import Corpus
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.features import text
from synctva.features.text import TextExtractor, TextPreset, text_features

SENTENCES = (
    "Oh my God, he's lost it. He's totally lost it.",
    "no",
    "Why do all you're coffee mugs have numbers on the bottom? " * 30,
    "Ça va, 李?",
    "I am so, so happy for you!",
)
WORDS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "i", "am", "so", "happy", "sad", "no", "yes"]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def minilm() -> TextExtractor:
    return TextExtractor("minilm", "cpu")


def make_roberta(
    folder: Path, seed: int = 0, kind: type[RobertaModel | RobertaForMaskedLM] = RobertaModel
) -> Path:
    """Saves a random encoder of a few thousand weights as a hub repository holds one."""
    torch.manual_seed(seed)
    config = RobertaConfig(
        vocab_size=len(WORDS),
        hidden_size=8,
        num_hidden_layers=5,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=40,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
    )
    kind(config).save_pretrained(folder)
    words = models.WordLevel({word: number for number, word in enumerate(WORDS)}, "<unk>")
    tokenizer = Tokenizer(words)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=38,
    ).save_pretrained(folder)
    return folder


@pytest.fixture
def roberta(tmp_path: Path) -> Path:
    return make_roberta(tmp_path / "tiny-roberta")


@pytest.fixture
def tiny(roberta: Path, monkeypatch: pytest.MonkeyPatch) -> TextExtractor:
    """An extractor by the preset of RoBERTa: the mean of the last four layers."""
    monkeypatch.setitem(text.PRESETS, "roberta-base", TextPreset(str(roberta), layers=4))
    return TextExtractor("roberta-base", "cpu")


def corpus_of(*texts: str | None) -> Corpus:
    utterances = tuple(Utterance(turn, "Ada", said) for turn, said in enumerate(texts))
    schema = EmotionSchema("own", ("joy", "anger"))
    return Corpus("own", schema, (Dialogue("d", "train", utterances),))


def test_minilm_gives_the_vectors_of_sentence_transformers(minilm: TextExtractor):
    theirs = sentence_transformers.SentenceTransformer(minilm_folder(), device="cpu")
    expected = theirs.encode(list(SENTENCES), show_progress_bar=False)
    np.testing.assert_allclose(minilm.encode(SENTENCES), expected, atol=1e-5)
    assert minilm.dim == 384


def minilm_folder() -> str:
    folder = text._packaged_minilm()
    assert folder is not None
    return folder


def test_neither_order_nor_batch_mates_matter(minilm: TextExtractor):
    together = minilm.encode(SENTENCES)
    alone = np.concatenate([minilm.encode([sentence]) for sentence in SENTENCES])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(minilm.encode(SENTENCES[::-1])[::-1], together, atol=1e-5)


def test_small_batches_give_the_same(tiny: TextExtractor, monkeypatch: pytest.MonkeyPatch):
    texts = [" ".join(WORDS[5 : 5 + n % 8]) for n in range(20)]
    whole, finished = tiny.encode(texts), []
    monkeypatch.setattr(text, "BATCH_TOKENS", 12)
    np.testing.assert_allclose(tiny.encode(texts, finished.append), whole, atol=1e-5)
    assert len(finished) > 5
    assert sum(finished) == len(texts)


def test_batches_hold_every_row_once_and_no_more_tokens_than_fit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(text, "BATCH_TOKENS", 20)
    lengths = [3, 30, 1, 7, 7, 0, 2, 5, 5, 5]
    batches = text._batches(lengths)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= 20
    assert text._batches([]) == []


def test_nothing_to_encode_is_no_vectors(tiny: TextExtractor):
    assert tiny.encode([]).shape == (0, 8)


def test_roberta_is_the_mean_over_four_layers_and_the_tokens(tiny: TextExtractor, roberta: Path):
    model = RobertaModel.from_pretrained(roberta).eval()
    tokens = torch.tensor([[0, 5, 6, 7, 8, 2]])
    with torch.no_grad():
        layers = model(tokens, output_hidden_states=True).hidden_states
    expected = torch.stack([layer[0].mean(0) for layer in layers[-4:]]).mean(0)
    found = tiny.encode(["i am so happy", "no"])
    np.testing.assert_allclose(found[0], expected.numpy(), atol=1e-5)


def test_a_folder_is_the_mean_over_the_tokens_of_the_last_layer(roberta: Path):
    model = RobertaModel.from_pretrained(roberta).eval()
    with torch.no_grad():
        expected = model(torch.tensor([[0, 10, 2]])).last_hidden_state[0].mean(0)
    extractor = TextExtractor(str(roberta), "cpu")
    np.testing.assert_allclose(extractor.encode(["no"])[0], expected.numpy(), atol=1e-5)
    assert extractor.extractor.name == "tiny-roberta"


def test_an_utterance_longer_than_the_encoder_is_cut(roberta: Path):
    extractor = TextExtractor(str(roberta), "cpu")
    cut, longer = extractor.encode(["so " * 36, "so " * 300])
    np.testing.assert_allclose(longer, cut, atol=1e-5)


def test_an_utterance_without_words_lacks_the_modality(tiny: TextExtractor):
    finished: list[int] = []
    features = text_features(corpus_of("no", "", None, "  \n", "yes"), tiny, finished.append)
    assert features.present.tolist() == [True, False, False, False, True]
    assert not features.values[~features.present].any()
    np.testing.assert_allclose(features.values[[0, 4]], tiny.encode(["no", "yes"]), atol=1e-6)
    assert sum(finished) == 5


def test_a_corpus_without_words_lacks_the_modality_everywhere(tiny: TextExtractor):
    features = text_features(corpus_of(None, ""), tiny)
    assert not features.present.any()
    assert features.values.shape == (2, 8)


@pytest.mark.parametrize("name", ["miniml", "no/such-model", "/gone", "not an id!"])
def test_an_unknown_encoder_is_one_line_that_names_the_known_ones(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=re.escape(repr(name))) as error:
        TextExtractor(name)
    message = str(error.value)
    assert "\n" not in message
    assert "minilm, roberta-base, roberta-large" in message
    assert ("Did you mean 'minilm'?" in message) == (name == "miniml")


def test_a_pickle_of_weights_is_not_read(roberta: Path):
    weights = RobertaModel.from_pretrained(roberta).state_dict()
    (roberta / "model.safetensors").unlink()
    torch.save(weights, roberta / "pytorch_model.bin")
    with pytest.raises(InputError, match="cannot be loaded"):
        TextExtractor(str(roberta))


def test_truncated_weights_are_one_line(roberta: Path):
    weights = roberta / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(InputError, match="cannot be loaded"):
        TextExtractor(str(roberta))


def test_weights_that_lack_a_layer_are_refused(roberta: Path):
    """The library would make them up, and the features would be noise."""
    RobertaModel(RobertaConfig.from_pretrained(roberta, num_hidden_layers=2)).save_pretrained(
        roberta / "shallow"
    )
    (roberta / "shallow" / "model.safetensors").replace(roberta / "model.safetensors")
    with pytest.raises(InputError, match=r"tiny-roberta.*encoder\.layer\.2"):
        TextExtractor(str(roberta))


def test_weights_of_another_width_are_refused(roberta: Path):
    RobertaConfig.from_pretrained(roberta, hidden_size=12).save_pretrained(roberta)
    with pytest.raises(InputError, match="cannot be loaded") as error:
        TextExtractor(str(roberta))
    assert "\n" not in str(error.value)


def fingerprint(source: Path) -> str:
    extractor = TextExtractor(str(source), "cpu")
    return extractor.extractor.fingerprint(extractor.dim)


def test_fingerprints_differ_for_different_weights_and_only_for_them(tmp_path: Path):
    first = fingerprint(make_roberta(tmp_path / "one" / "model"))
    assert fingerprint(make_roberta(tmp_path / "same" / "model")) == first
    assert fingerprint(make_roberta(tmp_path / "other" / "model", seed=1)) != first


def test_a_language_model_has_the_same_fingerprint_each_time(tmp_path: Path):
    """Its pooler is not in the file, so it is made up at each loading; no feature depends on it."""
    source = make_roberta(tmp_path / "model", kind=RobertaForMaskedLM)
    assert fingerprint(source) == fingerprint(source)


def test_fingerprints_differ_for_different_settings(roberta: Path, monkeypatch: pytest.MonkeyPatch):
    found = set()
    for preset in (
        plain := TextPreset(str(roberta)),
        replace(plain, layers=2),
        replace(plain, normalise=True),
    ):
        monkeypatch.setitem(text.PRESETS, "roberta-base", preset)
        extractor = TextExtractor("roberta-base", "cpu")
        found.add(extractor.extractor.fingerprint(extractor.dim))
    assert len(found) == 3


def test_an_extractor_tells_where_its_features_come_from(minilm: TextExtractor):
    extractor = minilm.extractor
    assert extractor.name == "minilm"
    assert re.fullmatch(r"transformers \d+\.\d+.*", extractor.version)
    assert re.fullmatch("[0-9a-f]{64}", extractor.weights)
    assert extractor.settings == {
        "pooling": "mean",
        "layers": 1,
        "normalise": True,
        "max_tokens": 256,
    }
