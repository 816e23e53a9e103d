"""Words and speakers of made conversations: how often they are right, and what they cost.

    python benchmarks/conversations.py ../shared/data    # half an hour of one core

Clips of actors become conversations of one to four people, with gaps, overlaps, noise and levels.
Half of each corpus's actors are for development: on them the constants of ``voice_activity.py`` and
``speakers.py`` were chosen; the others are measured. DER is pyannote.metrics', without a collar,
overlaps included; the speech of a clip is what is not 35 dB quieter than its loudest. Words are
scored where the extra `asr` is installed. With --more it is another draw, three times as large:
one conversation is a point of a hundred then, not three.
"""

import argparse
import re
import resource
import tempfile
import time
import wave
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from pyannote.core import Annotation, Timeline
from pyannote.core import Segment as Stretch
from pyannote.metrics.diarization import DiarizationErrorRate

from synctva.listening.asr import PACKAGED, is_installed
from synctva.listening.listener import Listener, listener_of, spoken
from synctva.listening.speakers import ANY_COUNT, Count
from synctva.listening.voice_activity import speech_in
from synctva.media import SAMPLE_RATE_HZ, apart, read_audio
from synctva.transcripts import Segment
from synctva.work import Engine

CONVERSATIONS = {
    "development": {"ravdess": 16, "emodb": 16, "nemo": 16},
    "held-out": {"ravdess": 13, "emodb": 11, "nemo": 8},
}
MORE, MORE_FROM = 3, 1000
"""So many times as large is the other draw, whose conversations have numbers from here on."""

MOST_PEOPLE = 4
OVERLAP = 0.15
SAID = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
EMOTIONS = {
    "01": "neutral",
    "02": "neutral",
    "03": "joy",
    "04": "sadness",
    "05": "anger",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
"""Of RAVDESS."""

Sound = Float32[np.ndarray, " sample"]


@dataclass(frozen=True)
class Clip:
    """An actor's sentence; its words are empty where they are not English, as is its emotion."""

    place: Path
    words: str = ""
    emotion: str = ""


@dataclass(frozen=True)
class Turn:
    """Who really says what when, and what it expresses."""

    start_s: float
    end_s: float
    speaker: str
    words: str
    emotion: str


@dataclass(frozen=True)
class Scores:
    """Of one conversation; all but ``people`` and ``der`` are summed over several."""

    people: int
    der: float
    wrong_words: int
    words: int
    placed_words: int
    heard_words: int
    wrong_s: float
    spoken_s: float
    is_count_right: bool
    length_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpora", type=Path, help="a folder with ravdess/, emodb/ and nemo/")
    parser.add_argument("--actors", choices=CONVERSATIONS, default="held-out")
    parser.add_argument("--no-asr", action="store_true", help="hear no words")
    parser.add_argument("--more", action="store_true", help="another draw, three times as large")
    parser.add_argument("--known", action="store_true", help="tell it how many people speak")
    arguments = parser.parse_args()
    asr = PACKAGED if is_installed() and not arguments.no_asr else None
    found: list[Scores] = []
    for corpus, people in clips_of(arguments.corpora, arguments.actors).items():
        made = list(conversations(corpus, people, arguments.actors, arguments.more))
        begin_s, own = cpu_s(), []
        with apart() as looking:
            for sound, turns in made:
                count = len({turn.speaker for turn in turns})
                known = Count(count, count) if arguments.known else ANY_COUNT
                own.append(scores_of(sound, turns, listener_of(asr, False, known), looking))
        spent = (cpu_s() - begin_s) / sum(one.length_s for one in own)
        print(f"{told(corpus, own)}; {spent:.3f} CPU seconds a second", flush=True)
        found += own
    print(told("all", found))


def told(name: str, found: Sequence[Scores]) -> str:
    """Returns the scores of conversations in a line."""
    total = {key: sum(getattr(one, key) for one in found) for key in vars(found[0])}
    by_people: dict[int, list[float]] = defaultdict(list)
    for one in found:
        by_people[one.people].append(one.der)
    means = {count: 100 * float(np.mean(ders)) for count, ders in sorted(by_people.items())}
    parts = [
        f"DER {100 * total['wrong_s'] / total['spoken_s']:.1f} %",
        "by people " + ", ".join(f"{count}: {der:.1f}" for count, der in means.items()),
        f"their mean {np.mean(list(means.values())):.1f}",
        f"count right {total['is_count_right']} of {len(found)}",
    ]
    if total["heard_words"] and total["words"]:
        parts += [
            f"WER {100 * total['wrong_words'] / total['words']:.1f} %",
            f"right speaker {100 * total['placed_words'] / max(1, total['heard_words']):.1f} %",
        ]
    return f"{name}, {total['length_s'] / 60:.0f} minutes: " + "; ".join(parts)


def clips_of(corpora: Path, actors: str) -> dict[str, dict[str, list[Clip]]]:
    """Returns corpus -> actor -> clips, of one half of the actors."""
    found: dict[str, dict[str, list[Clip]]] = {}
    for corpus in CONVERSATIONS[actors]:
        people: dict[str, list[Clip]] = defaultdict(list)
        for place in sorted((corpora / corpus).glob("*.flac")):
            actor, clip = _clip(corpus, place)
            people[actor].append(clip)
        names = sorted(people)
        half = len(names) // 2
        names = names[:half] if actors == "development" else names[half:]
        found[corpus] = {name: people[name] for name in names}
    return found


def _clip(corpus: str, place: Path) -> tuple[str, Clip]:
    if corpus == "ravdess":
        fields = place.stem.split("-")
        return fields[6], Clip(place, SAID[fields[4]], EMOTIONS[fields[2]])
    return place.stem[:2] if corpus == "emodb" else place.stem.split("_")[0], Clip(place)


def conversations(
    corpus: str, people: Mapping[str, Sequence[Clip]], actors: str, is_more: bool = False
) -> Iterator[tuple[Sound, list[Turn]]]:
    """Yields the conversations of a corpus: of one person, of two, of three, of four, of one..."""
    kinds, count = list(CONVERSATIONS), CONVERSATIONS[actors][corpus]
    for number in range(MORE_FROM, MORE_FROM + MORE * count) if is_more else range(count):
        seed = 1 + kinds.index(actors), list(CONVERSATIONS[actors]).index(corpus), number
        count = min(len(people), 1 + number % MOST_PEOPLE)
        yield conversation(np.random.default_rng(seed), people, count)


def conversation(
    rng: np.random.Generator, people: Mapping[str, Sequence[Clip]], count: int
) -> tuple[Sound, list[Turn]]:
    """Returns a conversation of so many people, who take 10 to 23 turns, and what it is made of."""
    actors = rng.permutation(sorted(people))[:count].tolist()
    order = actors + rng.choice(actors, int(rng.integers(10, 24)) - count).tolist()
    sound, turns, end = np.zeros(SAMPLE_RATE_HZ // 2, np.float32), [], SAMPLE_RATE_HZ // 2
    for number, actor in enumerate(order):
        clip = people[actor][int(rng.integers(len(people[actor])))]
        heard = read_audio(clip.place)
        assert heard is not None
        said = levelled(trimmed(heard), 0.06 * 10 ** (rng.normal(0, 3) / 20))
        is_overlap = number and order[number - 1] != actor and rng.random() < OVERLAP
        gap_s = -rng.uniform(0.2, 0.8) if is_overlap else rng.uniform(0.1, 1.2)
        start = max(0, end + round(gap_s * SAMPLE_RATE_HZ))
        end = start + len(said)
        sound = np.pad(sound, (0, max(0, end - len(sound))))
        sound[start:end] += said
        times_s = start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ
        turns.append(Turn(*times_s, actor, clip.words, clip.emotion))
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


@contextmanager
def as_wav(sound: Sound) -> Iterator[Path]:
    """Writes sound into a file that is there meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "talk.wav"
        with wave.open(str(place), "wb") as file:
            file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
            file.writeframes(np.round(sound * 32767).astype("<i2").tobytes())
        yield place


def scores_of(sound: Sound, turns: Sequence[Turn], listener: Listener, looking: Engine) -> Scores:
    """Returns how well a conversation is heard."""
    with as_wav(sound) as place:
        found = spoken(place, speech_in(place, looking), listener, looking).segments
    said = words_of(" ".join(turn.words for turn in turns))
    heard = words_of(" ".join(segment.text for segment in found))
    rate, true, told = DiarizationErrorRate(), _annotation(turns), _annotation(found)
    everything = Timeline([Stretch(0, len(sound) / SAMPLE_RATE_HZ)])
    parts = rate.compute_components(true, told, uem=everything)
    names = rate.optimal_mapping(true, told)
    words = [(word, names.get(one.speaker)) for one in found for word in one.words]
    return Scores(
        len({turn.speaker for turn in turns}),
        rate.compute_metric(parts),
        errors(said, heard) if said else 0,
        len(said),
        sum(_says(turns, (word.start_s + word.end_s) / 2) == name for word, name in words),
        len(words),
        parts["confusion"] + parts["missed detection"] + parts["false alarm"],
        parts["total"],
        len({segment.speaker for segment in found}) == len({turn.speaker for turn in turns}),
        len(sound) / SAMPLE_RATE_HZ,
    )


def _annotation(spans: Sequence[Turn] | Sequence[Segment]) -> Annotation:
    found = Annotation()
    for number, span in enumerate(spans):
        found[Stretch(span.start_s, span.end_s), number] = span.speaker
    return found


def _says(turns: Sequence[Turn], at_s: float) -> str:
    """Returns who speaks at a time, or next to it."""
    return max(turns, key=lambda turn: min(at_s - turn.start_s, turn.end_s - at_s)).speaker


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


if __name__ == "__main__":
    main()
