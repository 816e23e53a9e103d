"""What it costs the emotions to know a recording alone, without its transcript.

    python benchmarks/recording_alone.py ../shared/data    # half an hour of one core

Conversations of RAVDESS's test actors, made as in conversations.py, and films of the playhouse,
each of other people, are recognised twice: with who really says what when, and with what is heard.
A turn's emotion is told by what is recognised while it lasts; where nothing is, it is wrong.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from conversations import Turn, as_wav, clips_of, conversation
from recognise import PAUSE_S, looped

from synctva import Recogniser
from synctva.data.corpora.meld import read_meld
from synctva.data.made.playhouse import Production, render_playhouse
from synctva.dialogue import Dialogue, Utterance
from synctva.inference.recognition import Recognition
from synctva.inference.utterances import Segmented
from synctva.listening.asr import PACKAGED, is_installed
from synctva.listening.listener import listener_of
from synctva.media import probe
from synctva.transcripts import read_transcript

TEST_ACTORS = ("21", "22", "23", "24")
CONVERSATIONS = 12
FILMS = 6
SCENES = (6, 1, 1)
"""Dialogues of a playhouse; those of the first split are its film."""

Talk = tuple[Path, Sequence[Turn]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpora", type=Path, help="a folder with ravdess/")
    parser.add_argument("--model", default="lite", help="as for `synctva recognise`")
    parser.add_argument("--only", choices=SOURCES, nargs="+", default=list(SOURCES))
    arguments = parser.parse_args()
    listener = listener_of(PACKAGED if is_installed() else None, False)
    with Recogniser.load(arguments.model) as recogniser:
        for name in arguments.only:
            talks, expect = SOURCES[name]
            right = []
            for place, turns in talks(arguments.corpora):
                known = recogniser.recognise_utterances(told(place, turns), expect=expect)
                alone = recogniser.recognise(place, listener=listener, expect=expect)
                right += zip(is_right(known, turns), is_right(alone, turns), strict=True)
                print(scores(name, right), flush=True)


def scores(name: str, right: Sequence[tuple[bool, bool]]) -> str:
    """Returns in a line of how many turns the emotion is right, with the transcript and alone."""
    known, alone = 100 * np.mean(right, axis=0)
    error = 100 * np.std(np.diff(np.array(right, float), axis=1)) / np.sqrt(len(right))
    return (
        f"{name}, {len(right)} turns: accuracy {known:.1f} % with the transcript,"
        f" {alone:.1f} % alone; difference {alone - known:+.1f} (s.e. {error:.1f})"
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


def films(corpora: Path) -> Iterator[Talk]:
    """Yields films of the playhouse, each a production of its own."""
    for seed in range(FILMS):
        with tempfile.TemporaryDirectory() as folder:
            render_playhouse(Path(folder) / "clips", Production(dialogues=SCENES, seed=100 + seed))
            clips = [
                clip
                for dialogue, clip in read_meld(Path(folder) / "clips").utterances()
                if dialogue.split == "train" and clip.media
            ]
            length_s = sum(
                (probe(Path(f"{clip.media}")).duration_s or 0.0) + PAUSE_S for clip in clips
            )
            film = looped(clips, Path(folder) / "film.mp4", length_s - PAUSE_S / 2)
            said = read_transcript(film.with_suffix(".srt"))
            yield (
                film,
                [
                    Turn(cue.start_s, cue.end_s, clip.speaker, cue.text, clip.emotion or "")
                    for cue, clip in zip(said, clips, strict=True)
                ],
            )


SOURCES = {"ravdess": (conversations, "equal"), "playhouse": (films, None)}
"""How talks are made, and how often their emotions are expected."""


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
