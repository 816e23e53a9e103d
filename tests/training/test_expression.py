"""The face-expression network: what its training does to faces; a kill costs nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch

from synctva.errors import InputError
from synctva.features.extractors.expression import (
    EMOTIONS,
    ExpressionNetwork,
    load_expression_network,
    save_expression_network,
)
from synctva.training import expression
from synctva.training.expression import (
    ExpressionRecipe,
    targets,
    train_expression,
)
from synctva.training.expression_scores import (
    Faces,
    majority,
    predict_expressions,
    score_expressions,
)


@pytest.fixture(scope="module", autouse=True)
def small(tmp_path_factory: pytest.TempPathFactory):
    """A network of some thousand parameters in place of the real one."""
    real = expression.ExpressionNetwork
    expression.ExpressionNetwork = lambda: ExpressionNetwork(4, (8,), 1)
    yield
    expression.ExpressionNetwork = real


def planted_faces(count: int, seed: int) -> Faces:
    """Returns noise with bright bars whose distance is the emotion that nine of ten people see."""
    random = np.random.default_rng(seed)
    emotions = random.integers(len(EMOTIONS), size=count)
    faces = random.integers(0, 90, size=(count, 48, 48)).astype(np.uint8)
    for face, emotion in zip(faces, emotions, strict=True):
        face[:: emotion + 2] += 120
    votes = np.zeros((count, 10), np.float32)
    votes[np.arange(count), emotions] = 9
    votes[:, 8] = 1
    return faces, emotions.astype(np.int64), votes


def test_a_face_and_its_mirror_image_get_the_same_probabilities():
    faces = planted_faces(6, 0)[0]
    model = ExpressionNetwork(4, (8,), 1)
    straight = predict_expressions(model, faces)
    np.testing.assert_allclose(predict_expressions(model, faces[:, :, ::-1].copy()), straight, 1e-4)
    np.testing.assert_allclose(straight.sum(2), 1, rtol=1e-5)


def test_light_and_contrast_of_a_face_do_not_matter():
    faces = torch.rand(4, 48, 48) * 100
    model = ExpressionNetwork(4, (8,), 1).eval()
    torch.testing.assert_close(model(faces * 2 + 30), model(faces), rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_training_learns_what_faces_show(tmp_path: Path):
    recipe = ExpressionRecipe(epochs=6, batch=32, averaging=0.9, mixup=0, rotation=0, zoom=0)
    weights = train_expression(planted_faces(700, 1), planted_faces(100, 2), recipe, tmp_path)
    scores = score_expressions(load_expression_network(weights), planted_faces(200, 3))
    assert scores["labels"].accuracy > 0.5
    assert scores["votes"].accuracy > 0.5


def test_the_targets_are_the_shares_of_people_and_the_smoothed_label():
    faces = np.zeros((3, 48, 48), np.uint8)
    votes = np.zeros((3, 10), np.float32)
    votes[0, [1, 2, 7]] = 5, 3, 2  # two of ten see contempt
    votes[1, 9] = 10  # no face
    recipe = ExpressionRecipe(label=0.5, smoothing=0.14)
    wanted = targets((faces, np.array([1, 4, 6]), votes), recipe)
    assert wanted[0, :7].tolist() == pytest.approx([0, 0.5, 0.3, 0, 0, 0, 0])
    assert not wanted[1:, :7].any()  # nobody saw an emotion, or was asked
    assert wanted[:, 7:].sum(1).tolist() == pytest.approx([0.5, 0.5, 0.5])
    assert wanted[2, 7:].tolist() == pytest.approx([0.01] * 6 + [0.44])


def test_the_majority_is_what_more_people_saw_than_anything_else():
    votes = np.zeros((4, 10), np.float32)
    votes[0, [6, 0]] = 6, 4
    votes[1, [6, 0]] = 5, 5  # a tie
    votes[2, [7, 0]] = 6, 4  # contempt is none of the seven
    assert majority(votes).tolist() == [6, -1, -1, -1]


def test_where_nobody_was_asked_only_the_labels_are_scored():
    pixels, emotions, votes = planted_faces(8, 0)
    model = ExpressionNetwork(4, (8,), 1)
    assert set(score_expressions(model, (pixels, emotions, votes))) == {"labels", "votes"}
    assert set(score_expressions(model, (pixels, emotions, 0 * votes))) == {"labels"}


def test_frozen_parts_stay_as_they_are(tmp_path: Path):
    start = tmp_path / "start.safetensors"
    save_expression_network(ExpressionNetwork(4, (8,), 1), start)
    recipe = ExpressionRecipe(epochs=1, batch=32, averaging=0.5, frozen=1)
    weights = train_expression(
        planted_faces(64, 1), planted_faces(16, 2), recipe, tmp_path / "run", start=start
    )
    before, after = (load_expression_network(path).state_dict() for path in (start, weights))
    same = {name: torch.equal(before[name], after[name]) for name in before}
    assert all(is_same for name, is_same in same.items() if name.startswith("stem."))
    assert not same["blocks.0.first.weight"]
    assert not same["classifier.weight"]


@pytest.mark.slow
def test_a_training_that_was_killed_ends_with_the_very_weights(tmp_path: Path):
    class KilledError(Exception):
        pass

    def kill(record: expression.Record) -> None:
        if record["epoch"] == 1:
            raise KilledError

    recipe = ExpressionRecipe(epochs=3, batch=32, averaging=0.9)
    train, valid = planted_faces(96, 1), planted_faces(32, 2)
    through = train_expression(train, valid, recipe, tmp_path / "through")
    with pytest.raises(KilledError):
        train_expression(train, valid, recipe, tmp_path / "killed", on_epoch=kill)
    told = []
    killed = train_expression(train, valid, recipe, tmp_path / "killed", on_epoch=told.append)
    assert [record["epoch"] for record in told] == [0, 1, 2]
    assert killed.read_bytes() == through.read_bytes()


def test_another_trainings_state_is_refused(tmp_path: Path):
    train, valid = planted_faces(64, 1), planted_faces(32, 2)
    train_expression(train, valid, ExpressionRecipe(epochs=1, batch=32), tmp_path)
    with pytest.raises(InputError, match=r"state\.safetensors.*of another training.*delete"):
        train_expression(train, valid, ExpressionRecipe(epochs=2, batch=32), tmp_path)


def test_a_state_with_another_bit_is_refused(tmp_path: Path):
    train, valid = planted_faces(64, 1), planted_faces(32, 2)
    recipe = ExpressionRecipe(epochs=1, batch=32)
    train_expression(train, valid, recipe, tmp_path)
    state = tmp_path / expression.STATE
    content = bytearray(state.read_bytes())
    content[-5] ^= 1
    state.write_bytes(content)
    with pytest.raises(InputError, match=r"state\.safetensors: damaged.*sha256.*delete"):
        train_expression(train, valid, recipe, tmp_path)


def test_weights_are_saved_at_half_size_and_give_nearly_the_same_logits(tmp_path: Path):
    model, path = ExpressionNetwork().eval(), tmp_path / "face.safetensors"
    save_expression_network(model, path)
    faces = torch.rand(4, 48, 48) * 255
    torch.testing.assert_close(
        load_expression_network(path)(faces), model(faces), rtol=0.01, atol=0.01
    )
    assert path.stat().st_size < 2.1 * sum(p.numel() for p in model.parameters()) + 20_000


@pytest.mark.parametrize("content", [None, b"", b"not weights", b"\x08\0\0\0\0\0\0\0{}      "])
def test_what_is_not_the_networks_weights_is_refused(tmp_path: Path, content: bytes | None):
    path = tmp_path / "face.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"face\.safetensors: not the weights .*faces train"):
        load_expression_network(path)
