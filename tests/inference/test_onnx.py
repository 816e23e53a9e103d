"""Models as ONNX: what onnxruntime makes of features is what recognition makes of them."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.command import call
from support.models import SMALL, model_of
from torch import nn

from synctva.batch import batch_of
from synctva.corpus import Corpus, Features
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import MODALITIES
from synctva.encoders.adapters import Adapted, add_adapters, merged
from synctva.errors import InputError
from synctva.evaluation.attribution import subsets_of
from synctva.features.normalise import SpeakerNormalisation
from synctva.features.preset import Preset
from synctva.inference.onnx import folder as exporting
from synctva.inference.onnx.conversation import Conversation
from synctva.inference.predictions import predictions_of
from synctva.inference.recognise import Recogniser
from synctva.model.causal import causal
from synctva.model.confidence import Calibration, Confidence
from synctva.model.emotion_model import EmotionModel, Normalisation
from synctva.model.familiarity import Familiarity
from synctva.model.inputs import as_read, schema_of
from synctva.model.makers import Makers
from synctva.networks.peers.concatenation import ConcatenationSettings

LENGTHS = (1, 2, 3, 7, 24, 60)
ONE_GRAPH = replace(SMALL, graphs=("text_audio",), context_layers=0)
FREQUENCIES = (0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)

Run = Callable[..., tuple[np.ndarray, np.ndarray]]


def trusting(model: EmotionModel, *modalities: str, seed: int = 0) -> EmotionModel:
    """Returns the model with statistics, calibrations, and trust that is neither 0 nor 1."""
    random = torch.Generator().manual_seed(seed)
    model.become_familiar(modalities)
    for own in model.normalisation.values():
        assert isinstance(own, Normalisation)
        own.mean.normal_(generator=random)
        own.sd.uniform_(0.5, 2.0, generator=random)
    for own in model.familiarity.values():
        assert isinstance(own, Familiarity)
        own.far.fill_(1.0)
        own.width.fill_(0.1)
    emotions = len(model.emotions)
    names = ["+".join(subset) for subset in subsets_of(tuple(model.dims))][:-1]
    calibrations = {
        name: Calibration(0.5 + n, tuple(torch.randn(emotions, generator=random).tolist()))
        for n, name in enumerate(names)
    }
    confidence = Confidence(calibrations, FREQUENCIES if modalities else ())
    model.provenance = replace(model.provenance, temperature=0.7, confidence=confidence)
    return model


def makers_of(model: EmotionModel, by: str | None = None, *, knows: bool = True) -> Makers:
    """Returns what made the features that ``conversation`` has."""
    voices = None
    if by is not None and knows:
        mean, sd = np.full((1, model.dims["audio"]), 0.3), np.full((1, model.dims["audio"]), 1.5)
        voices = SpeakerNormalisation("audio", by, ("",), mean, sd)
    is_causal = (model.reach or (0, 1))[1] == 0
    known = dict(model.provenance.features)
    extracted = Makers(Preset(), known, {}, by, voices, is_causal)
    if "audio" in known:
        known = {**known, "audio": known["audio"].normalised(by)}
        model.provenance = replace(model.provenance, features=known)
    return extracted


def conversation(
    model: EmotionModel,
    makers: Makers,
    length: int,
    modalities: tuple[str, ...] = MODALITIES,
    seed: int = 0,
) -> Corpus:
    """Returns a conversation with features as they were extracted."""
    random = np.random.default_rng([seed, length])
    speakers = random.integers(1 + length // 3, size=length)
    turns = tuple(Utterance(n, f"speaker {who}") for n, who in enumerate(speakers))
    corpus = Corpus("own", schema_of(model, "own"), (Dialogue("one", "test", turns),))
    for m, dim in model.dims.items():
        # from what is usual to what is far: in the mean as far as trust is a half
        values = random.normal(size=(length, dim)) * random.uniform(0.3, 3.0, (length, 1))
        there = (random.random(length) < 0.8) & (m in modalities)
        values[~there] = 0
        known = makers.descriptions[m]
        corpus = corpus.with_features(m, Features(values.astype(np.float32), there, known))
    return corpus


def recognised(model: EmotionModel, makers: Makers, corpus: Corpus) -> tuple[np.ndarray, ...]:
    """Returns probabilities and trust as recognition makes them."""
    found = predictions_of(model, batch_of(as_read(corpus, makers)))
    return found.probabilities, found.trust


def given(model: EmotionModel, corpus: Corpus) -> dict[str, np.ndarray]:
    """Returns the inputs of ``model.onnx``."""
    features = corpus.features
    people = [utterance.speaker for _, utterance in corpus.utterances()]
    return {
        **{m: features[m].values for m in model.dims},
        "present": np.stack([features[m].present for m in model.dims], 1),
        "speaker": np.array([people.index(one) for one in people]),
    }


def assert_same(model: EmotionModel, makers: Makers, corpus: Corpus, run: Run) -> None:
    expected, trust = recognised(model, makers, corpus)
    found, trusted = run(**given(model, corpus))
    assert np.abs(found - expected).max() < 1e-5
    own = [MODALITIES.index(m) for m in model.dims]
    assert np.abs(trusted - trust[:, own]).max() < 1e-5


def traced(model: EmotionModel, makers: Makers) -> Run:
    """Returns what is exported, run by torch."""
    module = Conversation(model, makers).eval()

    @torch.no_grad()
    def run(present: np.ndarray, speaker: np.ndarray, **features: np.ndarray):
        rows = {m: torch.from_numpy(values) for m, values in features.items()}
        found = module(rows, torch.from_numpy(present), torch.from_numpy(speaker))
        return found[0].numpy(), found[1].numpy()

    return run


VARIANTS: Mapping[str, Callable[[], tuple[EmotionModel, Makers]]] = {
    "all": lambda: _made(model_of()),
    "causal": lambda: _made(causal(trusting(model_of(), *MODALITIES), "small"), "speaker"),
    "voices": lambda: _made(trusting(model_of(), *MODALITIES), "speaker"),
    "own voices only": lambda: _made(trusting(model_of(), "text"), "speaker", knows=False),
    "by corpus": lambda: _made(trusting(model_of(), "audio"), "corpus"),
    "text alone": lambda: _made(trusting(model_of("text"))),
    "audio and visual": lambda: _made(trusting(model_of("audio", "visual"), "visual")),
    "unlimited": lambda: _made(model_of(settings=replace(SMALL, past="all", future="all"))),
}


def _made(model: EmotionModel, by: str | None = None, **more: Any) -> tuple[EmotionModel, Makers]:
    return model, makers_of(model, by, **more)


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_exported_is_what_recognition_computes(name: str):
    model, makers = VARIANTS[name]()
    run = traced(model, makers)
    for length in LENGTHS:
        assert_same(model, makers, conversation(model, makers, length), run)
    for subset in subsets_of(tuple(model.dims), smallest=0):
        assert_same(model, makers, conversation(model, makers, 9, subset, seed=1), run)


def test_trust_is_tried_between_none_and_all():
    model, makers = VARIANTS["voices"]()
    _, trust = recognised(model, makers, conversation(model, makers, 60))
    assert ((trust > 0.1) & (trust < 0.9)).any(0).all()
    assert (trust == 0).any(0).all()


def test_merged_adapters_make_the_same():
    torch.manual_seed(0)
    part = nn.Sequential(nn.Conv2d(2, 3, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(12, 4))
    add_adapters(part, rank=2, alpha=4.0, dropout=0.0)
    for own in part.modules():
        if isinstance(own, Adapted):
            nn.init.normal_(own.lora_B["default"].weight)
    x = torch.randn(5, 2, 4, 4)
    whole = merged(part)
    assert not any(isinstance(own, Adapted) for own in whole.modules())
    assert torch.allclose(whole(x), part(x), atol=1e-5)
    assert any(isinstance(own, Adapted) for own in part.modules())  # it stays as it was


def test_another_network_is_refused(tmp_path: Path):
    model = EmotionModel(("joy", "fear"), {"text": 4}, ConcatenationSettings())
    with pytest.raises(InputError, match="is not Sync-TVA"):
        exporting.export_onnx(model, Makers(Preset(), {}, {}), "small", tmp_path)


def test_without_the_extra_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    assert call(monkeypatch, "export", "lite", "--out", tmp_path / "lite") == 2
    assert "pip install 'synctva[onnx]'" in capsys.readouterr().err
    assert not (tmp_path / "lite").exists()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = trusting(model_of(settings=ONE_GRAPH), *MODALITIES)
    known = dict(model.provenance.features)
    known["audio"] = known["audio"].normalised("speaker")
    width = model.dims["audio"]
    voices = {"mean": (0.3,) * width, "sd": (1.5,) * width}
    model.provenance = replace(model.provenance, features=known, voices=voices)
    model.save_pretrained(folder := tmp_path_factory.mktemp("onnx") / "small")
    return folder


@pytest.fixture(scope="module")
def folder(checkpoint: Path) -> Path:
    """A small model as ONNX, with the encoders of words and faces that ship, by the command."""
    folder = checkpoint.parent / "small-onnx"
    words = ["export", checkpoint, "--onnx", "--out", folder]
    subprocess.run([sys.executable, "-m", "synctva", *words], check=True)
    return folder


@pytest.fixture(scope="module")
def small(checkpoint: Path) -> Recogniser:
    return Recogniser.load(checkpoint)


def loaded(file: Path) -> Any:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return lambda **inputs: session.run(None, inputs)


@pytest.mark.slow
def test_onnx_is_what_recognition_computes(small: Recogniser, folder: Path):
    model, makers, run = small.model, small.makers, loaded(folder / "model.onnx")
    for length in LENGTHS:
        assert_same(model, makers, conversation(model, makers, length), run)
    for subset in subsets_of(MODALITIES, smallest=0):
        assert_same(model, makers, conversation(model, makers, 9, subset, seed=1), run)


@pytest.mark.slow
def test_encoders_make_the_extractors_vectors(folder: Path):
    from synctva.features.extractors.text import TextExtractor
    from synctva.features.extractors.visual import VisualExtractor

    texts = ["Oh no, not again!", "Well.", "I put the suitcase next to the window, I think."]
    words = tokenised(folder, texts)
    vectors = loaded(folder / "text.onnx")(tokens=words, own=(words > 0).astype(np.int64))[0]
    assert np.abs(vectors - TextExtractor("minilm").encode(texts)).max() < 1e-5
    run, extractor = loaded(folder / "faces.onnx"), VisualExtractor("expression", faces="whole")
    for count in (1, 2, 5):
        grey = np.random.default_rng(count).integers(256, size=(count, 48, 48), dtype=np.uint8)
        pictures = np.repeat(grey[..., None], 3, axis=-1)
        found = run(faces=grey.astype(np.float32))[0]
        assert np.abs(found - extractor._pool(pictures)).max() < 1e-5


def tokenised(folder: Path, texts: list[str]) -> np.ndarray:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    rows = [tokenizer.encode(text).ids for text in texts]
    tokens = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    for row, own in zip(tokens, rows, strict=True):
        row[: len(own)] = own
    return tokens


@pytest.mark.slow
def test_the_script_runs_without_torch_and_recognises_the_same(
    small: Recogniser, folder: Path, tmp_path: Path
):
    turns = [("Ada", "Oh no, not again!"), ("Ben", "What a surprise."), ("Ada", "Well.")]
    talk = {"speaker": [0, 1, 0], "tokens": tokenised(folder, [text for _, text in turns])}
    np.savez(tmp_path / "talk.npz", **talk)
    script = (
        "import runpy, sys\n"
        "runpy.run_path(sys.argv.pop(1), {}, '__main__')\n"
        "assert not {'torch', 'synctva', 'onnx'} & set(sys.modules)"
    )
    words = [sys.executable, "-c", script, folder / "run.py", tmp_path / "talk.npz"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = small.recognise(turns)
    assert len(told.splitlines()) == len(turns)
    for line, one in zip(told.splitlines(), found.utterances, strict=True):
        numbers = [float(word.partition("=")[2]) for word in line.split() if "=" in word]
        assert numbers == pytest.approx(one.probabilities, abs=1e-3)


@pytest.mark.slow
def test_the_folder_tells_what_it_holds(small: Recogniser, folder: Path):
    told = json.loads((folder / "model.json").read_text())
    assert told["emotions"] == list(small.model.emotions)
    assert told["features"] == small.model.dims
    inputs = told["files"]["model.onnx"]["inputs"]
    assert inputs["present"] == ["bool", ["utterance", 3]]
    assert inputs["audio"] == ["float32", ["utterance", 88]]
    for file in folder.glob("*.onnx"):
        assert str(Path.cwd()).encode() not in file.read_bytes()  # nothing of this machine
