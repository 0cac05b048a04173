"""Kubeconfig files: read by the official client, refused with one clear message."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from aifactory.errors import ClusterError

if TYPE_CHECKING:
    import kubernetes

_UNUSABLE = (AttributeError, KeyError, OSError, TypeError, ValueError, yaml.YAMLError)
"""What the official client raises on a torn kubeconfig, besides its own exception."""


def configuration(
    kubeconfig: Path | None, context: str | None, connections: int
) -> "kubernetes.client.Configuration":
    """The client's configuration from a kubeconfig.

    Args:
        kubeconfig: The file; None means KUBECONFIG or ``~/.kube/config``.
        context: Context in it; None means the current one.
        connections: Connections kept open to the API server.

    Raises:
        ClusterError: If the kubeconfig cannot be used.
    """
    import kubernetes

    settings = kubernetes.client.Configuration()
    settings.connection_pool_maxsize = connections
    settings.retries = False
    try:
        kubernetes.config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=None if kubeconfig is None else str(kubeconfig),
            context=context,
            client_configuration=settings,
            persist_config=False,
        )
    except (*_UNUSABLE, kubernetes.config.ConfigException) as error:
        shown = kubeconfig or f"the default kubeconfig ({os.environ.get('KUBECONFIG') or '~/.kube/config'})"
        torn = isinstance(
            error, AttributeError | KeyError | TypeError
        )  # of the client, which checks no types
        why = "its content is of another form" if torn else " ".join(str(error).split())
        raise ClusterError(
            f"{shown}: cannot be used as a kubeconfig ({why}); a file with a current context is needed;"
            " set KUBECONFIG, or bring a lab up with 'aifactory lab up --target simulated'"
        ) from error
    return settings
