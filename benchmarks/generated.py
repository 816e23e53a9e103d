"""Makes the two generated corpora of the comparison in docs/results.md, large enough to compare on.

    python benchmarks/generated.py --out stores    # ten minutes on two cores
    synctva import stores/playhouse-raw --out stores/playhouse
    synctva features stores/playhouse

The planted corpus has features and becomes a store at once; the playhouse is filmed. Both are the
same wherever they are made, and what is there already is not filmed again.
"""

import argparse
import os
from pathlib import Path

from synctva import terminal
from synctva.data.made.planted import planted_corpus
from synctva.data.made.playhouse import Production, amount, render_playhouse
from synctva.features.store import write_store

PLANTED = (400, 60, 1000)
PLAYHOUSE = Production(
    dialogues=(160, 30, 200),
    imbalance=0.4,
    reliability={"text": 0.9, "audio": 0.8, "visual": 0.6},
)
"""Large test splits, so that differences of a point or two can be told from chance."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("stores"), help="folder of the stores")
    out = parser.parse_args().out
    write_store(planted_corpus(dialogues=PLANTED), out / "planted", overwrite=True)
    terminal.say(f"Wrote [bold]{terminal.escape(out / 'planted')}[/bold].")
    with terminal.progress("Rendering the playhouse", amount(PLAYHOUSE)) as advance:
        folder = out / "playhouse-raw"
        render_playhouse(folder, PLAYHOUSE, workers=os.cpu_count() or 1, advance=advance)
    terminal.say(f"Wrote [bold]{terminal.escape(out / 'playhouse-raw')}[/bold].")


if __name__ == "__main__":
    main()
