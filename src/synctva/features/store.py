"""The feature store: a folder of Parquet shards and a manifest that says where all of it is from.

``manifest.json`` is written last and names every shard with its sha256, so a store is either the
old one or the new one, never a mixture. Any Parquet reader opens the shards.
"""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synctva.corpus import Corpus, Extractor, Features
from synctva.dialogue import SPLITS, Dialogue, Utterance
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.files import file_sha256, write_json

FORMAT = 1
SHARD_UTTERANCES = 4096
"""A shard is closed once it holds this many utterances; a dialogue is never split."""

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
    ]
)


@dataclass(frozen=True)
class FeatureStore:
    """An opened store: its manifest, and the way to its dialogues.

    Attributes:
        path: The store's folder.
        name: The corpus's name.
        schema: The corpus's emotions.
        extractors: The extractor and the width of each modality that has features.
        shards: File name -> sha256.
    """

    path: Path
    name: str
    schema: EmotionSchema
    extractors: Mapping[str, tuple[Extractor, int]]
    shards: Mapping[str, str]

    @property
    def fingerprints(self) -> dict[str, str]:
        """A short hash for each modality that changes whenever its features do."""
        return {m: extractor.fingerprint(dim) for m, (extractor, dim) in self.extractors.items()}

    def read_shards(self) -> Iterator[Corpus]:
        """Yields the dialogues shard by shard, so that memory does not grow with the store.

        Raises:
            InputError: A shard is missing, damaged or changed, or not as wide as the manifest says.
        """
        for file, sha256 in self.shards.items():
            yield _read_shard(self, self.path / file, sha256)

    def read(self) -> Corpus:
        """Returns the whole corpus.

        Raises:
            InputError: As ``read_shards``; or there is no shard, or a dialogue stands in two.
        """
        parts = list(self.read_shards())
        if not parts:
            raise InputError(f"{self.path}: no shards in manifest.json; import the corpus again")
        try:
            return concatenate(parts)
        except InputError as error:
            raise InputError(f"{self.path}: {error}; import the corpus again") from error


def concatenate(parts: list[Corpus]) -> Corpus:
    """Returns one corpus of all parts' dialogues; the parts share schema and extractors."""
    features = {
        m: Features(
            np.concatenate([part.features[m].values for part in parts]),
            np.concatenate([part.features[m].present for part in parts]),
            parts[0].features[m].extractor,
        )
        for m in parts[0].features
    }
    dialogues = tuple(dialogue for part in parts for dialogue in part.dialogues)
    return Corpus(parts[0].name, parts[0].schema, dialogues, features)


def open_store(path: Path) -> FeatureStore:
    """Returns the store in a folder, having read its manifest only.

    Raises:
        InputError: There is no store, or its manifest cannot be read.
    """
    manifest_path = path / "manifest.json"
    if not manifest_path.is_file():
        raise InputError(
            f"{path}: no feature store here (no manifest.json); make one with"
            " `synctva import SOURCE --out STORE`"
        )
    try:
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise InputError(f"format {manifest['format']}, this version reads {FORMAT}")
        return FeatureStore(
            path=path,
            name=manifest["corpus"],
            schema=EmotionSchema(manifest["schema"]["name"], tuple(manifest["schema"]["emotions"])),
            extractors={
                m: (Extractor(**entry["extractor"]), int(entry["dim"]))
                for m, entry in manifest["modalities"].items()
            },
            shards={entry["file"]: entry["sha256"] for entry in manifest["shards"]},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{manifest_path}: not a feature store's manifest ({type(error).__name__}: {error});"
            " import the corpus again"
        ) from error


def write_store(corpus: Corpus, path: Path, *, overwrite: bool = False) -> FeatureStore:
    """Writes a corpus as a store and returns it, opened.

    Args:
        corpus: What to write.
        path: The store's folder; made if it is not there.
        overwrite: Replace the store that is there; else that is an error.

    Raises:
        InputError: The corpus is empty, or something stands at ``path`` already.
    """
    if not corpus.dialogues:
        raise InputError(f"{corpus.name}: no dialogues, nothing to write to {path}")
    is_store = (path / "manifest.json").is_file()
    if path.exists() and not is_store and (not path.is_dir() or any(path.iterdir())):
        raise InputError(f"{path}: something other than a feature store is here; name a new folder")
    if is_store and not overwrite:
        raise InputError(f"{path}: a feature store is here; name a new folder or add --overwrite")
    path.mkdir(parents=True, exist_ok=True)
    shards = {}
    for number, part in enumerate(_in_shards(corpus)):
        staged = path / f".part-{secrets.token_hex(8)}"
        pq.write_table(_table(part), staged, compression="zstd")
        sha256 = file_sha256(staged)
        file = f"part-{number:05d}-{sha256[:8]}.parquet"
        staged.replace(path / file)
        shards[file] = sha256
    write_json(path / "manifest.json", _manifest(corpus, shards))
    for left_over in [*path.glob("part-*.parquet"), *path.glob(".part-*")]:
        if left_over.name not in shards:
            left_over.unlink()
    return open_store(path)


def _in_shards(corpus: Corpus) -> Iterator[Corpus]:
    ids: list[str] = []
    utterances = 0
    for dialogue in corpus.dialogues:
        ids.append(dialogue.id)
        utterances += len(dialogue.utterances)
        if utterances >= SHARD_UTTERANCES:
            yield corpus.select(ids)
            ids, utterances = [], 0
    if ids:
        yield corpus.select(ids)


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
    return pa.table(arrays)


def _manifest(corpus: Corpus, shards: Mapping[str, str]) -> dict[str, object]:
    return {
        "format": FORMAT,
        "corpus": corpus.name,
        "schema": {"name": corpus.schema.name, "emotions": list(corpus.schema.emotions)},
        "counts": {
            split: {
                "dialogues": sum(d.split == split for d in corpus.dialogues),
                "utterances": sum(d.split == split for d, _ in corpus.utterances()),
            }
            for split in SPLITS
        },
        "modalities": {
            m: {
                "extractor": asdict(corpus.features[m].extractor),
                "dim": dim,
                "fingerprint": corpus.features[m].fingerprint,
                "missing": int((~corpus.features[m].present).sum()),
            }
            for m, dim in corpus.dims.items()
        },
        "shards": [{"file": file, "sha256": sha256} for file, sha256 in shards.items()],
    }


def _read_shard(store: FeatureStore, path: Path, sha256: str) -> Corpus:
    if not path.is_file():
        raise InputError(f"{path}: this shard is missing; import the corpus again")
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path}: damaged or truncated Parquet shard ({reason}); import the corpus again"
        ) from error
    wanted = [*_UTTERANCE_COLUMNS.names, *(f"{m}_features" for m in store.extractors)]
    lacking = [name for name in wanted if name not in table.column_names]
    if lacking:
        raise InputError(f"{path}: column {lacking[0]!r} is missing; import the corpus again")
    features = {
        m: _features(table, m, path, extractor, dim)
        for m, (extractor, dim) in store.extractors.items()
    }
    corpus = Corpus(f"{path}", store.schema, _dialogues(table, path), features)
    if file_sha256(path) != sha256:
        raise InputError(
            f"{path}: changed since it was written (sha256 differs from manifest.json);"
            " import the corpus again"
        )
    return Corpus(store.name, corpus.schema, corpus.dialogues, corpus.features)


def _features(
    table: pa.Table, modality: str, path: Path, extractor: Extractor, dim: int
) -> Features:
    column = table.column(f"{modality}_features").combine_chunks()
    kind = column.type
    is_vector = pa.types.is_fixed_size_list(kind) and pa.types.is_floating(kind.value_type)
    if not is_vector or kind.list_size != dim:
        raise InputError(
            f"{path}: {modality}_features is {kind}, manifest.json says {dim} floats;"
            f" extract {modality} again for the whole store"
        )
    present = np.asarray(column.is_valid())
    values = np.zeros((len(table), dim), dtype=np.float32)
    values[present] = np.asarray(column.flatten(), dtype=np.float32).reshape(-1, dim)
    return Features(values, present, extractor)


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
