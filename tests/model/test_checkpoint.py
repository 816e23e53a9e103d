import json
import pickle
import random
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from support.batches import DIMS, EMOTIONS, random_batch
from support.hub_models import offline_with

from synctva.corpus import Description
from synctva.errors import InputError
from synctva.model.checkpoint import Provenance, read_checkpoint
from synctva.model.emotion_model import EmotionModel
from synctva.model.load import SHIPPED
from synctva.networks.sync_tva.architecture import MOST_LAYERS, Architecture

TEXT = Description("transformer", "minilm", "transformers 5", "00ff", {"layers": 1}, 12)
AUDIO = Description("opensmile", "egemaps", "opensmile 2", "11ee", {"rate": 2.5, "on": True}, 8)
PROVENANCE = Provenance("meld", "meld-7", {"text": TEXT, "audio": AUDIO}, 1.5)
PRINTS = {"text": TEXT.fingerprint, "audio": AUDIO.fingerprint}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    model = EmotionModel(
        EMOTIONS, DIMS, Architecture(width=8, heads=2, past=5, graphs=("text_audio",))
    )
    model.normalise(random_batch([9]))
    model.provenance = PROVENANCE
    model.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def reconfigure(saved: Path, table: str, **values: Any) -> None:
    config = json.loads((saved / "config.json").read_text())
    (config["arguments"]["settings"] if table == "settings" else config[table]).update(values)
    del config["sha256"]
    (saved / "config.json").write_text(json.dumps(config))


def forget_hashes(saved: Path) -> None:
    """Makes a checkpoint one of before there were any."""
    reconfigure(saved, "arguments")
    with suppress(SafetensorError):
        save_file(load_file(saved / "model.safetensors"), saved / "model.safetensors")


def complaint(source: str | Path) -> str:
    """Returns the one line that loading from there ends with."""
    with pytest.raises(InputError) as error:
        EmotionModel.from_pretrained(source)
    message = str(error.value)
    assert "\n" not in message
    assert str(source) in message
    return message


def test_what_is_saved_is_loaded(saved: Path):
    model, batch = EmotionModel.from_pretrained(saved), random_batch([4, 7])
    assert model.provenance == PROVENANCE
    assert model.settings == Architecture(width=8, heads=2, past=5, graphs=("text_audio",))
    again = saved.parent / "again"
    model.save_pretrained(again)
    assert torch.equal(model(batch).logits, EmotionModel.from_pretrained(str(again))(batch).logits)
    for file in ("config.json", "model.safetensors"):
        assert (again / file).read_bytes() == (saved / file).read_bytes()


def test_a_loaded_model_can_be_trained(saved: Path):
    model = EmotionModel.from_pretrained(saved).train()
    model(random_batch([5])).logits.sum().backward()
    assert all(weight.requires_grad for weight in model.parameters())
    assert (saved / "model.safetensors").exists()


def test_a_checkpoint_is_its_configuration_and_its_weights(saved: Path):
    assert {file.name for file in saved.iterdir()} == {"config.json", "model.safetensors"}
    arguments, provenance, weights = read_checkpoint(saved)
    assert set(arguments) == {"emotions", "dims", "settings"}
    assert provenance == PROVENANCE
    assert weights.keys() == EmotionModel.from_pretrained(saved).state_dict().keys()


def test_features_of_another_width_are_refused_without_a_fingerprint_too(saved: Path):
    model = EmotionModel.from_pretrained(saved)
    model.check_features(DIMS, {}, "a store", "extract")
    with pytest.raises(InputError, match=r"a store: its text features are 1 wide, .* extract"):
        model.check_features({"text": 1}, {}, "a store", "extract")


def test_a_setting_that_a_checkpoint_does_not_say_is_never_a_default(saved: Path):
    config = json.loads((saved / "config.json").read_text())
    del config["arguments"]["settings"]["nonlinear_projection"], config["sha256"]
    (saved / "config.json").write_text(json.dumps(config))
    assert "does not say nonlinear_projection; another version" in complaint(saved)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(saved: Path, file: str):
    (saved / file).unlink()
    assert file in complaint(saved)


def test_a_flipped_bit_of_the_weights_is_refused(saved: Path):
    weights = saved / "model.safetensors"
    whole = weights.read_bytes()
    for place in random.Random(0).sample(range(8 * len(whole)), 100):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        weights.write_bytes(changed)
        assert "damaged weights" in complaint(saved)


@pytest.mark.parametrize(
    ("old", "new"), [('"temperature": 1.5', '"temperature": 1.4'), ('"past": 5', '"past": 4')]
)
def test_a_changed_number_of_the_configuration_is_refused(saved: Path, old: str, new: str):
    config = (saved / "config.json").read_text()
    assert config.count(old) == 1
    (saved / "config.json").write_text(config.replace(old, new))
    assert "config.json: not as it was saved" in complaint(saved)
    (saved / "config.json").write_text(json.dumps(json.loads(config)))  # laid out otherwise
    EmotionModel.from_pretrained(saved)


@pytest.mark.parametrize("hashes", [1, [], {}, "0", None])
def test_hashes_that_are_none_are_refused(saved: Path, hashes: Any):
    config = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps({**config, "sha256": hashes}))
    assert "not as it was saved" in complaint(saved)


def test_a_checkpoint_of_before_there_were_hashes_is_loaded(saved: Path):
    expected = EmotionModel.from_pretrained(saved).state_dict()
    forget_hashes(saved)
    for name, weight in EmotionModel.from_pretrained(saved).state_dict().items():
        assert torch.equal(weight, expected[name])


def test_the_shipped_model_has_hashes():
    config = json.loads((SHIPPED / "lite" / "config.json").read_text())
    assert len(config["sha256"]) == 64
    with safe_open(SHIPPED / "lite" / "model.safetensors", "pt") as file:
        assert len(file.metadata()["sha256"]) == 64


@pytest.mark.parametrize("kept", [0, 7, 100, -1])
@pytest.mark.parametrize("has_hashes", [True, False])
def test_truncated_weights_are_refused(saved: Path, kept: int, has_hashes: bool):
    weights = saved / "model.safetensors"
    if not has_hashes:
        forget_hashes(saved)
    weights.write_bytes(weights.read_bytes()[:kept])
    assert "damaged weights" in complaint(saved)


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("a pickle was run",)


def test_a_pickle_by_the_name_of_weights_is_refused_and_not_run(saved: Path):
    (saved / "model.safetensors").write_bytes(pickle.dumps(Hostile()))
    assert "damaged weights" in complaint(saved)
    torch.save({"weights": Hostile()}, saved / "model.safetensors")
    assert "damaged weights" in complaint(saved)
    forget_hashes(saved)
    assert "damaged weights" in complaint(saved)


def test_weights_of_another_shape_are_refused_by_name(saved: Path):
    weights = load_file(saved / "model.safetensors")
    weights["network.classifier.1.weight"] = torch.zeros(8, 9)
    save_file(weights, saved / "model.safetensors")
    assert "network.classifier.1.weight" in complaint(saved)


def test_a_missing_weight_is_refused_by_name(saved: Path):
    weights = load_file(saved / "model.safetensors")
    del weights["network.projection.text.absent"]
    save_file(weights, saved / "model.safetensors")
    assert "network.projection.text.absent" in complaint(saved)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", "{}", '{"arguments": {}}', "\udcff", "[" * 100_000]
)
def test_a_damaged_configuration_is_refused(saved: Path, text: str):
    (saved / "config.json").write_bytes(text.encode(errors="surrogateescape"))
    assert "not a checkpoint's configuration" in complaint(saved)


@pytest.mark.parametrize(
    ("table", "values", "reason"),
    [
        ("settings", {"wdith": 8}, "wdith"),
        ("settings", {"width": "broad"}, "width"),
        ("settings", {"width": 12}, "size mismatch"),
        ("settings", {"width": 2**24}, "size mismatch"),
        ("settings", {"width": 2**40}, "overflow"),
        ("settings", {"width": 10**30}, "verflow"),
        ("settings", {"heads": 0}, "heads"),
        ("settings", {"past": "everything"}, "past"),
        ("settings", {"graphs": ["text_text"]}, "graphs"),
        ("settings", {"graph_layers": 10**9}, f"{MOST_LAYERS} or fewer"),
        ("settings", {"enhancement_layers": 10**9}, f"{MOST_LAYERS} or fewer"),
        ("arguments", {"emotions": 7}, "emotions"),
        ("arguments", {"emotions": ["joy"]}, "size mismatch"),
        ("arguments", {"dims": {}}, "modalities"),
        ("arguments", {"dims": {"smell": 3}}, "modalities"),
        ("arguments", {"dims": {**DIMS, "text": 10**15}}, "size mismatch"),
        ("arguments", {"dims": {"text": -1}}, "negative"),
        ("arguments", {"encoder": "x"}, "encoder"),
        ("provenance", {"features": "00ff"}, "features"),
        ("provenance", {"temperature": "warm"}, "temperature"),
        *(
            ("provenance", values, "temperature")
            for number in (0, -1, float("nan"), float("inf"))
            for values in ({"temperature": number},)
        ),
        *(
            ("provenance", {"confidence": {"calibrations": {"text": {"scale": number}}}}, "scale")
            for number in (0, -1, float("nan"), float("inf"))
        ),
    ],
)
def test_a_hostile_configuration_is_refused_before_it_costs_anything(
    saved: Path, table: str, values: dict[str, Any], reason: str
):
    reconfigure(saved, table, **values)
    start_s = time.process_time()
    message = complaint(saved)
    assert time.process_time() - start_s < 10
    assert reason in message


def test_features_of_the_same_extractor_fit():
    PROVENANCE.check({**PRINTS, "visual": "22dd"}, "stores/meld")
    PROVENANCE.check({"audio": AUDIO.fingerprint}, "stores/meld")
    Provenance().check({"text": "anything"}, "stores/meld")


def test_features_of_another_extractor_are_named_with_both_fingerprints():
    told = re.compile(f"stores/meld.*audio.*77aa.*egemaps.*{AUDIO.fingerprint}.*extract")
    with pytest.raises(InputError, match=told):
        PROVENANCE.check({**PRINTS, "audio": "77aa"}, "stores/meld")


def test_a_checkpoint_that_does_not_describe_its_features_is_refused_with_the_command(
    saved: Path, tmp_path: Path
):
    run = tmp_path / "run"
    folder = run / "seed-0" / "checkpoint"
    shutil.copytree(saved, folder)
    config = json.loads((folder / "config.json").read_text())
    config["provenance"]["fingerprints"] = dict.fromkeys(config["provenance"]["features"], "0" * 16)
    del config["provenance"]["features"]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="`synctva train RECIPE --store STORE --out NEW`"):
        EmotionModel.from_pretrained(folder)
    (run / "recipe.toml").write_text("")
    with pytest.raises(InputError, match=re.escape(f"`synctva train {run}/recipe.toml --store ST")):
        EmotionModel.from_pretrained(folder)


def test_a_checkpoint_of_the_hub_is_loaded_like_a_folder(
    saved: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = []

    def snapshot_download(name: str, allow_patterns: list[str]) -> str:
        asked.append((name, sorted(allow_patterns)))
        return str(saved)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    model = EmotionModel.from_pretrained("someone/sync-tva-meld")
    assert model.provenance == PROVENANCE
    assert asked == [("someone/sync-tva-meld", ["config.json", "model.safetensors"])]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("someone/sync-tva-meld", "the hub was not reached"),
        ("nope", "the hub was not reached"),
        ("no/such/folder", "none of this name on the hub"),
        ("not an id!", "none of this name on the hub"),
        ("/gone", "none of this name on the hub"),
    ],
)
def test_what_is_neither_a_folder_nor_on_the_hub_is_one_line(
    name: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    offline_with(monkeypatch, tmp_path)
    assert complaint(name).endswith(
        f"{name}: no such folder, and {told}; name a checkpoint's folder, or `lite`"
    )
