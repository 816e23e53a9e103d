"""The application that every verb is added to."""

import typer

app = typer.Typer(
    help="Recognise the emotion of every utterance in a conversation, from text, audio and video.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog="Begin with: [bold]synctva demo[/bold]",
)
