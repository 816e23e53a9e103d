"""A model by its name in the package, its folder, a run's seed, or its id on the hub."""

from pathlib import Path

from synctva.errors import InputError
from synctva.model.emotion_model import EmotionModel
from synctva.run.folder import SeedFolder

SHIPPED = Path(__file__).parents[1] / "models"
"""Where the package has models of its own, a folder each."""


def load_model(source: str | Path, *, downloads: bool = False) -> EmotionModel:
    """Returns a model by its name in the package, its folder, a run's seed, or its id on the hub.

    Args:
        source: The name, folder or id.
        downloads: As in ``EmotionModel.from_pretrained``.

    Raises:
        InputError: There is none, it is damaged, or its weights do not fit.
    """
    shipped = SHIPPED / str(source)
    if (shipped / "config.json").is_file():
        return EmotionModel.from_pretrained(shipped)
    if (Path(source) / "run.json").is_file():
        raise InputError(f"{source}: a run; name one of its seeds, such as {source}/seed-0")
    if (checkpoint := SeedFolder(Path(source)).checkpoint).is_dir():
        return EmotionModel.from_pretrained(checkpoint, downloads=downloads)
    if str(source) == "lite":
        raise InputError(
            f"{shipped}: the model `lite` is not in this installation; install the package again,"
            " or name a checkpoint's folder with --model"
        )
    return EmotionModel.from_pretrained(source, downloads=downloads)


def name_of(model: str | Path) -> str:
    """Returns a short name of a model: of a run's seed, and of its checkpoint, run and seed."""
    place = Path(model)
    if not place.is_dir():
        return place.name or str(model)
    parts = place.resolve().parts
    if parts[-1] == "checkpoint":
        parts = parts[:-1]
    is_seed = SeedFolder(Path(*parts)).checkpoint.is_dir()
    return "/".join(parts[-2:] if is_seed else parts[-1:])
