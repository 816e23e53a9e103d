import shutil
from pathlib import Path

import pytest
import torch
from support.tiny import tiny_run


@pytest.fixture(autouse=True)
def _threads():
    """Sums come out differently over more threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with a store and a run of two seeds, which no test changes."""
    return tiny_run(tmp_path_factory.mktemp("trained"), seeds=2, keep_epochs=True).parent


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may change; its store is beside it."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return tmp_path / "run"
