import json
import logging
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import sentence_transformers
import torch
from support.hub_models import WORDS, make_roberta, offline_with
from transformers import (
    BertConfig,
    BertModel,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaModel,
    T5Config,
    T5Model,
)

from synctva.corpus import Corpus
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.features.extractors import text, text_encoders
from synctva.features.extractors.context import InContext, inputs_in_context
from synctva.features.extractors.text import TextExtractor, TextPreset, text_features
from synctva.features.extractors.tokens import TokenExtractor

SENTENCES = (
    "Oh my God, he's lost it. He's totally lost it.",
    "no",
    "Why do all you're coffee mugs have numbers on the bottom? " * 30,
    "Ça va, 李?",
    "I am so, so happy for you!",
)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def minilm() -> TextExtractor:
    return TextExtractor("minilm", "cpu")


@pytest.fixture
def roberta(tmp_path: Path) -> Path:
    return make_roberta(tmp_path / "tiny-roberta")


@pytest.fixture
def tiny(roberta: Path, monkeypatch: pytest.MonkeyPatch) -> TextExtractor:
    """An extractor by the preset of RoBERTa: the mean of the last four layers."""
    monkeypatch.setitem(text_encoders.PRESETS, "roberta-base", TextPreset(str(roberta), layers=4))
    return TextExtractor("roberta-base", "cpu")


def corpus_of(*texts: str | None) -> Corpus:
    utterances = tuple(Utterance(turn, "Ada", said) for turn, said in enumerate(texts))
    schema = EmotionSchema("own", ("joy", "anger"))
    return Corpus("own", schema, (Dialogue("d", "train", utterances),))


def dialogue_of(*turns: tuple[str, str | None], id: str = "d") -> Dialogue:
    said = tuple(Utterance(turn, who, words) for turn, (who, words) in enumerate(turns))
    return Dialogue(id, "train", said)


def in_context(folder: Path, context: int, *dialogues: Dialogue) -> np.ndarray:
    """Encodes dialogues with so many turns before each utterance."""
    corpus = Corpus("own", EmotionSchema("own", ("joy", "anger")), dialogues)
    return text_features(corpus, TextExtractor(str(folder), "cpu", context)).values


def test_minilm_gives_the_vectors_of_sentence_transformers(minilm: TextExtractor):
    theirs = sentence_transformers.SentenceTransformer(minilm_folder(), device="cpu")
    expected = theirs.encode(list(SENTENCES), show_progress_bar=False)
    np.testing.assert_allclose(minilm.encode(SENTENCES), expected, atol=1e-5)
    assert minilm.dim == 384


def minilm_folder() -> str:
    folder = text_encoders._packaged_minilm()
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


def test_batches_hold_every_row_once_and_no_more_tokens_than_fit():
    lengths = [3, 30, 1, 7, 7, 0, 2, 5, 5, 5]
    batches = text.batches_by_length(lengths, 20)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= 20
    assert text.batches_by_length([], 20) == []


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
    assert extractor.description.model == str(roberta)


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
    offline_with(monkeypatch, tmp_path)
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


def without(folder: Path, *keys: str) -> Path:
    """Takes settings of the tokenizer away, as many repositories lack them."""
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({key: settings[key] for key in settings.keys() - {*keys}}))
    return folder


@pytest.mark.parametrize("tokens", [False, True])
def test_a_tokenizer_without_its_files_is_refused(roberta: Path, tokens: bool):
    """The library would make up one that knows no words, and all texts would be the same."""
    for path in roberta.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(InputError, match=r"tiny-roberta.*knows no words; add its files"):
        TokenExtractor(str(roberta), 16) if tokens else TextExtractor(str(roberta), "cpu")


def test_an_encoder_whose_tokenizer_names_no_end_cuts_at_its_own(roberta: Path):
    expected = TextExtractor(str(roberta), "cpu").encode(["so " * 300])
    endless = without(roberta, "model_max_length")
    np.testing.assert_array_equal(
        TextExtractor(str(endless), "cpu").encode(["so " * 300]), expected
    )
    with pytest.raises(InputError, match=r"tokens 39: .* reads 8 to 38"):
        TokenExtractor(str(endless), 39)


def test_bert_counts_its_positions_from_the_first(roberta: Path):
    BertModel(
        BertConfig(
            **{"vocab_size": len(WORDS), "hidden_size": 8, "num_hidden_layers": 1},
            **{"num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 20},
        )
    ).save_pretrained(roberta)
    extractor = TextExtractor(str(without(roberta, "model_max_length")), "cpu")
    assert extractor.description.settings["max_tokens"] == 20
    assert np.isfinite(extractor.encode(["so " * 300])).all()


def test_without_a_token_for_padding_batch_mates_do_not_matter(roberta: Path):
    texts = ["i am so happy", "no", "yes yes"]
    expected = TextExtractor(str(roberta), "cpu").encode(texts)
    found = TextExtractor(str(without(roberta, "pad_token")), "cpu").encode(texts)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_model_that_is_no_encoder_is_one_line(roberta: Path):
    T5Model(
        T5Config(
            **{"vocab_size": len(WORDS), "d_model": 8, "d_kv": 4, "d_ff": 8},
            **{"num_layers": 1, "num_heads": 2},
        )
    ).save_pretrained(roberta)
    with pytest.raises(InputError, match=r"tiny-roberta.*cannot encode a text") as error:
        TextExtractor(str(roberta), "cpu")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("device", ["nonsense", "cuda:99", "mps:99", torch.device("xla")])
def test_a_device_that_is_not_there_is_one_line(device: str | torch.device):
    with pytest.raises(InputError, match=rf"device {device}.*: no such device here") as error:
        TextExtractor("minilm", device)
    assert "\n" not in str(error.value)


def fingerprint(source: Path) -> str:
    extractor = TextExtractor(str(source), "cpu")
    return extractor.description.fingerprint


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
        monkeypatch.setitem(text_encoders.PRESETS, "roberta-base", preset)
        extractor = TextExtractor("roberta-base", "cpu")
        found.add(extractor.description.fingerprint)
    assert len(found) == 3


def test_an_extractor_tells_where_its_features_come_from(minilm: TextExtractor):
    extractor = minilm.description
    assert extractor.name == "transformer minilm"
    assert re.fullmatch(r"synctva \d+\.\d+.*", extractor.version)
    assert re.fullmatch("[0-9a-f]{64}", extractor.weights)
    assert extractor.settings == {
        "pooling": "mean",
        "layers": 1,
        "normalise": True,
        "max_tokens": 256,
    }


TALK = (("Ada", "no"), ("Bob", "i am so happy"), ("Ada", "yes i am"), ("Bob", "so sad"))


def test_the_vector_in_context_is_the_mean_over_the_utterance_s_own_tokens(roberta: Path):
    model = RobertaModel.from_pretrained(roberta).eval()
    written = "<s> Speaker 1 : i am so happy </s> Speaker 2 : yes i am </s>"
    tokens = torch.tensor([[WORDS.index(word) for word in written.split()]])
    with torch.no_grad():
        hidden = model(tokens).last_hidden_state[0]
    found = in_context(roberta, 1, dialogue_of(*TALK))
    np.testing.assert_allclose(found[2], hidden[-4:-1].mean(0).numpy(), atol=1e-5)


def test_an_item_holds_the_turns_before_and_numbers_speakers_as_they_appear():
    corpus = Corpus("own", EmotionSchema("own", ("joy", "anger")), (dialogue_of(*TALK),))
    items = inputs_in_context(corpus, 2)
    assert items[0] == InContext("no", 1)
    assert items[2] == InContext("yes i am", 1, ((1, "no"), (2, "i am so happy")))
    assert items[3] == InContext("so sad", 1, ((1, "i am so happy"), (2, "yes i am")))
    assert len({hash(item) for item in items}) == 4
    assert json.loads(json.dumps(asdict(items[2])))["before"] == [[1, "no"], [2, "i am so happy"]]


def test_without_context_an_item_is_the_words(roberta: Path):
    extractor = TextExtractor(str(roberta), "cpu")
    assert extractor.inputs_of(corpus_of("no", None, "")) == ["no", "", ""]


@pytest.mark.parametrize("context", [1, 2])
def test_a_later_turn_changes_nothing_and_an_earlier_one_within_reach_does(
    roberta: Path, context: int
):
    before = in_context(roberta, context, dialogue_of(*TALK))
    for edited in range(4):
        words = [
            (who, "sad sad" if turn == edited else said) for turn, (who, said) in enumerate(TALK)
        ]
        after = in_context(roberta, context, dialogue_of(*words))
        changed = ~np.isclose(before, after, atol=1e-6).all(axis=1)
        assert changed.tolist() == [0 <= turn - edited <= context for turn in range(4)]


def test_another_dialogue_changes_nothing(roberta: Path):
    first = dialogue_of(*TALK, id="first")
    alone = in_context(roberta, 3, first)
    second = dialogue_of(("Ada", "so so so"), ("Cy", "no"), id="second")
    np.testing.assert_allclose(in_context(roberta, 3, second, first)[2:], alone, atol=1e-6)


def test_speakers_names_do_not_matter_but_who_speaks_does(roberta: Path):
    named = in_context(roberta, 3, dialogue_of(*TALK))
    other = {"Ada": "Zoe", "Bob": "Ada"}
    renamed = dialogue_of(*((other[who], said) for who, said in TALK))
    np.testing.assert_array_equal(in_context(roberta, 3, renamed), named)
    monologue = in_context(roberta, 3, dialogue_of(*(("Ada", said) for _, said in TALK)))
    changed = ~np.isclose(monologue, named, atol=1e-6).all(axis=1)
    assert changed.tolist() == [False, True, True, True]


def test_turns_without_words_are_passed_over(roberta: Path):
    quiet = [TALK[0], ("Cy", None), ("Bob", "  "), TALK[1]]
    found = in_context(roberta, 3, dialogue_of(*quiet))
    expected = in_context(roberta, 3, dialogue_of(TALK[0], TALK[1]))
    np.testing.assert_allclose(found[[0, 3]], expected, atol=1e-6)
    assert not found[[1, 2]].any()


def test_turns_that_do_not_fit_are_left_out_from_the_oldest(
    roberta: Path, caplog: pytest.LogCaptureFixture
):
    """38 tokens hold <s>, Speaker 1 :, the utterance, </s>, and 4 more tokens for each turn."""
    caplog.set_level(logging.DEBUG)
    turns = [("Ada", "so " * 9), ("Ada", "sad " * 9), ("Ada", "happy " * 9), ("Ada", "no yes")]
    whole = in_context(roberta, 3, dialogue_of(*turns))[3]
    fitting = in_context(roberta, 2, dialogue_of(*turns))[3]
    fewer = in_context(roberta, 1, dialogue_of(*turns))[3]
    np.testing.assert_allclose(whole, fitting, atol=1e-6)
    assert not np.allclose(fitting, fewer, atol=1e-4)
    assert not [record for record in caplog.records if "longer than" in record.getMessage()]


def test_an_utterance_that_fills_the_encoder_has_no_context_and_loses_its_end(roberta: Path):
    found = in_context(roberta, 3, dialogue_of(("Ada", "no"), ("Ada", "so " * 33 + "sad " * 99)))
    alone = in_context(roberta, 3, dialogue_of(("Ada", "so " * 33)))
    np.testing.assert_allclose(found[1], alone[0], atol=1e-5)


def test_in_context_neither_order_nor_batch_mates_matter(
    roberta: Path, monkeypatch: pytest.MonkeyPatch
):
    extractor = TextExtractor(str(roberta), "cpu", context=3)
    corpus = Corpus("own", EmotionSchema("own", ("joy", "anger")), (dialogue_of(*TALK * 3),))
    items = extractor.inputs_of(corpus)
    together = extractor.encode([*items, "no"])
    np.testing.assert_allclose(extractor.encode(["no", *items[::-1]])[::-1], together, atol=1e-5)
    monkeypatch.setattr(text, "BATCH_TOKENS", 1)
    np.testing.assert_allclose(extractor.encode([*items, "no"]), together, atol=1e-5)


def test_padding_on_the_left_gives_the_same(roberta: Path):
    extractor = TextExtractor(str(roberta), "cpu", context=3)
    items = [InContext("so", 1), InContext("no", 2, ((1, "yes i am so happy"),))]
    expected = extractor.encode(items)
    extractor._tokeniser.tokenizer.padding_side = "left"
    # positions are counted without padding, so only the pooling could go wrong
    np.testing.assert_allclose(extractor.encode(items), expected, atol=1e-5)


def test_words_that_the_tokenizer_drops_give_a_vector_all_the_same(minilm: TextExtractor):
    odd = TextExtractor("minilm", "cpu", context=1).encode([InContext("\x00", 1)])
    np.testing.assert_allclose(np.linalg.norm(odd, axis=1), 1, atol=1e-5)


def test_minilm_reads_a_context_apart_from_the_words(minilm: TextExtractor):
    extractor = TextExtractor("minilm", "cpu", context=2)
    happy, sad, again = extractor.encode(
        [
            InContext("Really?", 1, ((2, "I got the job! I am so happy!"),)),
            InContext("Really?", 1, ((2, "My dog died this morning."),)),
            InContext(" Really? ", 1, ((2, "I got the job! I am so happy! "),)),
        ]
    )
    np.testing.assert_allclose(happy, again, atol=1e-6)
    job = minilm.encode(["a new job"])[0]
    assert happy @ job > sad @ job + 0.05


def test_the_context_is_in_the_fingerprint_and_0_is_not(roberta: Path):
    plain, none, one, two = (
        TextExtractor(str(roberta), "cpu", *context).description
        for context in [(), (0,), (1,), (2,)]
    )
    assert plain == none
    assert "context" not in none.settings
    assert (one.settings["context"], two.settings["context"]) == (1, 2)
    assert len({each.fingerprint for each in (none, one, two)}) == 3


def test_a_negative_context_is_one_line():
    with pytest.raises(InputError, match="context -1: give 0 or a number of turns"):
        TextExtractor("minilm", "cpu", context=-1)
