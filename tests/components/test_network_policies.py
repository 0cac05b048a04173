"""The component NetworkPolicies under mocks."""

import pytest

from aifactory.spec.network import Network, PolicyProfile
from components.network_policies import NetworkPolicies, NetworkPoliciesArgs
from tests.support.deployment import Deployment, deploy

ARGS = NetworkPoliciesArgs(
    profile=PolicyProfile.PILOT,
    network=Network(cluster_network_policy=True),
    service_namespaces=("training", "inference"),
)
POLICIES = [
    "aifactory-isolation-inference",
    "aifactory-isolation-training",
    "aifactory-system/allow-dns",
    "aifactory-system/default-deny",
    "aifactory-system/node-pool-patch-api",
    "inference/allow-dns",
    "inference/default-deny",
    "inference/service-peers-egress",
    "inference/service-peers-ingress",
    "training/allow-dns",
    "training/default-deny",
    "training/service-peers-egress",
    "training/service-peers-ingress",
]


@pytest.fixture(scope="module")
def deployed() -> Deployment:
    """The component, declared once."""
    return deploy(lambda: NetworkPolicies("network-policies", ARGS))


def test_every_child_has_the_component_as_parent(deployed: Deployment) -> None:
    """Each policy is a child of the component, and nothing else is registered."""
    component = deployed.component("NetworkPolicies")

    children = deployed.children_of(component.urn)

    assert sorted(child.name for child in children) == POLICIES
    assert len([r for r in deployed.resources if r.type.startswith("kubernetes:")]) == len(children)
    assert {child.type for child in children} == {
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        "kubernetes:policy.networking.k8s.io/v1alpha2:ClusterNetworkPolicy",
    }


def test_outputs_name_what_is_closed(deployed: Deployment) -> None:
    """The outputs are the closed namespaces, the policies and the profile, sorted."""
    assert deployed.outputs[deployed.component("NetworkPolicies").urn] == {
        "namespaces": ["aifactory-system", "inference", "training"],
        "policies": POLICIES,
        "profile": "pilot",
    }
