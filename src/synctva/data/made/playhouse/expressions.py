"""How a drawn face shows an emotion: the movements of brows, eyes, nose and mouth.

Source: none, the numbers are our own; the movements follow the action units of Ekman and Friesen,
    Facial Action Coding System, 1978.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Expression:
    """What the parts of a face do; 0 is at rest and 1 is strong, unless it is said otherwise.

    Attributes:
        brow_raise: Brows go up as a whole; negative = down.
        brow_inner: The inner ends go up; negative = down.
        brow_pinch: The inner ends come together, with furrows between them.
        eye_open: Height of the eye's opening; 1 at rest, 1.5 wide open, 0.5 narrowed.
        lower_lid: The lower lid goes up, as in laughing.
        gaze_down: The eyes look down.
        wrinkle: The nose wrinkles.
        fold: Folds from the nose to the corners of the mouth.
        smile: The corners of the mouth go up; negative = down.
        stretch: Width of the mouth; 1 at rest.
        gape: The mouth stands open, even when nothing is said.
        teeth: The upper teeth show where the mouth is open.
        sneer: The upper lip goes up, more on one side.
        pout: The lower lip is pushed up and out.
    """

    brow_raise: float = 0.0
    brow_inner: float = 0.0
    brow_pinch: float = 0.0
    eye_open: float = 1.0
    lower_lid: float = 0.0
    gaze_down: float = 0.0
    wrinkle: float = 0.0
    fold: float = 0.0
    smile: float = 0.0
    stretch: float = 1.0
    gape: float = 0.0
    teeth: float = 0.0
    sneer: float = 0.0
    pout: float = 0.0

    def at(self, intensity: float) -> "Expression":
        """Returns the expression between a face at rest (0) and this one (1)."""
        pairs = zip(astuple(Expression()), astuple(self), strict=True)
        return Expression(*(rest + intensity * (full - rest) for rest, full in pairs))


EXPRESSIONS: Mapping[str, Expression] = MappingProxyType(
    {
        "neutral": Expression(),
        "surprise": Expression(
            brow_raise=1.0, eye_open=1.5, stretch=0.72, gape=1.0, brow_inner=0.1
        ),
        "fear": Expression(
            brow_raise=0.6,
            brow_inner=0.75,
            brow_pinch=0.7,
            eye_open=1.45,
            stretch=1.2,
            gape=0.4,
            teeth=0.6,
            smile=-0.45,
        ),
        "sadness": Expression(
            brow_raise=-0.1,
            brow_inner=1.0,
            brow_pinch=0.35,
            eye_open=0.68,
            gaze_down=0.7,
            smile=-0.9,
            stretch=0.92,
            pout=0.8,
        ),
        "joy": Expression(
            brow_raise=0.2,
            eye_open=0.92,
            lower_lid=0.7,
            fold=0.8,
            smile=1.0,
            stretch=1.32,
            gape=0.3,
            teeth=1.0,
        ),
        "disgust": Expression(
            brow_raise=-0.45,
            brow_inner=-0.25,
            brow_pinch=0.5,
            eye_open=0.68,
            lower_lid=0.6,
            wrinkle=1.0,
            fold=1.0,
            smile=-0.55,
            sneer=1.0,
            gape=0.12,
            teeth=0.5,
        ),
        "anger": Expression(
            brow_raise=-0.7,
            brow_inner=-0.9,
            brow_pinch=1.0,
            eye_open=0.95,
            lower_lid=0.3,
            fold=0.3,
            smile=-0.5,
            stretch=1.05,
            gape=0.22,
            teeth=0.9,
        ),
    }
)
"""Emotion -> its expression at full intensity."""
