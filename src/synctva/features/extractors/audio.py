"""Audio features: functionals of an utterance's sound by openSMILE, the field's standard sets.

openSMILE's licence (audEERING) is free for research, teaching and private use only; whoever sells
what is made with it needs a licence of theirs.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

from synctva.corpus import Description
from synctva.errors import InputError, did_you_mean
from synctva.features.extractors.clip import Clip
from synctva.features.extractors.encoded import Encoded
from synctva.features.extractors.extractor import Stream
from synctva.media import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from opensmile import Smile

LOUDEST = 1 - 2**-15
"""openSMILE reads 16 bits; the wrapper turns a sample of 1.0 into the most negative number."""
QUIETEST = 2**-15
"""What is below this reads as zero."""


@dataclass(frozen=True)
class AudioPreset:
    """One of openSMILE's feature sets.

    Attributes:
        feature_set: Its name in ``opensmile.FeatureSet``.
        config: Its file among openSMILE's, without the ending.
        dim: Number of functionals.
        least_samples: openSMILE gives nothing for less sound than this, at 16 kHz: less than one
            of its frames, or for IS10 than its two longest.
        without: Functionals whose names begin so are left out; a regular expression.
    """

    feature_set: str
    config: str
    dim: int
    least_samples: int
    without: str = ""


LEVEL = (
    r"loudness_sma3_(amean|percentile|pctlrange|mean|stddev(Rising|Falling))"
    r"|spectralFlux\w*_amean|equivalentSoundLevel"
)
"""What of eGeMAPS tells how loud a recording is; how loudness varies within it remains."""

EGEMAPS = "egemaps/v02/eGeMAPSv02"

PRESETS: Mapping[str, AudioPreset] = MappingProxyType(
    {
        "egemaps": AudioPreset("eGeMAPSv02", EGEMAPS, 88, 960),
        "egemaps-no-level": AudioPreset("eGeMAPSv02", EGEMAPS, 75, 960, LEVEL),
        "is09": AudioPreset("IS09", "is09-13/IS09_emotion", 384, 400),
        "is10": AudioPreset("IS10", "is09-13/IS10_paraling_compat", 1582, 1120),
        "compare": AudioPreset("ComParE_2016", "compare/ComParE_2016", 6373, 960),
    }
)


class AudioExtractor:
    """Turns the sound of an utterance into functionals: one number for all of it, for each.

    openSMILE is loaded with the first sound: what the features are is known without it.

    Args:
        name: ``egemaps`` (Eyben et al., 2016; 88), ``egemaps-no-level`` (75 of them, whatever the
            microphone's level), ``is09`` (Schuller et al., 2009; 384), ``is10`` (Schuller et al.,
            2010; 1582) or ``compare`` (Schuller et al., 2016; 6373).

    Raises:
        InputError: There is no such set, or openSMILE cannot find its own files.
    """

    def __init__(self, name: str) -> None:
        if name not in PRESETS:
            raise InputError(
                f"unknown audio features {name!r}: known are {', '.join(PRESETS)}."
                + did_you_mean(name, PRESETS)
            )
        self._preset = preset = PRESETS[name]
        root = _config_root()
        config = root / f"{preset.config}.conf"
        self.dim: int = preset.dim
        self.description = Description(
            "opensmile",
            name,
            version=f"opensmile {version('opensmile')}",
            weights=config_sha256(config, root),
            settings={
                "feature_set": preset.feature_set,
                "sample_rate_hz": SAMPLE_RATE_HZ,
                "least_samples": preset.least_samples,
                **({"without": preset.without} if preset.without else {}),
            },
            dim=self.dim,
        )

    @cached_property
    def _smile(self) -> "Smile":
        import opensmile

        class Undescribed(opensmile.Smile):
            def to_dict(self, **_: object) -> dict[str, Any]:
                return {}  # else it reads what belongs to every package there is: .25 s

        return Undescribed(opensmile.FeatureSet[self._preset.feature_set], loglevel=0)

    @cached_property
    def _kept(self) -> list[int]:
        """The places of the functionals that are not left out."""
        if not (without := self._preset.without):
            return list(range(self.dim))
        names = self._smile.feature_names
        return [place for place, name in enumerate(names) if not re.match(without, name)]

    @property
    def reads(self) -> tuple[Stream, ...]:
        """The features depend on the sound."""
        return ("sound",)

    def encode_clip(self, clip: Clip) -> Encoded:
        """Returns the features of an utterance's recording; see ``encode``."""
        samples = clip.samples()
        return Encoded(None, ("no_audio",)) if samples is None else self.encode(samples)

    def encode(self, samples: Float32[np.ndarray, " sample"]) -> Encoded:
        """Returns the functionals of an utterance, always finite.

        Flags: ``no_audio`` (no samples; the modality is absent), ``short`` (zeros were appended up
        to the set's least length), ``silent`` (all that openSMILE reads is zero), ``undefined``
        (a functional had no finite value, and is 0).

        Args:
            samples: 16 kHz mono, -1..1; what is beyond is clipped.
        """
        if not samples.size:
            return Encoded(None, ("no_audio",))
        heard = np.clip(np.nan_to_num(samples, nan=0.0), -1.0, LOUDEST)
        lacking = self._preset.least_samples - heard.size
        if lacking > 0:
            heard = np.pad(heard, (0, lacking))
        functionals = self._smile(heard, SAMPLE_RATE_HZ).reshape(-1)
        vector = functionals[self._kept].astype(np.float32, copy=False)
        finite = np.isfinite(vector)
        flags = {
            "short": lacking > 0,
            "silent": not (np.abs(heard) >= QUIETEST).any(),
            "undefined": not finite.all(),
        }
        return Encoded(
            np.where(finite, vector, np.float32(0)), tuple(f for f, is_so in flags.items() if is_so)
        )


def _config_root() -> Path:
    """Returns the folder of openSMILE's feature sets, which is found without loading it.

    Raises:
        InputError: openSMILE cannot read it.
    """
    found = find_spec("opensmile")
    assert found is not None  # it is one of this package's requirements
    assert found.origin is not None
    package = Path(found.origin).resolve().parent
    if not str(package).isascii():
        raise InputError(
            f"{package}: openSMILE reads paths in ASCII only; install synctva in a folder with a"
            " plain name"
        )
    return package / "core" / "config"


def config_sha256(config: Path, root: Path) -> str:
    """Returns the hash of a feature set: its file, all that this includes, and what they share.

    Args:
        config: The set's file.
        root: The folder of all sets; its ``shared`` holds how sound comes in and numbers go out.
    """
    root, files = root.resolve(), set()
    waiting = [config.resolve(), *(path.resolve() for path in (root / "shared").glob("*.inc"))]
    while waiting:
        file = waiting.pop()
        if file not in files:
            files.add(file)
            waiting += [(file.parent / name).resolve() for name in _included(file)]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(root).as_posix()}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _included(config: Path) -> list[str]:
    r"""Returns the files that one includes: ``\{file}``, or ``\{\cm[option{file}...]}``."""
    text = config.read_text(encoding="latin-1")
    return re.findall(r"^\s*\\\{(?:\\cm\[\w+\{)?([^\\{}?]+\.inc)\}", text, re.MULTILINE)
