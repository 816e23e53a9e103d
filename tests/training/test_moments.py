"""Mean and sd of rows that come in parts: those of all rows, whatever the parts."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from synctva.training.moments import Moments


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.integers(0, 5))
def test_parts_make_the_moments_of_the_whole(sizes: list[int], seed: int):
    random = torch.Generator().manual_seed(seed)
    offsets = 10.0 ** torch.arange(-2, 3)
    parts = [torch.randn(size, 5, generator=random) * 3 + offsets for size in sizes]
    moments = Moments(5)
    for part in parts:
        moments.add(part)
    whole = torch.cat(parts).double().numpy()
    assert moments.count == len(whole)
    if len(whole):
        np.testing.assert_allclose(moments.mean, whole.mean(0), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(moments.sd, whole.std(0), rtol=1e-6, atol=1e-9)


def test_a_small_spread_around_a_great_mean_is_not_lost():
    rows = 1e6 + torch.tensor([[-1.0], [1.0]]).repeat(1000, 1)
    moments = Moments(1)
    for part in rows.split(3):
        moments.add(part)
    assert float(moments.sd) == pytest.approx(1.0, rel=1e-9)
