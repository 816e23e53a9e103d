"""Chromium without a window, led by its own protocol over two pipes: no driver, no network."""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = "chromium", "chromium-browser", "google-chrome"
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
"""Where it is; None if there is none."""

OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--mute-audio", "--no-first-run"),
    *("--autoplay-policy=no-user-gesture-required", "--hide-scrollbars"),
    *(
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ),
    "--remote-debugging-pipe",
)


class Page:
    """A page that is open: what it says, what it draws, and what it complains about.

    Attributes:
        complaints: Errors and warnings of its console, exceptions, and violations of its policy.
        requests: Addresses that it asked for.
    """

    def __init__(self, into: int, out: int) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._into, self._out = into, out
        self._number, self._waiting, self._session = 0, b"", ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for room in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{room}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Returns the answer to a command; notes what else arrives until then."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._into, json.dumps(command).encode() + b"\0")
        while True:
            message = self._next()
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._waiting:
            assert select.select([self._out], [], [], 60)[0], "Chromium says nothing for a minute"
            piece = os.read(self._out, 2**20)
            assert piece, "Chromium has ended"
            self._waiting += piece
        line, _, self._waiting = self._waiting.partition(b"\0")
        return json.loads(line)

    def _note(self, message: dict[str, Any]) -> None:
        method, told = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(told["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
            self.complaints.append(json.dumps(told["args"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(told["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])

    def open(self, path: Path | str, width: int = 1280, height: int = 900, **media: str) -> None:
        """Opens a file or an address; media features such as a dark scheme go by name."""
        features = [{"name": k.replace("_", "-"), "value": v} for k, v in media.items()]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 500,
        )  # fmt: skip
        url = path if isinstance(path, str) else path.resolve().as_uri()
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete'")

    def ask(self, expression: str) -> Any:
        """Returns the value of an expression in the page; a promise is waited for."""
        answer = self.call(
            "Runtime.evaluate",
            expression=expression, awaitPromise=True, returnByValue=True, userGesture=True,
        )  # fmt: skip
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str, within_s: float = 60.0) -> Any:
        """Returns the first value of an expression that is true in JavaScript's sense."""
        end = time.monotonic() + within_s
        while not (value := self.ask(expression)):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.03)
        return value

    def click(self, selector: str) -> None:
        """Clicks the middle of the first element that fits, as a mouse does."""
        x, y = self.ask(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)});"
            "found.scrollIntoView({ block: 'center', behavior: 'instant' });"
            "const box = found.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        self.click_at(x, y)

    def click_at(self, x: float, y: float) -> None:
        """Clicks a point of the window."""
        for what in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=what, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str, code: int, shift: bool = False) -> None:
        """Presses a key by its name and its Windows code."""
        for what in ("rawKeyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=what, key=key, windowsVirtualKeyCode=code, modifiers=8 * shift,
            )  # fmt: skip

    def picture(self, whole: bool = False) -> bytes:
        """Returns the window, or the whole page, as PNG."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return b64decode(answer["data"])


@contextmanager
def browser(folder: Path, *options: str) -> Iterator[Page]:
    """Starts Chromium with a profile of its own in a folder; yields an empty page."""
    assert CHROMIUM is not None
    to_read, into = os.pipe()
    out, to_write = os.pipe()
    # Chromium reads commands from descriptor 3 and answers on 4; a shell has one digit for each.
    start = (
        "import os, sys; from fcntl import F_DUPFD, fcntl;"
        f"a, b = fcntl({to_read}, F_DUPFD, 10), fcntl({to_write}, F_DUPFD, 10);"
        "os.dup2(a, 3); os.dup2(b, 4); os.execv(sys.argv[1], sys.argv[1:])"
    )
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [sys.executable, "-c", start, CHROMIUM, *OPTIONS, *options, profile]
    with subprocess.Popen(
        command, pass_fds=(to_read, to_write),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        os.close(to_read)
        os.close(to_write)
        try:
            yield Page(into, out)
        finally:
            process.kill()
            os.close(into)
            os.close(out)
