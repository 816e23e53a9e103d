"""The door to the hub: no code of a model's is run, and no network unless it is asked for."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from huggingface_hub import constants
from support.hub_models import make_resnet, make_roberta, make_wavlm

from synctva.errors import InputError
from synctva.features.extractors.hub import (
    load_image_model,
    load_speech_model,
    load_text_model,
    load_tokenizer,
    named_in,
)

LOADERS = {
    "image": (make_resnet, lambda name: load_image_model(name, {})),
    "speech": (make_wavlm, load_speech_model),
    "text": (make_roberta, lambda name: load_text_model(name, {})),
    "tokenizer": (make_roberta, lambda name: load_tokenizer(name, {})),
}


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[object]:
    """What the network was asked for; it refuses everything. The hub's cache is empty."""
    asked: list[object] = []

    def refuse(*address: object, **_: object) -> None:
        asked.append(address)
        raise OSError("no network in tests")

    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between two tries
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return asked


@pytest.mark.parametrize("kind", LOADERS)
def test_a_folder_is_loaded_without_a_look_at_the_network(
    kind: str, reached: list[object], tmp_path: Path
):
    make, load = LOADERS[kind]
    load(str(make(tmp_path / "model")))
    assert not reached
    assert not constants.HF_HUB_OFFLINE


@pytest.mark.parametrize("kind", LOADERS)
def test_a_model_that_needs_code_is_refused_by_name_and_nobody_is_asked(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make, load = LOADERS[kind]
    folder = make(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "its-own"
    config["auto_map"] = {"AutoConfig": "own.OwnConfig", "AutoModel": "own.Own"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(InputError, match=r"model.*needs code of its own, which is never run"):
        load(str(folder))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", LOADERS)
def test_what_a_file_names_of_the_hub_is_told_and_not_fetched(kind: str, reached: list[object]):
    _, load = LOADERS[kind]
    with (
        named_in("runs/own"),
        pytest.raises(InputError, match=r"runs/own: names 'some/one' of the hub.*--download"),
    ):
        load("some/one")
    assert not reached


@pytest.mark.parametrize("kind", LOADERS)
def test_what_the_user_names_or_asks_for_is_looked_up(kind: str, reached: list[object]):
    _, load = LOADERS[kind]
    with pytest.raises(InputError, match="cannot be loaded"):
        load("some/one")
    assert reached
    reached.clear()
    with named_in("runs/own", downloads=True), pytest.raises(InputError, match="cannot be loaded"):
        load("some/one")
    assert reached


def test_telemetry_of_the_hub_is_off():
    told = "from huggingface_hub.constants import HF_HUB_DISABLE_TELEMETRY as off; print(off)"
    asked = f"import synctva; {told}"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "True"
