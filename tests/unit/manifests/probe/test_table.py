"""The truth table: intent against rendered policies. Does not prove enforcement; a live probe does."""

from typing import Any

import pytest

from aifactory.errors import AIFactoryError
from aifactory.manifests.model import Bundle
from aifactory.manifests.network_policies import layers
from aifactory.manifests.probe.endpoints import PortId
from aifactory.manifests.probe.report import HALF_CLOSED, HALF_OPEN, NOT_GOVERNED, Row
from aifactory.manifests.probe.table import TruthTable, static_report, truth_table
from aifactory.spec.network import Network, PolicyProfile
from tests.support.policies import EVERYTHING, changed
from tests.support.probes import STACKS, policy, table_of, table_with


def opened(table: TruthTable, source: str, destination: str) -> list[str]:
    """The ports that are meant to be open from one endpoint to another one."""
    names = [one.name for one in table.endpoints]
    mask = table.expected.open(names.index(source), names.index(destination))
    return [str(port) for index, port in enumerate(table.ports) if mask >> index & 1]


def damaged(table: TruthTable, name: str, spec: dict[str, Any] | None) -> TruthTable:
    """The table with one policy replaced, or gone."""
    space, _, short = name.partition("/")
    kept = [one for one in table.policies if one["metadata"] != next_metadata(table, name)]
    assert len(kept) == len(table.policies) - 1
    more = [policy(spec, short, space)] if spec is not None else []
    return TruthTable(table.args, table.endpoints, table.ports, [*kept, *more])


def next_metadata(table: TruthTable, name: str) -> Any:
    """The metadata of the policy with this name."""
    found: list[Any] = [one["metadata"] for one in table.policies]
    return next(one for one in found if f"{one['namespace']}/{one['name']}" == name)


@pytest.mark.parametrize("stack", STACKS)
def test_policies_of_every_stack_are_as_meant(stack: str) -> None:
    """No connection of any stack is decided otherwise than the flow table and the address plan mean it."""
    report = static_report(stack, table_of(stack))

    assert report.differences == ()
    assert report.compared > 100_000
    assert len({(row.source, row.destination, row.port, row.protocol) for row in report.rows}) == len(
        report.rows
    )


def test_everything_that_can_be_declared_is_as_meant() -> None:
    """The same for a factory with every condition, and for the profiles with and without mirrors."""
    for args in (
        EVERYTHING,
        changed(profile=PolicyProfile.PILOT, network=Network(storage_cidr="10.9.0.0/16")),
        changed(profile=PolicyProfile.PRODUCTION, network=Network()),
        changed(dra_namespace="gpu-operator", service_namespaces=("gpu-operator", "training")),
        changed(
            network=Network(pod_cidr="fd00:1::/64", service_cidr="fd00:2::/112", node_cidr="fd00:3::/64")
        ),
    ):
        assert list(table_with(args).differences()) == []


def test_what_is_meant_is_what_the_guide_says() -> None:
    """Intent by hand, for flows that a reader can check: peers, ports, and what is closed although it is near."""
    table = table_with(EVERYTHING)

    assert opened(table, "training/any", "kube-system/kube-dns") == ["53/TCP", "53/UDP"]
    assert opened(table, "training/any", "kube-system/any") == []
    assert len(opened(table, "training/any", "training/another")) == len(table.ports)
    assert opened(table, "training/any", "inference/any") == []
    assert opened(table, "monitoring/any", "gpu-operator/nvidia-dcgm-exporter") == ["9400/TCP"]
    assert opened(table, "ordinary/any", "gpu-operator/nvidia-dcgm-exporter") == []
    assert opened(table, "nvsentinel/any", "gpu-operator/nvidia-dcgm") == ["5555/TCP"]
    assert opened(table, "gpu-operator/nvidia-dcgm-exporter", "gpu-operator/nvidia-dcgm") == ["5555/TCP"]
    assert opened(table, "gpu-operator/gpu-operator", "API server") == ["6443/TCP"]
    assert opened(table, "gpu-operator/gpu-operator", "API service") == ["443/TCP"]
    assert opened(table, "training/any", "API server") == []
    assert opened(table, "node network", "nvidia-dra-driver/webhook") == ["443/TCP"]
    assert opened(table, "ordinary/any", "nvidia-dra-driver/webhook") == []
    assert opened(table, "gpu-operator/nvidia-driver", "mirrors") == ["80/TCP", "443/TCP"]
    assert opened(table, "gpu-operator/nvidia-driver", "internet") == []
    assert opened(table, "gpu-operator/nvidia-driver", "metadata service") == []
    assert len(opened(table, "training/any", "storage network")) == len(table.ports)
    assert opened(table, "training/any", "above the storage network") == []


def test_the_pilot_reaches_the_internet_and_no_credentials() -> None:
    """In the pilot drivers come from anywhere outside, but not from the metadata service or the cluster."""
    table = table_of("korea-pilot")

    assert opened(table, "gpu-operator/nvidia-driver", "internet") == ["80/TCP", "443/TCP"]
    assert opened(table, "gpu-operator/nvidia-driver", "metadata service") == []
    assert opened(table, "gpu-operator/nvidia-driver", "ordinary/any") == []
    assert opened(table, "gpu-operator/gpu-operator", "internet") == []


def test_a_wrong_policy_is_a_difference_with_its_name() -> None:
    """A storage rule that is lost, and one that is open to everybody, are rows that name who decides."""
    table = table_of("korea-pilot")
    lost = list(damaged(table, "training/service-storage", None).differences())
    wide = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": []}]}
    open_to_all = list(damaged(table, "training/service-storage", wide).differences())

    row = next(one for one in lost if (one.destination, one.port) == ("storage network", 443))
    assert (row.expected, row.found, row.policies) == ("open", "closed", ("training/default-deny",))
    assert (
        Row("training/any", "internet", 443, "TCP", "closed", "open", ("training/service-storage",))
        in open_to_all
    )


def test_what_one_side_hides_is_a_difference_too() -> None:
    """Where only one of two closed sides is damaged the connection is the same, and still not as it is meant."""
    table = table_of("korea-pilot")
    everyone = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}
    more = list(damaged(table, "training/service-storage", everyone).differences())
    hidden = [one for one in more if one.found == HALF_OPEN]
    lost = list(damaged(table, "nvidia-dra-driver/imex-peers-egress", None).differences())

    assert ("training/any", "inference/any") in {(one.source, one.destination) for one in hidden}
    assert {one.expected for one in hidden} == {"closed"}
    assert {one.found for one in lost} <= {"closed", HALF_CLOSED}


def test_the_report_for_machines_is_one_object() -> None:
    """The keys of the report and of a row are a contract."""
    data = static_report("local", table_of("local")).data()
    rows = data["rows"]

    assert list(data) == [
        "stack", "mode", "policies", "compared", "rows", "differences", "not_probed", "not_governed", "not_proven"
    ]  # fmt: skip
    assert (data["stack"], data["mode"], data["not_governed"]) == ("local", "static", list(NOT_GOVERNED))
    assert isinstance(rows, list)
    assert {tuple(row) for row in rows if isinstance(row, dict)} == {
        ("from", "to", "port", "protocol", "expected", "found", "policies")
    }


def test_cluster_wide_policies_are_said_not_to_be_read() -> None:
    """A factory with ClusterNetworkPolicies says that they are not part of the table."""
    said = static_report("x", table_with(EVERYTHING)).not_proven
    without = static_report("x", table_of("local")).not_proven

    assert "what 2 ClusterNetworkPolicies deny beyond that: they are declared, and not read here" in said
    assert not any("ClusterNetworkPolicies" in one for one in without)


def test_namespaces_of_tenants_are_probed_as_they_are() -> None:
    """A namespace that the factory does not close has a pod in the table, which reaches no service plane."""
    table = table_of("korea-pilot")

    assert opened(table, "foundation-models/any", "training/any") == []
    assert len(opened(table, "foundation-models/any", "internet")) == len(table.ports)


def test_ports_beside_those_of_the_table_are_compared() -> None:
    """Every port of the table is there in both protocols, with the next one and the one before."""
    ports = set(table_of("local").ports)

    for number in (53, 80, 443, 5555, 6443, 8000, 8080, 8081, 9400, 29500, 50000):
        near = {PortId(number + step, protocol) for step in (-1, 0, 1) for protocol in ("TCP", "UDP")}
        assert near <= ports


def test_a_pod_network_that_is_too_small_is_refused() -> None:
    """The pods of the table need addresses of their own."""
    args = changed(network=Network(pod_cidr="10.244.0.0/26", pod_prefix_per_node=27))
    with pytest.raises(AIFactoryError) as caught:
        truth_table(args, Bundle(stack="x", layers=layers(args)))

    count = len([one for one in table_with(EVERYTHING).endpoints if one.is_pod])
    assert str(caught.value) == (
        f"the pod network 10.244.0.0/26 has 64 addresses and the probe imagines {count} pods;"
        f" at least {16 + count} addresses are needed; widen network.pod_cidr"
    )


def test_endpoints_are_told_apart() -> None:
    """Names and addresses are unique, every pod is in the pod network, and networks have near misses."""
    for stack in STACKS:
        ends = table_of(stack).endpoints
        assert len({one.name for one in ends}) == len(ends)
        assert len({one.address for one in ends}) == len(ends)
        assert {
            "node network, first",
            "node network, last",
            "below the node network",
            "above the node network",
        } <= {one.name for one in ends if one.decoy}
