"""Talks over a WebSocket: sound and pictures come in, events go out as JSON.

A client sends binary messages: one byte that tells what follows (1 = sound, 2 = a picture), eight
bytes with the time in seconds since the talk's start (a little-endian double), and then samples
(little-endian, 16 bits, 16 kHz, one channel) or a JPEG. The text ``eof`` ends the talk.
"""

import asyncio
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread

import anyio.to_thread
import numpy as np
from anyio import CapacityLimiter
from jaxtyping import Float32
from starlette.websockets import WebSocket, WebSocketDisconnect

from synctva.errors import InputError
from synctva.inference.live import End, Event, Talk
from synctva.inference.live.events import told
from synctva.inference.recognition import Recognition
from synctva.media import SAMPLE_RATE_HZ
from synctva.serving.pictures import Decoder, Picture

SOUND, PICTURE = 1, 2

MOST = 24
"""So many talks go on at once."""

AHEAD_S = 10.0
"""Sound that comes faster than it is spoken waits, beyond so much of it."""

LONGEST_S = 30.0
"""Of sound in one message."""

SILENT_S = 60.0
"""Who sends nothing for so long is gone."""

MOST_EVENTS = 2000
"""Who reads so many events not is gone, too."""

MOST_PICTURES_HZ = 15.0


@dataclass
class Talks:
    """The talks of a server.

    Attributes:
        begin: Returns a new talk; it may take a second.
        keep: Is given what was recognised in a talk that has ended; returns its address.
        decoder: Of pictures.
    """

    begin: Callable[[], Talk]
    keep: Callable[[Recognition], str]
    decoder: Decoder
    _going_on: int = 0
    _limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2 * MOST))

    async def serve(self, socket: WebSocket) -> None:
        """Serves one client, from its first message to its last."""
        await socket.accept()
        if self._going_on >= MOST:
            await socket.close(1013, "too many talks at once; come again later")
            return
        self._going_on += 1
        try:
            await _Client(self, socket).serve()
        finally:
            self._going_on -= 1

    async def aside(self, work: Callable, *given: object) -> object:
        """Returns what a function returns that takes a while, without keeping others waiting."""
        return await anyio.to_thread.run_sync(lambda: work(*given), limiter=self._limiter)


class _Client:
    def __init__(self, talks: Talks, socket: WebSocket) -> None:
        self._talks, self._socket = talks, socket
        self._events: asyncio.Queue[Event | BaseException | None] = asyncio.Queue()
        self._began_s, self._heard_s, self._seen_s = time.monotonic(), 0.0, -1.0

    async def serve(self) -> None:
        talk = await self._talks.aside(self._talks.begin)
        assert isinstance(talk, Talk)
        loop = asyncio.get_running_loop()
        Thread(target=self._pump, args=(talk, loop), name="events", daemon=True).start()
        sending = asyncio.create_task(self._send(talk))
        receiving = asyncio.create_task(self._receive(talk))
        try:
            await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done() and receiving.exception() is None:
                await sending  # the client has said that it ends: what is left is told
        finally:
            for task in (sending, receiving):
                task.cancel()
            await asyncio.gather(sending, receiving, return_exceptions=True)
            await self._talks.aside(talk.end)

    def _pump(self, talk: Talk, loop: asyncio.AbstractEventLoop) -> None:
        """Carries events from the talk's thread into the loop."""
        try:
            for event in talk:
                loop.call_soon_threadsafe(self._events.put_nowait, event)
        except RuntimeError:  # the loop has ended
            return
        except BaseException as error:
            loop.call_soon_threadsafe(self._events.put_nowait, error)

    async def _send(self, talk: Talk) -> None:
        while True:
            event = await self._events.get()
            if isinstance(event, BaseException) or event is None:
                await self._socket.close(1011, "something broke here; the server's log tells what")
                return
            content = told(event)
            if isinstance(event, End):
                content["recognition"] = self._talks.keep(talk.recognition)
            await self._socket.send_json(content)
            if isinstance(event, End):
                await self._socket.close()
                return

    async def _receive(self, talk: Talk) -> None:
        """Feeds the talk until the client ends it, or is gone."""
        while True:
            try:
                message = await asyncio.wait_for(self._socket.receive(), SILENT_S)
            except TimeoutError:
                await self._socket.close(1001, f"nothing came for {SILENT_S:.0f} s")
                raise WebSocketDisconnect(1001) from None
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            if self._events.qsize() > MOST_EVENTS:
                await self._socket.close(1008, "events are not read")
                raise WebSocketDisconnect(1008)
            if (text := message.get("text")) is not None:
                if text.strip() == "eof":
                    await self._talks.aside(talk.end)
                    return
                await self._refuse("a text that is not eof")
            try:
                await self._take(talk, message["bytes"])
            except InputError as error:
                await self._refuse(f"{error}")

    async def _refuse(self, reason: str) -> None:
        await self._socket.close(1003, reason[:120])
        raise WebSocketDisconnect(1003)

    async def _take(self, talk: Talk, content: bytes) -> None:
        if len(content) < 9:
            raise InputError("a message of less than nine bytes")
        kind, at_s = struct.unpack_from("<Bd", content)
        if kind == SOUND:
            sound = _sound(content[9:])
            self._heard_s += len(sound) / SAMPLE_RATE_HZ
            early_s = self._heard_s - AHEAD_S - (time.monotonic() - self._began_s)
            if early_s > 0:
                await asyncio.sleep(early_s)
            await self._talks.aside(talk.feed, sound, at_s)
        elif kind == PICTURE:
            if 0 <= at_s - self._seen_s < 1 / MOST_PICTURES_HZ:
                return
            self._seen_s = at_s
            picture = await self._talks.aside(self._decoded, content[9:])
            nothing = np.zeros(0, np.float32)
            await self._talks.aside(talk.feed, nothing, at_s, picture)
        else:
            raise InputError(f"a message of kind {kind}: 1 is sound, 2 is a picture")

    def _decoded(self, content: bytes) -> Picture:
        return self._talks.decoder.decode(content)


def _sound(content: bytes) -> Float32[np.ndarray, " sample"]:
    if len(content) % 2 or len(content) > 2 * LONGEST_S * SAMPLE_RATE_HZ:
        raise InputError(f"sound of {len(content)} bytes: send 16 bits a sample, less at once")
    return np.frombuffer(content, "<i2").astype(np.float32) / 32_768
