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
    """Returns the weighted mean of the channels in -1..1; what is not finite becomes silence.

    A mean cannot be louder than its loudest channel; libav's own downmix is a sum that can.

    Args:
        values: Samples in -1..1, more or less.
        names: libav's short name of each channel.
    """
    shares = np.array([SHARES.get(name, OTHER_SHARE) for name in names], np.float32)
    if not shares.any():
        shares[:] = 1.0
    finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip((shares / shares.sum()) @ finite, -1.0, 1.0).astype(np.float32)
