"""Shapes in annotations are enforced in all tests; real corpora are found, or said to be absent."""

import multiprocessing
import os
from pathlib import Path

import jaxtyping
import pytest

pytest.register_assert_rewrite("support")

from support.forked import Forking  # noqa: E402
from support.type_checker import begin_test, jaxtyped  # noqa: E402 (its assertions are rewritten)

jaxtyping.jaxtyped = jaxtyped
jaxtyping.install_import_hook("synctva", "support.type_checker.check")


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real corpora: ``$SYNCTVA_CORPORA``, else ``../shared/data`` by the project."""
    named = os.environ.get("SYNCTVA_CORPORA")
    beside = Path(__file__).parents[2] / "shared" / "data"
    for folder in [Path(named)] if named else [beside]:
        if folder.is_dir():
            return folder
    pytest.skip(f"no corpora: neither $SYNCTVA_CORPORA nor {beside.name} beside the project")


@pytest.fixture(scope="session", autouse=True)
def _own_feature_cache(tmp_path_factory: pytest.TempPathFactory):
    """Nothing that a user has computed serves the tests, nor the other way round."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNCTVA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _forked():
    """Engines start their processes by a server that has imported all that they need."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        context = Forking()
        patch.setattr("synctva.work.local.get_context", lambda name: context)
        yield


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines start their processes as they do for a user."""
    monkeypatch.setattr("synctva.work.local.get_context", multiprocessing.get_context)


@pytest.fixture(autouse=True)
def _checked_shapes():
    """The first calls of every function are checked in every test."""
    begin_test()
