"""Words of read English: how many are wrong, and what they cost.

    python benchmarks/read_speech.py FOLDER    # recordings, beside each a .txt of what is read

Five sentences that a reader of LibriVox reads come with the source of `pocketsphinx`, in
``test/data/librivox``. They are read one after the other, a second apart, as one recording: words
are heard as `synctva recognise` hears them. Case, hyphens and full stops do not count, and "Mr" is
"mister".
"""

import argparse
from pathlib import Path

import numpy as np
from conversations import as_wav, cpu_s, errors, words_of

from synctva.listening.asr import PACKAGED
from synctva.listening.listener import listener_of, spoken
from synctva.listening.voice_activity import speech_in
from synctva.media import SAMPLE_RATE_HZ, apart, read_audio

SPELT = {"mr": "mister", "mrs": "missis"}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    places = sorted(
        one for one in parser.parse_args().folder.iterdir() if one.suffix in (".wav", ".flac")
    )
    sounds = [sound for one in places if (sound := read_audio(one)) is not None]
    pause = np.zeros(SAMPLE_RATE_HZ, np.float32)
    sound = np.concatenate([part for one in sounds for part in (one, pause)])
    said = " ".join(one.with_suffix(".txt").read_text(encoding="utf-8") for one in places)
    with as_wav(sound) as talk, apart() as looking:
        begin_s = cpu_s()
        found = spoken(talk, speech_in(talk, looking), listener_of(PACKAGED, False), looking)
    heard = " ".join(segment.text for segment in found.segments)
    wrong, count = errors(spelt(said), spelt(heard)), len(spelt(said))
    spent = (cpu_s() - begin_s) / (len(sound) / SAMPLE_RATE_HZ)
    people = len({segment.speaker for segment in found.segments})
    print(heard)
    print(f"{wrong} of {count} words: WER {100 * wrong / count:.1f} %; {people} people;"
          f" {spent:.3f} CPU seconds a second, the start of the processes included")  # fmt: skip


def spelt(text: str) -> list[str]:
    return [SPELT.get(word, word) for word in words_of(text.replace("-", " "))]


if __name__ == "__main__":
    main()
