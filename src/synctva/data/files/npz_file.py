"""NumPy archives (.npz) -> arrays, without ever unpickling anything."""

import zipfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import numpy as np

from synctva.budget import ARCHIVE
from synctva.data.files.restricted import is_unicode
from synctva.errors import InputError, did_you_mean


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
    ARCHIVE.check(path, sum(entry.file_size for entry in entries), path.stat().st_size)
    return [entry.filename.removesuffix(".npy") for entry in entries]


def read_npz(path: Path, required: Iterable[str]) -> dict[str, np.ndarray]:
    """Returns the arrays of an archive.

    Raises:
        InputError: As ``npz_names``; or a required array is missing, or one is damaged or holds
            Python objects.
    """
    names = npz_names(path)
    require_arrays(path, names, required)
    arrays = {}
    name = ""
    try:
        with np.load(path, allow_pickle=False) as archive:
            for name in names:
                arrays[name] = _of_unicode(np.asarray(archive[name]))
    except UnicodeError as error:
        raise InputError(f"{path}: array {name!r}: not Unicode; save plain strings") from error
    except Exception as error:  # a damaged archive makes zipfile, zlib and NumPy raise anything
        pickled = "Python objects; save plain arrays" if "allow_pickle" in str(error) else "damaged"
        raise InputError(f"{path}: array {name!r}: {pickled}") from error
    return arrays


def _of_unicode(array: np.ndarray) -> np.ndarray:
    """Returns an array; refuses text that is none, which NumPy finds only when it is taken out."""
    if not is_unicode(array):
        raise UnicodeError
    return array


def require_arrays(path: Path, names: Collection[str], required: Iterable[str]) -> None:
    """Checks that an archive has the arrays.

    Raises:
        InputError: It lacks one; the message lists those it has.
    """
    for name in required:
        if name not in names:
            raise InputError(
                f"{path}: array {name!r} is missing; there are: {', '.join(names)}."
                + did_you_mean(name, names)
            )


def words_in(path: Path, name: str, array: np.ndarray) -> list[str]:
    """Returns the entries of an array of strings or numbers as strings.

    Raises:
        InputError: It is no list of these, or holds NaN or bytes that are not UTF-8.
    """
    _refuse_shape(path, name, array)
    if array.dtype.kind not in "USiufb":
        raise InputError(f"{path}: array {name!r} is {array.dtype}; save strings")
    for row in np.flatnonzero(array != array)[:1].tolist():
        raise InputError(f"{path}: row {row + 1}: {name} is NaN; write it, or '' where it is empty")
    try:
        return [str(x, "utf-8") if isinstance(x, bytes) else str(x) for x in array]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: array {name!r} is not UTF-8; save strings") from error


def whole_numbers_in(path: Path, name: str, array: np.ndarray) -> list[int]:
    """Returns the entries of an array of whole numbers.

    Raises:
        InputError: It is no list of these.
    """
    _refuse_shape(path, name, array)
    if array.dtype.kind not in "iub":
        raise InputError(f"{path}: array {name!r} is {array.dtype}; save whole numbers")
    return [int(number) for number in array]


def _refuse_shape(path: Path, name: str, array: np.ndarray) -> None:
    if array.ndim != 1:
        raise InputError(
            f"{path}: array {name!r} has the shape {array.shape}; save a list of one dimension"
        )


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
