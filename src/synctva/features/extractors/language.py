"""Words in a language that a text encoder does not know; the one file that knows py3langid.

A vector of such words says something, with confidence, and all of it is chance: a model that learnt
English calls any Hindi joy.
"""

import functools
from typing import TYPE_CHECKING

from synctva.corpus import Corpus, Description
from synctva.features.extractors.text_encoders import language_of

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

OTHER_LANGUAGE = "other_language"
"""The flag of an utterance whose words are in a language that the text encoder does not know."""

EVIDENCE = 10.0
"""So much more likely, as a logarithm, another language is where words are said to be in it.

Of MELD's test split 0.1 % are, and 98 % of sentences in ten other languages of Latin script; at 5
it would be 1.3 %, and all of them. What is missed has one or two words.
"""


def flags_of_words(corpus: Corpus, description: Description) -> tuple[str, ...]:
    """Returns a flag for each utterance whose words the text encoder does not know, else none.

    Args:
        corpus: Dialogues.
        description: Of the text features; one that does not tell its language knows all.
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
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)
