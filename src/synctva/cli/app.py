"""The application that every verb is added to."""

from importlib.metadata import version
from importlib.util import find_spec
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from synctva.errors import InputError

TRAINING = ("accelerate", "espeakng_loader", "matplotlib", "plotly")
"""What the extra ``train`` brings: recognition needs none of it."""


class Verbs(TyperGroup):
    """The verbs in the order in which they were added, groups of them last."""

    def list_commands(self, ctx: Any) -> list[str]:  # an own class of what typer is built on
        """Returns the verbs in the order of help."""
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: isinstance(self.commands[name], TyperGroup))


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog="Begin with: [bold]synctva demo[/bold]",
)


def _tell_version(is_asked: bool) -> bool:
    if is_asked:
        typer.echo(f"synctva {version('synctva')}")
        raise typer.Exit
    return is_asked


@app.callback()
def synctva(
    tells_version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Recognise the emotion of every utterance in a conversation, from text, audio and video."""


def renamed(old: str, new: str) -> None:
    """Makes the old spelling of a verb an error that names the new one."""

    @app.command(
        old,
        hidden=True,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True},
    )
    def refuse(words: Annotated[list[str] | None, typer.Argument()] = None) -> None:
        raise InputError(f"{old}: write `synctva {new}` now; the rest is unchanged")


def check_training(verb: str) -> None:
    """Checks that what training, reports and the demo need is installed.

    Args:
        verb: The one that needs it, for the message.

    Raises:
        InputError: It is not installed.
    """
    lacking = [name for name in TRAINING if find_spec(name) is None]
    if lacking:
        raise InputError(
            f"{verb} needs {', '.join(lacking)}; install with `pip install 'synctva[train]'`"
        )


EngineName = Annotated[
    str, typer.Option(help="local: this machine; ray: a Ray cluster.", metavar="local|ray")
]
Tiers = Annotated[
    str | None,
    typer.Option(
        help="ELAN and Praat: the tiers to read, of words and of emotions, separated by commas;"
        " * matches any letters, as in '*_utterance,emotion Ada'."
    ),
]

Download = Annotated[
    bool,
    typer.Option(
        "--download", help="Download what the model needs from the hub if it is not here yet."
    ),
]

Model = Annotated[str, typer.Option(help="lite, a checkpoint's folder, or a hub id.")]

Expect = Annotated[
    str | None,
    typer.Option(
        help="How often each emotion is expected: meld (conversations, the default of lite),"
        " equal (as in acted clips), or a CSV file with the columns emotion and share."
    ),
]

Asr = Annotated[
    str | None,
    typer.Option(
        help="Speech recognition, if there is no transcript: a size of Whisper, such as small."
        " Default: tiny.en (English), if `synctva\\[asr]` is installed."
    ),
]

NoAsr = Annotated[
    bool, typer.Option("--no-asr", help="No speech recognition, even if it is installed.")
]

Device = Annotated[
    str,
    typer.Option(
        metavar="cpu|cuda|mps|auto", help="Where the model computes; auto: the best device."
    ),
]

Workers = Annotated[int | None, typer.Option(min=1, help="Processes; one per core by default.")]


def listed(names: str | None) -> list[str]:
    """Returns the names in a comma-separated list; none if nothing is given."""
    return [name.strip() for name in (names or "").split(",") if name.strip()]
