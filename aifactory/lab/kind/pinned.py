"""The published node image, for machines where the registry that serves it answers."""

import threading
import urllib.error
import urllib.request

PINNED = "docker.io/kindest/node@sha256:02722c2dedddcfc00febf5d27fbeb9b7b2c14294c82109ff4a85d89ac9ba3256"
"""Node image of Kubernetes 1.34.8 from the release notes of kind v0.32.0 (2026-06-02; looked up 2026-11-26). Without
the tag: podman takes a tag or a digest."""
CGROUP = 2
"""The cgroup version it needs: since kind v0.32 its systemd is Debian 13's, and that does not start on version 1."""
REGISTRY = "https://registry-1.docker.io/v2/"
"""Version endpoint of the registry that serves it (OCI distribution specification 1.0)."""
TIMEOUT_S = 3.0
_SERVED = frozenset({200, 401})
"""A registry answers so; 401 asks for a token, which engines fetch by themselves."""


def registry_answers(url: str = REGISTRY, timeout_s: float = TIMEOUT_S) -> bool:
    """Whether a registry answers at its version endpoint; behind a proxy, through it.

    Args:
        url: The endpoint.
        timeout_s: Bound in seconds for look-up of the name, connection and answer together.
    """
    answered: list[bool] = []
    # A thread, because a name look-up cannot be given a timeout; a hanging one dies with the process.
    thread = threading.Thread(target=lambda: answered.append(_served(url, timeout_s)), daemon=True)
    thread.start()
    thread.join(timeout_s)
    return bool(answered and answered[0])


def _served(url: str, timeout_s: float) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:  # noqa: S310 - https, or a test's http
            status = answer.status
    except urllib.error.HTTPError as error:
        with error:
            status = error.code
    except (OSError, ValueError):
        return False
    return status in _SERVED
