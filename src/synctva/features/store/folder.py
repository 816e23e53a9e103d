"""The feature store: a folder of Parquet shards and a manifest that says where all of it is from.

``manifest.json`` is written last and names every shard with its sha256, so a store is either the
old one or the new one, never a mixture. Any Parquet reader opens the shards.
"""

import json
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from synctva.corpus import Corpus, Description, Features
from synctva.dialogue import SPLITS
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.features.store.manifest import FORMAT, FORMATS, description_in
from synctva.features.store.shard import read_shard, write_shard
from synctva.files import file_sha256, write_json

FAILURES = "failures.csv"
"""In the store: the utterances whose extraction failed, and why; not there if none did."""
NORMALISATION = "audio-standardisation.parquet"
"""In the store: mean and sd that its audio features were normalised by, where they were."""
SHARD_UTTERANCES = 4096
"""A shard is closed once it holds this many utterances; a dialogue is never split."""
SHARD_BYTES = 64 * 2**20
"""Or this many bytes of features, where an utterance's are wide, such as its sound."""
REWRITTEN = "another process has rewritten the store meanwhile; run the command again"


@dataclass(frozen=True)
class FeatureStore:
    """An opened store: its manifest, and the way to its dialogues.

    Attributes:
        path: The store's folder.
        name: The corpus's name.
        schema: The corpus's emotions.
        features: What the features of each modality are.
        shards: File name -> sha256.
        utterances: Number of utterances by split.
        origin: How a generated or composed corpus came about; empty for one that was read.
    """

    path: Path
    name: str
    schema: EmotionSchema
    features: Mapping[str, Description]
    shards: Mapping[str, str]
    utterances: Mapping[str, int]
    origin: Mapping[str, Any]

    @property
    def fingerprints(self) -> dict[str, str]:
        """A short hash for each modality that changes whenever its features do."""
        return {m: description.fingerprint for m, description in self.features.items()}

    def read_shards(self, files: Iterable[str] | None = None) -> Iterator[Corpus]:
        """Yields the dialogues shard by shard, so that memory does not grow with the store.

        Args:
            files: Names of shards; None = all.

        Raises:
            InputError: A shard is missing, damaged or changed, or not as wide as the manifest says;
                or the store was rewritten since it was opened.
        """
        for file in self.shards if files is None else files:
            try:
                part = self._read_shard(file)
            except (InputError, OSError) as error:
                if file in open_store(self.path).shards:
                    raise
                raise InputError(f"{self.path}: {REWRITTEN}") from error
            yield part

    def _read_shard(self, file: str) -> Corpus:
        path = self.path / file
        part = read_shard(path, self.name, self.schema, self.features)
        if file_sha256(path) != self.shards.get(file):
            raise InputError(
                f"{path}: changed since it was written (sha256 differs from manifest.json);"
                " import the corpus again"
            )
        return replace(part, origin=self.origin)

    def read(self, splits: Sequence[str] = SPLITS) -> Corpus:
        """Returns the corpus, or some splits of it, which are all that is held in memory.

        Raises:
            InputError: As ``read_shards``; or there is no shard, or a dialogue stands in two.
        """
        parts = [_only(part, splits) for part in self.read_shards()]
        if not parts:
            raise InputError(f"{self.path}: no shards in manifest.json; import the corpus again")
        try:
            return concatenate(parts)
        except InputError as error:
            raise InputError(f"{self.path}: {error}; import the corpus again") from error


def _only(part: Corpus, splits: Sequence[str]) -> Corpus:
    if set(splits) == set(SPLITS):
        return part
    return part.select([dialogue.id for dialogue in part.dialogues if dialogue.split in splits])


def concatenate(parts: list[Corpus]) -> Corpus:
    """Returns one corpus of all parts' dialogues; the parts share schema and extractors."""
    features = {
        m: Features(
            np.concatenate([part.features[m].values for part in parts]),
            np.concatenate([part.features[m].present for part in parts]),
            parts[0].features[m].description,
            _flags([part.features[m] for part in parts]),
        )
        for m in parts[0].features
    }
    dialogues = tuple(dialogue for part in parts for dialogue in part.dialogues)
    return replace(parts[0], dialogues=dialogues, features=features)


def _flags(features: list[Features]) -> tuple[str, ...]:
    if not any(part.flags for part in features):
        return ()
    return tuple(flag for part in features for flag in part.flags or ("",) * len(part.values))


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
        if manifest["format"] not in FORMATS:
            raise InputError(f"format {manifest['format']}, this version reads up to {FORMAT}")
        return FeatureStore(
            path=path,
            name=manifest["corpus"],
            schema=EmotionSchema(manifest["schema"]["name"], tuple(manifest["schema"]["emotions"])),
            features={
                m: description_in(manifest["format"], m, entry)
                for m, entry in manifest["modalities"].items()
            },
            shards={entry["file"]: entry["sha256"] for entry in manifest["shards"]},
            utterances={split: int(manifest["counts"][split]["utterances"]) for split in SPLITS},
            origin=dict(manifest["origin"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{manifest_path}: not a feature store's manifest ({type(error).__name__}: {error});"
            " import the corpus again"
        ) from error


def write_store(corpus: Corpus, path: Path, *, overwrite: bool = False) -> FeatureStore:
    """Writes a corpus as a store and returns it, opened.

    What was noted beside the features of a store that is replaced goes with them.

    Args:
        corpus: What to write.
        path: The store's folder; made if it is not there.
        overwrite: Replace the store that is there; else that is an error.

    Raises:
        InputError: The corpus is empty, or something stands at ``path`` already.
    """
    store = write_parts([corpus], path, overwrite=overwrite)
    for note in (FAILURES, NORMALISATION):
        (path / note).unlink(missing_ok=True)
    return store


def write_parts(parts: Iterable[Corpus], path: Path, *, overwrite: bool = False) -> FeatureStore:
    """Writes the parts of one corpus as a store, holding one of them at a time.

    A part becomes a shard; one that is too large for that, several.

    Args:
        parts: The corpus in parts, a dialogue never in two; the same schema, extractors and
            origin in all of them.
        path: The store's folder; made if it is not there.
        overwrite: Replace the store that is there; else that is an error.

    Raises:
        InputError: There are no dialogues, something stands at ``path`` already, or another process
            has written there meanwhile.
    """
    check_place(path, overwrite=overwrite)
    shards: dict[str, str] = {}
    manifest: dict[str, Any] = {}
    for number, part in enumerate(chain.from_iterable(map(_in_shards, parts))):
        path.mkdir(parents=True, exist_ok=True)
        staged = path / f".part-{secrets.token_hex(8)}"
        write_shard(part, staged)
        sha256 = file_sha256(staged)
        file = f"part-{number:05d}-{sha256[:8]}.parquet"
        staged.replace(path / file)
        shards[file] = sha256
        _count(manifest, part)
    if not shards:
        raise InputError(f"{path}: no dialogues, nothing to write")
    if not all((path / file).is_file() for file in shards):
        raise InputError(f"{path}: {REWRITTEN}")
    manifest["shards"] = [{"file": file, "sha256": sha256} for file, sha256 in shards.items()]
    write_json(path / "manifest.json", manifest)
    for left_over in [*path.glob("part-*.parquet"), *path.glob(".part-*")]:
        if left_over.name not in shards:
            left_over.unlink()
    return open_store(path)


def check_place(path: Path, *, overwrite: bool) -> None:
    """Checks that a store may be written at a path.

    Raises:
        InputError: Something other than a store is there, or a store that shall not be replaced.
    """
    is_store = (path / "manifest.json").is_file()
    if path.exists() and not is_store and (not path.is_dir() or any(_foreign(path))):
        raise InputError(f"{path}: something other than a feature store is here; name a new folder")
    if is_store and not overwrite:
        raise InputError(f"{path}: a feature store is here; name a new folder or add --overwrite")


def _foreign(path: Path) -> Iterator[Path]:
    """Yields what is in a folder, but for shards that a killed writing left there."""
    return (p for p in path.iterdir() if not p.name.startswith((".part-", "part-")))


def _in_shards(corpus: Corpus) -> Iterator[Corpus]:
    bytes_each = max(4 * sum(corpus.dims.values()), 1)
    full = min(SHARD_UTTERANCES, SHARD_BYTES // bytes_each)
    ids: list[str] = []
    utterances = 0
    for dialogue in corpus.dialogues:
        ids.append(dialogue.id)
        utterances += len(dialogue.utterances)
        if utterances >= full:
            yield corpus.select(ids)
            ids, utterances = [], 0
    if ids:
        yield corpus.select(ids)


def _count(manifest: dict[str, Any], part: Corpus) -> None:
    """Adds a part to the manifest of the parts before it, which begins empty."""
    if not manifest:
        manifest |= {
            "format": FORMAT,
            "corpus": part.name,
            "schema": {"name": part.schema.name, "emotions": list(part.schema.emotions)},
            "origin": dict(part.origin),
            "counts": {split: {"dialogues": 0, "utterances": 0} for split in SPLITS},
            "modalities": {
                m: {
                    "description": asdict(part.features[m].description),
                    "fingerprint": part.features[m].fingerprint,
                    "missing": 0,
                    "flags": {},
                }
                for m in part.dims
            },
        }
    for dialogue in part.dialogues:
        manifest["counts"][dialogue.split]["dialogues"] += 1
        manifest["counts"][dialogue.split]["utterances"] += len(dialogue.utterances)
    for m in part.dims:
        entry = manifest["modalities"][m]
        entry["missing"] += int((~part.features[m].present).sum())
        counts = Counter(flag for flags in part.features[m].flags for flag in flags.split())
        for flag in sorted(counts):
            entry["flags"][flag] = entry["flags"].get(flag, 0) + counts[flag]
