"""One shard of a feature store: Corpus <-> Parquet, a row per utterance.

Any Parquet reader opens a shard: an utterance's columns, then for each modality ``<m>_features``
(a float32 list of fixed size; null = missing) and ``<m>_flags`` (what is to note, else empty).
``<m>_extracted`` has voices that were normalised as in recognition, as they were before.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Bool, Float32

from synctva.corpus import Corpus, Description, Features
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.parquet import read_parquet_table

_UTTERANCE_COLUMNS = pa.schema(
    [
        pa.field("dialogue", pa.string(), nullable=False),
        pa.field("turn", pa.int64(), nullable=False),
        pa.field("speaker", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("emotion", pa.string()),
        pa.field("start_s", pa.float64()),
        pa.field("end_s", pa.float64()),
        pa.field("text", pa.string()),
        pa.field("media", pa.string()),
        pa.field("audio_media", pa.string()),
        pa.field("half", pa.string()),
    ]
)


def shard_bytes(corpus: Corpus) -> bytes:
    """Returns the dialogues of a corpus as the content of a Parquet file."""
    content = pa.BufferOutputStream()
    pq.write_table(_table(corpus), content, compression="zstd")
    return content.getvalue().to_pybytes()


def read_shard(
    path: Path, name: str, schema: EmotionSchema, descriptions: Mapping[str, Description]
) -> Corpus:
    """Returns the dialogues of a Parquet file as a corpus.

    Args:
        path: The file.
        name: The corpus's name.
        schema: Its emotions.
        descriptions: What the features of each modality are.

    Raises:
        InputError: The file is missing or damaged, or not what the arguments say.
    """
    if not path.is_file():
        raise InputError(f"{path}: this shard is missing; import the corpus again")
    try:
        table = read_parquet_table(path)
    except InputError:
        raise
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path}: damaged or truncated Parquet shard ({reason}); import the corpus again"
        ) from error
    wanted = [
        *_UTTERANCE_COLUMNS.names,
        *(f"{m}_{c}" for m in descriptions for c in ("features", "flags")),
    ]
    lacking = [name for name in wanted if name not in table.column_names]
    if lacking:
        raise InputError(f"{path}: column {lacking[0]!r} is missing; import the corpus again")
    features = {m: _features(table, m, path, own) for m, own in descriptions.items()}
    try:
        return Corpus(name, schema, _dialogues(table, path), features)
    except InputError as error:
        raise InputError(f"{path}: {error}; import the corpus again") from error


def _table(corpus: Corpus) -> pa.Table:
    pairs = list(corpus.utterances())
    columns: dict[str, Iterable[object]] = {
        "dialogue": [dialogue.id for dialogue, _ in pairs],
        "split": [dialogue.split for dialogue, _ in pairs],
    }
    for name in set(_UTTERANCE_COLUMNS.names) - columns.keys():
        columns[name] = [getattr(utterance, name) for _, utterance in pairs]
    arrays = {field.name: pa.array(columns[field.name], field.type) for field in _UTTERANCE_COLUMNS}
    for m in corpus.dims:
        features = corpus.features[m]
        flat = pa.array(features.values.reshape(-1), pa.float32())
        missing = pa.array(~features.present) if not features.present.all() else None
        arrays[f"{m}_features"] = pa.FixedSizeListArray.from_arrays(
            flat, features.dim, mask=missing
        )
        arrays[f"{m}_flags"] = pa.array(features.flags or [""] * len(pairs), pa.string())
        if features.extracted is not None:
            flat = pa.array(features.extracted.reshape(-1), pa.float32())
            arrays[f"{m}_extracted"] = pa.FixedSizeListArray.from_arrays(flat, features.dim)
    return pa.table(arrays)


def _features(table: pa.Table, modality: str, path: Path, description: Description) -> Features:
    values, present = _vectors(table, f"{modality}_features", path, description.dim)
    extracted = None
    if f"{modality}_extracted" in table.column_names:
        extracted, _ = _vectors(table, f"{modality}_extracted", path, description.dim)
    flags = tuple(table.column(f"{modality}_flags").cast(pa.string()).fill_null("").to_pylist())
    return Features(values, present, description, flags if any(flags) else (), extracted)


def _vectors(
    table: pa.Table, name: str, path: Path, dim: int
) -> tuple[Float32[np.ndarray, "utterance dim"], Bool[np.ndarray, " utterance"]]:
    """Returns the vectors of a column, zero where there is none, and where there is one."""
    column = table.column(name).combine_chunks()
    kind = column.type
    is_vector = pa.types.is_fixed_size_list(kind) and pa.types.is_floating(kind.value_type)
    if not is_vector or kind.list_size != dim:
        raise InputError(
            f"{path}: {name} is {kind}, manifest.json says {dim} floats;"
            f" extract {name.partition('_')[0]} again for the whole store"
        )
    present = np.asarray(column.is_valid())
    values = np.zeros((len(table), dim), dtype=np.float32)
    values[present] = np.asarray(column.flatten(), dtype=np.float32).reshape(-1, dim)
    return values, present


def _dialogues(table: pa.Table, path: Path) -> tuple[Dialogue, ...]:
    """Builds the dialogues of a shard's rows, which keep a dialogue's rows together."""
    utterances: dict[str, list[Utterance]] = {}
    splits: dict[str, str] = {}
    try:
        rows = table.select(_UTTERANCE_COLUMNS.names).cast(_UTTERANCE_COLUMNS)
        for row in rows.to_pylist():
            dialogue, split = row.pop("dialogue"), row.pop("split")
            if splits.setdefault(dialogue, split) != split:
                raise InputError(
                    f"dialogue {dialogue!r} is in two splits ({splits[dialogue]} and {split})"
                )
            utterances.setdefault(dialogue, []).append(Utterance(**row))
        return tuple(Dialogue(id, splits[id], tuple(turns)) for id, turns in utterances.items())
    except (pa.ArrowException, ValueError) as error:
        raise InputError(f"{path}: {error}; import the corpus again") from error
