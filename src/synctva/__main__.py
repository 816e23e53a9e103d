"""``python -m synctva``, and the command: processes that begin by reading it load no verbs."""


def main() -> None:
    """Runs the command line."""
    from synctva.cli import main as run

    run()


if __name__ == "__main__":
    main()
