"""Who may use the server: its own pages, and whoever knows the token."""

from collections.abc import Iterable
from hmac import compare_digest
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "synctva"

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' blob:;"
    " img-src data: blob:; media-src blob: data: 'self'; connect-src 'self'; worker-src blob:;"
    " frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
)
"""What a page of the server may load: nothing from elsewhere."""

ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Lets through what comes from the server's own pages, or from programs.

    A foreign page can make a browser send requests here (``Origin`` reveals it), or let its own
    name point to this machine (then ``Host`` is not one of the server's names).

    Args:
        app: What is guarded.
        hosts: The names and ports under which the server may be asked, such as ``localhost:8000``.
        token: Clients must send it; None = no token is needed.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], token: str | None = None) -> None:
        self._app, self._hosts = app, frozenset(host.lower() for host in hosts)
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or lets it through."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        status, reason = self._refusal(headers, scope["query_string"])
        if status and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
            return
        if status:
            await JSONResponse({"error": reason}, status, ALWAYS)(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = [(k.encode(), v.encode()) for k, v in ALWAYS.items()]
                if self._token is not None and _in_query(scope["query_string"]):
                    kept = f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/"
                    named.append((b"set-cookie", kept.encode()))
                message = {**message, "headers": [*message["headers"], *named]}
            await send(message)

        await self._app(scope, receive, sent)

    def _refusal(self, headers: Headers, query: bytes) -> tuple[int, str]:
        host = headers.get("host", "").lower()
        if host not in self._hosts:
            return 421, "this server does not have that name; use the address that it printed"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host:
            return 403, "a page of another origin may not use this server"
        if self._token is not None and not self._knows_token(headers, query):
            return 401, "the token is missing or wrong; use the one that the server printed"
        return 0, ""

    def _knows_token(self, headers: Headers, query: bytes) -> bool:
        cookie = SimpleCookie()
        try:
            cookie.load(headers.get("cookie", ""))
        except Exception:  # a cookie of anybody's making
            cookie = SimpleCookie()
        said = [
            headers.get("authorization", "").removeprefix("Bearer "),
            cookie[COOKIE].value if COOKIE in cookie else "",
            _in_query(query),
        ]
        return any(compare_digest(one.encode(), (self._token or "").encode()) for one in said)


def _in_query(query: bytes) -> str:
    return parse_qs(query.decode("latin-1")).get("token", [""])[0]
