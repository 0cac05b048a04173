"""Whether a registry answers: known by its status, in bounded time. The registries are of this machine."""

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aifactory.lab.kind import pinned


@contextmanager
def registry(status: int, wait_s: float = 0.0) -> Iterator[str]:
    """A host that answers with one status, after some time; its version endpoint."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(wait_s)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v2/"
        server.shutdown()


@pytest.mark.parametrize(("status", "answer"), [(200, True), (401, True), (404, False), (503, False)])
def test_a_registry_is_known_by_its_answer(status: int, answer: bool) -> None:
    """A registry grants or asks for a token at its version endpoint; anything else that answers is none."""
    with registry(status) as url:
        assert pinned.registry_answers(url) is answer


def test_a_host_that_does_not_answer_costs_its_time_and_no_more() -> None:
    """A closed port is no registry at once, a silent host after the bound; nothing is raised."""
    assert pinned.registry_answers("http://127.0.0.1:1/v2/") is False
    with registry(200, wait_s=1.5) as url:
        began = time.monotonic()
        assert pinned.registry_answers(url, timeout_s=0.3) is False
        assert time.monotonic() - began < 1.0
