"""Pickles -> arrays, containers, strings and numbers, without running what is in them."""

import pickle
from pathlib import Path

from synctva.budget import PICKLE
from synctva.data.files.restricted import NAMES
from synctva.data.files.restricted_torch import torch_names
from synctva.data.files.unfolded import unfolded_bytes
from synctva.data.files.unpickler import Allowance, RestrictedUnpickler
from synctva.errors import InputError

LARGEST_BYTES = 4 << 30
"""A larger pickle is refused."""

_REMEDY = "save it again as a plain pickle of arrays, lists, dictionaries and strings"


def read_pickle(path: Path) -> object:
    """Returns what a pickle holds: builtin containers, strings, numbers and NumPy arrays.

    Raises:
        InputError: There is no such file, or it is too large, damaged or no pickle; or it names
            anything but arrays and containers, which is refused before it is run.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(f"{path}: larger than {LARGEST_BYTES >> 30} GiB; save it in parts")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); name a pickle") from error
    if data.startswith(b"PK"):
        raise InputError(f"{path}: a zip archive, not a pickle; {_REMEDY}")
    try:
        allowance = Allowance(PICKLE.bytes_of(len(data)))
        names = {**NAMES, **torch_names(allowance)}
        content = RestrictedUnpickler(data, names, allowance).load()
        PICKLE.check(path, unfolded_bytes(content), len(data))
    except InputError:
        raise
    except pickle.UnpicklingError as error:
        raise InputError(f"{path}: refused or damaged: {_line(error)}; {_REMEDY}") from error
    except Exception as error:  # a damaged pickle makes the unpickler raise anything
        reason = f"{type(error).__name__}: {_line(error)}"
        raise InputError(f"{path}: damaged, or not a pickle ({reason}); {_REMEDY}") from error
    return content


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160]
