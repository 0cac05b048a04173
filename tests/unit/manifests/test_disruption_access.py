"""What a change does to how pods come to GPUs, and who has acknowledged it."""

import datetime
from typing import Any

import pytest

from aifactory.manifests.disruption.judge import judged
from aifactory.manifests.disruption.model import InUse, Severity
from aifactory.spec.disruption import Acknowledgement, DisruptionKind
from tests.support.changes import declared, edited, found, keyed, made, only, pooled
from tests.support.stacks import pool

K = DisruptionKind
TODAY = datetime.date(2027, 3, 1)
RECORD = "v1 ConfigMap aifactory-system/pool-train"
PLUGIN = "apps/v1 DaemonSet nvidia-device-plugin/nvidia-device-plugin"
MPS = "apps/v1 DaemonSet nvidia-device-plugin/nvidia-mps-control-daemon"
SHARED: dict[str, Any] = {"time_slicing": {"replicas": 4}}


def rack(**fields: object) -> dict[str, Any]:
    """Two trays whose GPUs are claimed."""
    return pool(system="gb300-nvl72", allocation="dra", **fields)


def domain(nodes: int) -> list[dict[str, Any]]:
    """One compute domain."""
    return [{"name": "pair", "namespace": "training", "nodes": nodes}]


@pytest.mark.parametrize(("old", "new"), [("device-plugin", "dra"), ("dra", "device-plugin")])
def test_allocation_is_switched(old: str, new: str) -> None:
    """Between device plugin and DRA the nodes have to be drained, in both directions."""
    before, after = (
        pooled(system="gb300-nvl72", allocation=old),
        pooled(system="gb300-nvl72", allocation=new),
    )

    item = only(before, after, K.ALLOCATION_SWITCHED)

    assert (item.severity, item.nodes) == (Severity.INTERRUPTION, 2)
    assert f"through {new} instead of {old}" in item.message


def test_labels_that_change() -> None:
    """A label that goes or changes delays the pods that select it; one more does not."""
    before = pooled(labels={"example.com/hall": "a", "example.com/row": "1"})
    after = pooled(labels={"example.com/hall": "b"})

    items = found(before, after, K.LABELS_CHANGED, InUse(asked=True, pods_by_label={"example.com/row=1": 2}))

    assert ["becomes b" in items[0].message, "is taken away" in items[1].message] == [True, True]
    assert items[1].message.endswith("pods that select it now: 2")
    assert found(pooled(), before) == []


@pytest.mark.parametrize(
    ("effect", "severity"), [("NoSchedule", Severity.DELAY), ("NoExecute", Severity.INTERRUPTION)]
)
def test_another_taint(effect: str, severity: Severity) -> None:
    """A taint that evicts interrupts, and any other one delays."""
    before = pooled()
    after = {**before, RECORD: edited(before[RECORD], "data.taint", f"example.com/gpu=x:{effect}")}

    assert only(before, after, K.TAINT_CHANGED).severity is severity


def test_device_classes() -> None:
    """A class that goes or picks other devices is named, with the claims that ask for it."""
    before = declared(pools=[rack()])
    key = "resource.k8s.io/v1 DeviceClass train.aifactory.dev"
    after = {**before, key: edited(before[key], "spec.selectors", [])}
    gone = {name: item for name, item in before.items() if name != key}
    claims = InUse(asked=True, claims_by_class={"train.aifactory.dev": 9})

    changed, removed = (only(before, last, K.RESOURCE_RENAMED, claims) for last in (after, gone))

    assert "picks other devices" in changed.message
    assert removed.message.endswith("new ones stay Pending; claims that ask for it now: 9")


def test_claim_templates() -> None:
    """A template that goes, or is made anew, is named; one with other labels is not."""
    before = declared(pools=[rack()])
    key = "resource.k8s.io/v1 ResourceClaimTemplate training/train-node"
    count = "spec.spec.devices.requests.0.exactly.count"
    other = {**before, key: edited(before[key], count, 2)}
    gone = {name: item for name, item in before.items() if name != key}

    assert "is made anew" in only(before, other, K.RESOURCE_RENAMED).message
    assert "cannot start" in only(before, gone, K.RESOURCE_RENAMED).message
    assert found(before, {**before, key: edited(before[key], "metadata.labels", {})}) == []


def test_compute_domains() -> None:
    """Another size of an NVLink domain makes it anew, and the jobs on it end."""
    before = declared(pools=[rack(compute_domains=domain(2))])

    resized = only(before, declared(pools=[rack(compute_domains=domain(1))]), K.COMPUTE_DOMAIN_REPLACED)
    removed = only(before, declared(pools=[rack()]), K.COMPUTE_DOMAIN_REPLACED)

    assert (resized.subject, resized.severity) == ("training/pair", Severity.INTERRUPTION)
    assert "is made anew" in resized.message
    assert "is deleted" in removed.message


def test_the_own_plugin_restarts() -> None:
    """Another configuration rolls this stack's own plugin, a tenth of the nodes at a time."""
    alone: dict[str, Any] = {"device_stack": "standalone", "nodes": 25}
    before, after = pooled(**alone), pooled(**alone, partitioning=SHARED)

    item = only(before, after, K.PLUGIN_RESTART)

    assert (item.subject, item.nodes, item.parallel, item.waves) == ("nvidia-device-plugin", 25, 3, 9)
    assert item.severity is Severity.DELAY
    assert "restarts on 25 nodes of train" in item.message


def test_mps_clients_end_with_their_daemon() -> None:
    """A restart of the MPS daemon, unlike that of the plugin, ends running pods."""
    alone: dict[str, Any] = {"device_stack": "standalone"}
    before = pooled(**alone, partitioning={"mps": {"replicas": 4}})
    after = pooled(**alone, partitioning={"mps": {"replicas": 8}})

    items = {item.subject: item for item in found(before, after, K.PLUGIN_RESTART)}

    assert items["nvidia-mps-control-daemon"].severity is Severity.INTERRUPTION
    assert items["nvidia-mps-control-daemon"].objects == (MPS,)
    assert items["nvidia-device-plugin"].severity is Severity.DELAY


def test_the_operators_plugin_is_not_told() -> None:
    """The operator's plugin takes another configuration up only when somebody restarts it."""
    item = only(pooled(), pooled(partitioning=SHARED), K.PLUGIN_RESTART)

    assert (item.subject, item.nodes) == ("train", 2)
    assert "kubectl rollout restart" in item.message


@pytest.mark.parametrize("operand", ["devicePlugin", "toolkit"])
def test_another_operand(operand: str) -> None:
    """Another image of what stands between pods and GPUs restarts it; that of a metrics exporter does not count."""
    before, key = pooled(nodes=25), "nvidia.com/v1 ClusterPolicy cluster-policy"

    item = only(
        before, {**before, key: edited(before[key], f"spec.{operand}.version", "v9")}, K.PLUGIN_RESTART
    )

    assert (item.subject, item.parallel, item.waves) == (operand, 3, 9)
    assert found(before, {**before, key: edited(before[key], "spec.dcgmExporter.version", "v9")}) == []


@pytest.mark.parametrize(("old", "new"), [("operator", "standalone"), ("standalone", "operator")])
def test_another_plugin_serves_a_pool(old: str, new: str) -> None:
    """From the operator's plugin to our own, and back, new pods wait until the other one has registered."""
    items = found(pooled(device_stack=old), pooled(device_stack=new), K.PLUGIN_RESTART)

    assert any("serves the nodes from now on" in item.message for item in items)


@pytest.mark.parametrize(
    ("api_version", "kind", "place", "disruption"),
    [
        ("mellanox.com/v1alpha1", "NicClusterPolicy", "ofedDriver", K.NODE_DRAIN),
        ("configuration.net.nvidia.com/v1alpha1", "NicConfigurationTemplate", "template", K.NODE_REBOOT),
        ("sriovnetwork.openshift.io/v1", "SriovNetworkNodePolicy", "numVfs", K.NODE_DRAIN),
    ],
)
def test_nics(api_version: str, kind: str, place: str, disruption: K) -> None:
    """Another NIC driver drains nodes, and other firmware settings reboot them."""
    old, new = (
        keyed(made(api_version, kind, "n", spec={place: {"version": version}})) for version in ("1", "2")
    )
    pools = pooled()

    assert only({**pools, **old}, {**pools, **new}, disruption).nodes == 2
    assert found({**pools, **old}, {**pools, **old}) == []


@pytest.mark.parametrize(
    ("kind", "subject", "days", "counts"),
    [
        (K.POOL_SHRUNK, "train", 0, True),
        (K.POOL_SHRUNK, "*", 1, True),
        (K.POOL_SHRUNK, "train", -1, False),
        (K.POOL_SHRUNK, "other", 1, False),
        (K.POOL_REMOVED, "train", 1, False),
    ],
)
def test_acknowledgements(kind: K, subject: str, days: int, *, counts: bool) -> None:
    """An entry counts for its kind and subject, or every subject, until its last day is over."""
    until = TODAY + datetime.timedelta(days=days)
    entry = Acknowledgement(kind=kind, subject=subject, reason="planned", until=until)

    (item,) = judged(found(pooled(nodes=5), pooled(nodes=2)), [entry], TODAY)

    assert item.acknowledged == (entry if counts else None)
