"""Recognises a conversation by onnxruntime and NumPy alone: ``python run.py talk.npz``.

The file holds a row per utterance: ``speaker`` (a number each), and what there is of ``tokens``
(numbers of the tokens, 0 = padding), ``audio``, and ``faces`` (face, 48, 48; grey, 0 to 255) with
``face_of`` (whose utterance each is). In place of tokens or faces, ``text`` or ``visual`` may hold
features. A row of ``audio``, ``text`` or ``visual`` that is not a number is absent. ``model.json``
tells what makes each input.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

HERE = Path(__file__).parent
MODEL = json.loads((HERE / "model.json").read_text(encoding="utf-8"))


def run(name, **inputs):
    """Returns the outputs of one of the networks."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors alone
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(HERE / f"{name}.onnx", options, providers=providers)
    return session.run(None, inputs)


def recognise(speaker, **given):
    """Returns probabilities (utterance, emotion) and how far each modality is trusted."""
    rows = {m: np.full((len(speaker), MODEL["features"][m]), np.nan) for m in MODEL["features"]}
    if "tokens" in given and (worded := given["tokens"].any(1)).any():
        tokens = given["tokens"][worded].astype(np.int64)
        rows["text"][worded] = run("text", tokens=tokens, own=(tokens > 0).astype(np.int64))[0]
    for utterance in np.unique(given.get("face_of", [])).astype(int):
        faces = given["faces"][given["face_of"] == utterance].astype(np.float32)
        rows["visual"][utterance] = run("faces", faces=faces)[0]
    rows |= {m: given[m] for m in rows if m in given}
    present = np.stack([np.isfinite(row).all(1) for row in rows.values()], 1)
    features = {m: np.nan_to_num(row).astype(np.float32) for m, row in rows.items()}
    return run("model", **features, present=present, speaker=np.asarray(speaker, np.int64))


if __name__ == "__main__":
    names = MODEL["emotions"]
    for row, trust in zip(*recognise(**np.load(sys.argv[1])), strict=True):
        best = names[row.argmax()] if trust.any() else "-"
        print(best, *(f"{name}={one:.3f}" for name, one in zip(names, row, strict=True)))
