"""Writing a feature store: shards, then the manifest, by one process at a time."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from synctva.corpus import Corpus
from synctva.dialogue import SPLITS
from synctva.errors import InputError
from synctva.features.store.folder import MANIFEST, REWRITTEN, FeatureStore, open_store
from synctva.features.store.manifest import FORMAT
from synctva.features.store.shard import shard_bytes
from synctva.files import LOCK, alone, is_staged, remove_staged, write_bytes, write_json

FAILURES = "failures.csv"
"""In the store: the utterances whose extraction failed, and why; not there if none did."""
NORMALISATION = "audio-standardisation.parquet"
"""In the store: mean and sd that its audio features were normalised by, where they were."""
SHARD_UTTERANCES = 4096
"""A shard is closed once it holds this many utterances; a dialogue is never split."""
SHARD_BYTES = 64 * 2**20
"""Or this many bytes of features, where an utterance's are wide, such as its sound."""


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
    notes: dict[str, bytes | None] = {FAILURES: None, NORMALISATION: None}
    return write_parts([corpus], path, overwrite=overwrite, notes=notes)


def write_parts(
    parts: Iterable[Corpus],
    path: Path,
    *,
    overwrite: bool = False,
    notes: Mapping[str, bytes | None] = MappingProxyType({}),
) -> FeatureStore:
    """Writes the parts of one corpus as a store, holding one of them at a time.

    A part becomes a shard; one that is too large for that, several. Killed at any moment, the same
    call ends with the same files.

    Args:
        parts: The corpus in parts, a dialogue never in two; the same schema, extractors and
            origin in all of them.
        path: The store's folder; made if it is not there.
        overwrite: Replace the store that is there; else that is an error.
        notes: Beside the shards: name -> content; None = it goes.

    Raises:
        InputError: There are no dialogues, something stands at ``path`` already, or another process
            is writing there.
    """
    check_place(path, overwrite=overwrite)
    with alone(path):
        check_place(path, overwrite=overwrite)  # another process may have come first
        shards: dict[str, str] = {}
        manifest: dict[str, Any] = {}
        for number, part in enumerate(chain.from_iterable(map(_in_shards, parts))):
            content = shard_bytes(part)
            sha256 = hashlib.sha256(content).hexdigest()
            file = f"part-{number:05d}-{sha256[:8]}.parquet"
            write_bytes(path / file, content)
            shards[file] = sha256
            _count(manifest, part)
        if not shards:
            raise InputError(f"{path}: no dialogues, nothing to write")
        if not all((path / file).is_file() for file in shards):  # where there are no locks
            raise InputError(f"{path}: {REWRITTEN}")
        manifest["shards"] = [{"file": file, "sha256": sha256} for file, sha256 in shards.items()]
        if not (path / MANIFEST).is_file():
            _remove_others(path, shards)  # now, so that with the manifest all is done
        write_json(path / MANIFEST, manifest)
        for name, content in notes.items():
            if content is None:
                (path / name).unlink(missing_ok=True)
            else:
                write_bytes(path / name, content)
        _remove_others(path, shards)
    return open_store(path)


def _remove_others(path: Path, shards: Mapping[str, str]) -> None:
    """Deletes shards of another writing, and what one that was killed has left."""
    for shard in path.glob("part-*.parquet"):
        if shard.name not in shards:
            shard.unlink()
    remove_staged(path, below=False)


def check_place(path: Path, *, overwrite: bool) -> None:
    """Checks that a store may be written at a path.

    Raises:
        InputError: Something other than a store is there, or a store that must not be replaced.
    """
    is_store = (path / MANIFEST).is_file()
    if path.exists() and not is_store and (not path.is_dir() or any(_foreign(path))):
        raise InputError(f"{path}: something other than a feature store is here; name a new folder")
    if is_store and not overwrite:
        raise InputError(f"{path}: a feature store is here; name a new folder or add --overwrite")


def _foreign(path: Path) -> Iterator[Path]:
    """Yields what is in a folder, but for what a killed writing left there."""
    return (
        p
        for p in path.iterdir()
        if not (p.name.startswith("part-") or p.name == LOCK or is_staged(p))
    )


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
