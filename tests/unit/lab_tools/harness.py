"""Stand-ins for the tool tests: a table of one's own, a web server, a scripted `go`, a recording progress."""

import http.server
import os
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from aifactory.lab.tools import Table, Toolbox, load_table

TOOL = "aif-demo"
"""A name that no machine has on its PATH."""

FAKE_GO = """#!/bin/sh
# Stands for `go build -ldflags F -o OUT PACKAGE`, `go mod download` and `go run`: counts the builds, and does
# what the environment says.
case "$1" in
mod) cat "$FAKE_GO_MODULE"; exit 0 ;;
run) echo "generated for $VERSION" > generated; exit 0 ;;
build) ;;
*) exit 9 ;;
esac
[ -e cmd/generated ] && cp cmd/generated go.mod go.sum "$FAKE_GO_SEEN"
out=$5
echo "$$" >> "$FAKE_GO_CALLS"
printf 'half a bin' > "$out"
if [ -n "$FAKE_GO_FAIL" ]; then
  i=1; while [ $i -le 30 ]; do echo "output line $i"; i=$((i+1)); done
  echo "$FAKE_GO_FAIL"; exit 1
fi
if [ -n "$FAKE_GO_WAIT" ]; then while [ ! -e "$FAKE_GO_WAIT" ]; do sleep 0.05; done; fi
printf '#!/bin/sh\\necho demo 1.2.3\\n' > "$out"
"""


def row(name: str = TOOL, **changes: object) -> dict[str, object]:
    """A row of a table: version 1.2.3, no download, built by `go` from the module `demo`."""
    base: dict[str, object] = {
        "name": name,
        "version": "1.2.3",
        "lanes": ["engine"],
        "size_mib": 1,
        "source": "a test",
        "on_path": {
            "rule": "same-minor",
            "version_args": ["--version"],
            "version_pattern": r"demo (\d+\.\d+\.\d+)",
        },
        "build": {"kind": "go", "module": "demo", "package": "example.test/demo"},
    }
    base.update(changes)
    if "download" not in base:
        base.setdefault("no_download_because", "this is a test")
    return base


class Recorder:
    """Keeps what was reported."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def step(self, tool: str, message: str) -> None:
        """Keep a line."""
        self.lines.append(f"{tool}: {message}")

    @property
    def text(self) -> str:
        """Everything reported."""
        return "\n".join(self.lines)


@dataclass
class Bench:
    """A cache, a wrapper module, a scripted `go` first on PATH, and the toolbox over them."""

    root: Path
    progress: Recorder = field(default_factory=Recorder)
    go_env: dict[str, str] = field(default_factory=dict)
    with_go: bool = True

    def __post_init__(self) -> None:
        self.cache = self.root / "cache"
        self.module = self.root / "modules" / "demo"
        self.module.mkdir(parents=True)
        (self.module / "go.mod").write_text("module example.test/demo\n\ngo 1.22\n")
        self.go_dir = self.root / "go-bin"
        self.executable(self.go_dir / "go", FAKE_GO)
        self.path_dir = self.root / "path-bin"
        self.path_dir.mkdir()
        self.calls_file = self.root / "go-calls"

    @staticmethod
    def executable(file: Path, text: str) -> Path:
        """Write a script and set its run bit."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
        return file

    @property
    def go_calls(self) -> int:
        """How often the scripted `go` has built."""
        return len(self.calls_file.read_text().splitlines()) if self.calls_file.exists() else 0

    @property
    def entry(self) -> Path:
        """The cached tool."""
        return next((self.cache / TOOL).glob(f"*/*/{TOOL}"))

    def environ(self) -> dict[str, str]:
        """The environment of a run."""
        # A missing Go is missing only where no system folder can bring one.
        folders = (
            [self.path_dir, self.go_dir, Path("/usr/bin"), Path("/bin")] if self.with_go else [self.path_dir]
        )
        path = os.pathsep.join(map(str, folders))
        return {"PATH": path, "HOME": str(self.root), "FAKE_GO_CALLS": str(self.calls_file), **self.go_env}

    def table_file(self, *rows: dict[str, object]) -> Path:
        """Write a table."""
        table = {
            "go_minimum": "1.26",
            "platforms": ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"],
            "modules_dir": str(self.root / "modules"),
            "tools": list(rows) or [row()],
        }
        file = self.root / "tools.yaml"
        file.write_text(yaml.safe_dump(table, sort_keys=False))
        return file

    def table(self, *rows: dict[str, object]) -> Table:
        """A table of these rows; of the plain one where none is given."""
        return load_table(self.table_file(*rows))

    def box(self, *rows: dict[str, object], mirror: Path | None = None, heartbeat_s: float = 15.0) -> Toolbox:
        """A toolbox over these rows."""
        return Toolbox(self.cache, mirror, self.progress, self.table(*rows), self.environ(), heartbeat_s)

    def leftovers(self) -> list[Path]:
        """Temporary files anywhere in the cache."""
        return list(self.cache.rglob(".tmp-*"))


class Vendor:
    """A download site on 127.0.0.1."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.statuses: dict[str, int] = {}
        self.cut_after: dict[str, int] = {}
        self.requests: list[str] = []
        vendor = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                vendor.requests.append(self.path)
                status = vendor.statuses.get(self.path, 200 if self.path in vendor.bodies else 404)
                body = vendor.bodies.get(self.path, b"") if status == 200 else b"refused"
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: vendor.cut_after.get(self.path, len(body))])

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Keep the test output clean."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def closed_port() -> int:
    """A port of 127.0.0.1 that refuses connections."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
