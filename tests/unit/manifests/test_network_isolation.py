"""Isolation of the service planes, and properties of every policy. Does not prove enforcement."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.manifests.network_policies import NetworkPoliciesArgs, layers
from aifactory.spec.network import Network, PolicyProfile
from tests.support import schemas
from tests.support.policies import EVERYTHING, blocks, changed, made, unsafe


def isolation(args: NetworkPoliciesArgs) -> list[KubernetesObject]:
    """The cluster-wide policies."""
    return [o for o in layers(args)[0].objects if o["kind"] == "ClusterNetworkPolicy"]


def test_service_planes_are_isolated_from_each_other() -> None:
    """Each service namespace denies every other one in the tier that no namespace can overrule."""
    for manifest in isolation(EVERYTHING):
        spec: Any = manifest["spec"]
        mine = spec["subject"]["namespaces"]["matchLabels"]["kubernetes.io/metadata.name"]
        (rule,) = spec["ingress"]
        (peer,) = rule["from"]
        assert (spec["tier"], rule["action"]) == ("Admin", "Deny")
        assert peer["namespaces"]["matchExpressions"][0]["values"] == [
            name for name in ("inference", "training") if name != mine
        ]
    assert len(isolation(EVERYTHING)) == 2


@pytest.mark.parametrize(
    "args",
    [changed(network=Network()), changed(service_namespaces=("training",)), changed(service_namespaces=())],
)
def test_isolation_needs_the_api_and_two_planes(args: NetworkPoliciesArgs) -> None:
    """Nothing cluster-wide is written where the API is not served or there is nobody to deny."""
    assert isolation(args) == []


def test_isolation_is_valid() -> None:
    """The cluster-wide policies pass the schema of the real CRD, unknown fields included."""
    if schemas.crd_dir() is None:
        pytest.skip("the CRDs are not at hand; set AIFACTORY_CRDS")
    assert [line for manifest in isolation(EVERYTHING) for line in schemas.violations(manifest)] == []


@st.composite
def address_plans(draw: st.DrawFn) -> Network:
    """Address plans of one family with disjoint networks."""
    family = draw(st.sampled_from([4, 6]))
    first = 10 << 24 if family == 4 else 0xFD << 120
    width = 32 if family == 4 else 128
    size = draw(st.integers(min_value=4, max_value=20))
    slots = draw(st.lists(st.integers(0, 15), min_size=5, max_size=5, unique=True))
    pod, service, node, storage, mirror = (
        str(ipaddress.ip_network((first + (slot << size), width - size))) for slot in slots
    )
    server = str(ipaddress.ip_network(node).network_address + draw(st.integers(0, 15)))
    return Network(
        pod_cidr=pod,
        service_cidr=service,
        node_cidr=node,
        storage_cidr=draw(st.sampled_from([None, storage])),
        mirror_cidrs=draw(st.sampled_from([(), (mirror,)])),
        api_servers=draw(st.sampled_from([(), (server,)])),
        cluster_network_policy=draw(st.booleans()),
    )


NAMES = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?\Z")


@settings(max_examples=20, deadline=None)
@given(
    network=address_plans(),
    profile=st.sampled_from(list(PolicyProfile)),
    names=st.lists(NAMES, min_size=3, max_size=6),
)
def test_any_stack_gives_valid_policies(network: Network, profile: PolicyProfile, names: list[str]) -> None:
    """Whatever the names and addresses: unique short names, valid networks, and no way out in production."""
    args = NetworkPoliciesArgs(
        network=network,
        profile=profile,
        service_namespaces=tuple(names[2:]),
        gpu_operator_namespace=names[0],
        dra_namespace=names[1],
        compute_domains=True,
    )
    keys = [key_of(manifest) for manifest in layers(args)[0].objects]

    assert len(set(map(str, keys))) == len(keys)
    assert all(len(key.name) <= 63 for key in keys)
    assert unsafe(made(args), list(args.homes())) == []
    for block in blocks(args):
        cidr = ipaddress.ip_network(block["cidr"])
        inside = [ipaddress.ip_network(other) for other in block.get("except", [])]
        assert all(other != cidr and other.subnet_of(cidr) for other in inside)  # type: ignore[arg-type]
        assert cidr.prefixlen > 0 or (profile is PolicyProfile.PILOT and inside)
