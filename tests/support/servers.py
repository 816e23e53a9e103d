"""The server, run in a thread, and asked as clients ask it."""

import json
import socket
import threading
import time
import urllib.request
from email.message import Message
from urllib.error import HTTPError

from websockets.sync.client import ClientConnection, connect

from synctva import Recogniser
from synctva.listening.listener import Listener
from synctva.serving.app import Server
from synctva.serving.run import listening

ALONE = Listener(count=None)


class Running:
    """A server that runs in a thread.

    Attributes:
        server: What answers.
        host: Its name and port.
    """

    def __init__(self, recogniser: Recogniser, causal: Recogniser, token: str | None = None):
        self.server = Server(recogniser, causal, ALONE, most_bytes=3_000_000)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        self.host = f"127.0.0.1:{port}"
        app = self.server.app([self.host], token)
        self._uvicorn = listening(app, "127.0.0.1", port)
        self._thread = threading.Thread(target=self._uvicorn.run, daemon=True)
        self._thread.start()
        while not self._uvicorn.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._uvicorn.should_exit = True
        self._thread.join()

    def ask(
        self, place: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, Message]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://{self.host}{place}", body, named, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read(), answer.headers
        except HTTPError as error:
            return error.code, error.read(), error.headers

    def post(self, **files: tuple[str, bytes]) -> tuple[int, dict]:
        edge, parts = "edge-of-a-part", []
        for field, (name, content) in files.items():
            head = f'--{edge}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"'
            parts.append(f"{head}\r\n\r\n".encode() + content + b"\r\n")
        body = b"".join(parts) + f"--{edge}--\r\n".encode()
        kind = f"multipart/form-data; boundary={edge}"
        code, told, _ = self.ask("/recognitions", "POST", body, Content_Type=kind)
        return code, json.loads(told)

    def done(self, id_: str, *states: str) -> dict:
        while True:
            told = json.loads(self.ask(f"/recognitions/{id_}")[1])
            if told["state"] in (states or ("done", "failed")):
                return told
            time.sleep(0.05)

    def talk(self, **headers: str) -> ClientConnection:
        return connect(f"ws://{self.host}/live", additional_headers=headers, proxy=None)
