"""Words in a language that a text encoder does not know; the one file that knows py3langid.

A vector of such words leads to confident predictions that are pure chance: a model that learnt
English calls any Hindi joy.
"""

import functools
import shutil
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synctva.corpus import Corpus, Description
from synctva.features.extraction.cache import default_cache
from synctva.features.extractors.text_encoders import language_of

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

OTHER_LANGUAGE = "other_language"
"""The flag of an utterance whose words are in a language that the text encoder does not know."""

EVIDENCE = 10.0
"""How much more likely, as a logarithm, another language must be to be reported.

Of MELD's test split 0.1 % are, and 98 % of sentences in ten other languages of Latin script; at 5
it would be 1.3 %, and all of them. What is missed has one or two words.
"""


def flags_of_words(corpus: Corpus, description: Description) -> tuple[str, ...]:
    """Returns a flag for each utterance whose words the text encoder does not know, else none.

    Args:
        corpus: Dialogues.
        description: Of the text features; one that does not name its language knows all.
    """
    known = language_of(description.model)
    if not known:
        return ()
    flags = tuple(
        OTHER_LANGUAGE if is_other_language(utterance.text or "", known) else ""
        for _, utterance in corpus.utterances()
    )
    return flags if any(flags) else ()


def is_other_language(text: str, known: str) -> bool:
    """Returns whether words are in another language: surely so, as names, slang and cries are not.

    Args:
        text: What is said.
        known: The language that is known, as ISO 639-1 writes it.
    """
    if not any(letter.isalpha() for letter in text):
        return False
    likelihoods = dict(_identifier().rank(text))
    return max(likelihoods.values()) - likelihoods[known] > EVIDENCE


@functools.cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import LanguageIdentifier

    found = _unpacked(default_cache() / f"py3langid-{version('py3langid')}")
    following, rows = (memoryview(found[name]) for name in ("following", "rows"))
    classes, features = found["classes"].tolist(), found["features"].tolist()
    return LanguageIdentifier(
        found["scores"], found["priors"], classes, following, features, tk_row=rows
    )


PARTS = ("scores", "priors", "classes", "following", "rows", "features")
"""The parts of the library's model, in the order in which it loads them."""


def _unpacked(folder: Path) -> dict[str, Any]:
    """Returns the library's model, which the first call unpacks into a folder: 68 MB, for .6 s.

    The package has it compressed. From the folder, only the pages that are needed are read.
    """
    with suppress(OSError, ValueError):
        return {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in PARTS}
    from py3langid.langid import MODEL_DIR, MODEL_FILE
    from py3langid.modelio import load_model

    loaded = zip(PARTS, load_model(MODEL_DIR / MODEL_FILE), strict=True)
    found = {name: np.asarray(part) for name, part in loaded}
    with suppress(OSError):  # nobody needs it there
        folder.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(dir=folder.parent))
        try:
            for name, part in found.items():
                np.save(staged / f"{name}.npy", part)
            shutil.rmtree(folder, ignore_errors=True)  # it is damaged, if it is there
            staged.replace(folder)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return found
