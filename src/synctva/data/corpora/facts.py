"""What is known of a published corpus: where it is from, its terms, and its official counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Facts:
    """A published corpus, as its authors count it.

    Attributes:
        name: The name its ``Corpus`` carries.
        title: What it is, in one line.
        citation: The paper to cite.
        source: Where it comes from.
        licence: Its terms; they bind what is trained on it too.
        schema: Name of its emotion schema.
        dialogues: Split -> number of dialogues.
        utterances: Split -> emotion -> number of utterances.
        other_schemas: Name of another schema that it is labelled in -> the same counts in that.
        defects: (dialogue, turn) -> what is wrong with that utterance in every copy.
    """

    name: str
    title: str
    citation: str
    source: str
    licence: str
    schema: str
    dialogues: Mapping[str, int]
    utterances: Mapping[str, Mapping[str, int]]
    other_schemas: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    defects: Mapping[tuple[str, int], str] = field(default_factory=dict)
