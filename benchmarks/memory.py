"""Memory of processes, in MiB: the most that this one has held, what others hold now.

Also the time of all of them, those included that outlive the one that started them.
"""

import ctypes
import os
import resource
import sys

import psutil


def peak_mib() -> float:
    """Returns the most that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def held_mib(pid: int) -> float:
    """Returns what a process and its children hold now, by their shares of each page."""
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
        return sum(one.memory_full_info().pss for one in family) / 2**20
    except psutil.NoSuchProcess:  # one ended meanwhile; the next look will tell
        return 0.0


def adopt_orphans() -> None:
    """Has processes whose parents end be this one's, where the system can (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def children_s() -> float:
    """Returns the CPU seconds of all processes that this one has started, once all have ended."""
    try:
        while True:
            os.wait()
    except ChildProcessError:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime
