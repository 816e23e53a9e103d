"""Mean and standard deviation of rows of which only some are in memory at a time."""

import torch
from jaxtyping import Float
from torch import Tensor


class Moments:
    """Mean and sd of all rows that were added.

    Args:
        dim: The rows' width.

    Source: Chan, Golub & LeVeque 1983, eq. 1.5: the sums of squares of two parts are merged without
        loss where mean and sd differ by orders of magnitude.
    """

    def __init__(self, dim: int) -> None:
        self.count = 0
        self.mean = torch.zeros(dim, dtype=torch.double)
        self._squares = torch.zeros(dim, dtype=torch.double)

    def add(self, rows: Float[Tensor, "row dim"]) -> None:
        """Takes more rows into account."""
        if not len(rows):
            return
        rows = rows.double().cpu()
        count, mean = len(rows), rows.mean(0)
        away, total = mean - self.mean, self.count + count
        self._squares += (rows - mean).square().sum(0) + away**2 * self.count * count / total
        self.mean += away * count / total
        self.count = total

    @property
    def sd(self) -> Float[Tensor, " dim"]:
        """The standard deviation of these rows, not of what they are a sample of."""
        return (self._squares / max(self.count, 1)).sqrt()
