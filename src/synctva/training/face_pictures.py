"""What the training of the face-expression network does to faces: moved, spoilt, mixed."""

import io

import numpy as np
import torch
from jaxtyping import Bool, Float
from PIL import Image
from torch import Tensor
from torch.nn import functional

GROUP = 16
"""How many faces of a batch share a size and a blur, which whole pictures are computed with."""
SMALLEST_SIDE = 10
"""The smallest side of a face, in pixels of the camera, that is shown at the network's size."""
BLUR_PX = 2.0
"""Greatest standard deviation of a blur."""
NOISE = 24.0
"""Greatest standard deviation of the noise, in grey values."""
JPEG_QUALITY = 8, 60
"""The quality of the coarsest and the finest file."""


def augment(
    faces: Float[Tensor, "face h w"], rotation: float, zoom: float, shift: float, erasing: float
) -> Float[Tensor, "face h w"]:
    """Returns the faces, each mirrored or not, turned, zoomed, shifted, and partly blanked.

    Args:
        faces: Grey pictures.
        rotation: Greatest angle, in degrees.
        zoom: Greatest change of size, as a fraction.
        shift: Greatest shift, as a fraction of the face's side.
        erasing: Rate at which a rectangle of a face is blanked.
    """
    count, side, _ = faces.shape
    angle = _uniform(count, rotation * torch.pi / 180)
    size = 1 + _uniform(count, zoom)
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    cos, sin = angle.cos() * size, angle.sin() * size
    affine = torch.stack(
        [
            torch.stack([cos * mirror, -sin, _uniform(count, 2 * shift)], dim=1),
            torch.stack([sin * mirror, cos, _uniform(count, 2 * shift)], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(affine, [count, 1, side, side], align_corners=False)
    turned = functional.grid_sample(
        faces.unsqueeze(1), grid, padding_mode="border", align_corners=False
    ).squeeze(1)
    blank = _rectangles(count, side) & (torch.rand(count) < erasing)[:, None, None]
    return torch.where(blank, turned.mean(dim=(1, 2), keepdim=True), turned)


def degrade(faces: Float[Tensor, "face h w"], rate: float) -> Float[Tensor, "face h w"]:
    """Returns the faces as a poor camera sees them.

    Each of five faults befalls a face at ``rate``: poor light (dark, washed out, or from one side),
    few pixels, a blur, noise, and the blocks of a coarse JPEG file. Grey values stay in 0..255.
    """
    if not rate:
        return faces
    for fault in (_relit, _small, _blurred, _noisy, _coarse):
        hit = torch.rand(len(faces)) < rate
        if hit.any():
            faces = faces.clone()
            faces[hit] = fault(faces[hit]).clamp(0, 255)
    return faces


def _relit(faces: Float[Tensor, "face h w"]) -> Float[Tensor, "face h w"]:
    """Returns the faces with another exposure, contrast curve and a slope of light across them."""
    count, side = len(faces), faces.shape[-1]
    slope, gain, curve = (
        _uniform(count, 0.8),
        _uniform(count, 1.2).exp(),
        _uniform(count, 0.7).exp(),
    )
    turn = _uniform(count, torch.pi)
    place = torch.linspace(-1, 1, side)
    across = turn.cos()[:, None, None] * place + turn.sin()[:, None, None] * place[:, None]
    light = gain[:, None, None] * (1 + slope[:, None, None] * across).clamp(min=0.05)
    lit = (faces / 255).clamp(0, 1) ** curve[:, None, None] * light
    return (255 * lit).clamp(0, 255).round()


def _small(faces: Float[Tensor, "face h w"]) -> Float[Tensor, "face h w"]:
    side = faces.shape[-1]
    shown = []
    for part in faces.unsqueeze(1).split(GROUP):
        small = int(torch.randint(SMALLEST_SIDE, side, ()))
        few = functional.interpolate(part, size=(small, small), mode="area")
        shown.append(functional.interpolate(few, size=(side, side), mode="bilinear"))
    return torch.cat(shown).squeeze(1)


def _blurred(faces: Float[Tensor, "face h w"]) -> Float[Tensor, "face h w"]:
    """Returns the faces out of focus (a Gaussian) or moved (along rows or columns alone)."""
    reach = torch.arange(-6, 7)
    shown = []
    for part in faces.unsqueeze(1).split(GROUP):
        px = BLUR_PX * (0.2 + 0.8 * torch.rand(()))
        weights = (-0.5 * (reach / px) ** 2).exp()
        weights = weights / weights.sum()
        which = int(torch.randint(4, ()))  # half of them out of focus
        if which != 0:
            part = _along(part, weights[None, None, None, :])
        if which != 1:
            part = _along(part, weights[None, None, :, None])
        shown.append(part)
    return torch.cat(shown).squeeze(1)


def _along(faces: Float[Tensor, "face 1 h w"], weights: Tensor) -> Float[Tensor, "face 1 h w"]:
    high, wide = weights.shape[2] // 2, weights.shape[3] // 2
    return functional.conv2d(functional.pad(faces, (wide, wide, high, high), "replicate"), weights)


def _noisy(faces: Float[Tensor, "face h w"]) -> Float[Tensor, "face h w"]:
    return faces + NOISE * torch.rand(len(faces), 1, 1) * torch.randn_like(faces)


def _coarse(faces: Float[Tensor, "face h w"]) -> Float[Tensor, "face h w"]:
    shown = []
    for face in faces.round().to(torch.uint8).numpy():
        file = io.BytesIO()
        quality = int(torch.randint(*JPEG_QUALITY, ()))
        Image.fromarray(face).save(file, "JPEG", quality=quality)
        shown.append(np.asarray(Image.open(file)))
    return torch.from_numpy(np.stack(shown)).float()


def _uniform(count: int, limit: float) -> Float[Tensor, " face"]:
    return (torch.rand(count) * 2 - 1) * limit


def _rectangles(count: int, side: int) -> Bool[Tensor, "face side side"]:
    """Returns a mask with one rectangle per face, each side 15-45 % of the face's."""
    height, width = (side * (0.15 + 0.3 * torch.rand(2, count))).long()
    top = (torch.rand(count) * (side - height)).long()
    left = (torch.rand(count) * (side - width)).long()
    place = torch.arange(side)
    rows = (place >= top[:, None]) & (place < (top + height)[:, None])
    columns = (place >= left[:, None]) & (place < (left + width)[:, None])
    return rows[:, :, None] & columns[:, None, :]


def mix(
    faces: Float[Tensor, "face h w"], emotions: Float[Tensor, "face emotion"], strength: float
) -> tuple[Float[Tensor, "face h w"], Float[Tensor, "face emotion"]]:
    """Returns each face blended with another one, and the emotions blended alike.

    Source: Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018, section 2.
    """
    if not strength:
        return faces, emotions
    share = float(torch.distributions.Beta(strength, strength).sample())
    other = torch.randperm(len(faces))
    return (
        share * faces + (1 - share) * faces[other],
        share * emotions + (1 - share) * emotions[other],
    )
