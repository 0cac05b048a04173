"""The flow table. Does not prove that a cluster enforces it; the kind lane does."""

import pytest

from aifactory.manifests.flow import Flow, Home, Peer, Pods
from aifactory.manifests.flows import FLOWS

LABEL_LIMIT = 63


def flow(name: str) -> Flow:
    """The row of that name."""
    return next(row for row in FLOWS if row.name == name)


def test_names_are_unique_and_valid() -> None:
    """Every row has a name of its own that fits a label."""
    names = [row.name for row in FLOWS]

    assert len(set(names)) == len(names)
    assert all(len(name) <= LABEL_LIMIT and name != "default-deny" for name in names)


def test_every_row_says_why() -> None:
    """Every row gives a reason that a reader of the cluster understands."""
    assert [row.name for row in FLOWS if len(row.why.split()) < 3] == []


def test_only_service_namespaces_open_every_port() -> None:
    """Rows without ports are those to API servers, whose ports the stack gives, and inside services."""
    portless = {row.name for row in FLOWS if not row.ports and row.peer is not Peer.API_SERVERS}

    assert portless == {"service-peers-egress", "service-peers-ingress", "service-storage"}


def test_both_ends_of_a_connection_are_open() -> None:
    """Between pods of one namespace, each egress row has an ingress row that mirrors it, and no other."""
    inside = [row for row in FLOWS if row.peer is Peer.NAMESPACE_PODS]
    ends = {(row.home, row.direction, row.pods, row.peer_pods, row.ports, row.condition) for row in inside}

    assert len(inside) == 6
    for home, direction, pods, peers, ports, condition in ends:
        opposite = "Ingress" if direction == "Egress" else "Egress"
        assert (home, opposite, peers, pods, ports, condition) in ends


def test_webhooks_are_called_from_hosts() -> None:
    """No webhook is opened to pods: API servers run on hosts, which selectors do not match."""
    webhooks = [row for row in FLOWS if "webhook" in row.name]

    assert [(row.peer, row.direction) for row in webhooks] == [(Peer.NODES, "Ingress")]


def test_imex_daemons_reach_each_other() -> None:
    """Daemons of compute domains meet on port 50000 in both directions."""
    for name in ("imex-peers-egress", "imex-peers-ingress"):
        row = flow(name)
        assert row.home is Home.DRA_DRIVER
        assert [port.number for port in row.ports] == [50000]
        assert row.pods == row.peer_pods == Pods(key="resource.nvidia.com/computeDomain")


@pytest.mark.parametrize(
    ("name", "ports"),
    [
        ("operator-metrics", [8080]),
        ("node-status-metrics", [8000]),
        ("dcgm-exporter-metrics", [9400]),
        ("nfd-metrics", [8080]),
        ("dra-controller-metrics", [8080]),
        ("dra-plugin-metrics", [8080, 8081]),
    ],
)
def test_metrics_are_scraped_on_the_component_s_ports(name: str, ports: list[int]) -> None:
    """Monitoring reaches a component on its metrics ports and nothing else."""
    row = flow(name)

    assert (row.peer, row.direction) == (Peer.MONITORING, "Ingress")
    assert [port.number for port in row.ports] == ports


@pytest.mark.parametrize(
    ("pods", "selector"),
    [
        (Pods(), {}),
        (Pods(key="app", values=("a",)), {"matchLabels": {"app": "a"}}),
        (Pods(key="app"), {"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
        (
            Pods(key="app", values=("a", "b")),
            {"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]},
        ),
    ],
)
def test_selectors_are_kubernetes_own(pods: Pods, selector: dict[str, object]) -> None:
    """A set of pods is written as the label selector that picks exactly it."""
    assert pods.selector() == selector
