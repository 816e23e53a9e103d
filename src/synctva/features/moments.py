"""Mean and spread of features, which can be added up as utterances come."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

RESOLUTION = float(np.finfo(np.float32).eps)
"""A standard deviation that is smaller than this, relative to the mean, counts as 0."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and spread of features heard so far; a sum of two is that of all that both have heard.

    Attributes:
        count: Of utterances.
        mean: Of each feature.
        squares: Of each feature the sum of squared distances from its mean.
    """

    count: int
    mean: Float64[np.ndarray, " dim"]
    squares: Float64[np.ndarray, " dim"]

    @classmethod
    def of(cls, values: Float32[np.ndarray, "utterance dim"]) -> "Moments":
        """Returns the moments of some utterances' features."""
        exact = values.astype(np.float64)
        mean = exact.mean(0)
        return cls(len(exact), mean, np.square(exact - mean).sum(0))

    def __add__(self, other: "Moments") -> "Moments":
        """Returns the moments of both (Chan et al., 1979)."""
        count, apart = self.count + other.count, other.mean - self.mean
        mean = self.mean + apart * (other.count / count)
        squares = self.squares + other.squares
        return Moments(count, mean, squares + apart**2 * (self.count * other.count / count))

    @property
    def sd(self) -> Float64[np.ndarray, " dim"]:
        """The standard deviation of each feature; one that float32 could not tell from 0 is 0."""
        sd = np.sqrt(self.squares / self.count)
        return np.where(sd > RESOLUTION * np.abs(self.mean), sd, 0.0)
