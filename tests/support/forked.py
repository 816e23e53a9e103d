"""Processes of an engine that need not import anything: a server has, and forks itself.

A process that reads recordings imports for two seconds, and most tests want one for a moment. What
such a process does, and how it ends, stays as it is; only its start is another one.
"""

import multiprocessing
import os
from collections.abc import Callable
from typing import Any

from huggingface_hub import constants

PRELOADED = (
    *("av", "cv2", "opensmile", "scipy.signal", "torch"),
    *("synctva.features.extraction.fill", "synctva.inference.encode", "synctva.inference.preview"),
    *("synctva.listening.listener", "synctva.training.run", "support.forked"),
    *("transformers.models.auto.modeling_auto", "transformers.models.auto.tokenization_auto"),
)

Serve = Callable[..., None]


class Forking:
    """Stands for the context ``spawn`` of ``multiprocessing`` in ``synctva.work.local``."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([*PRELOADED])
        self.Pipe = self._context.Pipe
        self.set_forkserver_preload = lambda modules: None

    def Process(self, target: Serve, args: tuple[Any, ...], daemon: bool) -> Any:  # noqa: N802
        """Returns a process of the server, with this one's environment."""
        given = (dict(os.environ), target, args)
        return self._context.Process(target=_served, args=given, daemon=daemon)


def _served(environment: dict[str, str], serve: Serve, given: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    if "HF_HUB_CACHE" in environment:  # the server has read it when it imported the hub's client
        constants.HF_HUB_CACHE = environment["HF_HUB_CACHE"]
    serve(*given)
