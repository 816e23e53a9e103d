"""Encoders inside a model: the features of the extractors, of which the training changes some."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support.hub_models import make_resnet, make_roberta, make_wavlm
from torch import Tensor

from synctva.batch import Batch, batch_of
from synctva.corpus import Corpus, Description, Features
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import EmotionSchema
from synctva.encoders.encoder import Encoder, load_encoders
from synctva.encoders.settings import EncoderSettings
from synctva.errors import InputError
from synctva.features.extractors.text import TextExtractor
from synctva.features.extractors.tokens import TokenExtractor
from synctva.features.extractors.visual import VisualExtractor
from synctva.features.extractors.waveform import WaveformExtractor
from synctva.media import Frames
from synctva.model.emotion_model import EmotionModel
from synctva.networks.sync_tva.architecture import Architecture

SAID = ("i am so happy", "no", "", "yes yes i am sad so sad", "you")
SCHEMA = EmotionSchema("own", ("joy", "anger"))
TUNED = ("lora", "full")
SMALL = Architecture(width=8, heads=2)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def words(*said: str) -> Corpus:
    utterances = tuple(
        Utterance(turn, "Ada" if turn % 2 else "Bob", text, "joy" if turn % 3 else "anger")
        for turn, text in enumerate(said)
    )
    return Corpus("own", SCHEMA, (Dialogue("d", "train", utterances),))


def rows_of(folder: Path, corpus: Corpus, context: int = 0) -> Tensor:
    extractor = TokenExtractor(str(folder), 20, context)
    return torch.from_numpy(extractor.encode(extractor.inputs_of(corpus)))


def everything(folder: Path, seed: int = 0, said: tuple[str, ...] = SAID) -> Batch:
    """Returns a dialogue as tokens, sound and crops, each missing once."""
    random = np.random.default_rng(seed)
    corpus, count = words(*said), len(said)
    sound = WaveformExtractor(0.2)
    heard = [
        sound.encode(random.normal(size=900 * (n + 1)).astype(np.float32)) for n in range(count)
    ]
    values = {
        "text": rows_of(folder / "roberta", corpus).numpy(),
        "audio": np.stack([one.vector for one in heard if one.vector is not None]),
        "visual": random.integers(0, 256, (count, 2 * 48 * 48)).astype(np.float32),
    }
    for n, (m, rows) in enumerate(values.items()):
        there = np.arange(count) != n + 1
        made = Features(np.where(there[:, None], rows, 0), there, Description(m))
        corpus = corpus.with_features(m, made)
    return batch_of(corpus)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    make_roberta(tmp_path / "roberta")
    make_resnet(tmp_path / "resnet", preparation={"size": 48})
    make_wavlm(tmp_path / "wavlm")
    return tmp_path


def settings_of(folder: Path, tune: str) -> dict[str, EncoderSettings]:
    chosen = {"text": str(folder / "roberta"), "audio": str(folder / "wavlm")}
    return {
        m: EncoderSettings(model, tune=tune, rank=2)  # pyright: ignore
        for m, model in {**chosen, "visual": "expression"}.items()
    }


def joint(folder: Path, tune: str, batch: Batch) -> EmotionModel:
    dims = {m: rows.shape[1] for m, rows in batch.features.items()}
    encoders = load_encoders(settings_of(folder, tune))
    model = EmotionModel(SCHEMA.emotions, dims, SMALL, encoders)
    model.normalise(batch)
    return model


@pytest.mark.parametrize("context", [0, 2])
def test_the_text_encoder_gives_the_vectors_of_the_extractor(models: Path, context: int):
    corpus = words(*SAID)
    extractor = TextExtractor(str(models / "roberta"), "cpu", context)
    expected = extractor.encode(extractor.inputs_of(corpus))
    encoder = Encoder("text", EncoderSettings(str(models / "roberta"), tune="frozen")).eval()
    found = encoder(rows_of(models / "roberta", corpus, context), torch.ones(5, dtype=torch.bool))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)
    assert encoder.weights == extractor.description.weights


def test_minilm_inside_a_model_is_minilm():
    extractor = TokenExtractor("minilm", 32)
    said = ["Oh my God, he's lost it.", "no", "Ça va, 李?"]
    encoder = Encoder("text", EncoderSettings("minilm", tune="frozen")).eval()
    found = encoder(torch.from_numpy(extractor.encode(said)), torch.ones(3, dtype=torch.bool))
    np.testing.assert_allclose(found, TextExtractor("minilm", "cpu").encode(said), atol=1e-5)


def crops_of(name: str, faces: int, frames: Frames) -> tuple[Tensor, np.ndarray]:
    """Returns an utterance's row of crops, and its features by the extractor."""
    kept = VisualExtractor(name, faces="whole", crops=faces).encode(frames).vector
    features = VisualExtractor(name, faces="whole").encode(frames).vector
    assert kept is not None
    assert features is not None
    return torch.from_numpy(kept)[None], features


@pytest.mark.parametrize("spare", [0, 3])
@pytest.mark.parametrize("kind", ["expression", "resnet"])
def test_the_face_encoder_gives_the_vectors_of_the_extractor(models: Path, kind: str, spare: int):
    name = kind if kind == "expression" else str(models / kind)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 60, 60, 3)).astype(np.uint8)
    row, expected = crops_of(name, 4 + spare, Frames(pictures, np.arange(4) / 5.0))
    encoder = Encoder("visual", EncoderSettings(name, tune="frozen")).eval()
    found = encoder(row, torch.ones(1, dtype=torch.bool))
    np.testing.assert_allclose(found[0], expected, atol=1e-4, rtol=1e-3)


def test_crops_of_another_network_are_one_line(models: Path):
    encoder = Encoder("visual", EncoderSettings("expression"))
    with pytest.raises(InputError, match=r"visual\.crops"):
        encoder(torch.ones(1, 100), torch.ones(1, dtype=torch.bool))


def test_sound_is_encoded_whatever_else_is_in_the_batch(models: Path):
    encoder = Encoder("audio", EncoderSettings(str(models / "wavlm"), tune="frozen")).eval()
    rows = torch.randn(4, 3200)
    rows[1, 1900:] = 0
    rows[2, 1700:] = 0
    rows[3] = 0
    there = torch.ones(4, dtype=torch.bool)
    together = encoder(rows, there)
    assert together.isfinite().all()
    for n in range(4):
        torch.testing.assert_close(encoder(rows[[n]], there[:1])[0], together[n])
    louder = encoder(rows * 3, there)
    torch.testing.assert_close(louder, together, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("tune", TUNED)
def test_the_gradient_reaches_every_encoder(models: Path, tune: str):
    batch = everything(models)
    model = joint(models, tune, batch).train()
    optimizer = torch.optim.AdamW(model.parameter_groups(1e-3))
    for _ in range(2):  # an adapter's first matrix learns once its second is no longer zero
        optimizer.step()
        optimizer.zero_grad()
        output = model(batch)
        (output.logits.square().sum() + output.fused.square().sum()).backward()
    for m in ("text", "audio", "visual"):
        encoder = model.encoders[m]
        grads = [p.grad for n, p in encoder.named_parameters() if n in encoder.trained]
        alive = [g is not None and bool(g.abs().sum() > 0) for g in grads]
        assert sum(alive) > 0.8 * len(alive), m


def test_a_frozen_encoder_has_nothing_to_train(models: Path):
    batch = everything(models)
    model = joint(models, "frozen", batch).train()
    model(batch).logits.sum().backward()
    assert all(p.grad is None for p in model.encoders.parameters())
    assert len(model.parameter_groups(1e-3)) == 1
    assert not any(name.startswith("encoders.") for name in model.trained_state())


def test_an_adapter_changes_nothing_until_it_has_learnt(models: Path):
    batch = everything(models)
    one, other = (joint(models, tune, batch).eval() for tune in ("frozen", "lora"))
    for m in ("text", "audio", "visual"):
        rows, there = batch.features[m], torch.ones(len(batch), dtype=torch.bool)
        torch.testing.assert_close(one.encoders[m](rows, there), other.encoders[m](rows, there))


@pytest.mark.parametrize("tune", TUNED)
def test_batch_mates_change_nothing(models: Path, tune: str):
    one, other = everything(models, 0), everything(models, 1, SAID[:3])
    model = joint(models, tune, one).eval()
    both = Batch(
        **{
            name: torch.cat([getattr(one, name), getattr(other, name) + (name == "dialogue")])
            for name in Batch.__annotations__
        }
    )
    torch.testing.assert_close(
        model(both).logits[: len(one)], model(one).logits, atol=1e-4, rtol=1e-3
    )


def test_what_is_absent_is_not_encoded(models: Path):
    batch = everything(models)
    model = joint(models, "lora", batch).eval()
    noise = replace(batch, text=torch.where(batch.present[:, [0]], batch.text, 3.0))
    assert torch.equal(model(noise).logits, model(batch).logits)
    silent = batch.keep(("visual",))
    assert model(silent).logits.isfinite().all()


@pytest.mark.parametrize("tune", ["frozen", *TUNED])
def test_a_checkpoint_gives_the_same_logits(models: Path, tmp_path: Path, tune: str):
    batch = everything(models)
    model = joint(models, tune, batch).eval()
    with torch.no_grad():
        for weights in model.parameters():
            if weights.requires_grad:
                weights.add_(0.01 * torch.randn_like(weights))
    model.save_pretrained(tmp_path / "checkpoint")
    again = EmotionModel.from_pretrained(tmp_path / "checkpoint")
    assert torch.equal(again(batch).logits, model(batch).logits)
    assert again.trained_state().keys() == model.trained_state().keys()


def test_a_checkpoint_holds_only_what_was_trained(models: Path, tmp_path: Path):
    batch = everything(models)
    model = joint(models, "lora", batch)
    model.save_pretrained(tmp_path / "checkpoint")
    kept = load_file(tmp_path / "checkpoint" / "model.safetensors")
    encoders = [name for name in kept if name.startswith("encoders.")]
    assert encoders
    assert all("lora_" in name for name in encoders)


def test_minilm_with_adapters_is_a_few_megabytes(tmp_path: Path):
    encoders = load_encoders({"text": EncoderSettings("minilm")})
    model = EmotionModel(SCHEMA.emotions, {"text": 32}, SMALL, encoders)
    model.save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_size < 8e6


def test_other_base_weights_are_refused(models: Path, tmp_path: Path):
    batch = everything(models)
    joint(models, "lora", batch).save_pretrained(tmp_path / "checkpoint")
    make_roberta(models / "roberta", seed=1)
    with pytest.raises(InputError, match="text encoder was trained on weights that begin with"):
        EmotionModel.from_pretrained(tmp_path / "checkpoint")


def test_a_base_that_is_gone_is_one_line(models: Path, tmp_path: Path):
    joint(models, "lora", everything(models)).save_pretrained(tmp_path / "checkpoint")
    (models / "roberta").rename(models / "elsewhere")
    with pytest.raises(InputError, match="roberta"):
        EmotionModel.from_pretrained(tmp_path / "checkpoint")


@pytest.mark.parametrize(
    ("change", "named"),
    [({"rank": 0}, "rank"), ({"dropout": 1.0}, "dropout"), ({"learning_rate": 0.0}, "rate")],
)
def test_settings_out_of_range_are_named(change: dict[str, float], named: str):
    with pytest.raises(InputError, match=named):
        EncoderSettings("minilm", **change)  # pyright: ignore


def test_tokens_tell_own_words_from_those_before(models: Path):
    corpus = words("i am", "so happy")
    alone, in_context = rows_of(models / "roberta", corpus), rows_of(models / "roberta", corpus, 1)
    assert (alone >= 0).all()
    assert (in_context[1] < 0).any()
    own = in_context[1][in_context[1] > 0] - 1
    assert set(alone[1][alone[1] > 0].sub(1).tolist()) - {0, 2} <= set(own.tolist())


@pytest.mark.parametrize(
    "ask",
    [lambda f: TokenExtractor(str(f), 4), lambda f: TokenExtractor(str(f), 999)],
    ids=["too few", "too many"],
)
def test_an_odd_number_of_tokens_is_one_line(models: Path, ask: Callable[[Path], object]):
    with pytest.raises(InputError, match="reads 8 to 38"):
        ask(models / "roberta")


def test_a_long_sound_is_cut_and_a_short_one_padded():
    extractor = WaveformExtractor(0.1)
    assert extractor.dim == 1600
    long, short = (extractor.encode(np.ones(n, np.float32)) for n in (2000, 100))
    assert long.flags == ("cut",)
    assert short.vector is not None
    assert short.vector.sum() == 100
    assert extractor.encode(np.zeros(0, np.float32)).vector is None
