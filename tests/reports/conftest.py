from collections.abc import Iterator

import pytest
from support.browser import Page, browser
from support.run_folders import write_run


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Three runs that no test changes: a full one, a plain one, and one of a single seed."""
    folder = tmp_path_factory.mktemp("runs")
    return [
        write_run(folder / "full", seeds=3),
        write_run(folder / "plain", "BiGRU, 128", lift=-0.03, optional=False, network="bigru"),
        write_run(folder / "single", "one seed", seeds=1),
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser, for the tests of a module."""
    with browser(tmp_path_factory.mktemp("chromium")) as page:
        yield page
