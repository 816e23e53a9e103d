"""Speech encoders of the hub."""

from dataclasses import dataclass
from functools import partial

from safetensors import SafetensorError
from torch import nn

from synctva.errors import InputError
from synctva.features.extractors.hub.door import WEIGHTS, loaded
from synctva.features.extractors.hub.weights import (
    cannot_be_loaded,
    refuse_made_up,
    weights_sha256,
)


@dataclass(frozen=True)
class SpeechModel:
    """A speech encoder.

    Attributes:
        model: (n, sample) 16 kHz mono -> ``.last_hidden_state`` (n, frame, dim), on the CPU, in
            evaluation mode.
        weights: sha256 of the weights.
        version: Of the library that runs it.
    """

    model: nn.Module
    weights: str
    version: str

    @property
    def kind(self) -> str:
        """Its kind, such as ``wavlm``."""
        return str(self.model.config.model_type)  # pyright: ignore

    @property
    def dim(self) -> int:
        """Width of a frame's vector."""
        return int(self.model.config.hidden_size)  # pyright: ignore


def load_speech_model(name: str) -> SpeechModel:
    """Returns a speech encoder: wav2vec 2.0, HuBERT or WavLM.

    Args:
        name: A hub id such as ``microsoft/wavlm-base-plus``, or a folder in the hub's layout.

    Raises:
        InputError: There is no such model, here or on the hub; or it is damaged, incomplete, or
            no speech encoder.
    """
    import transformers

    transformers.logging.disable_progress_bar()
    what = f"speech encoder {name!r}"
    try:
        config = loaded(transformers.AutoConfig.from_pretrained, name)
        if not hasattr(config, "feat_extract_norm"):
            raise InputError(f"{what} is of the kind {config.model_type}; use WavLM or wav2vec2")
        model, report = loaded(partial(transformers.AutoModel.from_pretrained, **WEIGHTS), name)
    except InputError:
        raise
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise cannot_be_loaded(what, name, {}, error) from error
    made_up = sorted(report["missing_keys"])
    refuse_made_up([key for key in made_up if key != "masked_spec_embed"], what)
    model.config.apply_spec_augment = False  # its mask would hide what the loss asks for
    version = f"transformers {transformers.__version__}"
    return SpeechModel(model.eval(), weights_sha256(model, made_up), version)
