"""Memory that the C library keeps for later: given back when a talk is over."""

import ctypes
import sys


def give_back() -> None:
    """Returns free memory to the system, where the C library is glibc.

    A talk's pictures are freed in the midst of what others hold, and glibc has a heap for every few
    threads: after twenty talks at once it kept 700 MB.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
