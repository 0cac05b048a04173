"""The layer network-policies. Does not prove enforcement; the kind lane does."""

import pytest
from pydantic import ValidationError

from aifactory.manifests.flow import Peer
from aifactory.manifests.flows import FLOWS
from aifactory.manifests.network_policies import NetworkPoliciesArgs, mirror_peers
from aifactory.spec.network import Network, PolicyProfile
from tests.support.policies import EVERYTHING, changed, expected, made, rules, unsafe


def test_every_namespace_is_closed_in_both_directions() -> None:
    """Each managed namespace has one default deny of both policy types, and every rule names peers."""
    assert unsafe(made(EVERYTHING), list(EVERYTHING.homes())) == []
    assert sorted(EVERYTHING.homes()) == [
        "aifactory-system",
        "gpu-operator",
        "inference",
        "nvidia-device-plugin",
        "nvidia-dra-driver",
        "training",
    ]


@pytest.mark.parametrize("damage", ["types", "direction", "policy", "peers"])
def test_a_damaged_policy_is_noticed(damage: str) -> None:
    """The check above fails on lost policy types, a lost default deny, and a rule open to everyone."""
    policies = made(EVERYTHING)
    if damage == "types":
        del policies["training/default-deny"]["policyTypes"]
    elif damage == "direction":
        policies["training/default-deny"]["policyTypes"].remove("Egress")
    elif damage == "policy":
        del policies["training/default-deny"]
    else:
        policies["gpu-operator/driver-mirrors"]["egress"][0]["to"] = []

    assert len(unsafe(policies, list(EVERYTHING.homes()))) == 1


def test_table_and_policies_agree() -> None:
    """Every row yields a policy in each namespace of its kind, and no policy is without a row."""
    opened = {name for name in made(EVERYTHING) if not name.endswith("/default-deny")}

    assert opened == set(expected(EVERYTHING))
    assert {row.name for row in expected(EVERYTHING).values()} == {row.name for row in FLOWS}


def test_ports_are_those_of_the_table() -> None:
    """A policy opens the ports of its row; towards API servers those of the address plan."""
    policies = made(EVERYTHING)
    for name, row in expected(EVERYTHING).items():
        opened = [(p["protocol"], p["port"]) for rule in rules(policies[name]) for p in rule.get("ports", [])]
        wanted = [(port.protocol, port.number) for port in row.ports]
        if row.peer is Peer.API_SERVERS:
            wanted = [("TCP", 6443), ("TCP", 443)]
        assert opened == wanted, name
        assert policies[name]["podSelector"] == row.pods.selector(), name


def test_dns_goes_to_the_dns_pods_only() -> None:
    """Port 53 is open to the pods labelled kube-dns in kube-system, not to every pod there."""
    (rule,) = made(EVERYTHING)["training/allow-dns"]["egress"]

    assert rule["to"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ]


@pytest.mark.parametrize(
    ("servers", "cidrs"),
    [
        (("10.0.0.10", "10.0.0.11"), ["10.0.0.10/32", "10.0.0.11/32"]),
        (("fd00::10",), ["fd00::10/128"]),
        ((), ["10.0.0.0/16"]),
    ],
)
def test_api_servers_are_reached_by_address(servers: tuple[str, ...], cidrs: list[str]) -> None:
    """The API is open at each server's own address, or at the node network where none is given."""
    args = changed(network=Network(api_servers=servers))
    servers_rule, service_rule = made(args)["gpu-operator/operator-api"]["egress"]

    assert [peer["ipBlock"]["cidr"] for peer in servers_rule["to"]] == cidrs
    assert service_rule["to"] == [{"ipBlock": {"cidr": "10.96.0.1/32"}}]


def test_pilot_without_mirrors_reaches_everything_outside_the_cluster() -> None:
    """In the pilot packages come from anywhere but the cluster's networks and the metadata service."""
    network = Network(storage_cidr="10.9.0.0/16")
    beside = ["10.0.0.0/16", "10.244.0.0/16", "10.9.0.0/16", "10.96.0.0/16", "169.254.0.0/16"]

    assert mirror_peers(network, PolicyProfile.PILOT) == [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": beside}}
    ]


@pytest.mark.parametrize("profile", list(PolicyProfile))
def test_named_mirrors_are_the_only_ones(profile: PolicyProfile) -> None:
    """Where mirrors are named, packages come from there in either profile."""
    network = Network(mirror_cidrs=("10.8.0.0/24",))

    assert mirror_peers(network, profile) == [{"ipBlock": {"cidr": "10.8.0.0/24"}}]


def test_what_is_absent_opens_nothing() -> None:
    """Without mirrors, storage, standalone DCGM and compute domains their policies are not written."""
    args = changed(network=Network(), compute_domains=False, standalone_dcgm=False)
    gone = {name.partition("/")[2] for name in set(made(EVERYTHING)) - set(made(args))}

    assert gone == {
        "driver-mirrors",
        "service-storage",
        "dcgm-egress",
        "dcgm-ingress",
        "dcgm-health-ingress",
        "imex-api",
        "imex-peers-egress",
        "imex-peers-ingress",
    }


@pytest.mark.parametrize("field", ["node_cidr", "storage_cidr", "mirror_cidrs"])
def test_the_whole_address_space_is_refused(field: str) -> None:
    """A network that is the whole address space is refused before a policy is made of it."""
    value = ("0.0.0.0/0",) if field == "mirror_cidrs" else "0.0.0.0/0"
    with pytest.raises(ValidationError) as caught:
        NetworkPoliciesArgs(network=Network.model_validate({field: value}))

    assert [error["msg"] for error in caught.value.errors()] == [
        "Value error, a node, mirror or storage network is the whole address space; name a smaller one"
    ]


def test_namespaces_that_are_not_ours_stay_untouched() -> None:
    """Only the factory's own namespace is closed where nothing else is named."""
    assert list(made(NetworkPoliciesArgs())) == [
        "aifactory-system/default-deny",
        "aifactory-system/allow-dns",
        "aifactory-system/node-pool-patch-api",
    ]


def test_a_shared_namespace_is_closed_once() -> None:
    """A namespace of two components has one default deny and the flows of both."""
    policies = made(changed(dra_namespace="gpu-operator"))

    assert {"gpu-operator/operator-api", "gpu-operator/dra-api"} <= set(policies)
