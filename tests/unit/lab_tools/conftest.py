"""Fixtures of the tool tests; nothing here leaves 127.0.0.1."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.lab_tools.harness import Bench, Vendor


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A cache, a wrapper module and a scripted `go`."""
    return Bench(tmp_path)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """A download site that no proxy stands before."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    site = Vendor()
    yield site
    site.close()
