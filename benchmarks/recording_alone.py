"""What it costs the emotions to know a recording alone, without its transcript.

    python benchmarks/recording_alone.py ../shared/data    # a quarter of an hour of one core

Conversations of RAVDESS's test actors, made as in conversations.py, and films of the playhouse are
recognised twice: with who really says what when, and with what is heard. A turn's emotion is told
by what is recognised while it lasts; where nothing is, it is wrong.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
from conversations import Turn, as_wav, clips_of, conversation
from recognise import looped, rendered

from synctva import Recogniser
from synctva.dialogue import Dialogue, Utterance
from synctva.inference.recognition import Recognition
from synctva.inference.utterances import Segmented
from synctva.listening.asr import PACKAGED, is_installed
from synctva.listening.listener import listener_of
from synctva.transcripts import read_transcript

TEST_ACTORS = ("21", "22", "23", "24")
CONVERSATIONS = 12
FILM_S = 240.0
"""Length of the playhouse's film."""

Talk = tuple[Path, Sequence[Turn]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpora", type=Path, help="a folder with ravdess/")
    parser.add_argument("--model", default="lite", help="as for `synctva recognise`")
    arguments = parser.parse_args()
    sources = {
        "ravdess": (partial(conversations, arguments.corpora), "equal"),
        "playhouse": (films, None),
    }
    listener = listener_of(PACKAGED if is_installed() else None, False)
    with Recogniser.load(arguments.model) as recogniser:
        for name, (talks, expect) in sources.items():
            right = []
            for place, turns in talks():
                known = recogniser.recognise_utterances(told(place, turns), expect=expect)
                alone = recogniser.recognise(place, listener=listener, expect=expect)
                right += zip(is_right(known, turns), is_right(alone, turns), strict=True)
            known, alone = 100 * np.mean(right, axis=0)
            error = 100 * np.std(np.diff(right, axis=1).astype(float)) / np.sqrt(len(right))
            print(
                f"{name}, {len(right)} turns: accuracy {known:.1f} % with the transcript,"
                f" {alone:.1f} % alone; difference {alone - known:+.1f} (s.e. {error:.1f})",
                flush=True,
            )


def conversations(corpora: Path) -> Iterator[Talk]:
    """Yields conversations of two to four of RAVDESS's test actors."""
    clips = clips_of(corpora, "held-out")["ravdess"]
    people = {actor: clips[actor] for actor in TEST_ACTORS}
    for number in range(CONVERSATIONS):
        rng = np.random.default_rng((3, number))
        sound, turns = conversation(rng, people, 2 + number % 3)
        with as_wav(sound) as place:
            yield place, turns


def films() -> Iterator[Talk]:
    """Yields a film of the playhouse."""
    with tempfile.TemporaryDirectory() as folder:
        clips = rendered(Path(folder) / "clips")
        film = looped(clips, Path(folder) / "film.mp4", FILM_S)
        said = read_transcript(film.with_suffix(".srt"))
        yield (
            film,
            [
                Turn(cue.start_s, cue.end_s, clip.speaker, cue.text, clip.emotion or "")
                for cue, clip in zip(said, cycle(clips), strict=False)
            ],
        )


def told(place: Path, turns: Sequence[Turn]) -> Segmented:
    """Returns the utterances of a talk as they really are."""
    utterances = tuple(
        Utterance(n, t.speaker, t.words, start_s=t.start_s, end_s=t.end_s, media=str(place))
        for n, t in enumerate(turns)
    )
    return Segmented(str(place), turns[-1].end_s, Dialogue("talk", "test", utterances))


def is_right(found: Recognition, turns: Sequence[Turn]) -> list[bool]:
    """Returns of each turn whether what is recognised while it lasts is its emotion."""
    right = []
    for turn in turns:
        shared_s = [
            max(0.0, min(turn.end_s, one.end_s) - max(turn.start_s, one.start_s))
            for one in found.utterances
        ]
        probabilities = np.array([one.probabilities for one in found.utterances])
        most = found.emotions[int((np.array(shared_s) @ probabilities).argmax())]
        right.append(any(shared_s) and most == turn.emotion)
    return right


if __name__ == "__main__":
    main()
