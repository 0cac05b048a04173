"""A FAKE API server that takes ResourceSlices from one kubelet plugin, and keeps what it was sent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue

_BOOKMARK = {
    "type": "BOOKMARK",
    "object": {
        "kind": "ResourceSlice",
        "apiVersion": "resource.k8s.io/v1",
        "metadata": {"resourceVersion": "1", "annotations": {"k8s.io/initial-events-end": "true"}},
    },
}


class SliceApi(ThreadingHTTPServer):
    """Says that there are no slices, and puts each one that it is sent into ``slices``, as it came (protobuf)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.slices: Queue[bytes] = Queue()
        self.ended = threading.Event()

    def kubeconfig(self, file: Path) -> Path:
        """A kubeconfig of this server, written to a file."""
        named = {"name": "fake"}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "clusters": [{**named, "cluster": {"server": f"http://127.0.0.1:{self.server_port}"}}],
            "contexts": [{**named, "context": {"cluster": "fake", "user": "fake"}}],
            "users": [{**named, "user": {}}],
        }
        file.write_text(json.dumps(content))
        return file


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SliceApi

    def log_message(self, *_: object) -> None:
        """Nothing: the plugin's own log is kept."""

    def do_GET(self) -> None:
        """A watch that begins with nothing, and any node."""
        if "watch=true" in self.path:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(json.dumps(_BOOKMARK).encode() + b"\n")
            self.wfile.flush()
            self.server.ended.wait()
            self.close_connection = True
        elif "/nodes/" in self.path:
            name = self.path.partition("?")[0].rpartition("/")[2]
            self._answer(200, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": "1"}})
        else:
            self._answer(404, {"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": 404})

    def do_POST(self) -> None:
        """Keep what comes; the answer is any slice."""
        self.server.slices.put(self.rfile.read(int(self.headers["Content-Length"])))
        kind = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice"}
        self._answer(201, {**kind, "metadata": {"name": "slice", "uid": "2", "resourceVersion": "2"}})

    def _answer(self, code: int, body: dict[str, object]) -> None:
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def slice_api() -> Iterator[SliceApi]:
    """The FAKE API server, answering."""
    with SliceApi() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
