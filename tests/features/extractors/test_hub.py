import re
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from support.hub_models import make_resnet, offline_with, tiny_resnet_config
from transformers import (
    BertConfig,
    BertModel,
    ResNetConfig,
    ResNetForImageClassification,
    ResNetModel,
)

from synctva.errors import InputError
from synctva.features.extractors.hub import ImageModel, load_image_model
from synctva.features.extractors.hub.image import IMAGENET_MEAN, IMAGENET_SD

SOURCES = {"resnet-50": "microsoft/resnet-50"}


@pytest.fixture
def resnet(tmp_path: Path) -> Path:
    return make_resnet(tmp_path / "tiny-resnet")


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offline_with(monkeypatch, tmp_path / "cache")


def load(folder: Path) -> ImageModel:
    return load_image_model(str(folder), SOURCES)


def test_a_resnet_gives_the_vectors_of_the_library(resnet: Path):
    pixels = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        expected = ResNetModel.from_pretrained(resnet).eval()(pixels).pooler_output
        loaded = load(resnet)
        found = loaded.model(pixels).pooler_output
    assert torch.equal(found, expected)
    assert found.shape == (2, loaded.dim, 1, 1)
    assert loaded.dim == 12


def test_a_classifier_gives_the_resnet_in_it(tmp_path: Path):
    """``microsoft/resnet-50`` is one."""
    whole = ResNetForImageClassification(tiny_resnet_config())
    whole.save_pretrained(tmp_path)
    assert torch.equal(
        load(tmp_path).model.state_dict()["embedder.embedder.convolution.weight"],
        whole.resnet.state_dict()["embedder.embedder.convolution.weight"],
    )


def test_resnet_50_is_2048_wide():
    with torch.device("meta"):
        model = ResNetModel(ResNetConfig())
    assert ImageModel(model, 224, IMAGENET_MEAN, IMAGENET_SD, "", "").dim == 2048


@pytest.mark.parametrize(
    ("preparation", "size", "mean", "sd"),
    [
        (None, 224, IMAGENET_MEAN, IMAGENET_SD),
        ({}, 224, IMAGENET_MEAN, IMAGENET_SD),
        ({"size": 96, "crop_pct": 0.875}, 96, IMAGENET_MEAN, IMAGENET_SD),
        ({"size": {"shortest_edge": 96}}, 96, IMAGENET_MEAN, IMAGENET_SD),
        ({"size": {"shortest_edge": 96}, "crop_size": {"height": 80, "width": 80}}, 80, None, None),
        (
            {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]},
            *(224, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)),
        ),
        ({"do_normalize": False}, 224, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    ],
)
def test_pictures_are_prepared_as_the_model_says_else_as_imagenet(
    tmp_path: Path,
    preparation: dict[str, object] | None,
    size: int,
    mean: tuple[float, ...] | None,
    sd: tuple[float, ...] | None,
):
    loaded = load(make_resnet(tmp_path, preparation=preparation))
    assert loaded.size == size
    assert loaded.mean == (mean or IMAGENET_MEAN)
    assert loaded.sd == (sd or IMAGENET_SD)


@pytest.mark.parametrize(
    "preparation",
    [
        {"image_mean": [0.5]},
        {"image_std": [0.2, 0.0, 0.2]},
        {"image_std": "grey"},
        {"size": 0},
        {"size": "large"},
        {"size": {"height": None}},
    ],
)
def test_a_preparation_that_makes_no_sense_is_one_line(
    tmp_path: Path, preparation: dict[str, object]
):
    folder = make_resnet(tmp_path, preparation=preparation)
    with pytest.raises(InputError, match=r"preprocessor_config\.json") as error:
        load(folder)
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["resnet-5", "resnet-50", "no/such-model", "/gone"])
def test_an_unknown_model_is_one_line_that_names_the_known_ones(name: str):
    with pytest.raises(InputError, match=re.escape(repr(name))) as error:
        load_image_model(name, SOURCES)
    message = str(error.value)
    assert "\n" not in message
    assert "presets are resnet-50; a folder or a hub id works too" in message
    assert ("Did you mean 'resnet-50'?" in message) == (name == "resnet-5")


def test_a_folder_is_read_without_the_network(resnet: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    load(resnet)


def test_a_model_of_another_kind_is_refused(tmp_path: Path):
    BertModel(
        BertConfig(
            **{"vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 1},
            **{"num_attention_heads": 2, "intermediate_size": 8},
        )
    ).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="of the kind bert; use a ResNet"):
        load(tmp_path)


def test_a_pickle_of_weights_is_not_read(resnet: Path):
    weights = load_file(resnet / "model.safetensors")
    (resnet / "model.safetensors").unlink()
    torch.save(weights, resnet / "pytorch_model.bin")
    with pytest.raises(InputError, match="cannot be loaded"):
        load(resnet)


def test_truncated_weights_are_one_line(resnet: Path):
    weights = resnet / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(InputError, match="cannot be loaded") as error:
        load(resnet)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("key", ["convolution.weight", "running_mean"])
def test_weights_that_lack_something_are_refused(resnet: Path, key: str):
    """The library would make them up, and the features would be noise."""
    weights = load_file(resnet / "model.safetensors")
    lacking = next(name for name in sorted(weights) if name.endswith(key))
    del weights[lacking]
    save_file(weights, resnet / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=f"1 of its weights are missing, such as {lacking}"):
        load(resnet)


def test_counters_of_batches_may_lack(resnet: Path):
    """They play no part once a model is trained, and many files leave them out."""
    weights = load_file(resnet / "model.safetensors")
    kept = {name: w for name, w in weights.items() if not name.endswith("num_batches_tracked")}
    assert len(kept) < len(weights)
    save_file(kept, resnet / "model.safetensors", {"format": "pt"})
    assert load(resnet).weights == load(resnet).weights


def test_the_weights_hash_differs_for_different_weights_and_only_for_them(tmp_path: Path):
    first = load(make_resnet(tmp_path / "one"))
    assert re.fullmatch("[0-9a-f]{64}", first.weights)
    assert re.fullmatch(r"transformers \d+\.\d+.*", first.version)
    assert load(make_resnet(tmp_path / "same")).weights == first.weights
    assert load(make_resnet(tmp_path / "other", seed=1)).weights != first.weights


def test_a_loaded_model_is_ready_to_use(resnet: Path):
    loaded = load(resnet)
    assert not loaded.model.training
    pixels = torch.from_numpy(np.zeros((1, 3, 32, 32), np.float32))
    assert torch.isfinite(loaded.model(pixels).pooler_output).all()
