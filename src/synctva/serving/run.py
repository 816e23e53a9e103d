"""How the server listens: what one client may cost, and how it ends."""

import uvicorn
from starlette.types import ASGIApp

CONFIGURATION = {
    "log_level": "warning",
    "ws": "websockets-sansio",
    "ws_max_size": 2**20,
    "ws_ping_interval": None,
    "timeout_keep_alive": 15,
    "timeout_graceful_shutdown": 3,
    "limit_concurrency": 200,
    "server_header": False,
}
"""Messages of at most a megabyte; talks that still run when the server ends are cut off. Clients
are not pinged: one that sends nothing counts as gone (``talks.SILENT_S``)."""


def listening(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """Returns what listens and answers when it is run.

    Args:
        app: What answers.
        host: The address.
        port: The port.
    """
    return uvicorn.Server(uvicorn.Config(app, host=host, port=port, **CONFIGURATION))
