"""Finds out what a path holds, and reads it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from synctva.corpus import Corpus
from synctva.data import iemocap, meld, mosi
from synctva.data.arrays import read_arrays
from synctva.data.csv_file import read_header
from synctva.data.iemocap import read_iemocap
from synctva.data.legacy import read_legacy
from synctva.data.meld import read_meld
from synctva.data.mosi import read_mosi
from synctva.data.npz_file import npz_names
from synctva.data.table import read_table
from synctva.errors import InputError, did_you_mean

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "meld": "MELD's folder of CSV files",
        "iemocap": "the IEMOCAP table utterances.csv",
        "mosi": "CMU-MOSI's mosi.npz",
        "npz": "own features, .npz",
        "table": "an own table, .csv or .parquet",
        "legacy": "the field's pickles, .pkl or .pickle",
    }
)
"""What can be read -> in words."""


def read_source(
    source: Path,
    kind: str | None = None,
    *,
    schema: str | None = None,
    name: str | None = None,
    label_order: Sequence[str] | None = None,
) -> Corpus:
    """Returns the corpus at a path, whatever of ``KINDS`` it is.

    Args:
        source: A file or folder.
        kind: One of ``KINDS``; found out where not given.
        schema: Name of the emotion schema; for ``meld`` and ``table`` only.
        name: The corpus's name; for ``npz`` and ``table`` only.
        label_order: The emotions in the order of their numbers; for ``legacy`` only.

    Raises:
        InputError: Nothing is there, its kind is not known, an argument does not go with the
            kind, or as the kind's own reader says.
    """
    if kind is not None and kind not in KINDS:
        raise InputError(
            f"unknown kind {kind!r}: known are {', '.join(KINDS)}." + did_you_mean(kind, KINDS)
        )
    if not source.exists():
        raise InputError(f"{source}: no such file or folder")
    kind = kind or kind_of(source)
    _refuse_stray(source, kind, "schema", schema, ("meld", "table"))
    _refuse_stray(source, kind, "name", name, ("npz", "table"))
    _refuse_stray(source, kind, "label_order", label_order, ("legacy",))
    if kind == "meld":
        return read_meld(source, schema or meld.FACTS.schema)
    if kind == "iemocap":
        return read_iemocap(source)
    if kind == "mosi":
        return read_mosi(source)
    if kind == "npz":
        return read_arrays(source, name)
    if kind == "legacy":
        return read_legacy(source, label_order)
    return read_table(source, schema, name)


def kind_of(source: Path) -> str:
    """Returns which of ``KINDS`` a path is, from its name and the names inside it.

    Raises:
        InputError: None of them.
    """
    if source.is_dir():
        return _kind_of_folder(source)
    suffix = source.suffix.lower()
    if suffix == ".csv":
        header = read_header(source)
        if {"Dialogue_ID", "Utterance_ID"} <= set(header):
            raise InputError(f"{source}: one of MELD's CSV files; name their folder instead")
        return "iemocap" if set(iemocap.COLUMNS) <= set(header) else "table"
    if suffix == ".parquet":
        return "table"
    if suffix == ".npz":
        return "mosi" if set(mosi.ARRAYS) <= set(npz_names(source)) else "npz"
    if suffix in (".pkl", ".pickle"):
        return "legacy"
    raise InputError(f"{source}: {_known()}")


def _kind_of_folder(folder: Path) -> str:
    if any((folder / file).is_file() for file in meld.FILES.values()):
        return "meld"
    if (folder / "utterances.csv").is_file():
        return "iemocap"
    if (folder / "mosi.npz").is_file():
        return "mosi"
    raise InputError(f"{folder}: {_known()}")


def _known() -> str:
    kinds = "; ".join(f"{kind} ({words})" for kind, words in KINDS.items())
    return f"what this is could not be found out; state its kind: {kinds}"


def _refuse_stray(
    source: Path, kind: str, argument: str, value: object, belongs_to: Sequence[str]
) -> None:
    if value is not None and kind not in belongs_to:
        raise InputError(
            f"{source}: {argument} goes with {' and '.join(belongs_to)}, and this is {kind};"
            " leave it out"
        )
