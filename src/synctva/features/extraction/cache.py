"""The feature cache: vectors by the hash of all that determines them, shared by all stores."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from synctva.corpus import Description
from synctva.features.extractors.encoded import Encoded
from synctva.files import write_bytes


def default_cache() -> Path:
    """Returns ``$SYNCTVA_CACHE``, else ``synctva`` in the user's cache folder."""
    if chosen := os.environ.get("SYNCTVA_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "synctva" / "features"


def cache_key(description: Description, content: object) -> str:
    """Returns 64 hexadecimal digits that differ for another extractor, version, or content.

    Args:
        description: What the vectors are.
        content: What they are computed from, as JSON: words, or a recording's sha256 and a span.
    """
    known = [description.fingerprint, description.version, content]
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


class Cache:
    """A folder with a file per key.

    A file is first written under another name, and holds the hash of its content; one that is not
    whole, or has changed since, counts as not there. Any number of processes may use a folder at
    once. It may be deleted at any time.

    Args:
        folder: Where the files are; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """Returns where a key's file is."""
        return self.folder / key[:2] / f"{key}.safetensors"

    def get(self, key: str) -> Encoded | None:
        """Returns what was put under a key; None if nothing was, or it is damaged."""
        table = self.get_table(key)
        if table is None:
            return None
        values, flags = table
        return Encoded(values[0] if len(values) else None, flags)

    def put(self, key: str, encoded: Encoded) -> None:
        """Keeps an utterance's features under a key."""
        vector = encoded.vector
        values = np.zeros((0, 0), np.float32) if vector is None else vector[None]
        self.put_table(key, values, encoded.flags)

    def get_table(self, key: str) -> tuple[Float32[np.ndarray, "row dim"], tuple[str, ...]] | None:
        """Returns the rows and flags under a key; None if there are none, or damaged ones."""
        try:
            with safe_open(self.path(key), "np") as file:
                told = json.loads((file.metadata() or {})["told"])
                values = file.get_tensor("values")
            if told["sha256"] != _sha256(key, values, told["flags"]):
                return None
            return values, tuple(json.loads(told["flags"]))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None

    def put_table(
        self, key: str, values: Float32[np.ndarray, "row dim"], flags: tuple[str, ...] = ()
    ) -> None:
        """Keeps rows and flags under a key."""
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        values, noted = np.ascontiguousarray(values), json.dumps(flags)
        told = {"flags": noted, "sha256": _sha256(key, values, noted)}
        # one word: of several, safetensors decides the order anew each time
        content = save({"values": values}, {"told": json.dumps(told)})
        write_bytes(path, content, is_kept=False)


def _sha256(key: str, values: Float32[np.ndarray, "row dim"], flags: str) -> str:
    """Returns the hash of all that is kept under a key, and of the key."""
    digest = hashlib.sha256(f"{key} {values.dtype} {values.shape} {flags} ".encode())
    digest.update(values.tobytes())
    return digest.hexdigest()
