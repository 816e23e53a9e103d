"""What a model was trained on is what recognition gives it, whichever extractor and settings."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.command import call
from support.hub_models import hub_folder, make_resnet, make_roberta, offline_with
from support.models import SAID, SCHEMA, film, silence, voice
from support.tiny import tiny_recipe

from synctva import Recogniser
from synctva.corpus import Corpus
from synctva.dialogue import Dialogue
from synctva.errors import InputError
from synctva.features.extraction.cache import Cache
from synctva.features.extraction.extract import extract
from synctva.features.extraction.recording import Encoding, Request
from synctva.features.extractors import face_reader
from synctva.features.preset import load_preset
from synctva.features.store import FeatureStore, open_store, write_store
from synctva.inference.utterances import utterances_of
from synctva.model.emotion_model import EmotionModel
from synctva.model.makers import makers_of
from synctva.training.run import train_run


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds and a half of a voice, and grey pictures; its transcript beside it."""
    path = film(tmp_path_factory.mktemp("talk") / "talk.mp4", voice(2), silence(0.5))
    path.with_suffix(".srt").write_text(SAID)
    return path


def dialogue_of(talk: Path) -> Dialogue:
    found = utterances_of(talk, talk.with_suffix(".srt")).dialogue
    assert found is not None
    return found


def store_of(talk: Path, folder: Path, settings: tuple[str, ...]) -> FeatureStore:
    """Returns a store of the talk, once for every split, with features by these settings."""
    spoken = dialogue_of(talk)
    said = [
        replace(u, emotion=("joy", "anger")[n % 2], text=("i am so happy", "no")[n % 2])
        for n, u in enumerate(spoken.utterances)
    ]
    own = tuple(Dialogue(split, split, tuple(said)) for split in ("train", "valid", "test"))
    store = write_store(Corpus("own", SCHEMA, own), folder / "store")
    extract(store, load_preset("lite", settings), Cache(folder / "cache"))
    return open_store(store.path)


CASES = {
    "moving": ("visual.speaker=moving", "visual.no_face=frame", "visual.rate_hz=4"),
    "hub": ("text.model={roberta}", "text.context=1", "visual.model={resnet}"),
    "sound": ("audio.model=is09", "audio.normalise=speaker_in_dialogue", "visual.faces=whole"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_trained_model_is_given_the_features_it_was_trained_on(
    case: str, talk: Path, tmp_path: Path
):
    roberta, resnet = make_roberta(tmp_path / "roberta"), make_resnet(tmp_path / "resnet")
    settings = tuple(one.format(roberta=roberta, resnet=resnet) for one in CASES[case])
    store = store_of(talk, tmp_path, settings)
    run = train_run(tiny_recipe(epochs=1), store.path, tmp_path / "run", 1)
    recogniser = Recogniser.load(run.seed(0).checkpoint, workers=1)
    assert recogniser.model.provenance.features == store.features
    trained_on = store.read(("train",)).dialogues[0]
    encoded = recogniser.encode(trained_on).corpus
    assert set(encoded.features) == {"text", "audio", "visual"}
    for modality, features in store.read(("train",)).features.items():
        own = encoded.features[modality]
        assert own.fingerprint == features.fingerprint
        if modality == "visual" and "visual.faces=whole" in settings:
            continue  # in a recording, faces are looked for
        np.testing.assert_array_equal(own.present, features.present)
        np.testing.assert_allclose(own.values, features.values, atol=1e-5)
    found = recogniser.recognise(talk, talk.with_suffix(".srt"))
    assert len(found.utterances) == 2


def test_a_models_detector_is_the_file_that_training_used(
    talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Everywhere:
        """YuNet's interface in OpenCV, with one face that is always there."""

        def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802
            pass

        def detect(self, picture: np.ndarray) -> tuple[int, np.ndarray]:
            row = np.array([8, 4, 40, 40, 22, 18, 38, 18, 30, 26, 24, 34, 36, 34, 0.9])
            return 1, row[None].astype(np.float32)

    made: list[str] = []

    def create(path: str, *_: object) -> Everywhere:
        made.append(path)
        return Everywhere()

    monkeypatch.setattr(cv2.FaceDetectorYN, "create", create)
    monkeypatch.setattr(face_reader, "are_clear", lambda faces: np.ones(len(faces), bool))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "yunet.onnx").write_bytes(b"weights")
    settings = ("visual.detector=yunet.onnx", "visual.smallest_px=1", "modalities=visual")
    preset = load_preset("lite", settings)
    known = Encoding(preset).extractor("visual").description
    model = EmotionModel(SCHEMA.emotions, {"visual": known.dim})
    model.provenance = replace(model.provenance, features={"visual": known})
    model.save_pretrained(tmp_path / "model")

    monkeypatch.chdir(talk.parent)
    loaded = EmotionModel.from_pretrained(tmp_path / "model")
    found = makers_of(loaded, "model").preset
    assert found.visual.detector == made[-1] == str(tmp_path / "yunet.onnx")
    request = Request(0, "d", "visual", dialogue_of(talk).utterances[0])
    monkeypatch.chdir(tmp_path)
    first, again = (Encoding(one).encode(request).vector for one in (preset, found))
    assert first is not None
    np.testing.assert_array_equal(first, again)

    (tmp_path / "yunet.onnx").write_bytes(b"other weights")
    with pytest.raises(InputError, match="not of faces expression as it is here"):
        makers_of(loaded, "model")
    (tmp_path / "yunet.onnx").unlink()
    with pytest.raises(InputError, match=r"yunet\.onnx: no longer there; model needs it"):
        makers_of(loaded, "model")


@pytest.mark.slow  # three commands
def test_a_text_encoder_of_the_hub_serves_from_training_to_recognition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make_roberta(hub_folder(tmp_path / "hub", "somebody/tiny-roberta"))
    offline_with(monkeypatch, tmp_path / "hub")
    monkeypatch.chdir(tmp_path)
    rows = [
        f"{split}{n},{split},{('joy', 'anger')[n % 2]},{('i am so happy', 'no')[n % 2]}"
        for split in ("train", "valid", "test")
        for n in range(4)
    ]
    Path("own.csv").write_text("\n".join(["dialogue,split,emotion,text", *rows]))
    Path("talk.srt").write_text(SAID)

    def run(*words: str) -> None:
        assert call(monkeypatch, *words) == 0

    chosen = ("--set", "text.model=somebody/tiny-roberta", "--set", "modalities=text")
    run("features", "own.csv", "--out", "store", *chosen)
    known = open_store(tmp_path / "store").features["text"]
    assert (known.maker, known.model) == ("transformer", "somebody/tiny-roberta")
    run("train", "--store", "store", "--out", "run", "--set", "training.epochs=1")
    run("recognise", "talk.srt", "--model", "run/seed-0/checkpoint", "--out", "talk.json")
    assert (tmp_path / "talk.json").is_file()
