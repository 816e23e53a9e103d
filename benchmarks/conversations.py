"""Words and speakers of made conversations: how often they are right, and what they cost.

    python benchmarks/conversations.py ../shared/data    # RAVDESS, EmoDB; ten minutes of one core

Clips of actors become conversations of one to four people, with gaps, overlaps, noise and levels.
The actors are those that the threshold of ``listening/speakers.py`` was not chosen on. DER is
without a collar; the speech of a clip is what is not 35 dB quieter than its loudest. Words are
scored where the extra `asr` is installed.
"""

import argparse
import re
import resource
import tempfile
import time
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from scipy.optimize import linear_sum_assignment

from synctva.listening.asr import PACKAGED, is_installed
from synctva.listening.listener import Listener, listener_of, spoken
from synctva.listening.voice_activity import speech_in
from synctva.media import SAMPLE_RATE_HZ, read_audio
from synctva.transcripts import Segment

CONVERSATIONS = 24
OVERLAP = 0.15
FRAMES_A_SECOND = 100
SAID = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}

Sound = Float32[np.ndarray, " sample"]


@dataclass(frozen=True)
class Turn:
    """Who really says what when; the words are empty where they are not English."""

    start_s: float
    end_s: float
    speaker: str
    words: str


@dataclass(frozen=True)
class Scores:
    """Of one conversation; errors and lengths that are summed over all."""

    wrong_words: int
    words: int
    wrong_frames: int
    frames: int
    is_count_right: bool
    cpu_s: float
    length_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpora", type=Path, help="a folder with ravdess/ and emodb/")
    clips = clips_of(parser.parse_args().corpora)
    listener = listener_of(PACKAGED if is_installed() else None, False)
    for corpus, people in clips.items():
        found = []
        for number in range(CONVERSATIONS):
            rng = np.random.default_rng((0, number))
            sound, turns = conversation(rng, people, 1 + number % 4)
            found.append(scores_of(sound, turns, listener))
        total = {name: sum(getattr(one, name) for one in found) for name in vars(found[0])}
        print(
            f"{corpus}: WER {100 * total['wrong_words'] / max(1, total['words']):.1f} %,"
            f" DER {100 * total['wrong_frames'] / total['frames']:.1f} %,"
            f" count right {total['is_count_right']} of {len(found)},"
            f" {total['cpu_s'] / total['length_s']:.3f} CPU seconds a second"
        )


def clips_of(corpora: Path) -> dict[str, dict[str, list[tuple[Path, str]]]]:
    """Returns corpus -> actor -> clips with their words, of the actors that are measured."""
    found: dict[str, dict[str, list[tuple[Path, str]]]] = {"ravdess": {}, "emodb": {}}
    for clip in sorted((corpora / "ravdess").glob("*.flac")):
        fields = clip.stem.split("-")
        if int(fields[6]) > 12:
            found["ravdess"].setdefault(fields[6], []).append((clip, SAID[fields[4]]))
    emodb = sorted((corpora / "emodb").glob("*.flac"))
    for actor in sorted({clip.stem[:2] for clip in emodb})[5:]:
        found["emodb"][actor] = [(clip, "") for clip in emodb if clip.stem[:2] == actor]
    return found


def conversation(
    rng: np.random.Generator, people: Mapping[str, Sequence[tuple[Path, str]]], count: int
) -> tuple[Sound, list[Turn]]:
    """Returns a conversation of so many people, who take 10 to 23 turns, and what it is made of."""
    actors = rng.permutation(sorted(people))[:count].tolist()
    order = actors + rng.choice(actors, int(rng.integers(10, 24)) - count).tolist()
    sound, turns, end = np.zeros(SAMPLE_RATE_HZ // 2, np.float32), [], SAMPLE_RATE_HZ // 2
    for number, actor in enumerate(order):
        clip, words = people[actor][int(rng.integers(len(people[actor])))]
        heard = read_audio(clip)
        assert heard is not None
        said = levelled(trimmed(heard), 0.06 * 10 ** (rng.normal(0, 3) / 20))
        is_overlap = number and order[number - 1] != actor and rng.random() < OVERLAP
        gap_s = -rng.uniform(0.2, 0.8) if is_overlap else rng.uniform(0.1, 1.2)
        start = max(0, end + round(gap_s * SAMPLE_RATE_HZ))
        end = start + len(said)
        sound = np.pad(sound, (0, max(0, end - len(sound))))
        sound[start:end] += said
        turns.append(Turn(start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ, actor, words))
    sound = np.pad(sound, (0, SAMPLE_RATE_HZ // 2))
    noise = levelled(rng.normal(size=len(sound)).astype(np.float32), float(np.std(sound)))
    sound = sound + noise * 10 ** (-rng.uniform(15, 35) / 20)
    return np.clip(sound * 1.5 * 10 ** (-rng.uniform(0, 18) / 20), -1, 1), turns


def trimmed(sound: Sound) -> Sound:
    """Returns a clip without what is 35 dB quieter than its loudest, at both ends."""
    step = SAMPLE_RATE_HZ // 100
    levels = np.sqrt((sound[: len(sound) // step * step].reshape(-1, step) ** 2).mean(1))
    loud = np.flatnonzero(levels > levels.max() * 10 ** (-35 / 20))
    return sound[max(0, loud[0] * step - 400) : (loud[-1] + 1) * step + 400]


def levelled(sound: Sound, level: float) -> Sound:
    return sound * np.float32(level / max(1e-6, float(np.sqrt((sound**2).mean()))))


def scores_of(sound: Sound, turns: Sequence[Turn], listener: Listener) -> Scores:
    """Returns how well a conversation is heard, with the processes that are started for it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "talk.wav"
        with wave.open(str(place), "wb") as file:
            file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
            file.writeframes((sound * 32767).astype("<i2").tobytes())
        begin_s = cpu_s()
        found = spoken(place, speech_in(place), listener).segments
        spent_s = cpu_s() - begin_s
    said = words_of(" ".join(turn.words for turn in turns))
    heard = words_of(" ".join(segment.text for segment in found))
    return Scores(
        errors(said, heard) if said else 0,
        len(said),
        *wrong_frames(turns, found, len(sound)),
        len({segment.speaker for segment in found}) == len({turn.speaker for turn in turns}),
        spent_s,
        len(sound) / SAMPLE_RATE_HZ,
    )


def cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def words_of(text: str) -> list[str]:
    return re.sub(r"[^a-z' ]", "", text.lower()).split()


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Returns how many words are to be changed, added or left out."""
    row = np.arange(len(heard) + 1)
    for word in said:
        before = row.copy()
        row[0] += 1
        for n, other in enumerate(heard, start=1):
            row[n] = min(before[n] + 1, row[n - 1] + 1, before[n - 1] + (word != other))
    return int(row[-1])


def wrong_frames(turns: Sequence[Turn], found: Sequence[Segment], samples: int) -> tuple[int, int]:
    """Returns the frames missed, added or of the wrong speaker, and all that are spoken."""
    count = samples * FRAMES_A_SECOND // SAMPLE_RATE_HZ + 1
    true, told = _frames(turns, count), _frames(found, count)
    shared = (true[:, None] & told[None]).sum(2)
    rows, columns = linear_sum_assignment(-shared)
    spoken_at, told_at = true.sum(0), told.sum(0)
    right = int(shared[rows, columns].sum())
    return int(np.maximum(spoken_at, told_at).sum()) - right, int(spoken_at.sum())


def _frames(spans: Sequence[Turn] | Sequence[Segment], count: int) -> np.ndarray:
    names = sorted({str(span.speaker) for span in spans})
    frames = np.zeros((max(1, len(names)), count), bool)
    for span in spans:
        first, last = (round(at_s * FRAMES_A_SECOND) for at_s in (span.start_s, span.end_s))
        frames[names.index(str(span.speaker)), first:last] = True
    return frames


if __name__ == "__main__":
    main()
