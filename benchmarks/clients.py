"""Many clients of the server at once, some of them hostile: what the others are told is complete.

    python benchmarks/clients.py demo/scenes.mp4 --clients 10 --enemies 10
    python benchmarks/clients.py demo/scenes.mp4 --seconds 10 --minutes 60

Each client plays the recording once at its own pace; its turns are held against those of a client
that was alone. With so many at once pictures may be left out, so emotions may differ. Enemies send
rubbish, floods, huge messages and slow ones, come from a foreign page, and read nothing. With
minutes the clients come again and again, and the memory is told after each round: it must not grow.
"""

import argparse
import json
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from threading import Event, Thread

import numpy as np
from live import cost, messages, send, served
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect


def told(port: int, once: list) -> list[tuple]:
    """Returns the turns that a client is told, and the end."""
    with connect(f"ws://127.0.0.1:{port}/live", max_size=2**24, proxy=None) as client:
        sender = Thread(target=send, args=(client, once, 0.0, {}))
        sender.start()
        events = [json.loads(event) for event in client]
        sender.join()
    final = [e for e in events if e["type"] == "end" or e.get("is_final")]
    return [(e["type"], e.get("start_s"), e.get("end_s")) for e in final]


def rubbish(client: ClientConnection) -> None:
    client.send(b"\xff" * 100)
    client.recv(timeout=5)


def flood(client: ClientConnection) -> None:
    for second in range(100_000):
        client.send(struct.pack("<Bd", 1, float(second)) + bytes(32_000))


def huge(client: ClientConnection) -> None:
    client.send(bytes(2**24))
    client.recv(timeout=5)


def slow(client: ClientConnection) -> None:
    for tenth in range(100_000):
        client.send(struct.pack("<Bd", 1, tenth / 10) + bytes(2))
        time.sleep(0.5)


def no_picture(client: ClientConnection) -> None:
    client.send(struct.pack("<Bd", 2, 0.0) + b"\xff\xd8" + bytes(2000))
    client.recv(timeout=5)


QUIET_S = 15.0
"""After the last round, so that talks that were cut off are over."""

ENEMIES = (rubbish, flood, huge, slow, no_picture)


def attack(port: int, enemy, over: Event) -> None:
    """Comes again and again until it is over."""
    foreign = cycle([{}, {}, {}, {"Origin": "http://evil.example"}])
    while not over.is_set():
        with suppress(ConnectionClosed, InvalidHandshake, OSError, TimeoutError):
            headers = next(foreign)
            place = f"ws://127.0.0.1:{port}/live"
            with connect(place, additional_headers=headers, proxy=None) as client:
                enemy(client)
        time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recording", type=Path, nargs="?", default=Path("demo/scenes.mp4"))
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--enemies", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=0.0, help="no round begins later")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="of the recording")
    given = parser.parse_args()
    once = [one for one in messages(given.recording) if one[0] < given.seconds]
    with served("--no-asr") as (port, process):
        alone = told(port, once)
        print(f"{len(alone) - 1} turns alone; {cost(process)[1]:.0f} MB", flush=True)
        over = Event()
        for _, enemy in zip(range(given.enemies), cycle(ENEMIES), strict=False):
            Thread(target=attack, args=(port, enemy, over), daemon=True).start()
        first_s, number, held = time.monotonic(), 0, []
        while not number or time.monotonic() - first_s < 60 * given.minutes:
            began_s = time.monotonic()
            with ThreadPoolExecutor(given.clients) as pool:
                found = list(pool.map(lambda _: told(port, once), range(given.clients)))
            took_s, same = time.monotonic() - began_s, sum(one == alone for one in found)
            number += 1
            held.append(cost(process)[1])
            print(
                f"round {number}: complete {same} of {given.clients} clients beside"
                f" {given.enemies} enemies; {took_s:.0f} s; {held[-1]:.0f} MB",
                flush=True,
            )
        over.set()
        for quarter in filter(len, np.array_split(held, 4)):
            print(f"a quarter of the rounds: {quarter.min():.0f} to {quarter.max():.0f} MB")
        time.sleep(QUIET_S)
        print(f"{QUIET_S:.0f} s later: {cost(process)[1]:.0f} MB")


if __name__ == "__main__":
    main()
