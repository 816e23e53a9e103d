"""The packaged encoder without the library: its very tokens and vectors."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from synctva.errors import InputError
from synctva.features.extractors.hub import text as hub_text
from synctva.features.extractors.hub.text import TextModel, load_text_model, load_tokenizer, stored
from synctva.features.extractors.text_encoders import sources

TEXTS = ["Oh no!", "", "how are you doing today " * 30, "naïve café 日本語 🙂 don't", "a\nb\tc"]


@pytest.fixture(scope="module")
def ours() -> TextModel:
    return load_text_model("minilm", sources())


@pytest.fixture(scope="module")
def library() -> TextModel:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub_text, "is_packaged", lambda *_: False)
        return load_text_model("minilm", sources())


@given(st.lists(st.one_of(st.sampled_from(TEXTS), st.text(max_size=40)), min_size=1, max_size=4))
def test_the_tokens_are_those_of_the_library(ours: TextModel, library: TextModel, texts: list[str]):
    for text in texts:
        cut = {"truncation": True, "max_length": 24, "return_offsets_mapping": True}
        found, expected = (own.tokenizer(text, **cut) for own in (ours, library))  # pyright: ignore
        assert list(found["input_ids"]) == list(expected["input_ids"])
        assert list(found["offset_mapping"]) == list(expected["offset_mapping"])
    items = {"input_ids": [ours.tokenizer(text)["input_ids"] for text in texts]}
    found, expected = (own.tokenizer.pad(items, return_tensors="pt") for own in (ours, library))
    for name in ("input_ids", "attention_mask"):
        assert torch.equal(found[name], expected[name])


@pytest.mark.parametrize("is_training", [False, True])
def test_weights_and_vectors_are_those_of_the_library(
    ours: TextModel, library: TextModel, is_training: bool
):
    assert ours.weights == library.weights
    assert ours.tokenizer.model_max_length == library.tokenizer.model_max_length
    items = {"input_ids": [ours.tokenizer(text)["input_ids"] for text in TEXTS]}
    padded = ours.tokenizer.pad(items, return_tensors="pt")
    found = []
    for own in (ours, library):
        own.model.train(is_training)
        torch.manual_seed(0)
        with torch.no_grad():
            found.append(own.model(**padded, output_hidden_states=True).hidden_states)
        own.model.eval()
    there = padded["attention_mask"].bool()
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine[there], theirs[there], atol=1e-5, rtol=1e-5)


def test_what_is_hashed_of_the_tokenizer_is_what_is_stored(monkeypatch: pytest.MonkeyPatch):
    ours = load_tokenizer("minilm", sources())
    monkeypatch.setattr(hub_text, "is_packaged", lambda *_: False)
    library = load_tokenizer("minilm", sources())
    assert stored(ours) == stored(library)


@pytest.mark.parametrize("lacking", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_damaged_package_is_told(tmp_path: Path, lacking: str):
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        real = (Path(sources()["minilm"]) / name).read_bytes()
        (tmp_path / name).write_bytes(b"{}" if name == lacking else real)
    with pytest.raises(InputError, match="'minilm' cannot be loaded"):
        load_text_model("minilm", {"minilm": str(tmp_path)})
