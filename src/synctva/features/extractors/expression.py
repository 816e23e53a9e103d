"""The face-expression network: a 48 x 48 grey face in, seven emotions and a vector out.

Trained on FER2013 by :mod:`synctva.training.expression`; the weights ship with the package. It says
what ten people see in a face (FER+'s votes): that is what it is asked for. A second head says what
FER2013's own label would be, the answer of one search engine; it is there to be scored.
"""

import json
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from synctva.emotions import schema_named
from synctva.errors import InputError
from synctva.tensors import read_tensors, write_tensors

FACE_PX = 48
WEIGHTS = Path(__file__).parent / "weights" / "face_expression.safetensors"
"""The weights that ship with the package."""
EMOTIONS = schema_named("fer-7").emotions
"""FER2013's emotions, in the order of the logits."""


class Residual(nn.Module):
    """Two 3 x 3 convolutions around a shortcut; the first may halve the picture.

    Source: He et al., Deep Residual Learning for Image Recognition, CVPR 2016, figure 2 left.
    Departs: the shortcut pools before its 1 x 1 convolution, so that no pixel is skipped.
    """

    def __init__(self, source: int, target: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(source, target, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(target)
        self.second = nn.Conv2d(target, target, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(target)
        self.shortcut = (
            nn.Sequential(
                nn.AvgPool2d(stride) if stride > 1 else nn.Identity(),
                nn.Conv2d(source, target, 1, bias=False),
                nn.BatchNorm2d(target),
            )
            if stride > 1 or source != target
            else nn.Identity()
        )

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d i j"]:
        """Returns the next picture."""
        y = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(y)) + self.shortcut(x))


class ExpressionNetwork(nn.Module):
    """A thin residual network over grey faces.

    Every face is first brought to mean 0 and standard deviation 1, so light and contrast do not
    matter.

    Args:
        stem: Channels of the first convolution.
        widths: Channels of the stages; each halves the picture.
        depth: Residual blocks in a stage.
        dropout: Rate at which entries of the vector are dropped in training.
    """

    def __init__(
        self,
        stem: int = 32,
        widths: tuple[int, ...] = (64, 128, 224),
        depth: int = 2,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.arguments = {"stem": stem, "widths": list(widths), "depth": depth, "dropout": dropout}
        self.stem = nn.Sequential(
            nn.Conv2d(1, stem, 3, 1, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU()
        )
        blocks, source = [], stem
        for width in widths:
            for number in range(depth):
                blocks.append(Residual(source, width, 2 if number == 0 else 1))
                source = width
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(source, len(EMOTIONS))
        self.labels = nn.Linear(source, len(EMOTIONS))

    @property
    def dim(self) -> int:
        """Width of a face's vector."""
        return self.classifier.in_features

    def embed(self, faces: Float[Tensor, "face 48 48"]) -> Float[Tensor, "face dim"]:
        """Returns a vector per face; grey values in any range."""
        x = faces.unsqueeze(1)
        mean = x.mean(dim=(2, 3), keepdim=True)
        sd = x.std(dim=(2, 3), keepdim=True, correction=0)
        x = ((x - mean) / sd.clamp(min=1e-3)).contiguous(memory_format=torch.channels_last)
        return self.blocks(self.stem(x)).mean(dim=(2, 3))

    def forward(self, faces: Float[Tensor, "face 48 48"]) -> Float[Tensor, "face emotion"]:
        """Returns the logits of what people see, in the order of :data:`EMOTIONS`."""
        return self.both(faces)[0]

    def both(
        self, faces: Float[Tensor, "face 48 48"]
    ) -> tuple[Float[Tensor, "face emotion"], Float[Tensor, "face emotion"]]:
        """Returns the logits of what people see, and those of FER2013's label."""
        vectors = self.dropout(self.embed(faces))
        return self.classifier(vectors), self.labels(vectors)


def save_expression_network(network: ExpressionNetwork, path: Path) -> None:
    """Writes the weights, atomically, at half precision (which costs no accuracy)."""
    halves = {
        name: tensor.half().contiguous() if tensor.is_floating_point() else tensor
        for name, tensor in network.state_dict().items()
    }
    write_tensors(path, halves, {"network": json.dumps(network.arguments)})


def load_expression_network(path: Path = WEIGHTS) -> ExpressionNetwork:
    """Returns the network of a file, in float32 and ready to use.

    Raises:
        InputError: There is no such file, or it holds something else.
    """
    try:
        weights, told = read_tensors(path)
        arguments = json.loads(told["network"])
        network = ExpressionNetwork(**{**arguments, "widths": tuple(arguments["widths"])})
        network.load_state_dict(weights)
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path}: not the weights of a face-expression network ({reason}); make them with"
            " `synctva faces train`"
        ) from error
    return network.to(memory_format=torch.channels_last).eval()  # pyright: ignore
