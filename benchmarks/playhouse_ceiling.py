"""What the best possible observer makes of the playhouse when modalities go missing.

    python benchmarks/playhouse_ceiling.py    # half a minute

The observer knows all the rules by which scenes are written, and reads every sentence, voice and
face without error; what it keeps at a missing rate, no model can exceed in the mean, whatever it
has learned. Between the whole and it lie the errors of features and of training.
"""

import argparse

import numpy as np
from generated import PLAYHOUSE
from jaxtyping import Float
from rich.table import Table
from sklearn.metrics import f1_score

from synctva import terminal
from synctva.data.made.playhouse.scenes import (
    CONTAGION,
    EMOTIONS,
    INERTIA,
    PLAIN_RATE,
    Production,
    Scene,
    write_scenes,
)
from synctva.emotions import MODALITIES

RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
SCENES = 1000
N = len(EMOTIONS)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scenes", type=int, default=SCENES, help="dialogues to observe")
    count = parser.parse_args().scenes
    scenes = write_scenes(
        Production((0, 0, count), imbalance=PLAYHOUSE.imbalance, reliability=PLAYHOUSE.reliability)
    )
    table = Table(title=f"the best possible observer, weighted F1, {count} dialogues")
    for name in ("missing rate", "independent", "of the whole", "one is kept", "of the whole"):
        table.add_column(name, justify="right")
    scores = {one: [score(scenes, rate, keep_one=one) for rate in RATES] for one in (False, True)}
    for i, rate in enumerate(RATES):
        cells = [(f"{row[i]:.1f}", f"{row[i] / row[0]:.0%}") for row in scores.values()]
        table.add_row(f"{rate:.1f}", *(cell for pair in cells for cell in pair))
    terminal.show(table)


def score(scenes: list[Scene], rate: float, *, keep_one: bool) -> float:
    """Returns the observer's weighted F1 x100 when modalities are missing at a rate."""
    true, seen = [], []
    for number, scene in enumerate(scenes):
        true += [EMOTIONS.index(line.emotion) for line in scene.lines]
        seen += list(probabilities(scene, _evidence(scene, rate, number, keep_one)).argmax(1))
    return 100 * float(f1_score(true, seen, average="weighted"))


def probabilities(
    scene: Scene, evidence: Float[np.ndarray, "turn emotion"]
) -> Float[np.ndarray, "turn emotion"]:
    """Returns the exact probability of each emotion at each turn, from all turns.

    The state before a turn is what each player felt last: an axis a player, and a last place in it
    for one who has not spoken. Forward-backward sums (Rabiner 1989, section III).
    """
    names = sorted({line.speaker.name for line in scene.lines})
    speakers = [names.index(line.speaker.name) for line in scene.lines]
    lasts = [None, *speakers[:-1]]
    steps = [
        _feeling(len(names), speaker, last) * evidence[turn]
        for turn, (speaker, last) in enumerate(zip(speakers, lasts, strict=True))
    ]
    before = np.zeros((N + 1,) * len(names))
    before[(N,) * len(names)] = 1
    forward = [before]
    for speaker, step in zip(speakers, steps, strict=True):
        felt = (forward[-1][..., None] * step).sum(speaker, keepdims=True)
        felt = np.pad(felt.swapaxes(speaker, -1)[..., 0], _unspoken(len(names), speaker))
        forward.append(felt / felt.sum())
    after = np.ones_like(before)
    found = np.empty_like(evidence)
    for turn in reversed(range(len(steps))):
        speaker = speakers[turn]
        told = np.moveaxis(after, speaker, -1)[..., :N]
        joint = steps[turn] * np.expand_dims(told, speaker)
        found[turn] = (forward[turn][..., None] * joint).reshape(-1, N).sum(0)
        after = joint.sum(-1)
        after /= after.max()
    return found / found.sum(1, keepdims=True)


def _feeling(players: int, speaker: int, last: int | None) -> Float[np.ndarray, "*state emotion"]:
    """Returns how likely each emotion is after each state; axes of other players have length 1."""
    rates = PLAYHOUSE.rates
    caught = np.vstack([np.eye(N), rates])
    own = _on_axis(caught, players, speaker)
    other = rates if last is None else _on_axis(caught, players, last)
    return (1 - INERTIA - CONTAGION) * rates + INERTIA * own + CONTAGION * other


def _on_axis(values: np.ndarray, players: int, player: int) -> np.ndarray:
    shape = [1] * players + [N]
    shape[player] = N + 1
    return values.reshape(shape)


def _unspoken(players: int, speaker: int) -> list[tuple[int, int]]:
    return [(0, int(player == speaker)) for player in range(players)]


def _evidence(
    scene: Scene, rate: float, number: int, keep_one: bool
) -> Float[np.ndarray, "turn emotion"]:
    """Returns how likely what is left of each utterance is under each emotion."""
    rng = np.random.default_rng((number, 3))
    draws = rng.random((len(scene.lines), len(MODALITIES)))
    kept = draws >= rate
    if keep_one:
        kept |= draws == draws.max(1, keepdims=True)
    plain = rng.random(len(scene.lines)) < PLAIN_RATE  # such words fit any emotion
    evidence = np.ones((len(scene.lines), N))
    for turn, line in enumerate(scene.lines):
        for i, m in enumerate(MODALITIES):
            if kept[turn, i] and not (m == "text" and plain[turn]):
                right = PLAYHOUSE.reliability[m]
                shown = np.full(N, (1 - right) / (N - 1))
                shown[EMOTIONS.index(line.shown[m])] = right
                evidence[turn] *= shown
    return evidence


if __name__ == "__main__":
    main()
