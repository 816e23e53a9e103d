"""Random batches of the smallest shapes that can go wrong, made without a corpus."""

from collections.abc import Mapping, Sequence

import torch

from synctva.batch import Batch
from synctva.emotions import MODALITIES

DIMS: Mapping[str, int] = {"text": 6, "audio": 4, "visual": 3}
EMOTIONS = ("joy", "sadness", "anger")


def random_batch(
    lengths: Sequence[int],
    dims: Mapping[str, int] = DIMS,
    missing: float = 0.3,
    seed: int = 0,
    emotions: int = len(EMOTIONS),
) -> Batch:
    """Returns dialogues of these lengths, with up to three speakers and gaps between turns."""
    random = torch.Generator().manual_seed(seed)
    count = sum(lengths)
    features = {m: torch.randn(count, dims.get(m, 0), generator=random) for m in MODALITIES}
    there = torch.rand(count, 3, generator=random) >= missing
    speaker = torch.randint(3, (count,), generator=random)
    rows = torch.split(speaker, list(lengths))
    batch = Batch(
        **features,
        present=there,
        dialogue=torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths)),
        turn=torch.cat([_turns(length, random) for length in lengths]),
        speaker=torch.cat([_by_first_turn(row) for row in rows]),
        emotion=torch.randint(emotions, (count,), generator=random),
    )
    return batch.with_present(there & torch.tensor([m in dims for m in MODALITIES]))


def _turns(length: int, random: torch.Generator) -> torch.Tensor:
    return torch.randint(1, 4, (length,), generator=random).cumsum(0) - 1


def _by_first_turn(speakers: torch.Tensor) -> torch.Tensor:
    order = list(dict.fromkeys(speakers.tolist()))
    return torch.tensor([order.index(speaker) for speaker in speakers.tolist()])
