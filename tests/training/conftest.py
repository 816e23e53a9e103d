import pytest
import torch


@pytest.fixture(autouse=True)
def _threads():
    """A training sets the number of threads of its process; tests need one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
