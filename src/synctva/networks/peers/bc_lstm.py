"""bc-LSTM: a contextual bidirectional LSTM for each modality, and one over what they found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from synctva.batch import Batch
from synctva.networks.peers.recurrent import RecurrentContext
from synctva.networks.peers.sizes import Count, Rate
from synctva.output import Output


@dataclass(frozen=True)
class BcLstmSettings:
    """Sizes of bc-LSTM, as its authors' code runs it for CMU-MOSI.

    Attributes:
        width: Width of each of the two directions of every LSTM.
        unimodal_width: Width of the dense layer over the LSTM of a single modality.
        fused_width: Width of the dense layer over the LSTM of all modalities.
        unimodal_dropout: Rate on what enters the LSTM of a single modality.
        fused_dropout: Rate on what enters the LSTM of all modalities.
        dense_dropout: Rate before and after every dense layer.
        network: Its name in recipes.
    """

    width: Count = 300
    unimodal_width: Count = 100
    fused_width: Count = 500
    unimodal_dropout: Rate = 0.6
    fused_dropout: Rate = 0.4
    dense_dropout: Rate = 0.9
    network: Literal["bc-lstm"] = "bc-lstm"


class ContextualLstm(nn.Module):
    """A bidirectional LSTM along the dialogue, a dense layer and a classifier.

    Args:
        dim: Width of the rows that come in.
        width: Width of the dense layer.
        activation: The dense layer's.
        dropouts: Rate on what comes in, and rate before and after the dense layer.
        lstm_width: Width of each direction of the LSTM.
        emotions: How many emotions there are.

    Source: Poria et al. 2017, the contextual LSTM architecture in its bidirectional variant.
    Departs: a mask of dropout is drawn for each utterance anew (in the authors' code one for a
        dialogue and gate).
    """

    def __init__(
        self,
        dim: int,
        width: int,
        activation: nn.Module,
        dropouts: tuple[float, float],
        lstm_width: int,
        emotions: int,
    ) -> None:
        super().__init__()
        entering, dense = dropouts
        self.entering = nn.Dropout(entering)
        self.context = RecurrentContext(dim, 2 * lstm_width, 1, 0.0, nn.LSTM)
        self.dense = nn.Sequential(nn.Dropout(dense), nn.Linear(2 * lstm_width, width), activation)
        self.classifier = nn.Sequential(nn.Dropout(dense), nn.Linear(width, emotions))

    def forward(
        self, rows: Float[Tensor, "utterance dim"], dialogue: Int[Tensor, " utterance"]
    ) -> Float[Tensor, "utterance width"]:
        """Returns the dense layer's states, which the classifier reads."""
        return self.dense(self.context(self.entering(rows), dialogue))

    @torch.no_grad()
    def extracted(
        self, rows: Float[Tensor, "utterance dim"], dialogue: Int[Tensor, " utterance"]
    ) -> Float[Tensor, "utterance width"]:
        """Returns those states as features for another network: no dropout, no gradient."""
        training = self.training
        states = self.eval()(rows, dialogue)
        self.train(training)
        return states


class BcLstm(nn.Module):
    """Level 1 reads each modality along the dialogue; level 2 reads what level 1 extracted.

    With one modality there is level 1 alone.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: Poria et al. 2017 (ACL), the hierarchical framework; sizes from the authors' code.
    Departs: level 1 is trained beside level 2, by its own heads alone, so ``loss.unimodal`` must
        not be 0; the paper trains it before. No SVM on the dense layer, as in the authors' code.
        A missing modality is a zero among the features.
    """

    reach = None

    def __init__(
        self, emotions: tuple[str, ...], dims: Mapping[str, int], settings: BcLstmSettings
    ) -> None:
        super().__init__()
        width, number = settings.unimodal_width, len(emotions)
        rates = (settings.unimodal_dropout, settings.dense_dropout)
        self.unimodal = nn.ModuleDict(
            {
                m: ContextualLstm(dim, width, nn.Tanh(), rates, settings.width, number)
                for m, dim in dims.items()
            }
        )
        self.multimodal = None
        if len(dims) > 1:
            rates = (settings.fused_dropout, settings.dense_dropout)
            self.multimodal = ContextualLstm(
                len(dims) * width, settings.fused_width, nn.ReLU(), rates, settings.width, number
            )

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        levels = {m: cast(ContextualLstm, level) for m, level in self.unimodal.items()}
        states = {m: level(batch.features[m], batch.dialogue) for m, level in levels.items()}
        said = {m: level.classifier(states[m]) for m, level in levels.items()}
        if self.multimodal is None:
            ((m, state),) = states.items()
            return Output(logits=said[m], fused=state)
        found = [level.extracted(batch.features[m], batch.dialogue) for m, level in levels.items()]
        fused = self.multimodal(torch.cat(found, dim=1), batch.dialogue)
        return Output(logits=self.multimodal.classifier(fused), fused=fused, unimodal=said)
