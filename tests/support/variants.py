"""Every model that the contract must hold for: both sizes, every ablation, every corpus."""

from dataclasses import replace
from itertools import chain, combinations
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from support.batches import DIMS, EMOTIONS, random_batch
from synctva.emotions import MODALITIES
from synctva.model.emotion_model import EmotionModel
from synctva.networks.sync_tva.architecture import PAIRS, Architecture
from synctva.recipe import load_recipe

RECIPES = Path(__file__).parents[2] / "recipes"
SIZES = {size: load_recipe(RECIPES / f"{size}.toml").model for size in ("lite", "base")}
SMALL = Architecture(width=16, heads=2, past="all", future="all", semantic_k=3)

ABLATIONS = {
    "whole": SMALL,
    "two_layers": replace(SMALL, enhancement_layers=2, graph_layers=2, context_layers=2),
    "no_enhancement": replace(SMALL, enhancement_layers=0),
    "no_nonlinear_projection": replace(SMALL, nonlinear_projection=False),
    "no_gating": replace(SMALL, gating=False),
    "no_self_attention": replace(SMALL, self_attention=False),
    **{f"no_{name}": replace(SMALL, graphs=tuple(g for g in PAIRS if g != name)) for name in PAIRS},
    "no_graphs": replace(SMALL, graphs=()),
    "no_graph_layers": replace(SMALL, graph_layers=0),
    "no_semantic_edges": replace(SMALL, semantic_k=0),
    "no_enforced_edges": replace(SMALL, enforced=False),
    "homogeneous": replace(SMALL, heterogeneous=False),
    "no_interaction": replace(SMALL, interaction=False),
    "no_fusion": replace(SMALL, fusion=False),
    "no_context": replace(SMALL, context_layers=0),
    "no_relations": replace(SMALL, relations=False),
    "nothing": replace(
        SMALL,
        enhancement_layers=0,
        graphs=(),
        interaction=False,
        fusion=False,
        context_layers=0,
        relations=False,
    ),
    "causal": replace(SMALL, future=0),
    "window": replace(SMALL, past=2, future=1),
    "causal_window": replace(SMALL, past=3, future=0, enhancement_layers=2),
    "only_future": replace(SMALL, past=0, future=2),
    "unlimited_past": replace(SMALL, future=2),
}
SUBSETS = list(chain.from_iterable(combinations(MODALITIES, n) for n in (1, 2)))

VARIANTS: dict[str, tuple[Architecture, tuple[str, ...]]] = {
    **{name: (architecture, MODALITIES) for name, architecture in (SIZES | ABLATIONS).items()},
    **{"+".join(subset): (SMALL, subset) for subset in SUBSETS},
    **{f"{m}_window": (replace(SMALL, past=2, future=1), (m,)) for m in MODALITIES[:1]},
}


ModuleT = TypeVar("ModuleT", bound=nn.Module)


def make_model(
    architecture: Architecture, modalities: tuple[str, ...] = MODALITIES
) -> EmotionModel:
    """Returns a shaken model in eval mode."""
    dims = {m: DIMS[m] for m in modalities}
    model = shaken(EmotionModel(EMOTIONS, dims, architecture), 0.1)
    model.normalise(random_batch([30], dims))
    return model


def shaken(module: ModuleT, by: float = 0.3) -> ModuleT:
    """Returns the module with noise on all weights, in eval mode: zeros would hide faults."""
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in module.parameters():
            weight += by * torch.randn(weight.shape, generator=random)
    return module.eval()
