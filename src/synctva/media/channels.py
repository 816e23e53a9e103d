"""One channel of many."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float32, Float64

SHARES = {"FC": 1.0, "LFE": 0.0}
"""The weight of a channel in mono: speech is in the centre, never in the low-frequency effects."""

OTHER_SHARE = 0.7
"""The weight of every other channel; they are alike in stereo, and unnamed in some files."""

DEAD = 1e-4
"""A channel with less of the loudest one's energy is not connected: 40 dB."""

CANCELLED = 0.05
"""Channels whose mean has less of the loudest one's energy cancel each other: 13 dB. Of one live
channel of two the mean has a quarter, of two that are alike all, of two strangers a half."""

Shares = Callable[[Sequence[str]], Float32[np.ndarray, " channel"]]
"""libav's short names of channels -> the share of each in mono."""


def mean_shares(names: Sequence[str]) -> Float32[np.ndarray, " channel"]:
    """Returns the shares of channels of which nothing but the names is known; they sum to 1."""
    shares = np.array([SHARES.get(name, OTHER_SHARE) for name in names], np.float32)
    if len(names) == 1:
        return np.ones(1, np.float32)
    return shares / max(1e-6, shares.sum())


def live_shares(
    names: Sequence[str], products: Float64[np.ndarray, "channel channel"]
) -> Float32[np.ndarray, " channel"]:
    """Returns the shares of channels of which some may be dead, or cancel each other.

    Args:
        names: Of the channels.
        products: Sum over samples of each channel times each.
    """
    shares, energy = mean_shares(names), np.diag(products)
    live = (energy >= DEAD * energy.max()) & (shares > 0)
    if not live.any():
        return shares
    if (live != (shares > 0)).any():
        shares = np.where(live, shares, 0.0) / shares[live].sum()
    loudest = int(np.argmax(np.where(live, energy, -1.0)))
    if shares @ products @ shares < CANCELLED * energy[loudest]:
        shares = np.eye(len(names))[loudest]
    return np.asarray(shares, np.float32)


def downmix(
    values: Float32[np.ndarray, "channel sample"], shares: Float32[np.ndarray, " channel"]
) -> Float32[np.ndarray, " sample"]:
    """Returns the sum of the channels' shares.

    It cannot be louder than the loudest channel; libav's own downmix can.

    Args:
        values: Samples in -1..1, more or less.
        shares: Of the channels; they sum to 1.
    """
    return values[0] if len(shares) == 1 else shares @ values
