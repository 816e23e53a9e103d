"""From what describes features their extractor is made again, and gives the very same vectors."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from support.hub_models import make_resnet, make_roberta

from synctva.corpus import Corpus, Description
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import schema_named
from synctva.errors import InputError
from synctva.features.extractors.clip import Clip
from synctva.features.extractors.extractor import ClipExtractor, Extractor, WordExtractor
from synctva.features.extractors.registry import KINDS, checked, made_again, make_extractor
from synctva.features.extractors.text import text_features
from synctva.features.preset import load_preset
from synctva.media import Frames

SETTINGS = {
    "text": [
        (),
        ("text.context=1",),
        ("text.tokens=20",),
        ("text.model={text}",),
        ("text.model={text}", "text.tokens=9", "text.context=2"),
    ],
    "audio": [
        (),
        ("audio.model=is09",),
        ("audio.model=is10",),
        ("audio.model=compare",),
        ("audio.model=waveform", "audio.seconds=0.3"),
        ("audio.normalise=speaker",),
    ],
    "visual": [
        (),
        ("visual.speaker=moving", "visual.no_face=frame"),
        ("visual.faces=whole", "visual.pooling=mean"),
        ("visual.no_face=frame", "visual.rate_hz=2", "visual.smallest_px=30"),
        ("visual.no_face=frame", "visual.crops=3"),
        ("visual.no_face=frame", "visual.model={visual}"),
        ("visual.no_face=frame", "visual.model={visual}", "visual.crops=2"),
    ],
}
CASES = [(m, settings) for m, each in SETTINGS.items() for settings in each]
UTTERANCES = tuple(Utterance(n, "AB"[n % 2], t) for n, t in enumerate(("i am sad", "no", "yes !")))
TALK = Corpus("talk", schema_named("meld-7"), (Dialogue("d", "train", UTTERANCES),))


class Made(Clip):
    """A second of noise, and pictures of it."""

    def __init__(self) -> None:
        super().__init__(UTTERANCES[0])

    def samples(self) -> np.ndarray:
        return np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)

    def frames(self, rate_hz: float, most: int) -> Frames:
        count = int(2 * rate_hz)
        pixels = np.random.default_rng(1).integers(0, 255, (count, 60, 80, 3), dtype=np.uint8)
        return Frames(pixels, np.arange(count) / rate_hz)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("hub")
    made = {"text": make_roberta(folder / "roberta"), "visual": make_resnet(folder / "resnet")}
    return {m: str(path) for m, path in made.items()}


def vectors_of(extractor: Extractor, modality: str) -> np.ndarray:
    if KINDS[modality].of_words:
        assert isinstance(extractor, WordExtractor)
        return text_features(TALK, extractor).values
    assert isinstance(extractor, ClipExtractor)
    vector = extractor.encode_clip(Made()).vector
    assert vector is not None or modality == "visual"
    return np.zeros(0) if vector is None else vector


def described(modality: str, settings: tuple[str, ...], folders: dict[str, str]) -> Extractor:
    told = [one.format(**folders) for one in settings]
    return make_extractor(load_preset("lite", told), modality)


@pytest.mark.parametrize(("modality", "settings"), CASES)
def test_the_extractor_made_again_gives_the_same_vectors(
    modality: str, settings: tuple[str, ...], folders: dict[str, str]
):
    first = described(modality, settings, folders)
    kept = Description(**json.loads(json.dumps(asdict(first.description))))
    assert kept == first.description
    again = make_extractor(made_again({modality: kept}, "here"), modality)
    assert again.description == first.description
    checked(again, kept, "here")
    vectors = vectors_of(first, modality)
    assert vectors.shape[-1] in (0, kept.dim)
    np.testing.assert_array_equal(vectors_of(again, modality), vectors)


def test_different_settings_are_told_apart(folders: dict[str, str]):
    for modality, each in SETTINGS.items():
        known = [described(modality, s, folders).description for s in each]
        plain = len(each) - (modality == "audio")  # normalising is done to what was extracted
        assert len({one.fingerprint for one in known}) == plain


def test_a_model_is_found_from_anywhere_and_is_the_same_wherever_it_lies(
    folders: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(Path(folders["text"]).parent)
    known = make_extractor(load_preset("lite", ["text.model=roberta"]), "text").description
    assert known.model == folders["text"]
    monkeypatch.chdir(tmp_path)
    make_extractor(made_again({"text": known}, "here"), "text")
    moved = replace(known, model=str(make_roberta(tmp_path / "moved")))
    assert moved.fingerprint == known.fingerprint


def test_what_is_gone_or_has_changed_is_one_line_with_a_remedy(tmp_path: Path):
    own = make_roberta(tmp_path / "roberta")
    settings = [f"text.model={own}"]
    known = make_extractor(load_preset("lite", settings), "text").description
    own.rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"roberta: no longer there; runs/a .*put it back"):
        made_again({"text": known}, "runs/a")
    make_roberta(own, seed=1)
    other = make_extractor(made_again({"text": known}, "runs/a"), "text")
    with pytest.raises(InputError, match=r"runs/a: .* \(weights \w{12} there, \w{12} here\)"):
        checked(other, known, "runs/a")
    gone = replace(known, maker="faces", model="expression", files={"detector": "/no/yunet.onnx"})
    with pytest.raises(InputError, match=r"/no/yunet.onnx: no longer there"):
        made_again({"visual": gone}, "runs/a")
    with pytest.raises(InputError, match="older version, which did not note which"):
        made_again({"text": replace(known, model="")}, "runs/a")
