"""Attention over explicit edges in plain loops: what the block layouts must equal."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.networks.sync_tva.architecture import Architecture, Reach
from synctva.networks.sync_tva.attention import RelationBias

LAST_OF_BUCKET = (0, 1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Edge:
    """Something that a node hears: a row of the batch, as keys and values, and a bias per head."""

    row: int
    key: Tensor
    value: Tensor
    bias: Tensor


def rows_seen(batch: Batch, row: int, past: Reach, future: Reach) -> list[int]:
    """Returns the utterances in the window of one utterance."""
    dialogue = batch.dialogue.tolist()
    return [
        other
        for other in range(len(batch))
        if dialogue[other] == dialogue[row]
        and (past == "all" or row - other <= past)
        and (future == "all" or other - row <= future)
    ]


def relation(bias: nn.Module, batch: Batch, query: int, key: int) -> Tensor:
    """Returns the bias per head of one edge, zero where the model knows no relations."""
    if not isinstance(bias, RelationBias):
        return torch.zeros(())
    same = int(batch.speaker[query] == batch.speaker[key])
    ahead = int(key > query)
    bucket = sum(abs(key - query) > last for last in LAST_OF_BUCKET)
    return bias.kind[same, ahead, 0] + bias.distance[same, ahead, bucket]


def listen(query: Tensor, edges: Sequence[Edge]) -> Tensor:
    """Returns what a node with this query (heads, dim) hears over its edges, heads side by side."""
    heads, dim = query.shape
    heard = torch.zeros(heads, dim)
    for head in range(heads):
        scores = [
            math.fsum((query[head] * edge.key[head]).tolist()) / math.sqrt(dim)
            + float(edge.bias.expand(heads)[head])
            for edge in edges
        ]
        total = math.fsum(math.exp(score) for score in scores)
        for edge, score in zip(edges, scores, strict=True):
            heard[head] += math.exp(score) / total * edge.value[head]
    return heard.flatten()


def split(projected: Tensor, parts: int, architecture: Architecture) -> list[Tensor]:
    """Returns a projected row as parts (query, key, ...) of (heads, dim) each."""
    dim = architecture.width // architecture.heads
    return list(projected.reshape(parts, architecture.heads, dim))
