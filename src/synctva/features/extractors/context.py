"""Words with the turns before them: what a text encoder may read of a dialogue so far."""

from dataclasses import dataclass

from synctva.corpus import Corpus


@dataclass(frozen=True)
class InContext:
    """An utterance's words after the turns before it.

    Attributes:
        text: Its words.
        speaker: Who says them: a number, from 1, by the order in which speakers appear here.
        before: Speaker and words of the turns before it, oldest first.
    """

    text: str
    speaker: int
    before: tuple[tuple[int, str], ...] = ()


def inputs_in_context(corpus: Corpus, context: int) -> list[InContext]:
    """Returns every utterance after the ``context`` turns before it, without those of no words.

    Speakers are numbered in the order in which they appear there, so that names do not matter.
    """
    items = []
    for dialogue in corpus.dialogues:
        for number, utterance in enumerate(dialogue.utterances):
            earlier = [
                one
                for one in dialogue.utterances[max(0, number - context) : number]
                if (one.text or "").strip()
            ]
            numbers: dict[str, int] = {}
            for one in [*earlier, utterance]:
                numbers.setdefault(one.speaker, len(numbers) + 1)
            before = tuple((numbers[one.speaker], one.text or "") for one in earlier)
            items.append(InContext(utterance.text or "", numbers[utterance.speaker], before))
    return items
