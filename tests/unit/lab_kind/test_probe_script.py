"""The script of a live probe and what its lines mean. Run with this machine's shell where it is there."""

import shutil
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind.probe_script import OPEN, REFUSED, TIMED_OUT, Attempt, outcome, outcomes, script
from aifactory.manifests.probe.endpoints import PortId

HTTP = Attempt(source=0, destination=1, address="10.0.0.7", port=PortId(80, "TCP"), identity="seat-a")
BARE = HTTP.model_copy(update={"identity": None})
DNS = BARE.model_copy(update={"port": PortId(53, "UDP")})
ANSWER = "HTTP/1.1 200 OK Connection: close Content-Length: 7 seat-a"


@pytest.mark.parametrize(
    ("attempt", "code", "said", "meaning"),
    [
        (HTTP, 0, ANSWER, OPEN),
        (HTTP, 0, "HTTP/1.1 200 OK seat-b", "error: 'seat-b' answered instead of 'seat-a'"),
        (HTTP, 0, "", "error: exit code 0: nothing was printed"),
        (HTTP, 1, "nc: can't connect to remote host (10.0.0.7): Connection refused", REFUSED),
        (HTTP, 1, "nc: timed out", TIMED_OUT),
        (HTTP, 143, "", TIMED_OUT),
        (HTTP, 124, "", TIMED_OUT),
        (HTTP, 139, "", "error: exit code 139: nothing was printed"),
        (HTTP, 127, "sh: nc: not found", "error: exit code 127: sh: nc: not found"),
        (HTTP, 143, "half an answer", "error: exit code 143: half an answer"),
        (
            HTTP,
            1,
            "nc: can't connect to remote host (10.0.0.7): Network is unreachable",
            "error: exit code 1: nc: can't connect to remote host (10.0.0.7): Network is unreachable",
        ),
        (BARE, 0, "", OPEN),
        (BARE, 1, "nc: timed out", TIMED_OUT),
        (DNS, 0, "Server: 10.0.0.7 Name: kubernetes.default.svc.cluster.local Address: 10.96.0.1", OPEN),
        (DNS, 1, "** server can't find kubernetes.default.svc.cluster.local.: NXDOMAIN", OPEN),
        (DNS, 143, "nslookup: read: Connection refused", REFUSED),
        (DNS, 1, ";; connection timed out; no servers could be reached", TIMED_OUT),
        (DNS, 0, "", "error: exit code 0: nothing was printed"),
    ],
)
def test_only_known_words_are_open_or_closed(attempt: Attempt, code: int, said: str, meaning: str) -> None:
    """An answer with the right name is open, a refusal and a time-out are told apart, all else is an error."""
    assert outcome(attempt, code, said) == meaning


@pytest.mark.parametrize(
    ("printed", "what"),
    [
        ("", "reported 0 of 2 connections"),
        ("R 0 0 x\nEND 2\n", "reported 1 of 2 connections"),
        ("R 0 0 x\nR 1 0 x\n", "reported 1 of 2 connections"),
        ("R 0 0 x\nR 1 0 x\nEND 3\n", "reported 2 of 2 connections"),
        ("R 0 0 x\nR 0 0 x\nEND 2\n", "printed 'R 0 0 x'"),
        ("R 0 0 x\nR 2 0 x\nEND 2\n", "printed 'R 2 0 x'"),
        ("R 0 0 x\nsh: syntax error\nEND 2\n", "printed 'sh: syntax error'"),
    ],
)
def test_a_script_that_does_not_report_everything_is_an_error(printed: str, what: str) -> None:
    """Every connection has exactly one line and the end is there, or nothing of it counts."""
    with pytest.raises(LabError) as caught:
        outcomes("training/any", [HTTP, BARE], printed)

    assert str(caught.value) == (
        f"the probe in training/any {what}; one line for each connection is needed; look at its pod with kubectl, and"
        " run the probe again"
    )


def test_lines_may_come_in_any_order() -> None:
    """Connections that are under way at once end in any order."""
    printed = f"R 1 1 nc: timed out\nR 0 0 {ANSWER}\nEND 2\n"

    assert outcomes("a/any", [HTTP, BARE], printed) == {HTTP: OPEN, BARE: TIMED_OUT}


def test_not_too_many_connections_are_under_way() -> None:
    """After fifty connections a script waits for them."""
    lines = script([HTTP] * 145).splitlines()

    assert lines.count("wait") == 3
    assert lines[-1] == "END 145".join(["echo ", ""])


class Identity(BaseHTTPRequestHandler):
    """Says who it is, as a listener of the lab does."""

    def do_GET(self) -> None:
        """Answer any path."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"seat-a\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_script_tells_open_refused_and_timed_out_apart(tmp_path: Path) -> None:
    """With busybox itself: an answer, the answer of another, a refusal and a full queue are four outcomes."""
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("busybox is not installed: its own words cannot be heard here")
    (tmp_path / "bin").mkdir()
    for applet in ("sh", "nc", "timeout", "tr", "tail", "printf", "nslookup"):
        (tmp_path / "bin" / applet).symlink_to(busybox)
    server = HTTPServer(("127.0.0.1", 0), Identity)
    full, free = socket.socket(), socket.socket()
    waiting = [socket.socket() for _ in range(3)]
    try:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        free.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is refused
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())

        def to(port: int, identity: str | None) -> Attempt:
            return Attempt(
                source=0, destination=1, address="127.0.0.1", port=PortId(port, "TCP"), identity=identity
            )

        attempts = [
            to(server.server_port, "seat-a"),
            to(server.server_port, "seat-b"),
            to(free.getsockname()[1], "seat-a"),
            to(full.getsockname()[1], "seat-a"),
            to(server.server_port, None),
            to(free.getsockname()[1], None),
        ]
        done = subprocess.run(
            [str(tmp_path / "bin" / "sh"), "-s"],
            input=script(attempts),
            env={"PATH": str(tmp_path / "bin")},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    finally:
        server.shutdown()
        for opened in (server.socket, full, free, *waiting):
            opened.close()

    assert list(outcomes("here", attempts, done.stdout).values()).count(OPEN) == 2
    assert {attempt: outcomes("here", attempts, done.stdout)[attempt] for attempt in attempts} == dict(
        zip(
            attempts,
            [OPEN, "error: 'seat-a' answered instead of 'seat-b'", REFUSED, TIMED_OUT, OPEN, REFUSED],
            strict=True,
        )
    )
