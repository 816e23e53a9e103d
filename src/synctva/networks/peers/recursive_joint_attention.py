"""Recursive joint cross-modal attention: every modality against all of them together, again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from synctva.batch import Batch
from synctva.networks.peers.layout import padded
from synctva.networks.peers.sizes import Count, Rate
from synctva.output import Output

States = dict[str, Float[Tensor, "dialogue turn _"]]


@dataclass(frozen=True)
class RecursiveJointAttentionSettings:
    """Sizes of RJCMA, as its authors' code runs it for Affwild2.

    Attributes:
        text: Width of text.
        audio: Width of audio.
        visual: Width of visual.
        levels: Levels of the temporal convolution of each modality.
        kernel: Turns that a convolution reads.
        rounds: How often the modalities attend, each time to what the time before made of them.
        hidden: Width of the layer before the classifier.
        temporal_dropout: Rate in the temporal convolution.
        dropout: Rate in the attention.
        network: Its name in recipes.
    """

    text: Count = 128
    audio: Count = 128
    visual: Count = 256
    levels: Count = 4
    kernel: Count = 5
    rounds: Count = 2
    hidden: Count = 256
    temporal_dropout: Rate = 0.1
    dropout: Rate = 0.6
    network: Literal["recursive-joint-attention"] = "recursive-joint-attention"


class CausalConvolution(nn.Module):
    """Two convolutions over the turns so far, around them a residual connection.

    Args:
        dim: Width of the turns that come in.
        width: Width of those that go out.
        kernel: Turns that a convolution reads.
        dilation: From each of them to the next.
        dropout: Rate after each convolution.

    Source: Bai et al. 2018, section 3, figure 1 (b).
    Departs: no weight normalisation.
    """

    def __init__(self, dim: int, width: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.before = (kernel - 1) * dilation
        self.first = nn.Conv1d(dim, width, kernel, dilation=dilation)
        self.second = nn.Conv1d(width, width, kernel, dilation=dilation)
        self.residual = nn.Identity() if dim == width else nn.Conv1d(dim, width, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, turns: Float[Tensor, "dialogue dim turn"]
    ) -> Float[Tensor, "dialogue width turn"]:
        """Returns each turn in the light of those before it."""
        state = turns
        for convolution in (self.first, self.second):
            state = convolution(functional.pad(state, (self.before, 0)))
            state = self.dropout(state.relu())
        return (state + self.residual(turns)).relu()


class JointAttention(nn.Module):
    """One round: each modality's features are weighed by their correlation with the joint ones.

    J = W_j [X_t; X_a; X_v]; C_m = tanh(X_m^T W_jm J / sqrt(d)); H_m = ReLU(X_m W_cm C_m);
    X_m <- X_m + H_m W_hm. C_m correlates features over the turns of a dialogue.

    Args:
        widths: Width of each modality.
        dropout: Rate of what is added to a modality.

    Source: Praveen & Alam 2024, section 3.3, its equations of J, C, H and X_att.
    Departs: W_jm weighs features, and C is the mean over the turns: the paper's weighs the 300
        frames of a window, but dialogues differ in length.
    """

    def __init__(self, widths: Mapping[str, int], dropout: float) -> None:
        super().__init__()
        total = sum(widths.values())
        self.joint = nn.Linear(total, total)
        self.key = nn.ModuleDict({m: nn.Linear(w, w, bias=False) for m, w in widths.items()})
        self.value = nn.ModuleDict({m: nn.Linear(w, w, bias=False) for m, w in widths.items()})
        self.leave = nn.ModuleDict({m: nn.Linear(total, w) for m, w in widths.items()})
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: States, there: Bool[Tensor, "dialogue turn"]) -> States:
        """Returns every modality with what its correlation with all of them adds."""
        joint = self.joint(torch.cat(list(states.values()), dim=-1))
        turns = there.sum(1).sqrt()[:, None, None]
        joint = (joint * there.unsqueeze(-1) / turns).to(joint.dtype)
        attended = {}
        for m, state in states.items():
            correlation = self.key[m](state / turns).mT @ joint
            correlation = (correlation / joint.shape[-1] ** 0.5).tanh()
            weighed = (self.value[m](state) @ correlation.to(state.dtype)).relu()
            attended[m] = state + self.dropout(self.leave[m](weighed))
        return attended


class RecursiveJointAttention(nn.Module):
    """RJCMA: temporal convolution of each modality, rounds of joint attention, concatenation.

    Args:
        emotions: The names of the emotions, in the schema's order.
        dims: Width of the features of each modality that the corpus has.
        settings: Sizes.

    Source: Praveen & Alam 2024 (CVPR workshops), section 3; temporal convolution, rounds with
        weights of their own and the last layers as in the authors' code.
    Departs: written for valence and arousal of frames by regression; here a turn takes a frame's
        place, and a classifier that of the regressor. Layer normalisation instead of batch
        normalisation, which would let dialogues of a batch see each other. With fewer modalities
        the joint features are of those there are. A missing modality is zero at the convolution.
    """

    reach = None

    def __init__(
        self,
        emotions: tuple[str, ...],
        dims: Mapping[str, int],
        settings: RecursiveJointAttentionSettings,
    ) -> None:
        super().__init__()
        every = {"text": settings.text, "audio": settings.audio, "visual": settings.visual}
        widths = {m: every[m] for m in dims}
        self.temporal = nn.ModuleDict(
            {m: temporal_convolution(dim, widths[m], settings) for m, dim in dims.items()}
        )
        self.norm = nn.ModuleDict({m: nn.LayerNorm(w) for m, w in widths.items()})
        self.rounds = nn.ModuleList(
            JointAttention(widths, settings.dropout) for _ in range(settings.rounds)
        )
        self.hidden = nn.Linear(sum(widths.values()), settings.hidden)
        self.hidden_norm = nn.LayerNorm(settings.hidden)
        self.classifier = nn.Linear(settings.hidden, len(emotions))

    def forward(self, batch: Batch) -> Output:
        """Returns the logits of a batch of whole dialogues."""
        states, there = {}, padded(batch.present, batch.dialogue)[1]
        for m, temporal in self.temporal.items():
            turns, _ = padded(batch.features[m], batch.dialogue)
            states[m] = self.norm[m](temporal(turns.mT).mT)
        for attention in self.rounds:
            states = attention(states, there)
        joined = torch.cat(list(states.values()), dim=-1)[there]
        fused = functional.leaky_relu(self.hidden_norm(self.hidden(joined)))
        return Output(logits=self.classifier(fused), fused=fused)


def temporal_convolution(
    dim: int, width: int, settings: RecursiveJointAttentionSettings
) -> nn.Sequential:
    """Returns the temporal convolution of a modality: the dilation doubles from level to level."""
    return nn.Sequential(
        *(
            CausalConvolution(
                dim if level == 0 else width,
                width,
                settings.kernel,
                2**level,
                settings.temporal_dropout,
            )
            for level in range(settings.levels)
        )
    )
