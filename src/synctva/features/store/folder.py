"""The feature store: a folder of Parquet shards and a manifest that says where all of it is from.

``manifest.json`` is written last and names every shard with its sha256, so a store is either the
old one or the new one, never a mixture. Any Parquet reader opens the shards.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from synctva.corpus import Corpus, Description, Features
from synctva.dialogue import SPLITS
from synctva.emotions import EmotionSchema
from synctva.errors import InputError, damage_told
from synctva.features.store.manifest import FORMAT, FORMATS, description_in
from synctva.features.store.shard import read_shard
from synctva.files import file_sha256
from synctva.tables import read_json

MANIFEST = "manifest.json"
NO_MANIFEST = "not a feature store's manifest"
REWRITTEN = "another process has rewritten the store meanwhile; run the command again"

LONGEST_NAME = 100
"""The longest name of a shard's file; ours have 27 letters."""


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
        if path.is_file() and file_sha256(path) != self.shards.get(file):
            raise InputError(
                f"{path}: damaged, or changed since it was written (sha256 differs from"
                " manifest.json); import the corpus again"
            )
        part = read_shard(path, self.name, self.schema, self.features)
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
            _extracted([part.features[m] for part in parts]),
        )
        for m in parts[0].features
    }
    dialogues = tuple(dialogue for part in parts for dialogue in part.dialogues)
    return replace(parts[0], dialogues=dialogues, features=features)


def _flags(features: list[Features]) -> tuple[str, ...]:
    if not any(part.flags for part in features):
        return ()
    return tuple(flag for part in features for flag in part.flags or ("",) * len(part.values))


def _extracted(features: list[Features]) -> Float32[np.ndarray, "utterance dim"] | None:
    known = [part.extracted for part in features if part.extracted is not None]
    return np.concatenate(known) if len(known) == len(features) else None


def open_store(path: Path) -> FeatureStore:
    """Returns the store in a folder, having read its manifest only.

    Raises:
        InputError: There is no store, or its manifest cannot be read.
    """
    manifest_path = path / MANIFEST
    if not manifest_path.is_file():
        raise InputError(
            f"{path}: no feature store here (no manifest.json); make one with"
            " `synctva import SOURCE --out STORE`"
        )
    with damage_told(manifest_path, "import the corpus again", NO_MANIFEST):
        manifest = read_json(manifest_path, NO_MANIFEST)
        if manifest["format"] not in FORMATS:
            raise InputError(
                f"{manifest_path}: {NO_MANIFEST} of this version: format"
                f" {str(manifest['format'])[:20]}, this version reads up to {FORMAT}"
            )
        return FeatureStore(
            path=path,
            name=manifest["corpus"],
            schema=EmotionSchema(manifest["schema"]["name"], tuple(manifest["schema"]["emotions"])),
            features={
                m: description_in(manifest["format"], m, entry)
                for m, entry in manifest["modalities"].items()
            },
            shards={_shard_name(entry["file"]): entry["sha256"] for entry in manifest["shards"]},
            utterances={split: int(manifest["counts"][split]["utterances"]) for split in SPLITS},
            origin=dict(manifest["origin"]),
        )


def _shard_name(file: str) -> str:
    """Returns the name of a shard, which is a file of the store's own folder."""
    if Path(file).name != file or len(file) > LONGEST_NAME:
        raise ValueError(f"shard {file[:80]!r} is not a file's name")
    return file
