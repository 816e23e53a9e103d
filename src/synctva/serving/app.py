"""The server's addresses: recordings, talks, pages, and what they are, as OpenAPI."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Semaphore

import anyio.to_thread
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute

from synctva.errors import InputError
from synctva.files import write_text
from synctva.inference.export import SUFFIXES, write_recognition
from synctva.inference.live import Conversation, Talk
from synctva.inference.recognise import Recogniser
from synctva.inference.recognition import Recognition
from synctva.listening.listener import Listener
from synctva.reports.recognition import write_report
from synctva.serving import corrections
from synctva.serving.corrections import Adaptation
from synctva.serving.guard import POLICY, Guard
from synctva.serving.jobs import Job, Jobs
from synctva.serving.openapi import openapi
from synctva.serving.pages import page, with_saving
from synctva.serving.pictures import Decoder
from synctva.serving.talks import WAITING, Talks
from synctva.transcripts import SUFFIXES as TRANSCRIPTS

MOST_BYTES = 4 * 2**30
"""The largest recording."""

DRAINED_BYTES = 2**26
"""How much of one that is too large is read before its sender gets an answer."""

PAGE = "page.html"


class Server:
    """What answers under each address.

    Args:
        recogniser: In causal mode for talks; in a ``with`` block, so that its processes stay.
        causal: The same model's causal mode.
        listener: What hears words and tells people apart.
        expect: How often each emotion is expected.
        most_bytes: Of a recording.
        model: The recogniser's name, folder or hub id, of which an adapted model is made.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        causal: Recogniser,
        listener: Listener,
        expect: str | None = None,
        most_bytes: int = MOST_BYTES,
        model: str = "lite",
    ) -> None:
        self._recogniser, self._most_bytes = recogniser, most_bytes
        self._too_large = f"more than {most_bytes} bytes; synctva serve --max-mb allows more"
        self.jobs = Jobs(partial(recogniser.recognise, listener=listener, expect=expect))
        self.adaptation = Adaptation(self.jobs, model)
        self._decoder = Decoder()
        self.talks = Talks(partial(_talk, causal, listener, expect), self._keep, self._decoder)

    def app(self, hosts: Iterable[str], token: str | None = None) -> Guard:
        """Returns the application.

        Args:
            hosts: The names and ports under which it may be asked.
            token: Clients must send it; None = no token is needed.
        """
        routes = [
            Route("/", self._page("start.html")),
            Route("/live", self._page("live.html"), methods=["GET"]),
            WebSocketRoute("/live", self.talks.serve),
            Route("/openapi.json", self._openapi),
            Route("/recognitions", self._list, methods=["GET"]),
            Route("/recognitions", self._post, methods=["POST"]),
            Route("/recognitions/{id}", self._get, methods=["GET"]),
            Route("/recognitions/{id}", self._delete, methods=["DELETE"]),
            Route("/recognitions/{id}/cancel", self._cancel, methods=["POST"]),
            Route("/recognitions/{id}/corrections", self._correct, methods=["PUT"]),
            Route("/adaptation", self.adaptation.tell, methods=["GET"]),
            Route("/adaptation", self.adaptation.begin, methods=["POST"]),
            Route("/adaptation/model", self.adaptation.give),
            Route("/recognitions/{id}/export/{ending}", self._export),
            Route("/recognitions/{id}/{file}", self._file),
        ]
        handlers = {InputError: _refused, HTTPException: _told}
        return Guard(
            Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers),  # pyright: ignore
            hosts,
            token,
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self.adaptation.close()
            await anyio.to_thread.run_sync(self.jobs.close)
            self._decoder.close()

    def _keep(self, found: Recognition) -> str:
        """Keeps what was recognised in a talk; returns its address."""
        return f"/recognitions/{self.jobs.keep(found).id}"

    def _page(self, template: str):
        given = {"endings": SUFFIXES, "transcripts": TRANSCRIPTS, "most_bytes": self._most_bytes}

        async def answer(request: Request) -> Response:
            content = page(template, **given)
            return HTMLResponse(content, headers={"content-security-policy": POLICY})

        return answer

    async def _openapi(self, request: Request) -> Response:
        return JSONResponse(openapi())

    async def _list(self, request: Request) -> Response:
        return JSONResponse([job.told() for job in self.jobs.all()])

    async def _post(self, request: Request) -> Response:
        """Takes a form with the file ``recording``, and ``transcript`` where there is one."""
        length = request.headers.get("content-length", "")
        if not length.isdecimal():
            raise HTTPException(411, "no length; send the header Content-Length")
        if int(length) > self._most_bytes:
            await _let_go(request)
            raise HTTPException(413, self._too_large)
        async with request.form(max_files=2, max_fields=0) as form:
            recording, transcript = form.get("recording"), form.get("transcript")
            if not isinstance(recording, UploadFile):
                raise InputError("no file 'recording' in the form; send one")
            named = (
                transcript if isinstance(transcript, UploadFile) and transcript.filename else None
            )
            job = self.jobs.new(recording.filename or "recording")
            try:
                job.recording = await self._kept(job, recording, "recording")
                if named is not None:
                    job.transcript = await self._kept(job, named, "transcript")
            except BaseException:
                self.jobs.delete(job)
                raise
        self.jobs.begin(job)
        place = {"location": f"/recognitions/{job.id}"}
        return JSONResponse(job.told(), 201, headers=place)

    async def _kept(self, job: Job, upload: UploadFile, name: str) -> Path:
        """Writes what a client sends to a file whose name is ours but for a known ending."""
        ending = Path(upload.filename or "").suffix
        known = {suffix.lower(): suffix for suffix in TRANSCRIPTS}
        if name == "transcript" and ending.lower() not in known:
            raise InputError(f"a transcript ends in one of {', '.join(TRANSCRIPTS)}")
        path = job.folder / f"{name}{known.get(ending.lower(), '')}"
        size = 0
        async with await anyio.open_file(path, "wb") as file:
            while piece := await upload.read(2**20):
                size += len(piece)
                if size > self._most_bytes:
                    raise HTTPException(413, self._too_large)
                await file.write(piece)
        return path

    def _job(self, request: Request) -> Job:
        job = self.jobs.get(request.path_params["id"])
        if job is None:
            raise HTTPException(404, "no such recognition; it was deleted or never existed")
        return job

    def _done(self, request: Request) -> tuple[Job, Recognition]:
        job = self._job(request)
        if job.found is None:
            raise HTTPException(409, f"it is {job.state}; ask again when it is done")
        return job, job.found

    async def _get(self, request: Request) -> Response:
        return JSONResponse(self._job(request).told())

    async def _delete(self, request: Request) -> Response:
        job = self._job(request)
        await anyio.to_thread.run_sync(self.jobs.delete, job)
        return Response(status_code=204)

    async def _cancel(self, request: Request) -> Response:
        job = self._job(request)
        self.jobs.cancel(job)
        return JSONResponse(job.told())

    async def _correct(self, request: Request) -> Response:
        return await corrections.keep(request, *self._done(request))

    async def _export(self, request: Request) -> Response:
        job, found = self._done(request)
        ending = f".{request.path_params['ending']}"
        if ending not in SUFFIXES:
            raise HTTPException(404, f"known are {', '.join(SUFFIXES)}")
        path = job.folder / f"export{ending}"
        if not path.is_file():
            if ending != ".json":  # others tell where the recording lies from where they do: beside
                found = replace(found, media=str(job.folder / found.media))
            await anyio.to_thread.run_sync(write_recognition, found, path)
        return FileResponse(path, filename=f"{Path(job.name).stem}{ending}")

    async def _file(self, request: Request) -> Response:
        """Answers with the page of a recording, or with what lies beside it."""
        job, found = self._done(request)
        name = request.path_params["file"]
        if name == "page":
            return RedirectResponse(f"/recognitions/{job.id}/{PAGE}")
        path = job.folder / PAGE
        if name == PAGE and not path.is_file():
            await anyio.to_thread.run_sync(_write_page, job, found, path)
        if name not in {entry.name for entry in job.folder.iterdir()}:
            raise HTTPException(404, "no such file")
        return FileResponse(job.folder / name)


_SLOTS = Semaphore(max(1, (os.cpu_count() or 1) - 1))
"""How many talks are recognised at once: one core is left for sending and receiving."""


def _talk(causal: Recogniser, listener: Listener, expect: str | None) -> Talk:
    with _SLOTS:
        conversation = Conversation(causal, listener, expect)
    return Talk(conversation, _SLOTS, WAITING)


def _write_page(job: Job, found: Recognition, path: Path) -> None:
    write_report(found, path, recording=job.recording, title=Path(job.name).stem)
    write_text(path, with_saving(path.read_text("utf-8")))


async def _let_go(request: Request) -> None:
    """Reads what a client is sending, and forgets it: most clients read no answer before."""
    read = 0
    async for piece in request.stream():
        read += len(piece)
        if read > DRAINED_BYTES:
            return


async def _refused(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"{error}"}, 400)


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)
