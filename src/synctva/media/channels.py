"""One channel of many."""

import numpy as np
from jaxtyping import Float32

SHARES = {"FC": 1.0, "LFE": 0.0}
"""Of a channel in mono: speech is in the centre, and never in the low-frequency effects."""

OTHER_SHARE = 0.7
"""Of every other channel; they are alike in stereo, and unnamed in some files."""


def downmix(
    values: Float32[np.ndarray, "channel sample"], names: list[str]
) -> Float32[np.ndarray, " sample"]:
    """Returns the weighted mean of the channels.

    A mean cannot be louder than its loudest channel; libav's own downmix is a sum that can.

    Args:
        values: Samples in -1..1, more or less.
        names: libav's short name of each channel.
    """
    if len(names) == 1:
        return values[0]
    shares = np.array([SHARES.get(name, OTHER_SHARE) for name in names], np.float32)
    return (shares / max(1e-6, shares.sum())) @ values
