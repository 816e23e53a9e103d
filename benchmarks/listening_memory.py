"""How much memory it takes to hear words and speakers of a long recording, as time goes on.

    python benchmarks/listening_memory.py ../shared/data --hours 2    # half an hour of one core

RAVDESS's conversations of four people, one after the other and over again, are one recording.
Memory is what this process and its workers hold together, looked at each second; a page that they
share counts once.
"""

import argparse
import os
import tempfile
import threading
import time
import wave
from pathlib import Path

import numpy as np
from conversations import MOST_PEOPLE, clips_of, conversation, cpu_s
from memory import held_mib

from synctva.listening.asr import PACKAGED, is_installed
from synctva.listening.listener import listener_of, spoken
from synctva.listening.voice_activity import speech_in
from synctva.media import SAMPLE_RATE_HZ, apart

CONVERSATIONS = 6
LOOK_S = 1.0
TOLD_S = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpora", type=Path, help="a folder with ravdess/")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--no-asr", action="store_true", help="hear no words")
    arguments = parser.parse_args()
    asr = PACKAGED if is_installed() and not arguments.no_asr else None
    with tempfile.TemporaryDirectory() as folder:
        talk = Path(folder) / "talk.wav"
        write(talk, arguments.corpora, arguments.hours)
        threading.Thread(target=look, daemon=True).start()
        with apart() as looking:
            speech = speech_in(talk, looking)
            print(f"{sum(b - a for a, b in speech.spans) / 60:.1f} minutes of speech", flush=True)
            found = spoken(talk, speech, listener_of(asr, False), looking)
    words = sum(len(one.words) for one in found.segments)
    people = len({one.speaker for one in found.segments})
    spent = cpu_s() / speech.length_s
    print(f"{words} words, {people} people; {spent:.3f} CPU seconds a second")


def write(place: Path, corpora: Path, hours: float) -> None:
    """Writes conversations over and over."""
    people = clips_of(corpora, "development")["ravdess"]
    talks = [
        np.round(32767 * conversation(np.random.default_rng((5, n)), people, MOST_PEOPLE)[0])
        for n in range(CONVERSATIONS)
    ]
    once = np.concatenate(talks).astype("<i2").tobytes()
    lacking = round(hours * 3600 * SAMPLE_RATE_HZ) * 2
    with wave.open(str(place), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        while lacking > 0:
            file.writeframes(once[:lacking])
            lacking -= len(once)


def look() -> None:
    """Tells what is held, and the most so far, as time goes on."""
    began, most, told = time.monotonic(), 0.0, 0.0
    while True:
        held = held_mib(os.getpid())
        most = max(most, held)
        if time.monotonic() - told >= TOLD_S:
            told = time.monotonic()
            print(f"{told - began:6.0f} s: {held:.0f} MiB, at the most {most:.0f}", flush=True)
        time.sleep(LOOK_S)


if __name__ == "__main__":
    main()
