"""Our adapters are those of the library: names, first weights, what they make, gradients."""

import copy

import pytest
import torch
from torch import nn

from synctva.encoders.adapters import add_adapters


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.seen = nn.Conv2d(2, 4, 3, stride=2, padding=1)
        self.heard = nn.ModuleDict({"matrix": nn.Linear(16, 8), "alone": nn.Linear(8, 3)})

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.heard["alone"](self.heard["matrix"](self.seen(pictures).flatten(2)).relu())


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_they_are_those_of_peft(dropout: float):
    from peft import LoraConfig, inject_adapter_in_model  # two seconds, which only this test takes

    torch.manual_seed(1)
    ours = Network()
    theirs = copy.deepcopy(ours)
    torch.manual_seed(2)
    add_adapters(ours, 2, 6.0, dropout, ("alone",))
    torch.manual_seed(2)
    config = LoraConfig(
        r=2, lora_alpha=6, lora_dropout=dropout, target_modules=["seen", "heard.matrix"]
    )
    inject_adapter_in_model(config, theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    trained = [[n for n, p in one.named_parameters() if p.requires_grad] for one in (ours, theirs)]
    assert trained[0] == trained[1]
    assert len(trained[0]) == 4
    for one in (ours, theirs):
        torch.manual_seed(3)
        for name, weights in one.named_parameters():
            if "lora_B" in name:
                nn.init.normal_(weights)
    pictures, found = torch.rand(5, 2, 8, 8), []
    for one in (ours.train(), theirs.train()):
        torch.manual_seed(4)
        made = one(pictures)
        made.square().sum().backward()
        found.append([made, *(p.grad for p in one.parameters() if p.grad is not None)])
    for mine, other in zip(*found, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-5)
