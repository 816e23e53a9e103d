"""Memory of processes, in MiB: the most that this one has held, what others hold now.

Also the time of all of them, those included that outlive the one that started them.
"""

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

import psutil

PR_SET_CHILD_SUBREAPER = 36


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


def counted(command: Sequence[str]) -> list[str]:
    """Returns a command that runs another one, waits for all that it started, and then writes the
    CPU seconds of all of them as the last line of its output."""
    return [sys.executable, __file__, *command]


def main() -> None:
    if sys.platform == "linux":  # processes whose parents end are this one's then
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ended = subprocess.run(sys.argv[1:], check=False)
    with suppress(ChildProcessError):
        while True:
            os.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(used.ru_utime + used.ru_stime)
    sys.exit(ended.returncode)


if __name__ == "__main__":
    main()
