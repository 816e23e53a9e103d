"""Stores of format 2, which named an extractor by one word: they open, and mean what they meant."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synctva.corpus import Corpus, Features
from synctva.data.made.planted import planted_corpus
from synctva.features.extractors.registry import checked, made_again, make_extractor
from synctva.features.preset import load_preset
from synctva.features.store import open_store, write_store
from synctva.features.store.manifest import description_in

CASES = [
    ("text", (), "minilm"),
    ("text", ("text.context=2",), "minilm"),
    ("audio", (), "egemaps"),
    ("audio", ("audio.model=is10",), "is10"),
    ("audio", ("audio.model=waveform", "audio.seconds=0.5"), "waveform"),
    ("visual", (), "expression"),
    ("visual", ("visual.speaker=moving", "visual.no_face=frame"), "expression"),
    ("visual", ("visual.faces=whole", "visual.pooling=mean"), "expression"),
    ("visual", ("visual.crops=3",), "crops"),
]


def as_format_2(store: Path, names: dict[str, str]) -> None:
    """Writes a manifest as the version before did."""
    path = store / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["format"] = 2
    for modality, entry in manifest["modalities"].items():
        entry.update(older(entry.pop("description"), names[modality]))
    path.write_text(json.dumps(manifest))


def older(known: dict[str, Any], name: str) -> dict[str, Any]:
    settings = {k: v for k, v in known["settings"].items() if k not in ("normalised", "crops")}
    if by := known["settings"].get("normalised"):
        settings["standardised"] = by
    extractor = {"name": name, "version": known["version"], "weights": known["weights"]}
    return {"extractor": {**extractor, "settings": settings}, "dim": known["dim"]}


@pytest.mark.parametrize(("modality", "settings", "name"), CASES)
def test_an_older_store_describes_its_features_as_a_new_one(
    tmp_path: Path, modality: str, settings: tuple[str, ...], name: str
):
    known = make_extractor(load_preset("lite", settings), modality).description
    if modality == "audio":
        known = known.normalised("speaker")
    bare = planted_corpus(dialogues=(1, 0, 0))
    values = np.ones((len(bare), known.dim), np.float32)
    features = {modality: Features(values, np.ones(len(bare), np.bool_), known)}
    corpus = Corpus("own", bare.schema, bare.dialogues, features)
    store = write_store(corpus, tmp_path / "store")
    as_format_2(store.path, {modality: name})
    opened = open_store(store.path)
    assert opened.features[modality] == known
    np.testing.assert_array_equal(opened.read().features[modality].values, values)
    checked(make_extractor(made_again(opened.features, "own"), modality), known, "own")


@pytest.mark.parametrize("name", ["published", "own", "planted"])
def test_features_that_came_with_a_corpus_stay_what_they_are(name: str):
    settings = {"corpus": "mosi"}
    extractor = {"name": name, "version": "", "weights": "", "settings": settings}
    known = description_in(2, "audio", {"extractor": extractor, "dim": 73})
    assert (known.maker, known.model, known.dim) == (name, "", 73)


@pytest.mark.parametrize("name", ["tokens", "bert-tiny"])
def test_what_an_older_store_did_not_tell_is_left_open(name: str):
    settings = {} if name == "tokens" else {"pooling": "mean", "layers": 1}
    extractor = {"name": name, "version": "", "weights": "ab", "settings": settings}
    known = description_in(2, "text", {"extractor": extractor, "dim": 48})
    assert (known.maker, known.model) == ("tokens" if name == "tokens" else "transformer", "")
