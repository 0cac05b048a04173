"""Fixtures of the tests against an API server of ours."""

from collections.abc import Iterator

import pytest

from aifactory.deliver import transport
from tests.unit.deliver.api_server import ApiServer


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers are reached without a proxy, and asked again without a pause."""
    monkeypatch.setattr(transport, "RETRY_PAUSE_S", 0.001)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def api() -> Iterator[ApiServer]:
    """A server."""
    server = ApiServer()
    yield server
    server.close()
