"""The application that every verb is added to."""

import typer

from synctva.errors import InputError

app = typer.Typer(
    help="Recognise the emotion of every utterance in a conversation, from text, audio and video.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog="Begin with: [bold]synctva demo[/bold]",
)

ENGINES = ("local", "ray")
"""Where the work of a verb may be done: on this machine, or on a Ray cluster."""


def check_engine(name: str) -> None:
    """Checks that there is an engine of that name.

    Raises:
        InputError: There is none.
    """
    if name not in ENGINES:
        raise InputError(f"--engine {name}: write {' or '.join(ENGINES)}")
