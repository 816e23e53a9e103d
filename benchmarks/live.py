"""How soon a turn is told when it is over, and what that costs: through the server's socket.

    python benchmarks/live.py demo/scenes.mp4 --minutes 30
    python benchmarks/live.py demo/scenes.mp4 --minutes 30 --asr

The recording is played at its own pace, again and again. A delay is from the moment at which the
sound was sent by which the turn was known to be over, to the arrival of its event; how long voice
activity waits for a pause to last is stated apart.
"""

import argparse
import json
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import chain
from pathlib import Path
from threading import Thread

import numpy as np
from PIL import Image
from websockets.sync.client import ClientConnection, connect

from synctva.media import SAMPLE_RATE_HZ, read_audio, read_frames

PIECE = SAMPLE_RATE_HZ // 10
PICTURES_HZ = 5.0


def messages(recording: Path) -> list[tuple[float, int, bytes]]:
    """Returns when each piece of a recording is sent, what it is, and its content."""
    sound = read_audio(recording)
    assert sound is not None
    whole = np.rint(sound * 32_767).astype("<i2")
    whole = whole[: len(whole) // PIECE * PIECE]
    found = [
        (first / SAMPLE_RATE_HZ, 1, whole[first : first + PIECE].tobytes())
        for first in range(0, len(whole), PIECE)
    ]
    frames = read_frames(recording, rate_hz=PICTURES_HZ, most=100_000)
    if frames is not None:
        for at_s, picture in zip(frames.times_s.tolist(), frames.pixels, strict=True):
            kept = BytesIO()
            Image.fromarray(picture).save(kept, "JPEG", quality=80)
            found.append((at_s, 2, kept.getvalue()))
    return sorted(found, key=lambda message: message[0])


def send(client: ClientConnection, once: list, minutes: float, sent: dict[int, float]) -> None:
    """Plays a recording at its own pace, again and again; notes when each piece was sent."""
    length_s = max(at_s for at_s, kind, _ in once if kind == 1) + 0.1
    rounds = range(max(1, round(minutes * 60 / length_s)))
    began_s, piece = time.monotonic(), 0
    for number, (at_s, kind, content) in chain.from_iterable(
        ((number, message) for message in once) for number in rounds
    ):
        at_s += number * length_s
        # a piece of sound is there when it is over
        early_s = at_s + (0.1 if kind == 1 else 0.0) - (time.monotonic() - began_s)
        if early_s > 0:
            time.sleep(early_s)
        client.send(struct.pack("<Bd", kind, at_s) + content)
        if kind == 1:
            piece += 1
            sent[piece] = time.monotonic()
    client.send("eof")


def cost(process: int) -> tuple[float, float]:
    """Returns the CPU seconds and the memory in MB of a process and those that it has started."""
    seconds, bytes_ = 0.0, 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            facts = (folder / "stat").read_text().rpartition(")")[2].split()
            group = int(facts[2])
            if group != process:
                continue
            seconds += sum(map(int, facts[11:13])) / os.sysconf("SC_CLK_TCK")
            bytes_ += int(facts[21]) * os.sysconf("SC_PAGE_SIZE")
        except OSError:  # it has ended
            continue
    return seconds, bytes_ / 1e6


@contextmanager
def served(*options: str) -> Iterator[tuple[int, int]]:
    """Runs a server; gives its port and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "synctva", "serve", "--port", str(port), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, start_new_session=True, env=environment
    ) as server:
        try:
            assert server.stderr is not None
            while b"Open" not in (line := server.stderr.readline()):
                assert line, "the server has ended"
            time.sleep(1.0)
            yield port, server.pid
        finally:
            server.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recording", type=Path, nargs="?", default=Path("demo/scenes.mp4"))
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--asr", action="store_true")
    given = parser.parse_args()
    with served(*([] if given.asr else ["--no-asr"])) as (port, process):
        report(given, messages(given.recording), port, process)


def report(given: argparse.Namespace, once: list, port: int, process: int) -> None:
    sent: dict[int, float] = {}
    delays, waits, estimates, memory = [], [], 0, []
    with connect(f"ws://127.0.0.1:{port}/live", max_size=2**24, proxy=None) as client:
        before_s, began_s = cost(process)[0], time.monotonic()
        sender = Thread(target=send, args=(client, once, given.minutes, sent))
        sender.start()
        for message in client:
            arrived_s, event = time.monotonic(), json.loads(message)
            if event["type"] == "turn" and event["is_final"]:
                piece = min(int(np.ceil(event["known_s"] * 10 - 1e-6)), max(sent))
                delays.append(arrived_s - sent[piece])
                waits.append(event["known_s"] - event["end_s"])
                memory.append(cost(process)[1])
            estimates += event["type"] == "turn" and not event["is_final"]
        took_s, used_s = time.monotonic() - began_s, cost(process)[0] - before_s
        sender.join()
    quarter = max(1, len(memory) // 4)
    p50, p95 = np.percentile(delays, [50, 95])
    print("| minutes | words | turns | estimates | p50 | p95 | pause | CPU, of a core | MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    print(
        f"| {took_s / 60:.1f} | {'yes' if given.asr else 'no'} | {len(delays)} | {estimates}"
        f" | {1000 * p50:.0f} ms | {1000 * p95:.0f} ms | {np.median(waits):.2f} s"
        f" | {100 * used_s / took_s:.0f} % | {np.mean(memory[:quarter]):.0f} to"
        f" {np.mean(memory[-quarter:]):.0f} |"
    )


if __name__ == "__main__":
    main()
