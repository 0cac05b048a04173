"""A real Git repository, served over HTTP on this machine alone, and the work tree that pushes to it."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

BRANCH = "main"
_IDENTITY = {
    "GIT_AUTHOR_NAME": "test",
    "GIT_AUTHOR_EMAIL": "test@example.invalid",
    "GIT_COMMITTER_NAME": "test",
    "GIT_COMMITTER_EMAIL": "test@example.invalid",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(*words: str, folder: Path) -> str:
    """What a git command prints; fails with its output if it fails."""
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**os.environ, **_IDENTITY},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"git {' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


class Repository:
    """A bare repository, its address, and a work tree of its branch.

    Args:
        folder: Where both are made.
        port: Port of the server.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/fleet.git"
        self.tree = folder / "work"
        bare = folder / "served" / "fleet.git"
        bare.mkdir(parents=True)
        git("init", "--bare", "--quiet", f"--initial-branch={BRANCH}", ".", folder=bare)
        self.tree.mkdir()
        git("init", "--quiet", f"--initial-branch={BRANCH}", ".", folder=self.tree)
        git("remote", "add", "origin", str(bare), folder=self.tree)

    def commit(self, message: str) -> str:
        """The work tree as it is, committed and pushed; gives the commit's id."""
        git("add", "--all", folder=self.tree)
        git("commit", "--quiet", "--allow-empty", f"--message={message}", folder=self.tree)
        git("push", "--quiet", "origin", BRANCH, folder=self.tree)
        return git("rev-parse", "HEAD", folder=self.tree)

    def revert(self) -> str:
        """The last commit taken back by a new one, pushed; gives the new commit's id."""
        git("revert", "--no-edit", "HEAD", folder=self.tree)
        git("push", "--quiet", "origin", BRANCH, folder=self.tree)
        return git("rev-parse", "HEAD", folder=self.tree)


class _Handler(BaseHTTPRequestHandler):
    """Hands requests to ``git http-backend`` as its CGI wants them; for fetches only."""

    root: Path

    def do_GET(self) -> None:
        """The list of branches."""
        self._backend(b"")

    def do_POST(self) -> None:
        """A negotiated pack."""
        self._backend(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Requests are not shown."""

    def _backend(self, body: bytes) -> None:
        address = urlsplit(self.path)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": address.path,
            "QUERY_STRING": address.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(
            ["git", "http-backend"], env=environment, input=body, capture_output=True, check=False, timeout=60
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode("latin-1").splitlines() if ": " in line]
        status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200)
        self.send_response(status if done.returncode == 0 else 500)
        for name, value in fields:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def served_repository(folder: Path) -> Iterator[Repository]:
    """A repository behind a server on a free port of 127.0.0.1; the server is gone afterwards."""
    handler = type("Handler", (_Handler,), {"root": folder / "served"})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Repository(folder, server.server_port)
        finally:
            server.shutdown()
            thread.join()
