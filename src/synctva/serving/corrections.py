"""Corrections that the server keeps, and a model that learns from them in the background."""

import asyncio
import json
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from synctva.errors import InputError
from synctva.files import write_bytes
from synctva.inference.corrections import corrected
from synctva.inference.export import write_recognition
from synctva.inference.recognition import Recognition
from synctva.serving.jobs import Job, Jobs

MOST_BYTES = 2**24
"""The largest table of corrections of a recording."""

CORRECTIONS = "corrections.csv"
ADAPT = sys.executable, "-m", "synctva.training.adaptation"


async def keep(request: Request, job: Job, found: Recognition) -> Response:
    """Keeps a table of corrections, as the page writes it; returns how many emotions changed.

    Raises:
        HTTPException: It is too large.
        InputError: It is no table, fits nothing that was recognised, or has an unknown emotion.
    """
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > MOST_BYTES:
            raise HTTPException(413, f"more than {MOST_BYTES} bytes")
    return JSONResponse(await anyio.to_thread.run_sync(_kept, job, found, content))


def _kept(job: Job, found: Recognition, content: bytes) -> dict[str, int]:
    json_, new = job.folder / "export.json", job.folder / f"new-{CORRECTIONS}"
    if not json_.is_file():
        write_recognition(found, json_)
    write_bytes(new, content)
    try:
        own = corrected(json_, new)
    except InputError as error:
        new.unlink()
        raise InputError(f"{error}".replace(f"{new}", "corrections")) from error
    new.replace(job.folder / CORRECTIONS)
    other = own.probabilities.argmax(1) != own.emotion
    return {"emotions": len(own.emotion), "corrected": int(other.sum())}


@dataclass
class Adaptation:
    """The last training from corrections: one at a time, in a process of its own.

    Attributes:
        jobs: The recordings; those with corrections are learnt from.
        model: What the training begins with: its name, folder or hub id.
    """

    jobs: Jobs
    model: str
    _told: dict[str, object] = field(default_factory=lambda: {"state": "none"})
    _folder: Path | None = None
    _checkpoint: str = ""
    _running: "asyncio.Task[None] | None" = None

    async def begin(self, request: Request) -> Response:
        """Begins to train from all recordings with corrections."""
        if self._told["state"] == "running":
            raise HTTPException(409, "it is running; ask again when it is done")
        given = [
            place
            for job in self.jobs.all()
            if job.recording is not None and (job.folder / CORRECTIONS).is_file()
            for place in (f"{job.recording}", f"{job.folder / CORRECTIONS}")
        ]
        if not given:
            raise InputError("no recording with corrections; correct one in its page and save it")
        self.close()
        self._folder = Path(mkdtemp(prefix="adapt-", dir=self.jobs.place))
        self._told = {"state": "running"}
        command = (*ADAPT, f"{self._folder}", self.model, *given)
        self._running = asyncio.create_task(self._run(command))
        return JSONResponse(self._told, 202)

    async def tell(self, request: Request) -> Response:
        """Reports how far it is, and what was gained."""
        return JSONResponse(self._told)

    async def give(self, request: Request) -> Response:
        """Gives the checkpoint, as a zip file."""
        if self._told["state"] != "done" or self._folder is None:
            raise HTTPException(409, "no model was adapted; POST /adaptation begins it")
        zip_ = self._folder / "adapted.zip"
        if not zip_.is_file():
            name = f"{zip_.with_suffix('')}"
            await anyio.to_thread.run_sync(shutil.make_archive, name, "zip", self._checkpoint)
        return FileResponse(zip_, filename="adapted.zip")

    def close(self) -> None:
        """Ends what is running, and deletes what was made."""
        if self._running is not None:
            self._running.cancel()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _run(self, command: Sequence[str]) -> None:
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        try:
            printed, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        told = {"error": "the training failed; the server's log says why"}
        if process.returncode == 0:
            told = json.loads(printed.splitlines()[-1])
        self._checkpoint = told.pop("checkpoint", "")
        self._told = {"state": "failed" if "error" in told else "done", **told}
