"""Which charts can be installed from here: a chart that cannot is skipped with a reason, never dropped."""

import socket
from urllib.parse import urlsplit

from aifactory.deliver.cluster import ApiProblem, Cluster
from aifactory.plan.models import FactoryPlan
from aifactory.spec.stack import Target

CONNECT_TIMEOUT_S = 3.0
SIMULATED = "the target is simulated: operators are present as APIs only"
KIND = "the target is kind: the lab runs the chart's GPU programs itself, over a mock NVML"


def reachable(repository: str) -> bool:
    """Whether the host of a chart repository accepts a connection within three seconds.

    Args:
        repository: An ``https://`` or ``oci://`` address.
    """
    address = urlsplit(repository)
    try:
        with socket.create_connection((address.hostname or "", address.port or 443), CONNECT_TIMEOUT_S):
            return True
    except OSError:
        return False


def installed(cluster: Cluster) -> bool:
    """Whether Helm keeps any release of ours in the cluster; such a release must never be dropped."""
    try:
        return bool(cluster.list("v1", "Secret", "owner=helm"))
    except ApiProblem:
        return True


def chart_skip(planned: FactoryPlan, cluster: Cluster | None) -> str | None:
    """Why charts are not installed; None means that they are.

    A release that is in the cluster already stays declared even where its source is unreachable: leaving it
    out would uninstall it.

    Args:
        planned: The plan.
        cluster: The cluster; None means it is not asked, and charts are declared.
    """
    if planned.target is Target.SIMULATED:
        return SIMULATED
    if planned.target is Target.KIND:
        return KIND
    if cluster is None:
        return None
    hosts = {urlsplit(chart.repository).hostname: chart.repository for chart in planned.charts.values()}
    down = sorted(host or "" for host, repository in hosts.items() if not reachable(repository))
    if not down or installed(cluster):
        return None
    return f"chart sources cannot be reached from here ({', '.join(down)})"
