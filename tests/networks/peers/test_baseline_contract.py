"""Every peer, small and over subsets of the modalities, is held to the model's contract."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from support.batches import DIMS, EMOTIONS, random_batch
from support.contract import (  # these run here, on the fixture below
    test_a_dialogue_gives_the_same_alone_and_in_a_batch,
    test_a_saved_model_is_the_same_model,
    test_bf16_gives_nearly_the_same_and_trains,
    test_every_parameter_gets_a_gradient,
    test_features_of_an_absent_modality_change_nothing,
    test_numbers_of_turns_and_dialogues_and_the_emotions_change_nothing,
    test_renaming_the_speakers_changes_nothing,
    test_ten_steps_lower_the_loss,
    test_utterances_without_any_modality_have_finite_logits,
)

from synctva.emotions import MODALITIES
from synctva.errors import InputError
from synctva.model.emotion_model import EmotionModel
from synctva.networks.registry import NETWORKS
from synctva.recipe import load_recipe

RECIPES = Path(__file__).parents[3] / "recipes" / "baselines"
PEERS = [name for name in NETWORKS if name != "sync-tva"]
SUBSETS = (MODALITIES, ("text", "audio"), ("visual",))
SMALL = 16


@pytest.fixture(
    scope="module",
    params=[(name, subset) for name in PEERS for subset in SUBSETS],
    ids=lambda given: f"{given[0]}-{'+'.join(given[1])}",
)
def model(request: pytest.FixtureRequest) -> EmotionModel:
    name, modalities = request.param
    settings = NETWORKS[name][0]()
    sizes = {f.name: SMALL for f in fields(settings) if "width" in f.name}
    rates = {f.name: 0.1 for f in fields(settings) if "dropout" in f.name}
    torch.manual_seed(0)
    dims = {m: DIMS[m] for m in modalities}
    model = EmotionModel(EMOTIONS, dims, replace(settings, **sizes, **rates))
    model.normalise(random_batch([30], dims))
    return model.eval()


@pytest.mark.parametrize("name", PEERS)
def test_sizes_that_cannot_be_are_refused_with_their_key(name):
    for field in fields(NETWORKS[name][0]):
        if field.name == "network":
            continue
        for value in (-1, -0.5, *([1, 1.5] if "dropout" in field.name else [])):
            given = (f"model.network={name}", f"model.{field.name}={value}")
            with pytest.raises(InputError, match=rf"model\.{field.name} = {value}: Input should"):
                load_recipe(None, given)


@pytest.mark.parametrize(
    ("name", "width"),
    [("context-fusion-agcn", 30), ("mmgcn", 33), ("m3net", 33), ("dialogue-gcn", 33)],
)
def test_widths_that_cannot_be_shared_are_refused(name, width):
    with pytest.raises(InputError, match=rf"model(\.width)?.*{width}.* multiple of"):
        load_recipe(None, (f"model.network={name}", f"model.width={width}"))


def test_every_peer_has_a_recipe_of_its_own():
    networks = {load_recipe(path).model.network for path in RECIPES.glob("*.toml")}
    assert networks == set(PEERS)
