"""Presets: read from TOML, changed by keys, wrong in one line; old options name the new way."""

import sys
from pathlib import Path

import pytest

from synctva import cli
from synctva.cli.features import RENAMED
from synctva.errors import InputError
from synctva.features.preset import CHOICES, Preset, known_presets, load_preset


def test_the_default_is_lite_and_the_file_says_so():
    assert load_preset() == load_preset("lite") == Preset()
    assert known_presets() == ["lite", "paper"]
    models = {m: choice.model for m, choice in load_preset("paper").chosen.items()}
    assert models == {"text": "roberta-large", "audio": "is10", "visual": "resnet50"}


def test_every_modality_has_a_table():
    assert tuple(CHOICES) == tuple(Preset().chosen)


def test_keys_are_set_as_in_recipes():
    settings = ("text.model=roberta-base", "audio.normalise=speaker", "visual.speaker=moving")
    preset = load_preset("lite", (*settings, "text.context=2", "visual.rate_hz=2.5"))
    assert (preset.text.model, preset.text.context) == ("roberta-base", 2)
    assert preset.normalise_audio_by == "speaker"
    assert (preset.visual.speaker, preset.visual.rate_hz) == ("moving", 2.5)
    only = load_preset("lite", ("modalities=audio,text",))
    assert list(only.chosen) == ["text", "audio"]
    assert load_preset("lite", ('modalities=["visual"]',)).modalities == ("visual",)


def test_a_file_says_what_differs_from_lite(tmp_path: Path):
    path = tmp_path / "own.toml"
    path.write_text('modalities = ["visual"]\n[visual]\nfaces = "whole"\npooling = "mean"\n')
    preset = load_preset(str(path))
    assert list(preset.chosen) == ["visual"]
    assert (preset.visual.faces, preset.visual.pooling) == ("whole", "mean")
    assert preset.visual.model == "expression"
    assert preset.normalise_audio_by is None


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        ("light", (), r"unknown preset 'light': known are lite, paper, or a TOML.*'lite'"),
        ("lite", ("visual.speeker=moving",), r"unknown key 'visual\.speeker'.*'speaker'"),
        ("lite", ("visul.speaker=moving",), r"unknown key 'visul'.*'visual'"),
        ("lite", ("visual.speaker=movin",), r"visual\.speaker = 'movin'.*'moving'"),
        ("lite", ("audio.normalise=speakers",), r"audio\.normalise = 'speakers'.*'speaker'"),
        ("lite", ("text.context=-1",), r"text\.context = -1"),
        ("lite", ("audio.seconds=100",), r"audio\.seconds = 100"),
        ("lite", ("modalities=[]",), "nothing to extract"),
        ("lite", ("modalities=sound",), r"modalities\.0 = 'sound'"),
        ("lite", ("text",), "--set text: write key=value, such as visual.speaker=moving"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(name: str, settings: tuple[str], told: str):
    with pytest.raises(InputError, match=told) as caught:
        load_preset(name, settings)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_toml_is_one_line(tmp_path: Path):
    (tmp_path / "own.toml").write_text("text = {")
    with pytest.raises(InputError, match=r"own\.toml: not TOML"):
        load_preset(str(tmp_path / "own.toml"))


@pytest.mark.parametrize("option", RENAMED)
def test_an_old_option_is_refused_with_the_new_way(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for words in ([option, "x"], [f"{option}=x"]):
        monkeypatch.setattr(sys, "argv", ["synctva", "features", "stores/meld", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 2
        told = capsys.readouterr().err
        assert told.startswith(f"synctva: {option} is gone; write ")
        assert "--set " in told or "synctva import SOURCE --" in told
