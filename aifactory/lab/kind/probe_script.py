"""Many connections in one shell script, and what its lines mean. Pure.

Only an answer that says who answered is open. A refusal and a time-out are told apart from everything else; anything
else is an error, never closed: a program that crashes would otherwise pass for a policy that works.
"""

import re
from collections.abc import Mapping, Sequence

from aifactory.errors import LabError
from aifactory.manifests.model import ManifestModel
from aifactory.manifests.probe.endpoints import PortId

OPEN, REFUSED, TIMED_OUT = "open", "refused", "timed out"
CONNECT_S = 2
"""Seconds until a connection counts as timed out."""
TOTAL_S = 3
"""Seconds for the connection and the answer."""
AT_ONCE = 50
"""Connections of one source that are under way at once: most are meant to time out, and to wait costs nothing; but
each is a few processes, and a burst of more keeps a control plane on two cores from renewing its leases."""
ENDED = (124, 143)
"""Exit codes of ``timeout`` when it had to end the command: of coreutils, and of busybox."""
DNS_NAME = "kubernetes.default.svc.cluster.local."
_LINE = re.compile(r"R (\d+) (\d+) (.*)")

HEAD = f"""
set -f
IFS=$(printf ' \\t\\r\\n.'); IFS=${{IFS%.}}
GET=$(printf 'GET /id HTTP/1.0\\r\\n\\r\\n.'); GET=${{GET%.}}
said() {{ index=$1 code=$2; shift 2; printf 'R %s %s %s\\n' "$index" "$code" "$*"; }}
http() {{
  out=$(exec timeout {TOTAL_S} nc -w {CONNECT_S} "$2" "$3" 2>&1 <<END
$GET
END
)
  said "$1" "$?" $out
}}
bare() {{
  out=$(exec timeout {TOTAL_S} nc -w {CONNECT_S} "$2" "$3" 2>&1 </dev/null)
  said "$1" "$?" $out
}}
dns() {{
  out=$(exec timeout {TOTAL_S} nslookup -type=a {DNS_NAME} "$2" 2>&1 </dev/null)
  said "$1" "$?" $out
}}
"""
"""What a line says is what was printed, on one line: words are split at ends of lines, and joined by spaces.

Thousands of connections are opened on a few cores, so no process is started that is not needed.
"""


class Attempt(ManifestModel):
    """One connection to open."""

    source: int
    """Index of the source's seat."""
    destination: int
    """Index of the destination's seat."""
    address: str
    port: PortId
    identity: str | None
    """What the listener says; None where something else answers, and to be connected is enough."""

    @property
    def kind(self) -> str:
        """How it is opened: ``http``, ``bare`` or ``dns``."""
        if self.port.protocol == "UDP":
            return "dns"
        return "bare" if self.identity is None else "http"


def script(attempts: Sequence[Attempt]) -> str:
    """A script for one source that opens all connections and prints one line for each, in any order."""
    lines = [HEAD]
    for index, one in enumerate(attempts):
        lines.append(f"{one.kind} {index} {one.address} {one.port.number} &")
        if index % AT_ONCE == AT_ONCE - 1:
            lines.append("wait")
    return "\n".join([*lines, "wait", f"echo END {len(attempts)}", ""])


def outcome(attempt: Attempt, code: int, said: str) -> str:
    """What became of a connection: ``open``, ``refused``, ``timed out``, or ``error: ...``.

    Args:
        attempt: The connection.
        code: Exit code of the command.
        said: What it printed, on one line.
    """
    text = " ".join(said.split())
    if attempt.kind == "http" and code == 0 and text.startswith("HTTP/1."):
        answered = text.rpartition(" ")[2]
        return (
            OPEN
            if answered == attempt.identity
            else f"error: '{answered}' answered instead of '{attempt.identity}'"
        )
    if attempt.kind == "bare" and code == 0:
        return OPEN
    if attempt.kind == "dns" and ("Name: " in text or "server can't find" in text):
        return OPEN
    if "Connection refused" in text:
        return REFUSED
    if (
        text.endswith("nc: timed out")
        or "no servers could be reached" in text
        or (code in ENDED and not text)
    ):
        return TIMED_OUT
    return f"error: exit code {code}: {text or 'nothing was printed'}"


def outcomes(source: str, attempts: Sequence[Attempt], printed: str) -> Mapping[Attempt, str]:
    """What became of each connection of a script.

    Args:
        source: Name of the endpoint that the script ran in.
        attempts: The script's connections.
        printed: Its standard output.

    Raises:
        LabError: If a line is missing, there twice, or no line of the script's.
    """
    lines = [line for line in printed.split("\n") if line.strip()]
    found: dict[int, str] = {}
    for line in lines[:-1]:
        match = _LINE.fullmatch(line)
        index = int(match[1]) if match else -1
        if match is None or index in found or index >= len(attempts):
            raise _unreadable(source, f"printed '{line[:80]}'")
        found[index] = outcome(attempts[index], int(match[2]), match[3])
    if not lines or lines[-1] != f"END {len(attempts)}" or len(found) != len(attempts):
        raise _unreadable(source, f"reported {len(found)} of {len(attempts)} connections")
    return {attempts[index]: result for index, result in found.items()}


def _unreadable(source: str, what: str) -> LabError:
    return LabError(
        f"the probe in {source} {what}; one line for each connection is needed; look at its pod with kubectl, and run"
        " the probe again"
    )
