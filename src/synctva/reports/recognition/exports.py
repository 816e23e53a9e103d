"""The exports inside the page, which has no server: written here, so that no script writes them."""

import gzip
import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

from markupsafe import Markup

from synctva.inference.export.write import TIMED, WRITERS
from synctva.inference.recognition import Recognition

LEFT_OUT = (".parquet",)
"""Not in the page: it does not compress, and whoever reads it has a command line."""

PLACELESS = (".json",)
"""What names the recording as it is called, not from the file's place."""


def exports_of(recognition: Recognition) -> dict[str, str]:
    """Returns the content of a file of each format, by its ending.

    They name the recording without its folder: a page does not reveal where its maker works. Turns
    without times are left out of formats that need times.
    """
    name = Path(recognition.media).name
    placed = replace(recognition, media=f"/{name}" if name else "")
    named = replace(recognition, media=name)
    return {
        suffix: write(named if suffix in PLACELESS else placed, Path(f"/page{suffix}")).decode()
        for suffix, write in WRITERS.items()
        if suffix not in LEFT_OUT and (recognition.has_times or suffix not in TIMED)
    }


def packed(exports: dict[str, str]) -> Markup:
    """Returns exports as one object of JSON, gzipped, in base64: every browser unpacks that."""
    content = json.dumps(exports, ensure_ascii=False).encode()
    return Markup(b64encode(gzip.compress(content, mtime=0)).decode())
