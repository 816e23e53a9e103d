"""A model as a folder of ONNX files, with a script that runs it by onnxruntime and NumPy alone."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from synctva.errors import InputError
from synctva.features.extractors.expression import FACE_PX
from synctva.features.extractors.hub import load_tokenizer, stored, weights_sha256
from synctva.features.extractors.text_encoders import sources
from synctva.features.extractors.tokens import MAX_TOKENS
from synctva.files import write_bytes, write_json, write_text
from synctva.inference.onnx.conversation import Conversation
from synctva.inference.onnx.encoders import faces_of, words_of
from synctva.model.emotion_model import EmotionModel
from synctva.model.makers import Makers
from synctva.networks.sync_tva.network import SyncTVA

NEEDED = ("onnx", "onnxscript")
SCRIPT = Path(__file__).with_name("run.py")
UTTERANCE = "utterance"


def check_onnx() -> None:
    """Checks that what writes ONNX is installed.

    Raises:
        InputError: It is not installed.
    """
    if lacking := [name for name in NEEDED if find_spec(name) is None]:
        raise InputError(
            f"export needs {', '.join(lacking)}; install with `pip install 'synctva[onnx]'`"
        )


def export_onnx(model: EmotionModel, makers: Makers, name: str, folder: Path) -> list[Path]:
    """Writes a model as ONNX, and returns the files.

    ``model.onnx`` makes probabilities of a conversation's features, as recognition does;
    ``text.onnx`` and ``faces.onnx`` make features of tokens and of faces, where the model's
    encoders come with this package. All shapes are dynamic. ``model.json``, which is written last,
    lists the emotions, the inputs and what makes them; ``run.py`` is an example.

    Args:
        model: Of a Sync-TVA; looking ahead or causal.
        makers: Of its features.
        name: What it is called.
        folder: Where to; files of the same names are replaced.

    Raises:
        InputError: What writes ONNX is not installed, or the model has another network.
    """
    check_onnx()
    if not isinstance(model.network, SyncTVA):
        raise InputError(f"{name}: its network is not Sync-TVA; only Sync-TVA can be exported")
    folder.mkdir(parents=True, exist_ok=True)
    contents = {"model.onnx": _model(model, makers)}
    known = model.provenance.features
    text, told = None, {m: _told(asdict(known[m])) for m in model.dims}
    if "text" in model.dims and (text := words_of(model, known["text"])) is not None:
        contents["text.onnx"] = _traced(
            text,
            {"tokens": torch.ones(2, 3, dtype=torch.long), "own": torch.ones(2, 3).long()},
            {"tokens": (UTTERANCE, "token"), "own": (UTTERANCE, "token")},
            ("text",),
        )
    if "visual" in model.dims and (faces := faces_of(model, known["visual"])) is not None:
        noise = torch.rand(2, FACE_PX, FACE_PX)
        contents["faces.onnx"] = _traced(faces, {"faces": noise}, {"faces": ("face",)}, ("visual",))
    for file, content in contents.items():
        write_bytes(folder / file, content)
    written = [folder / file for file in contents]
    if text is not None:
        most = known["text"].dim if "text" in model.encoders else MAX_TOKENS
        write_text(folder / "tokenizer.json", _tokenizer(known["text"].model, most))
        written.append(folder / "tokenizer.json")
    write_text(folder / SCRIPT.name, SCRIPT.read_text(encoding="utf-8"))
    write_json(
        folder / "model.json",
        {
            "model": name,
            "fingerprint": weights_sha256(model),
            "synctva": version("synctva"),
            "emotions": list(model.emotions),
            "is_causal": makers.is_causal,
            "features": _widths(model),
            "made_by": told,
            "files": {file: _signature(content) for file, content in contents.items()},
        },
    )
    return [*written, folder / SCRIPT.name, folder / "model.json"]


def _model(model: EmotionModel, makers: Makers) -> bytes:
    count, widths = 3, _widths(model)
    features = {m: torch.zeros(count, width) for m, width in widths.items()}
    given = {
        "features": features,
        "present": torch.ones(count, len(features), dtype=torch.bool),
        "speaker": torch.arange(count),
    }
    shapes = {
        "features": dict.fromkeys(features, (UTTERANCE,)),
        "present": (UTTERANCE,),
        "speaker": (UTTERANCE,),
    }
    return _traced(Conversation(model, makers), given, shapes, ("probabilities", "trust"))


def _widths(model: EmotionModel) -> dict[str, int]:
    """Returns the width of the features of each modality, behind the model's own encoders."""
    return {m: len(own.mean) for m, own in model.normalisation.items()}  # pyright: ignore


def _told(description: dict[str, Any]) -> dict[str, Any]:
    """Returns what is written about features: not where files lie on this machine."""
    return {key: value for key, value in description.items() if key != "files"}


def _tokenizer(name: str, most: int) -> str:
    """Returns a tokenizer's file that cuts texts where the encoder ends, and does not pad."""
    from tokenizers import Tokenizer

    own = Tokenizer.from_str(stored(load_tokenizer(name, sources())))
    own.no_padding()
    own.enable_truncation(most)
    return own.to_str(pretty=True)


def _traced(
    module: nn.Module,
    given: Mapping[str, Any],
    shapes: Mapping[str, Any],
    outputs: Sequence[str],
) -> bytes:
    """Returns a module as ONNX.

    Args:
        module: What is traced, in evaluation mode.
        given: Arguments of the right shapes, by name.
        shapes: The names of the first axes of each, which are dynamic.
        outputs: Names of what it returns.
    """
    names = [*given["features"], *list(given)[1:]] if "features" in given else list(given)
    dims = {name: torch.export.Dim(name) for name in (UTTERANCE, "token", "face")}

    def dynamic(axes: Any) -> Any:
        if isinstance(axes, Mapping):
            return {name: dynamic(own) for name, own in axes.items()}
        return {number: dims[axis] for number, axis in enumerate(axes)}

    # the other kernels lay heads out in an order that only they know
    with _quiet(), torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        program = torch.onnx.export(
            module.eval(),
            kwargs=dict(given),
            dynamic_shapes=dynamic(shapes),
            input_names=names,
            output_names=list(outputs),
            dynamo=True,
            optimize=False,  # onnxruntime does so when it loads a file, much faster
            verbose=False,
        )
    assert program is not None
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # lines of the source, with this machine's folders
    return program.model_proto.SerializeToString(deterministic=True)


def _signature(content: bytes) -> dict[str, dict[str, list[Any]]]:
    """Returns the type and the shape of each input and output of a file."""
    import onnx

    graph = onnx.load_model_from_string(content).graph

    def told(values: Any) -> dict[str, list[Any]]:
        return {one.name: _type_and_shape(one.type.tensor_type) for one in values}

    return {"inputs": told(graph.input), "outputs": told(graph.output)}


def _type_and_shape(tensor: Any) -> list[Any]:
    from onnx.helper import tensor_dtype_to_np_dtype

    shape = [axis.dim_param or axis.dim_value for axis in tensor.shape.dim]
    return [tensor_dtype_to_np_dtype(tensor.elem_type).name, shape]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps to itself what the exporter says of its own insides."""
    loggers = [logging.getLogger(name) for name in ("torch", "torch.onnx", "onnx_ir", "onnxscript")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
