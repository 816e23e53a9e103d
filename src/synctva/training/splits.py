"""A split as training reads it: whole in memory, or by windows if it is too large for that.

A *window* is some shards of the store, taken at random, whose dialogues are in memory together. An
epoch goes from window to window, and its batches are drawn inside one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, cast

import torch
from jaxtyping import Int
from torch import Tensor

from synctva.batch import Batch, batch_of
from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.features.store import FeatureStore
from synctva.model.emotion_model import EmotionModel, Normalisation
from synctva.training.batches import batches_of, share_of
from synctva.training.label_noise import with_label_noise
from synctva.training.moments import Moments

IN_MEMORY_BYTES = 256 * 2**20
"""A split with more features than this is read by windows."""

WINDOW_BYTES = 64 * 2**20
"""How many features of the split are in a window, at least one shard's."""


class Chosen(NamedTuple):
    """The dialogues of a batch: the shards that hold them, and their numbers in these."""

    window: tuple[int, ...]
    dialogues: Int[Tensor, " chosen"]


@dataclass(frozen=True)
class InMemory:
    """A split in memory: all of it is one batch."""

    batch: Batch

    def counts(self, emotions: int) -> Int[Tensor, " emotion"]:
        """Returns how many utterances have each emotion."""
        return torch.bincount(self.batch.emotion[self.batch.emotion >= 0], minlength=emotions)

    def plan(self, size: int, seed: int, epoch: int) -> list[Chosen]:
        """Returns the batches of an epoch, in their order; see ``batches_of``."""
        lengths = torch.bincount(self.batch.dialogue).cpu()
        return [Chosen((), dialogues) for dialogues in batches_of(lengths, size, seed, epoch)]

    def read(self, chosen: Chosen) -> Batch:
        """Returns a batch."""
        return self.batch.select(chosen.dialogues.to(self.batch.dialogue.device))

    def parts(self, rank: int = 0, ranks: int = 1) -> Iterator[Batch]:
        """Yields the dialogues that one of ``ranks`` processes looks at, for predictions."""
        yield share_of(self.batch, rank, ranks)

    def normalise(self, model: EmotionModel) -> None:
        """Gives a model the features' mean and sd."""
        model.normalise(self.batch)

    def with_label_noise(self, rate: float, seed: int) -> "InMemory":
        """Returns the split with wrong emotions; see ``label_noise``."""
        return InMemory(with_label_noise(self.batch, rate, seed))

    def to(self, device: torch.device) -> "InMemory":
        """Returns the split on a device."""
        return InMemory(self.batch.to(device))


class Streamed:
    """A split of which a window is in memory.

    Args:
        store: Its store.
        name: Its name.
        modalities: Those that are used.
        lengths: Utterances of each of its dialogues, shard by shard.
        emotions: Utterances of each emotion.
        device: Where its batches are wanted.
    """

    def __init__(
        self,
        store: FeatureStore,
        name: str,
        modalities: tuple[str, ...],
        lengths: Sequence[Tensor],
        emotions: Int[Tensor, " emotion"],
        device: torch.device | None = None,
    ) -> None:
        self.store, self.name, self.modalities = store, name, modalities
        self.lengths, self.emotions = lengths, emotions
        self.device = device or torch.device("cpu")
        self._window: tuple[tuple[int, ...], Batch] | None = None

    def counts(self, emotions: int) -> Int[Tensor, " emotion"]:
        """Returns how many utterances have each emotion."""
        return self.emotions

    def windows(self, seed: int, epoch: int) -> list[tuple[int, ...]]:
        """Returns the shards of every window of an epoch: random, and none twice."""
        generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch + 5_000_011)
        bytes_each = bytes_per_utterance(self.store, self.modalities)
        windows: list[list[int]] = []
        room = 0
        for shard in torch.randperm(len(self.lengths), generator=generator).tolist():
            if not len(self.lengths[shard]):
                continue
            needed = int(self.lengths[shard].sum()) * bytes_each
            if needed > room or not windows:
                windows.append([])
                room = WINDOW_BYTES
            windows[-1].append(shard)
            room -= needed
        return [tuple(window) for window in windows]

    def plan(self, size: int, seed: int, epoch: int) -> list[Chosen]:
        """Returns the batches of an epoch, window by window."""
        plan = []
        for number, window in enumerate(self.windows(seed, epoch)):
            lengths = torch.cat([self.lengths[shard] for shard in window])
            batches = batches_of(lengths, size, seed, epoch, number)
            plan += [Chosen(window, dialogues) for dialogues in batches]
        return plan

    def read(self, chosen: Chosen) -> Batch:
        """Returns a batch, of the window that is in memory or of another, which takes its place."""
        if self._window is None or self._window[0] != chosen.window:
            self._window = None  # before there is another
            self._window = (chosen.window, concatenated(list(self._read(chosen.window))))
        return self._window[1].select(chosen.dialogues).to(self.device)

    def parts(self, rank: int = 0, ranks: int = 1) -> Iterator[Batch]:
        """Yields the dialogues that one of ``ranks`` processes looks at, shard by shard."""
        shards = [number for number, own in enumerate(self.lengths) if len(own)]
        for part in self._read(shards[rank::ranks]):
            yield part.to(self.device)

    def normalise(self, model: EmotionModel) -> None:
        """Gives a model mean and sd of all features; encoders are content with a window's."""
        model.normalise(concatenated(list(self._read(self.windows(0, 0)[0]))))
        moments = {m: Moments(dim) for m, dim in model.dims.items() if m not in model.encoders}
        for part in self.parts():
            for m, own in moments.items():
                own.add(part.features[m][part.present[:, MODALITIES.index(m)]])
        for m, own in moments.items():
            if own.count:
                cast(Normalisation, model.normalisation[m]).take(own.mean, own.sd)

    def with_label_noise(self, rate: float, seed: int) -> "Streamed":
        """Returns the split, where no noise is asked for.

        Raises:
            InputError: Some is.
        """
        if rate:
            raise InputError(
                f"{self.store.path}: training.label_noise needs the split {self.name!r} in memory,"
                f" which holds more than {IN_MEMORY_BYTES >> 20} MiB of features; leave it out"
            )
        return self

    def to(self, device: torch.device) -> "Streamed":
        """Returns the split, whose batches are on a device; its windows are not."""
        return Streamed(self.store, self.name, self.modalities, self.lengths, self.emotions, device)

    def _read(self, shards: Sequence[int]) -> Iterator[Batch]:
        files = list(self.store.shards)
        for part in self.store.read_shards([files[shard] for shard in shards]):
            yield batch_of(part.split(self.name)).keep(self.modalities)


Split = InMemory | Streamed
"""What training reads: both can do the same."""


def bytes_per_utterance(store: FeatureStore, modalities: tuple[str, ...]) -> int:
    """Returns the size of an utterance's features."""
    return 4 * sum(known.dim for m, known in store.features.items() if m in modalities)


def concatenated(batches: Sequence[Batch]) -> Batch:
    """Returns the dialogues of all batches, one batch's after another's."""
    columns = {f.name: torch.cat([getattr(b, f.name) for b in batches]) for f in fields(Batch)}
    numbers = torch.tensor([int(batch.dialogue[-1]) + 1 for batch in batches])
    sizes = torch.tensor([len(batch) for batch in batches])
    columns["dialogue"] += torch.repeat_interleave(numbers.cumsum(0) - numbers, sizes)
    return Batch(**columns)


def open_splits(
    store: FeatureStore, names: Sequence[str], modalities: tuple[str, ...]
) -> list[Split]:
    """Returns splits of a store, having read it once; each is in memory if it is small enough.

    Raises:
        InputError: As ``FeatureStore.read_shards``.
    """
    bytes_each = bytes_per_utterance(store, modalities)
    small = {n for n in names if store.utterances[n] * bytes_each <= IN_MEMORY_BYTES}
    kept: dict[str, list[Batch]] = {name: [] for name in names}
    lengths: dict[str, list[Tensor]] = {name: [] for name in names}
    emotions = {name: torch.zeros(len(store.schema.emotions), dtype=torch.long) for name in names}
    for shard in store.read_shards():
        for name in names:
            part = batch_of(shard.split(name)).keep(modalities)
            lengths[name].append(torch.bincount(part.dialogue))
            emotions[name] += InMemory(part).counts(len(store.schema.emotions))
            if name in small and len(part):
                kept[name].append(part)
    return [
        InMemory(concatenated(kept[name]))
        if name in small
        else Streamed(store, name, modalities, lengths[name], emotions[name])
        for name in names
    ]
