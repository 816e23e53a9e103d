import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from support.drawn import draw_face, paste, room
from transformers import ResNetConfig, ResNetModel

from synctva.emotions import schema_named
from synctva.errors import InputError
from synctva.features.extractors import faces
from synctva.features.extractors.clip import Clip
from synctva.features.extractors.expression import ExpressionNetwork
from synctva.features.extractors.visual import VisualExtractor
from synctva.media import SAMPLE_RATE_HZ, Frames

DIM = 231
"""Width of a face's vector: the network's 224 and seven probabilities."""


def small_network() -> ExpressionNetwork:
    """Returns the network with random weights, as wide as the one that is shipped."""
    torch.manual_seed(0)
    return ExpressionNetwork(stem=8, widths=(8, 16, 224), depth=1)


def expression(**settings) -> VisualExtractor:
    return VisualExtractor("expression", network=small_network, **settings)


def movie(*pictures: np.ndarray, rate_hz: float = 5.0) -> Frames:
    return Frames(np.stack(pictures), (np.arange(len(pictures)) + 0.5) / rate_hz)


def sound_between_frames(loud: np.ndarray, rate_hz: float = 5.0) -> np.ndarray:
    """Returns a tone that is as loud as told from each frame to the next."""
    length = round(SAMPLE_RATE_HZ / rate_hz)
    half = np.zeros(length // 2)
    tone = np.sin(0.3 * np.arange(length))
    return np.concatenate([half, *(tone * share for share in loud), half]).astype(np.float32)


@pytest.fixture(scope="module")
def one_face() -> Frames:
    """A face that opens its mouth and drifts to the right."""
    return movie(*(paste(room(), draw_face(120, k / 5), (200 + 3 * k, 180)) for k in range(5)))


@pytest.fixture(scope="module")
def nobody() -> Frames:
    return movie(*(room(k) for k in range(3)))


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random ResNet of ResNet-50's width, in the hub's layout, for pictures of 32 pixels."""
    folder = tmp_path_factory.mktemp("hub") / "resnet"
    torch.manual_seed(0)
    config = ResNetConfig(embedding_size=4, hidden_sizes=[8, 2048], depths=[1, 1])
    ResNetModel(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text('{"size": 32}')
    return folder


def test_the_vector_is_mean_and_sd_over_the_frames_of_vector_and_probabilities(one_face: Frames):
    extractor = expression()
    track = extractor.reader.speaker(one_face)
    assert track is not None
    assert track.frames == (0, 1, 2, 3, 4)
    network = small_network().eval()
    crops = [faces.crop(p, f, 48) for p, f in zip(one_face.pixels, track.faces, strict=True)]
    with torch.no_grad():
        vectors = network.embed(torch.from_numpy(faces.grey(np.stack(crops))).float())
        whole = torch.cat([vectors, network.classifier(vectors).softmax(1)], 1).numpy()
    encoded = extractor.encode(one_face)
    assert encoded.flags == ()
    assert encoded.vector is not None
    assert encoded.vector.shape == (extractor.dim,) == (2 * DIM,)
    assert_allclose(encoded.vector[:DIM], whole.mean(0), rtol=1e-4, atol=1e-6)
    assert_allclose(encoded.vector[DIM:], whole.std(0), rtol=1e-3, atol=1e-6)
    probabilities = encoded.vector[224:DIM]
    assert len(probabilities) == len(schema_named("fer-7").emotions)
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-5)


def test_one_frame_has_no_deviation(one_face: Frames):
    vector = expression().encode(Frames(one_face.pixels[:1], one_face.times_s[:1])).vector
    assert vector is not None
    assert vector[:DIM].any()
    assert not vector[DIM:].any()


def test_the_mean_alone_is_the_first_half_of_mean_and_sd(one_face: Frames):
    mean, both = expression(pooling="mean"), expression()
    one, other = mean.encode(one_face).vector, both.encode(one_face).vector
    assert one is not None
    assert other is not None
    assert one.shape == (mean.dim,) == (DIM,)
    assert_array_equal(one, other[:DIM])
    assert mean.description.settings == {**both.description.settings, "pooling": "mean"}


def test_the_same_frames_give_the_same_bits(one_face: Frames):
    first, second = (expression().encode(one_face).vector for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.tobytes() == second.tobytes()


def test_only_the_face_counts_not_the_room(one_face: Frames):
    """Frames with other faces but the speaker's, elsewhere, give nearly the same."""
    moved = movie(
        *(paste(room(seed=7), draw_face(120, k / 5), (400 + 3 * k, 150)) for k in range(5))
    )
    here, there = (expression().encode(frames).vector for frames in (one_face, moved))
    other = expression(faces="whole").encode(moved).vector
    assert here is not None
    assert there is not None
    assert other is not None
    same = np.abs(here[:DIM] - there[:DIM]).mean()
    assert same < 0.5 * np.abs(here[:DIM] - other[:DIM]).mean()


def test_frames_without_a_face_are_absent_and_flagged(nobody: Frames):
    encoded = expression().encode(nobody)
    assert encoded.vector is None
    assert encoded.flags == ("no_face",)


def test_frames_without_a_face_may_count_as_a_whole(nobody: Frames):
    encoded = expression(no_face="frame").encode(nobody)
    whole = expression(faces="whole").encode(nobody)
    assert encoded.flags == ("no_face", "whole_frame")
    assert whole.flags == ()
    assert encoded.vector is not None
    assert whole.vector is not None
    assert np.array_equal(encoded.vector, whole.vector)


def test_a_whole_picture_of_the_networks_size_is_taken_as_it_is():
    face = draw_face(48)
    network = small_network().eval()
    with torch.no_grad():
        expected = network.embed(torch.from_numpy(faces.grey(face[None])).float())[0].numpy()
    vector = expression(faces="whole").encode(movie(face)).vector
    assert vector is not None
    assert_allclose(vector[:224], expected, rtol=1e-5, atol=1e-6)


def test_the_speaker_is_the_one_whose_mouth_moves_with_the_sound():
    """The smaller face speaks; the sound alone decides between the two settings."""
    loud = np.array([0, 1, 0, 1, 1, 0, 1, 0, 0, 1], dtype=np.float32)
    mouths = np.cumsum(loud) % 2  # opens or closes in every fifth of a second that is loud
    quiet = paste(room(), draw_face(150), (180, 180))
    frames = movie(*(paste(quiet, draw_face(100, float(m)), (460, 180)) for m in mouths))
    samples = sound_between_frames(loud[1:])
    large, small = (expression(speaker=name) for name in ("largest", "moving"))
    xs = [
        track.faces[0].x_px
        for track in (
            large.reader.speaker(frames, samples),
            small.reader.speaker(frames, samples),
            small.reader.speaker(frames, np.zeros_like(samples)),
            small.reader.speaker(frames, None),
        )
        if track is not None
    ]
    assert_allclose(xs, [180, 460, 180, 180], atol=15)


def test_the_sound_is_read_where_there_is_somebody_to_choose_from(one_face: Frames):
    class Shown(Clip):
        heard = 0

        def __init__(self, frames: Frames) -> None:
            self._frames = frames

        def frames(self, rate_hz: float, most: int) -> Frames:
            return self._frames

        def samples(self) -> None:
            self.heard += 1

    two = paste(paste(room(), draw_face(150), (180, 180)), draw_face(100), (460, 180))
    one, both = Shown(one_face), Shown(movie(two, two, two))
    for clip in (one, both):
        assert expression().encode_clip(clip).vector is not None
    assert (one.heard, both.heard) == (0, 1)


def test_a_resnet_is_the_mean_of_its_vectors_of_the_crops(resnet: Path, one_face: Frames):
    extractor = VisualExtractor(str(resnet))
    track = extractor.reader.speaker(one_face)
    assert track is not None
    crops = np.stack(
        [faces.crop(p, f, 32) for p, f in zip(one_face.pixels, track.faces, strict=True)]
    )
    mean, sd = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    pixels = torch.from_numpy((crops / 255 - mean) / sd).float().permute(0, 3, 1, 2)
    with torch.no_grad():
        pooled = ResNetModel.from_pretrained(resnet).eval()(pixels).pooler_output
    encoded = extractor.encode(one_face)
    assert encoded.vector is not None
    assert encoded.vector.shape == (extractor.dim,) == (2048,)
    assert_allclose(encoded.vector, pooled.flatten(1).mean(0).numpy(), rtol=1e-3, atol=1e-4)


def test_more_frames_than_go_through_the_resnet_at_once_all_count(resnet: Path):
    frames = movie(*(np.full((64, 64, 3), 7 * k, np.uint8) for k in range(20)))
    extractor = VisualExtractor(str(resnet), faces="whole")
    alone = [
        extractor.encode(Frames(frames.pixels[k : k + 1], frames.times_s[:1])).vector
        for k in range(20)
    ]
    vector = extractor.encode(frames).vector
    assert vector is not None
    assert_allclose(vector, np.mean(np.stack(alone), axis=0), rtol=1e-3, atol=1e-4)  # pyright: ignore


def test_an_extractor_tells_where_its_features_come_from():
    extractor = expression(speaker="moving").description
    assert extractor.name == "faces expression"
    assert re.fullmatch(r"synctva \S+, opencv \S+, onnxruntime \S+", extractor.version)
    assert re.fullmatch("[0-9a-f]{64}", extractor.weights)
    assert extractor.settings == {
        "faces": "found",
        "speaker": "moving",
        "no_face": "absent",
        "detector": "centerface 09189deaaf8646c5",
        "smallest_px": 40,
        "looked_at": 2,
        "rate_hz": 5.0,
        "most_frames": 64,
        "pooling": "mean_sd",
    }


def test_a_resnet_tells_where_its_features_come_from(resnet: Path):
    extractor = VisualExtractor(str(resnet), faces="whole").description
    assert extractor.model == str(resnet)
    assert re.fullmatch(r"transformers \S+, opencv \S+, onnxruntime \S+", extractor.version)
    assert extractor.settings == {
        "faces": "whole",
        "rate_hz": 5.0,
        "most_frames": 64,
        "pooling": "mean",
    }


def test_fingerprints_differ_for_whatever_changes_the_numbers():
    extractors = [
        expression(),
        expression(speaker="largest"),
        expression(no_face="frame"),
        expression(faces="whole"),
        expression(smallest_px=60),
        expression(rate_hz=2),
        expression(pooling="mean"),
    ]
    found = {one.description.fingerprint for one in extractors}
    assert len(found) == len(extractors)
    again = expression()
    assert again.description.fingerprint in found

    def other() -> ExpressionNetwork:
        torch.manual_seed(1)
        return ExpressionNetwork(stem=8, widths=(8, 16, 224), depth=1)

    trained = VisualExtractor("expression", network=other)
    assert trained.description.fingerprint not in found
    assert replace(trained.description, weights="") == replace(again.description, weights="")


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("expresion", {}, "known are expression, resnet50.*Did you mean 'expression'"),
        ("expression", {"speaker": "loudest"}, "speaker 'loudest' is none of largest, moving"),
        ("expression", {"no_face": "frames"}, "none of absent, frame. Did you mean 'frame'"),
        ("expression", {"faces": "all"}, "faces 'all' is none of found, whole"),
        ("expression", {"pooling": "max"}, "pooling 'max' is none of mean, mean_sd"),
        ("expression", {"rate_hz": 0}, "rate_hz 0.*more than 0"),
        ("expression", {"detector": "gone.onnx"}, "gone.onnx: no such file"),
    ],
)
def test_an_unknown_choice_is_one_line_that_names_the_known_ones(
    name: str, settings: dict, message: str
):
    with pytest.raises(InputError, match=message) as error:
        VisualExtractor(name, network=small_network, **settings)
    assert "\n" not in str(error.value)
