"""The networks by name, Sync-TVA and its peers: what a recipe's table ``model`` may choose."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Protocol, runtime_checkable

from pydantic import ConfigDict, Discriminator, Tag, with_config
from torch import nn

from synctva.networks.peers.avt_ca import AvtCa, AvtCaSettings
from synctva.networks.peers.bc_lstm import BcLstm, BcLstmSettings
from synctva.networks.peers.bigru import Bigru, BigruSettings
from synctva.networks.peers.cfn_sr import CfnSr, CfnSrSettings
from synctva.networks.peers.concatenation import Concatenation, ConcatenationSettings
from synctva.networks.peers.context_fusion_agcn import ContextFusionAgcn, ContextFusionAgcnSettings
from synctva.networks.peers.dialogue_gcn import DialogueGcn, DialogueGcnSettings
from synctva.networks.peers.graphsmile import GraphSmile, GraphSmileSettings
from synctva.networks.peers.late_fusion import LateFusion, LateFusionSettings
from synctva.networks.peers.m3net import M3net, M3netSettings
from synctva.networks.peers.mmgcn import Mmgcn, MmgcnSettings
from synctva.networks.peers.recursive_joint_attention import (
    RecursiveJointAttention,
    RecursiveJointAttentionSettings,
)
from synctva.networks.peers.sdt import Sdt, SdtSettings
from synctva.networks.peers.transformer import Transformer, TransformerSettings
from synctva.networks.sync_tva.architecture import Architecture
from synctva.networks.sync_tva.network import SyncTVA

NETWORKS: Mapping[str, tuple[type, type[nn.Module]]] = MappingProxyType(
    {
        "sync-tva": (Architecture, SyncTVA),
        "avt-ca": (AvtCaSettings, AvtCa),
        "bc-lstm": (BcLstmSettings, BcLstm),
        "bigru": (BigruSettings, Bigru),
        "cfn-sr": (CfnSrSettings, CfnSr),
        "concatenation": (ConcatenationSettings, Concatenation),
        "context-fusion-agcn": (ContextFusionAgcnSettings, ContextFusionAgcn),
        "dialogue-gcn": (DialogueGcnSettings, DialogueGcn),
        "graphsmile": (GraphSmileSettings, GraphSmile),
        "late-fusion": (LateFusionSettings, LateFusion),
        "m3net": (M3netSettings, M3net),
        "mmgcn": (MmgcnSettings, Mmgcn),
        "recursive-joint-attention": (RecursiveJointAttentionSettings, RecursiveJointAttention),
        "sdt": (SdtSettings, Sdt),
        "transformer": (TransformerSettings, Transformer),
    }
)
"""For each network its settings, a frozen dataclass, and the module."""


@runtime_checkable
class NetworkSettings(Protocol):
    """Sizes and parts of a network; each has a class of its own."""

    @property
    def network(self) -> str:
        """The network's name."""
        ...


def build(
    emotions: tuple[str, ...], dims: Mapping[str, int], settings: NetworkSettings
) -> nn.Module:
    """Returns a fresh network for these emotions and widths of features."""
    return NETWORKS[settings.network][1](emotions, dims, settings)


def _chosen(value: Any) -> str:
    """Returns whose settings a value is; where it is nobody's, pydantic says what it lacks."""
    if isinstance(value, Mapping):
        return str(value.get("network", "sync-tva"))
    return str(getattr(value, "network", "sync-tva"))


if TYPE_CHECKING:
    AnySettings = NetworkSettings
else:
    AnySettings = Annotated[
        reduce(
            or_,
            (
                Annotated[with_config(ConfigDict(extra="forbid"))(settings), Tag(name)]
                for name, (settings, _) in NETWORKS.items()
            ),
        ),
        Discriminator(_chosen),
    ]
    """The settings of any network, for pydantic: the key ``network`` decides whose they are."""
