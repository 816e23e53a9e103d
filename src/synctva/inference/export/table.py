"""A recognition as a table: CSV and Parquet, a row per utterance.

The CSV file is also what `import` takes for a table of clips: corrected, it can be imported.
"""

import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from synctva.annotation.span import one_line, writable
from synctva.inference.export.places import recording_of
from synctva.inference.recognition import Recognition

if TYPE_CHECKING:
    import pandas as pd


def csv_bytes(recognition: Recognition, path: Path) -> bytes:
    """Returns the content of a CSV file; ``clip`` is the recording's path from the file's folder.

    Texts stand in one line. Without a recording there is no column ``clip``.
    """
    table = _table(recognition)
    for column in ("speaker", "text", "flags", "note"):
        table[column] = [None if cell is None else one_line(cell) for cell in table[column]]
    recording = recording_of(recognition)
    if recording is not None:
        table.insert(0, "clip", os.path.relpath(recording, path.absolute().parent))
    text = table.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8", "replace")


def parquet_bytes(recognition: Recognition, path: Path) -> bytes:
    """Returns the content of a Parquet file; recording, model and emotions are its metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = _table(recognition)
    text = ("speaker", "text", "emotion", "flags", "note")
    table = pa.table(
        {
            name: pa.array(frame[name].tolist(), pa.string() if name in text else pa.float64())
            for name in frame.columns
        }
    )
    facts = {
        "media": recognition.media,
        "duration_s": recognition.duration_s,
        "emotions": recognition.emotions,
        "model": recognition.model,
        "fingerprint": recognition.fingerprint,
    }
    described = table.replace_schema_metadata({"synctva": json.dumps(facts)})
    sink = io.BytesIO()
    pq.write_table(described, sink)
    return sink.getvalue()


def _table(recognition: Recognition) -> "pd.DataFrame":
    """Returns the recognition's table; None where a cell is empty, and what UTF-8 can hold."""
    table = recognition.to_pandas().astype(object)
    table = table.where(table.notna(), None)
    for column in ("speaker", "text", "flags", "note", "emotion"):
        table[column] = [None if cell is None else writable(cell) for cell in table[column]]
    return table.rename(columns=writable)
