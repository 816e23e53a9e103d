"""Talks over a WebSocket: sound and pictures come in, events go out as JSON.

A client sends binary messages: one byte that tells what follows (1 = sound, 2 = a picture), eight
bytes with the time in seconds since the talk's start (a little-endian double), and then samples
(little-endian, 16 bits, 16 kHz, one channel) or a JPEG. The text ``eof`` ends the talk.
"""

import asyncio
import logging
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, NoReturn

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
from synctva.serving.memory import give_back
from synctva.serving.pictures import Decoder, Picture, check_jpeg

SOUND, PICTURE = 1, 2

MOST = 24
"""The most talks at once."""

AHEAD_S = 10.0
"""How far sound may run ahead of real time before it has to wait."""

BEHIND_S = 10.0
"""If recognition is so far behind, as with many talks at once, pictures are left out."""

WAITING = 6000
"""The most pieces of a talk that may wait, ten minutes: a client whose pings get no answer for long
gives up its socket."""

LONGEST_S = 30.0
"""The longest sound in one message."""

SILENT_S = 60.0
"""A client that sends nothing for so long counts as gone."""

MOST_EVENTS = 2000
"""A client that leaves so many events unread counts as gone, too."""

MOST_PICTURES_HZ = 15.0


@dataclass
class Talks:
    """The talks of a server.

    Attributes:
        begin: Returns a new talk; it may take a second.
        keep: Takes what was recognised in a talk that has ended; returns its address.
        decoder: Decodes pictures.
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
            await self.aside(give_back)

    async def aside(self, work: Callable[..., Any], *given: object) -> Any:
        """Returns the result of a slow function, without keeping others waiting."""
        return await anyio.to_thread.run_sync(lambda: work(*given), limiter=self._limiter)


class _Client:
    """One client; what recognises is made for it when it has sent sound or a picture."""

    def __init__(self, talks: Talks, socket: WebSocket) -> None:
        self._talks, self._socket = talks, socket
        self._events: asyncio.Queue[Event | BaseException] = asyncio.Queue()
        self._began_s, self._heard_s, self._seen_s = time.monotonic(), 0.0, -1.0
        self._talk: Talk | None = None
        self._sending: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        try:
            await self._receive()
            assert self._sending is not None
            await self._sending  # what is left is told
        except WebSocketDisconnect:
            pass
        finally:
            if self._sending is not None:
                self._sending.cancel()
                await asyncio.gather(self._sending, return_exceptions=True)
            if self._talk is not None:
                await self._talks.aside(self._talk.end)

    async def _begun(self) -> Talk:
        """Returns the client's talk, which begins now if it has not."""
        if self._talk is None:
            talk: Talk = await self._talks.aside(self._talks.begin)
            self._talk, loop = talk, asyncio.get_running_loop()
            Thread(target=self._pump, args=(talk, loop), name="events", daemon=True).start()
            self._sending = asyncio.create_task(self._send(talk))
            return talk
        return self._talk

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
            if isinstance(event, BaseException):
                logging.getLogger(__name__).error("a talk broke", exc_info=event)
                await self._socket.close(1011, "the server failed; its log says why")
                return
            content = told(event)
            if isinstance(event, End):
                content["recognition"] = self._talks.keep(talk.recognition)
            await self._socket.send_json(content)
            if isinstance(event, End):
                await self._socket.close()
                return

    async def _receive(self) -> None:
        """Feeds the talk until the client ends it, or is gone."""
        while True:
            try:
                message = await asyncio.wait_for(self._socket.receive(), SILENT_S)
            except TimeoutError:
                await self._refuse(1001, f"nothing came for {SILENT_S:.0f} s")
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            if self._events.qsize() > MOST_EVENTS:
                await self._refuse(1008, "events are not read")
            if (text := message.get("text")) is not None:
                if text.strip() == "eof":
                    await self._talks.aside((await self._begun()).end)
                    return
                await self._refuse(1003, "a text other than eof")
            try:
                await self._take(message["bytes"])
            except InputError as error:
                await self._refuse(1003, f"{error}")

    async def _refuse(self, code: int, reason: str) -> NoReturn:
        await self._socket.close(code, reason[:120])
        raise WebSocketDisconnect(code)

    async def _take(self, content: bytes) -> None:
        if len(content) < 9:
            raise InputError("a message of less than nine bytes")
        kind, at_s = struct.unpack_from("<Bd", content)
        if kind == SOUND:
            sound = _sound(content[9:])
            self._heard_s += len(sound) / SAMPLE_RATE_HZ
            early_s = self._heard_s - AHEAD_S - (time.monotonic() - self._began_s)
            if early_s > 0:
                await asyncio.sleep(early_s)
            await self._feed(sound, at_s, None)
        elif kind == PICTURE:
            check_jpeg(content[9:])
            is_behind = self._talk is not None and self._talk.behind_s > BEHIND_S
            if is_behind or 0 <= at_s - self._seen_s < 1 / MOST_PICTURES_HZ:
                return
            self._seen_s = at_s
            picture = await self._talks.aside(self._decoded, content[9:])
            await self._feed(np.zeros(0, np.float32), at_s, picture)
        else:
            raise InputError(f"a message of kind {kind}: 1 is sound, 2 is a picture")

    async def _feed(
        self, sound: Float32[np.ndarray, " sample"], at_s: float, picture: Picture | None
    ) -> None:
        talk = await self._begun()
        await self._talks.aside(talk.feed, sound, at_s, picture)

    def _decoded(self, content: bytes) -> Picture:
        return self._talks.decoder.decode(content)


def _sound(content: bytes) -> Float32[np.ndarray, " sample"]:
    if len(content) % 2 or len(content) > 2 * LONGEST_S * SAMPLE_RATE_HZ:
        raise InputError(f"sound of {len(content)} bytes: send 16 bits a sample, less at once")
    return np.frombuffer(content, "<i2").astype(np.float32) / 32_768
