"""The verb serve: recordings and talks for browsers and programs on this machine."""

import secrets
from importlib.util import find_spec
from typing import Annotated

import typer

from synctva import terminal
from synctva.cli.app import Asr, Device, Download, Expect, Model, NoAsr, Workers, app
from synctva.errors import InputError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
NEEDED = ("starlette", "uvicorn", "websockets", "python_multipart")


@app.command(
    epilog="Examples: synctva serve[bright_black] · [/]"
    "synctva serve --port 9000[bright_black] · [/]"
    "synctva serve --host 192.168.1.5 --name emotions.example.org"
)
def serve(
    *,
    host: Annotated[
        str,
        typer.Option(help="The address to listen on; any but this machine's own needs a token."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8300,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A host name that browsers use, if a proxy stands in front."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            help="The secret that clients send. Default: a new one, if others can reach it.",
            envvar="SYNCTVA_TOKEN",
            show_envvar=True,
            show_default=False,
        ),
    ] = None,
    model: Model = "lite",
    download: Download = False,
    expect: Expect = None,
    no_asr: NoAsr = False,
    asr: Asr = None,
    max_mb: Annotated[
        int, typer.Option(min=1, help="The largest recording that is accepted.")
    ] = 4096,
    workers: Workers = None,
    device: Device = "cpu",
) -> None:
    """Serve a page for recordings, a live page, and an HTTP interface for programs.

    Nothing is kept when it ends. Needs `pip install 'synctva\\[serve]'`. Ctrl-C ends it.

    It reports what emotion is expressed, not what is felt, and it errs. It must not be used on
    people at work or in education (EU AI Act, article 5), nor to decide about anybody.
    """
    if any(find_spec(package) is None for package in NEEDED):
        raise InputError("serve needs more packages; install them: pip install 'synctva[serve]'")
    from synctva.inference.recognise import Recogniser
    from synctva.listening.asr import chosen
    from synctva.listening.listener import listener_of
    from synctva.serving.app import Server
    from synctva.serving.run import listening

    if host not in LOOPBACK and token is None:
        token = secrets.token_urlsafe(16)
    listener = listener_of(chosen(asr, not no_asr), False)
    given = {"workers": workers, "downloads": download, "device": device}
    causal = Recogniser.load(model, is_causal=True, **given)
    shown = f"[{host}]" if ":" in host else host
    own = LOOPBACK if host in LOOPBACK else (host,)
    hosts = [f"[{one}]:{port}" if ":" in one else f"{one}:{port}" for one in own]
    hosts += [one for given_name in name or [] for one in (given_name, f"{given_name}:{port}")]
    query = "" if token is None else f"?token={token}"
    with Recogniser.load(model, **given) as recogniser:
        server = Server(recogniser, causal, listener, expect, max_mb * 2**20, f"{model}")
        terminal.say(f"Open [bold]http://{shown}:{port}/{query}[/bold]; Ctrl-C ends it.")
        if host not in LOOPBACK:
            terminal.say(
                "[yellow]note[/yellow] others can reach the server, and what they send can be read"
                " on the way: put a proxy with HTTPS in front; live pages need it too."
            )
        listening(server.app(hosts, token), host, port).run()
