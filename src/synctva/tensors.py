"""Tensors: sums that come out the same, and files that say what their content hashes to."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from synctva.errors import InputError
from synctva.files import write_bytes

Item = TypeVar("Item")
Result = TypeVar("Result")

AT_ONCE = 4
"""How many threads compute at once; more would need much memory."""

SHA256 = "sha256"
"""In what a file tells beside its tensors: the hash of all else."""


def device_named(name: torch.device | str) -> torch.device:
    """Returns a device.

    Args:
        name: ``cpu``, ``cuda``, ``cuda:1``, ``mps``, ...; or ``auto``, the best that is here.

    Raises:
        InputError: There is no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
        name = "mps" if torch.backends.mps.is_available() else name
    try:
        made = torch.zeros(1, device=name)
        made.to("cpu")  # some kinds hold no numbers
        return made.device
    except Exception as error:  # each kind of device is missing in a way of its own
        reason = re.split(r"\.?\s*$|\.\s|\n", str(error))[0]
        raise InputError(f"device {name}: no such device here ({reason}); take cpu") from error


def device_of(module: nn.Module) -> torch.device:
    """Returns where a module's weights are."""
    return next(module.parameters()).device


@contextmanager
def in_one_thread() -> Iterator[None]:
    """Makes torch compute in one thread inside: with more, sums differ in their last digits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def in_threads(
    compute: Callable[[Item], Result], items: Iterable[Item], at_once: int = AT_ONCE
) -> Iterator[Result]:
    """Yields what is computed of each item, in their order: several at once, each in one thread.

    Args:
        compute: Is called by threads.
        items: Read by this one, all at the beginning.
        at_once: So many at the most; never more than there are cores.
    """

    def computed(item: Item) -> Result:
        torch.set_num_threads(1)  # every thread has a number of its own
        return compute(item)

    items = list(items)
    at_once = min(os.cpu_count() or 1, at_once, len(items))
    if at_once < 2:  # a thread for one item takes longer to start than most items
        with in_one_thread():
            yield from map(compute, items)
        return
    with in_one_thread(), ThreadPoolExecutor(at_once, "compute") as threads:
        try:
            yield from threads.map(computed, items)
        finally:
            threads.shutdown(cancel_futures=True)


class _ShapesOnly(TorchFunctionMode):
    """Inside, weights are made without numbers, and the functions of ``torch.nn.init`` draw none.

    ``torch.device("meta")`` would do so to all tensors, but whatever is computed of one that has no
    numbers loads torch's compiler, which takes a second or two.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Calls a function, or returns what it would have filled."""
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs.get("tensor", args[0] if args else None)
        if func in (torch.empty, torch.zeros, torch.ones) and kwargs.get("device") is None:
            kwargs = {**kwargs, "device": "meta"}
        return func(*args, **kwargs)


@contextmanager
def shapes_only() -> Iterator[None]:
    """Modules made inside have weights that are shapes only, for others to be assigned to.

    Nothing is allocated for them, and nothing is drawn at random.
    """
    with _ShapesOnly():
        yield


def tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    """Returns the hash of tensors with their names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().cpu().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], told: Mapping[str, str] | None = None
) -> None:
    """Writes tensors, and words that tell what they are, as ``files.written`` does."""
    kept = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    told = dict(told or {})
    write_bytes(path, _in_order(save(kept, {**told, SHA256: _sha256(kept, told)})))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Returns the tensors of a file, and the words beside them.

    A file of before there were hashes is taken as it is.

    Raises:
        SafetensorError: It is no such file, it is damaged, or not as it was written.
        OSError: It cannot be read.
    """
    with safe_open(path, "pt") as file:
        told = dict(file.metadata() or {})
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    expected = told.pop(SHA256, None)
    if expected is not None and expected != _sha256(tensors, told):
        raise SafetensorError("sha256 differs from what it was when the file was written")
    return tensors, told


def _in_order(content: bytes) -> bytes:
    """Returns a safetensors file whose words are in order: the library's order differs each time.

    A file is eight bytes that say how long its header is, the header in JSON, and the tensors;
    blanks at the header's end have them begin at a multiple of eight.
    """
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[8 + size :]


def _sha256(tensors: Mapping[str, Tensor], told: Mapping[str, str]) -> str:
    words = json.dumps([told, tensors_sha256(tensors)], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()
