"""Which recipes are Sync-TVA as it is meant, in any size, and which lack or change a part of it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synctva.recipe import Recipe

SIZES = {
    f"model.{key}"
    for key in (
        *("width", "heads", "enhancement_layers", "graph_layers", "context_layers"),
        *("past", "future", "semantic_k"),
    )
}
"""Keys whose number is a size; 0 is a part that is not there."""

TUNED = {
    *("name", "model.dropout", "model.feature_dropout", "model.node_dropout"),
    *("training.epochs", "training.patience", "training.batch_utterances"),
    *("training.accumulation", "training.learning_rate", "training.weight_decay"),
    *("training.warmup", "training.averaging", "training.gradient_clip", "training.precision"),
    *("training.compile", "training.keep_epochs"),
}
"""Keys that are chosen for a corpus, and say nothing of what the model is made of."""


def parts_of(recipe: "Recipe") -> dict[str, Any]:
    """Returns what a recipe's model is made of and learns by, whatever its sizes."""
    from synctva.recipe import flat

    values = flat(recipe.model_dump(mode="json"))
    return {
        key: bool(value) if key in SIZES else value
        for key, value in values.items()
        if key not in TUNED
    }
