"""What a change does to limits, volumes, namespaces and flows: each rule fires, and is silent otherwise."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.manifests.disruption.limits import amount
from aifactory.manifests.disruption.model import InUse, Severity, Volumes
from aifactory.spec.disruption import DisruptionKind
from tests.support.changes import Objects, declared, edited, found, keyed, made, only
from tests.support.stacks import tier

K = DisruptionKind
SPACE = made("v1", "Namespace", "a")


def quota(**hard: str) -> Objects:
    """A namespace with a quota."""
    return keyed(SPACE, made("v1", "ResourceQuota", "q", namespace="a", spec={"hard": hard}))


@pytest.mark.parametrize(
    ("old", "new", "fires"),
    [
        ({"pods": "5"}, {"pods": "4"}, True),
        ({"pods": "5"}, {"pods": "5", "cpu": "1"}, True),
        ({"memory": "1Ti"}, {"memory": "1023Gi"}, True),
        ({"memory": "1Ti"}, {"memory": "1024Gi"}, False),
        ({"pods": "5"}, {"pods": "6"}, False),
        ({"pods": "5"}, {}, False),
    ],
)
def test_lower_quotas(old: dict[str, str], new: dict[str, str], *, fires: bool) -> None:
    """A lower or a first limit is named; a higher one, the same in other units, and none are not."""
    items = found(quota(**old), quota(**new))

    assert [(item.kind, item.subject) for item in items] == ([(K.QUOTA_REPLACED, "a/q")] if fires else [])


def test_a_quota_in_a_new_namespace() -> None:
    """Nothing runs in a namespace that is new; in one that was there a first quota counts."""
    other = keyed(made("v1", "Namespace", "b"))

    assert found(other, {**other, **quota(pods="1")}) == []
    assert found(keyed(SPACE), quota(pods="1")) != []


@given(st.integers(0, 10**6), st.sampled_from(["", "k", "Ki", "M", "Mi", "G", "Gi", "T", "Ti"]))
def test_quantities_are_worth_what_kubernetes_says(count: int, unit: str) -> None:
    """Decimal units are powers of 1000, binary ones of 1024."""
    base = 1024 if unit.endswith("i") else 1000
    power = " kMGTPE".index(unit[0].replace("K", "k")) if unit else 0

    assert amount(f"{count}{unit}") == count * base**power


@pytest.mark.parametrize("value", ["x", "", "1Xi", None, True, {}, []])
def test_what_is_no_quantity(value: Any) -> None:
    """Anything else is worth nothing that could be compared; -1 lifts a limit."""
    assert amount(value) is None
    assert amount(-1) == float("inf")


def cluster_queue(amount: str, **more: object) -> Objects:
    """A queue of Kueue."""
    flavors = [{"name": "gb300", "resources": [{"name": "nvidia.com/gpu", "nominalQuota": amount}]}]
    spec = {"resourceGroups": [{"coveredResources": ["nvidia.com/gpu"], "flavors": flavors}], **more}
    return keyed(SPACE, made("kueue.x-k8s.io/v1beta2", "ClusterQueue", "q", spec=spec))


def kai_queue(limit: int) -> Objects:
    """A queue of KAI; -1 is no limit."""
    spec = {"resources": {"gpu": {"quota": 8, "limit": limit}}}
    return keyed(SPACE, made("scheduling.run.ai/v2", "Queue", "q", spec=spec))


def local_queue(leads_to: str) -> Objects:
    """A queue of a namespace."""
    return keyed(
        SPACE,
        made("kueue.x-k8s.io/v1beta2", "LocalQueue", "q", namespace="a", spec={"clusterQueue": leads_to}),
    )


@pytest.mark.parametrize(
    ("before", "after", "severity", "shown"),
    [
        (cluster_queue("16"), cluster_queue("8"), Severity.INTERRUPTION, "nominalQuota 16 to 8"),
        (
            cluster_queue("16"),
            cluster_queue("16", stopPolicy="HoldAndDrain"),
            Severity.INTERRUPTION,
            "evicts",
        ),
        (
            cluster_queue("16"),
            cluster_queue("16", stopPolicy="Hold"),
            Severity.DELAY,
            "lets admitted work go on",
        ),
        (cluster_queue("16"), keyed(SPACE), Severity.DELAY, "the ClusterQueue goes"),
        (kai_queue(-1), kai_queue(64), Severity.INTERRUPTION, "limit -1 to 64"),
        (local_queue("x"), local_queue("y"), Severity.DELAY, "leads to y instead of x"),
    ],
)
def test_queues_that_give_less(before: Objects, after: Objects, severity: Severity, shown: str) -> None:
    """Queues that go, are stopped, or have less to give are named, with what work meets."""
    item = only(before, after, K.QUEUE_REPLACED)

    assert item.severity is severity
    assert shown in item.message


def test_queues_that_give_more() -> None:
    """More to give disrupts nothing, nor does a queue that is new."""
    assert found(cluster_queue("8"), cluster_queue("16")) == []
    assert found(kai_queue(64), kai_queue(-1)) == []
    assert found(keyed(SPACE), kai_queue(8)) == []


def stored(**fields: object) -> Objects:
    """A stack with one tier."""
    return declared(storage={"tiers": [tier(**{"parameters": {"filesystemName": "a"}, **fields})]})


VOLUMES = InUse(asked=True, volumes_by_class={"fast": Volumes(delete=2, retain=1, claims=3)})


@pytest.mark.parametrize(
    ("in_use", "severity", "shown"),
    [
        (VOLUMES, Severity.LOSS, "of it are 3 claims and 3 volumes now"),
        (InUse(asked=True), Severity.DELAY, "no volume is of it now"),
        (InUse(), Severity.LOSS, "how many volumes are of it is not known; its reclaim policy is Retain"),
    ],
)
def test_storage_classes_made_anew(in_use: InUse, severity: Severity, shown: str) -> None:
    """Another parameter makes the class anew; what is of it is counted where the cluster was asked."""
    before, after = stored(), stored(parameters={"filesystemName": "b"})

    item = only(before, after, K.VOLUMES_LOST, in_use)

    assert (item.subject, item.severity) == ("fast", severity)
    assert "is made anew (parameters)" in item.message
    assert shown in item.message


def test_storage_classes_that_go_or_stay() -> None:
    """A class that goes is named; one that becomes the default is the same one."""
    assert "is deleted" in only(stored(), declared(), K.VOLUMES_LOST, VOLUMES).message
    assert found(stored(), stored(default=True)) == []


def test_namespaces_that_go() -> None:
    """A namespace takes everything in it along; nothing else of it is reported."""
    before, after = declared(services=[{"name": "training", "namespace": "old"}]), declared()

    item = only(before, after, K.NAMESPACE_DELETED, InUse(asked=True, pods_by_namespace={"old": 1}))

    assert (item.subject, item.severity) == ("old", Severity.LOSS)
    assert item.message.endswith("1 pod and 0 volume claims now")
    assert found(before, after, K.NETWORK_CLOSED) == []


def test_definitions_that_go() -> None:
    """A CustomResourceDefinition takes every object of its kind along."""
    crd = keyed(made("apiextensions.k8s.io/v1", "CustomResourceDefinition", "things.example.com"), SPACE)

    assert only(crd, keyed(SPACE), K.DEFINITION_DELETED).severity is Severity.LOSS
    assert found(crd, crd) == []


def policy(name: str, **spec: Any) -> dict[str, Any]:
    """A NetworkPolicy of the namespace."""
    return made(
        "networking.k8s.io/v1", "NetworkPolicy", name, namespace="a", spec={"podSelector": {}, **spec}
    )


DENY = policy("deny", policyTypes=["Ingress", "Egress"])
DNS = {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53}, {"port": 54}]}
ALLOW = policy("allow", policyTypes=["Egress"], egress=[DNS])


def test_a_first_policy_closes() -> None:
    """The first policy of a namespace that runs closes what it does not allow; further ones close nothing."""
    first = only(keyed(SPACE), keyed(SPACE, DENY), K.NETWORK_CLOSED)

    assert first.subject == "a/deny"
    assert "ingress and egress of every pod of the namespace was open" in first.message
    assert found(keyed(SPACE, DENY), keyed(SPACE, DENY, ALLOW)) == []
    assert found(keyed(made("v1", "Namespace", "b")), keyed(SPACE, DENY, made("v1", "Namespace", "b"))) == []


def test_a_policy_that_goes() -> None:
    """Flows that nothing else lets through are closed; without a deny the namespace is open instead."""
    item = only(keyed(SPACE, DENY, ALLOW), keyed(SPACE, DENY), K.NETWORK_CLOSED)

    assert item.message.startswith("2 flows (egress) that the policy let through are closed")
    assert found(keyed(SPACE, ALLOW), keyed(SPACE)) == []


def test_a_port_less() -> None:
    """A policy that keeps its peers and loses a port closes that flow; a wider policy keeps it open."""
    fewer = edited(ALLOW, "spec.egress.0.ports", [{"port": 53}])
    wide = policy("wide", policyTypes=["Egress"], egress=[{}])

    assert "1 flow (egress)" in only(keyed(DENY, ALLOW), keyed(DENY, fewer), K.NETWORK_CLOSED).message
    assert found(keyed(DENY, ALLOW), keyed(DENY, wide)) == []


def isolation(*others: str, home: str = "a") -> dict[str, Any]:
    """A ClusterNetworkPolicy that keeps namespaces apart."""
    names = {
        "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": [*others]}]
    }
    rule = {"action": "Deny", "from": [{"namespaces": names}]}
    subject = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": home}}}
    spec = {"subject": subject, "ingress": [rule]}
    return made("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", f"keep-{home}", spec=spec)


def test_more_is_denied() -> None:
    """A denial more is named; one of a namespace that is new, or for one that is new, closes nothing."""
    other = made("v1", "Namespace", "b")

    assert (
        only(keyed(SPACE, other), keyed(SPACE, other, isolation("b")), K.NETWORK_CLOSED).subject == "keep-a"
    )
    assert found(keyed(SPACE), keyed(SPACE, other, isolation("b"), isolation("a", home="b"))) == []
    assert found(keyed(SPACE, other, isolation("b")), keyed(SPACE, other)) == []
