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
    augment,
    mix,
    predict_expressions,
    train_expression,
)

UNCHANGED = ExpressionRecipe(rotation=0, zoom=0, shift=0, erasing=0)


@pytest.fixture(scope="module", autouse=True)
def small(tmp_path_factory: pytest.TempPathFactory):
    """A network of some thousand parameters in place of the real one."""
    real = expression.ExpressionNetwork
    expression.ExpressionNetwork = lambda: ExpressionNetwork(4, (8,), 1)
    yield
    expression.ExpressionNetwork = real


def planted_faces(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns noise with bright bars whose distance tells the emotion."""
    random = np.random.default_rng(seed)
    emotions = random.integers(len(EMOTIONS), size=count)
    faces = random.integers(0, 90, size=(count, 48, 48)).astype(np.uint8)
    for face, emotion in zip(faces, emotions, strict=True):
        face[:: emotion + 2] += 120
    return faces, emotions.astype(np.int64)


def test_faces_that_are_not_turned_nor_blanked_are_the_faces_or_their_mirror_images():
    faces = torch.rand(16, 48, 48) * 255
    seen = augment(faces, UNCHANGED)
    for face, shown in zip(faces, seen, strict=True):
        same, mirrored = (shown - face).abs().max(), (shown - face.flip(1)).abs().max()
        assert min(same, mirrored) < 0.1


def test_blanking_spares_most_of_a_face():
    faces = torch.rand(64, 48, 48) * 255
    seen = augment(faces, UNCHANGED.model_copy(update={"erasing": 0.999}))
    blank = (seen == seen.flatten(1).mode(1).values[:, None, None]).float().mean((1, 2))
    assert blank.max() < 0.25
    assert (blank > 0.01).float().mean() > 0.9


def test_mixed_emotions_still_add_up_to_one():
    faces, emotions = mix(torch.rand(8, 48, 48), torch.eye(7)[torch.arange(8) % 7], 0.5)
    torch.testing.assert_close(emotions.sum(1), torch.ones(8))
    assert faces.min() >= 0
    assert faces.max() <= 1


def test_a_face_and_its_mirror_image_get_the_same_probabilities():
    faces = planted_faces(6, 0)[0]
    model = ExpressionNetwork(4, (8,), 1)
    straight = predict_expressions(model, faces)
    np.testing.assert_allclose(predict_expressions(model, faces[:, :, ::-1].copy()), straight, 1e-4)
    np.testing.assert_allclose(straight.sum(1), 1, rtol=1e-5)


def test_light_and_contrast_of_a_face_do_not_matter():
    faces = torch.rand(4, 48, 48) * 100
    model = ExpressionNetwork(4, (8,), 1).eval()
    torch.testing.assert_close(model(faces * 2 + 30), model(faces), rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_training_learns_what_faces_show(tmp_path: Path):
    recipe = ExpressionRecipe(epochs=6, batch=32, averaging=0.9, mixup=0, rotation=0, zoom=0)
    weights = train_expression(planted_faces(700, 1), planted_faces(100, 2), recipe, tmp_path)
    faces, emotions = planted_faces(200, 3)
    guessed = predict_expressions(load_expression_network(weights), faces).argmax(1)
    assert (guessed == emotions).mean() > 0.5


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
