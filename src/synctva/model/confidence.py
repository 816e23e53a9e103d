"""How a model's logits become probabilities, and for which class frequencies these hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
from jaxtyping import Float
from pydantic import Field

from synctva.errors import InputError

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class Calibration:
    """Logits to logits: times a scale, plus a bias for each emotion.

    Attributes:
        scale: One over the temperature.
        bias: Of each emotion; none = 0 for all.

    Source: vector scaling with one scale, Guo et al. 2017, section 4.2.
    """

    scale: Positive = 1.0
    bias: tuple[Finite, ...] = ()

    def apply(
        self, logits: Float[np.ndarray, "utterance emotion"]
    ) -> Float[np.ndarray, "utterance emotion"]:
        """Returns calibrated logits."""
        return self.scale * logits + np.asarray(self.bias or 0.0, dtype=np.float64)


@dataclass(frozen=True)
class Confidence:
    """What a checkpoint says about its own confidence; empty if nothing was fitted.

    Attributes:
        calibrations: Of utterances that have just these modalities, such as ``text+audio``.
        frequencies: How often each emotion comes where the calibrations hold; none = unknown.
    """

    calibrations: Mapping[str, Calibration] = field(default_factory=dict)
    frequencies: tuple[Share, ...] = ()

    def cooled(self, temperature: float) -> "Confidence":
        """Returns the same with all calibrated logits divided by a temperature."""
        cooler = {
            name: Calibration(own.scale / temperature, tuple(b / temperature for b in own.bias))
            for name, own in self.calibrations.items()
        }
        return replace(self, calibrations=cooler)

    def expecting(
        self,
        probabilities: Float[np.ndarray, "utterance emotion"],
        expected: Float[np.ndarray, " emotion"],
    ) -> Float[np.ndarray, "utterance emotion"]:
        """Returns probabilities where emotions come as often as is expected, by Bayes' rule.

        Args:
            probabilities: Where they come as often as ``frequencies`` says.
            expected: How often they come; an emotion with 0 gets the probability 0.

        Raises:
            InputError: It is not known what the probabilities hold for.
        """
        if not self.frequencies:
            raise InputError(
                "the model does not say for which class frequencies its probabilities hold; leave"
                " the expected ones out, or use a model that says it, such as lite"
            )
        scaled = probabilities * (expected / np.asarray(self.frequencies))
        total = scaled.sum(1, keepdims=True)
        return np.where(total > 0, scaled / np.maximum(total, 1e-300), expected)
