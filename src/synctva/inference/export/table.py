"""A recognition as a table: CSV and Parquet, a row per utterance.

The CSV file is also what `import` takes for a table of clips: corrected, it can be imported.
"""

import csv
import io
import json
import os
from pathlib import Path

from synctva.files import guarded
from synctva.inference.export.places import recording_of
from synctva.inference.recognition import Recognition
from synctva.transcripts.segment import one_line, writable

TEXTS = ("speaker", "text", "emotion", "flags", "note")
"""The columns that hold text; all others hold numbers."""


def csv_bytes(recognition: Recognition, path: Path) -> bytes:
    """Returns the content of a CSV file; ``clip`` is the recording's path from the file's folder.

    Texts stand in one line. Without a recording there is no column ``clip``.
    """
    recording = recording_of(recognition)
    clip = []
    if recording is not None:
        clip = [guarded(os.path.relpath(recording, path.absolute().parent))]
    rows = [
        [*clip, *(guarded(one_line(cell)) if isinstance(cell, str) else cell for cell in row)]
        for row in recognition.to_rows()
    ]
    header = [
        *(["clip"] if clip else []),
        *(guarded(one_line(name)) for name in recognition.columns),
    ]
    content = io.StringIO(newline="")
    csv.writer(content, lineterminator="\n").writerows([header, *rows])
    return content.getvalue().encode("utf-8", "replace")


def parquet_bytes(recognition: Recognition, path: Path) -> bytes:
    """Returns the content of a Parquet file; recording, model and emotions are its metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = recognition.to_rows()
    arrays = []
    for number, column in enumerate(recognition.columns):
        cells = [row[number] for row in rows]
        if column in TEXTS:
            cells = [writable(cell) if isinstance(cell, str) else None for cell in cells]
        arrays.append(pa.array(cells, pa.string() if column in TEXTS else pa.float64()))
    facts = {
        "media": recognition.media,
        "duration_s": recognition.duration_s,
        "emotions": recognition.emotions,
        "model": recognition.model,
        "fingerprint": recognition.fingerprint,
        "note": recognition.note,
    }
    names = [writable(column) for column in recognition.columns]
    table = pa.Table.from_arrays(arrays, names=names, metadata={"synctva": json.dumps(facts)})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()
