"""The weights of a pretrained model: their hash, and what is refused."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from torch import nn

from synctva.errors import InputError, did_you_mean
from synctva.tensors import tensors_sha256


def weights_sha256(model: nn.Module, made_up: Iterable[str] = ()) -> str:
    """Returns the hash of the weights, without those that are random at each loading."""
    left_out = set(made_up)
    kept = {name: own for name, own in model.state_dict().items() if name not in left_out}
    return tensors_sha256(kept)


def located(name: str, packaged: Collection[str]) -> str:
    """Returns how a model is found again from anywhere: its folder's path, else its name or id.

    Args:
        name: As it was given.
        packaged: Names that are no folders, whatever lies in the working folder.
    """
    is_folder = name not in packaged and Path(name).is_dir()
    return str(Path(name).absolute()) if is_folder else name


def cannot_be_loaded(
    what: str, name: str, sources: Mapping[str, str], error: Exception
) -> InputError:
    """Returns the message about a model that the library could not load."""
    known = f"presets are {', '.join(sources)}; a folder or a hub id works too"
    near = "" if name in sources else did_you_mean(name, sources)
    return InputError(f"{what} cannot be loaded ({reason_of(error)}): {known}.{near}")


def reason_of(error: Exception) -> str:
    """Returns the first line of what a library says."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def refuse_made_up(lacking: list[str], what: str) -> None:
    """Raises where weights are missing: the library makes them up, and features would be noise."""
    if lacking:
        raise InputError(
            f"{what}: {len(lacking)} of its weights are missing, such as {lacking[0]};"
            " get it again, or use another one"
        )
