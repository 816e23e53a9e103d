"""``python -m synctva``."""

from synctva.cli import main

if __name__ == "__main__":
    main()
