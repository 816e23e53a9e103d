"""Wrong emotions in training, on purpose: how much of them does a model bear?"""

from dataclasses import replace

import torch

from synctva.batch import Batch


def with_label_noise(batch: Batch, rate: float, seed: int) -> Batch:
    """Returns the batch where each labelled emotion is, at a rate, another one.

    The other one is drawn evenly from those that occur in the batch. The draws are the same at
    every rate, so what is wrong at one is wrong, in the same way, at all above it.

    Args:
        batch: The training split; unlabelled utterances stay unlabelled.
        rate: Share of the labelled emotions that become others.
        seed: Determines which, and what they become.

    Source: symmetric label noise, such as Patrini et al. 2017, section 5.
    """
    random = torch.Generator().manual_seed(seed)
    emotion = batch.emotion.cpu()
    labelled = emotion >= 0
    occurring, place = torch.unique(emotion[labelled], return_inverse=True)
    if len(occurring) < 2:
        return batch
    draws = torch.rand(len(emotion), generator=random)[labelled]
    steps = torch.randint(1, len(occurring), (len(emotion),), generator=random)[labelled]
    other = occurring[(place + steps) % len(occurring)]
    noisy = emotion.clone()
    noisy[labelled] = torch.where(draws < rate, other, emotion[labelled])
    return replace(batch, emotion=noisy.to(batch.emotion.device))
