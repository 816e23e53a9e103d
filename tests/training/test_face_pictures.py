"""What the training of the face-expression network does to faces."""

import pytest
import torch
from support.drawn import draw_face

from synctva.training.face_pictures import augment, degrade, mix


def test_faces_that_are_not_turned_nor_blanked_are_the_faces_or_their_mirror_images():
    faces = torch.rand(16, 48, 48) * 255
    seen = augment(faces, 0, 0, 0, 0)
    for face, shown in zip(faces, seen, strict=True):
        same, mirrored = (shown - face).abs().max(), (shown - face.flip(1)).abs().max()
        assert min(same, mirrored) < 0.1


def test_blanking_spares_most_of_a_face():
    faces = torch.rand(64, 48, 48) * 255
    seen = augment(faces, 0, 0, 0, 0.999)
    blank = (seen == seen.flatten(1).mode(1).values[:, None, None]).float().mean((1, 2))
    assert blank.max() < 0.25
    assert (blank > 0.01).float().mean() > 0.9


def test_mixed_emotions_still_add_up_to_one():
    faces, emotions = mix(torch.rand(8, 48, 48), torch.eye(7)[torch.arange(8) % 7], 0.5)
    torch.testing.assert_close(emotions.sum(1), torch.ones(8))
    assert faces.min() >= 0
    assert faces.max() <= 1


@pytest.fixture(scope="module")
def face() -> torch.Tensor:
    return torch.from_numpy(draw_face(48).mean(axis=2)).float()


def test_a_rate_of_none_leaves_faces_as_they_are(face: torch.Tensor):
    faces = face.repeat(4, 1, 1)
    assert torch.equal(degrade(faces, 0.0), faces)


def test_spoilt_faces_differ_from_each_other_and_can_still_be_told(face: torch.Tensor):
    """Grey values stay in their range; the faces still go with the clear one."""
    torch.manual_seed(0)
    faces = face.repeat(64, 1, 1)
    spoilt = degrade(faces, 0.3)
    assert torch.equal(faces, face.repeat(64, 1, 1))
    assert spoilt.min() >= 0
    assert spoilt.max() <= 255
    changed = (spoilt != faces).flatten(1).any(1).float().mean()
    assert 0.6 < changed < 0.98  # 1 - 0.7 ** 5 = 0.83
    both = torch.stack([face.flatten().expand(64, -1), spoilt.flatten(1)], dim=1)
    alike = torch.tensor([float(torch.corrcoef(pair)[0, 1]) for pair in both])
    assert alike.median() > 0.8
    assert alike.min() < 0.95


def test_the_same_seed_spoils_alike(face: torch.Tensor):
    shown = []
    for _ in range(2):
        torch.manual_seed(3)
        shown.append(degrade(face.repeat(16, 1, 1), 0.5))
    assert torch.equal(*shown)
