"""The published node image, for machines where container registries answer and nothing has to be built."""

import http.client
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

PINNED = "kindest/node:v1.34.8@sha256:02722c2dedddcfc00febf5d27fbeb9b7b2c14294c82109ff4a85d89ac9ba3256"
"""Node image of Kubernetes 1.34 from the release notes of kind v0.32.0 (2026-06-02; looked up 2026-11-26)."""
REGISTRIES = ("registry-1.docker.io", "registry.k8s.io", "nvcr.io")
"""Where the node image, Kubernetes' images and NVIDIA's operands are from."""
TIMEOUT_S = 3.0
_SERVED = frozenset({200, 401})
"""A registry answers its version endpoint so; 401 asks for a token, which clients fetch by themselves."""


def pinned_node_image(registries: Iterable[str] = REGISTRIES, timeout_s: float = TIMEOUT_S) -> str | None:
    """The published node image by digest, if every registry a lab would pull from answers; None otherwise.

    It has none of the images named ``aifactory.local``: a lab on it has to use the vendors' own.

    Args:
        registries: Hosts that have to answer.
        timeout_s: Seconds each may take; they are asked at the same time.
    """
    hosts = tuple(registries)
    with ThreadPoolExecutor(len(hosts)) as pool:
        answers = pool.map(lambda host: answers_as_registry(host, timeout_s), hosts)
        return PINNED if all(answers) else None


def answers_as_registry(host: str, timeout_s: float) -> bool:
    """Whether a host answers as the version endpoint of a registry does (OCI distribution specification 1.0)."""
    connection = http.client.HTTPSConnection(host, timeout=timeout_s)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status in _SERVED
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
