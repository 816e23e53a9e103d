"""NumPy archives (.npz) -> arrays, without ever unpickling anything."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from synctva.errors import InputError, did_you_mean

LARGEST_BYTES = 16 << 30
"""An archive that would unpack to more than this is refused."""


def npz_names(path: Path) -> list[str]:
    """Returns the names of the arrays in an archive, without reading them.

    Raises:
        InputError: There is no such file, or it is no archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else "damaged, or no .npz"
        raise InputError(f"{path}: {reason}; write it with numpy.savez") from error
    if sum(entry.file_size for entry in entries) > LARGEST_BYTES:
        raise InputError(f"{path}: unpacks to more than {LARGEST_BYTES >> 30} GiB; divide it")
    return [entry.filename.removesuffix(".npy") for entry in entries]


def read_npz(path: Path, required: Iterable[str]) -> dict[str, np.ndarray]:
    """Returns the arrays of an archive.

    Raises:
        InputError: As ``npz_names``; or a required array is missing, or one is damaged or holds
            Python objects.
    """
    names = npz_names(path)
    for name in required:
        if name not in names:
            raise InputError(
                f"{path}: array {name!r} is missing; there are: {', '.join(names)}."
                + did_you_mean(name, names)
            )
    arrays = {}
    name = ""
    try:
        with np.load(path, allow_pickle=False) as archive:
            for name in names:
                arrays[name] = np.asarray(archive[name])
    except Exception as error:  # a damaged archive makes zipfile, zlib and NumPy raise anything
        pickled = "Python objects; save plain arrays" if "allow_pickle" in str(error) else "damaged"
        raise InputError(f"{path}: array {name!r}: {pickled}") from error
    return arrays


def same_length(path: Path, arrays: Mapping[str, np.ndarray]) -> int:
    """Returns the number of utterances that all arrays agree on.

    Raises:
        InputError: Two arrays differ in their first dimension, or one has none.
    """
    first, count = "", -1
    for name, array in arrays.items():
        if array.ndim == 0:
            raise InputError(
                f"{path}: array {name!r} is a single value; one per utterance is needed"
            )
        if count not in (-1, len(array)):
            raise InputError(
                f"{path}: array {name!r} has {len(array)} entries, {first!r} has {count};"
                " one per utterance is needed"
            )
        first, count = name, len(array)
    return max(count, 0)
