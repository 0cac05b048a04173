"""Whether a host answers at all, decided in seconds and once a run."""

import socket
import threading
import urllib.parse
import urllib.request

CONNECT_TIMEOUT_S = 3.0
"""A host that has not taken a connection by then is left out; a healthy one needs well under a second."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Reach:
    """Remembers for one run which hosts take connections.

    Args:
        timeout_s: Bound in seconds for name look-up and connection together. The sockets' own timeout covers
            neither the look-up nor several addresses one after another.
    """

    def __init__(self, timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._failures: dict[str, str] = {}
        self._reached: set[str] = set()

    def refusal(self, url: str) -> str | None:
        """Why the host of an address cannot be used; None if it takes connections.

        Behind a proxy it is the proxy that has to answer.
        """
        wanted = urllib.parse.urlsplit(url)
        via = _proxy(wanted) or wanted
        host, port = via.hostname or "", via.port or _DEFAULT_PORTS.get(via.scheme, 443)
        key = f"{host}:{port}"
        if key in self._failures:
            return f"{host} skipped, it failed before in this run ({self._failures[key]})"
        if key not in self._reached:
            failure = _connect_failure(host, port, self._timeout_s)
            if failure:
                self._failures[key] = failure
                return f"{host} is unreachable ({failure})"
            self._reached.add(key)
        return None

    def mark_failed(self, url: str, reason: str) -> None:
        """Leave out the host of an address for the rest of the run."""
        wanted = urllib.parse.urlsplit(url)
        via = _proxy(wanted) or wanted
        self._failures[f"{via.hostname}:{via.port or _DEFAULT_PORTS.get(via.scheme, 443)}"] = reason


def _proxy(wanted: urllib.parse.SplitResult) -> urllib.parse.SplitResult | None:
    proxy = urllib.request.getproxies().get(wanted.scheme)
    if not proxy or urllib.request.proxy_bypass(wanted.netloc):
        return None
    return urllib.parse.urlsplit(proxy if "//" in proxy else f"http://{proxy}")


def _connect_failure(host: str, port: int, timeout_s: float) -> str | None:
    outcome: list[str | None] = []

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=timeout_s).close()
            outcome.append(None)
        except OSError as problem:
            outcome.append(problem.strerror or str(problem))

    # A thread, because a name look-up cannot be given a timeout; a hanging one dies with the process.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(timeout_s)
    return outcome[0] if outcome else f"no connection within {timeout_s:g} s"
