"""Network policies of a stack that has everything, and what default deny must hold."""

from collections.abc import Iterator
from typing import Any

from aifactory.manifests.flow import Flow
from aifactory.manifests.flows import FLOWS
from aifactory.manifests.model import key_of
from aifactory.manifests.network_policies import NetworkPoliciesArgs, layers
from aifactory.spec.network import Network

EVERYTHING = NetworkPoliciesArgs(
    network=Network(
        api_servers=("10.0.0.10", "10.0.0.11"),
        storage_cidr="10.9.0.0/16",
        mirror_cidrs=("10.8.0.0/24",),
        cluster_network_policy=True,
    ),
    service_namespaces=("training", "inference"),
    gpu_operator_namespace="gpu-operator",
    dra_namespace="nvidia-dra-driver",
    device_plugin_namespace="nvidia-device-plugin",
    compute_domains=True,
    standalone_dcgm=True,
)


def changed(**fields: object) -> NetworkPoliciesArgs:
    """Everything, but for some fields."""
    return EVERYTHING.model_copy(update=fields)


def made(args: NetworkPoliciesArgs) -> dict[str, Any]:
    """The specs of the NetworkPolicies by ``<namespace>/<name>``."""
    return {
        f"{key_of(o).namespace}/{key_of(o).name}": o["spec"]
        for o in layers(args)[0].objects
        if o["kind"] == "NetworkPolicy"
    }


def rules(spec: dict[str, Any]) -> Iterator[Any]:
    """The rules of a policy, of both directions."""
    yield from spec.get("ingress", [])
    yield from spec.get("egress", [])


def blocks(args: NetworkPoliciesArgs) -> Iterator[Any]:
    """Every ipBlock of every policy."""
    for spec in made(args).values():
        for rule in rules(spec):
            yield from (peer["ipBlock"] for peer in rule.get("from", rule.get("to")) if "ipBlock" in peer)


def unsafe(policies: dict[str, Any], namespaces: list[str]) -> list[str]:
    """What is wrong with default deny: namespaces that are not closed, and rules without peers."""
    deny = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    found = [name for name in namespaces if policies.get(f"{name}/default-deny") != deny]
    for name, spec in policies.items():
        if name.endswith("/default-deny"):
            continue
        sides = [side for side in ("Ingress", "Egress") if side.lower() in spec]
        peers = [rule.get("from", rule.get("to")) for rule in rules(spec)]
        if spec["policyTypes"] != sides or len(sides) != 1 or not peers or not all(peers):
            found.append(name)
    return found


def expected(args: NetworkPoliciesArgs) -> dict[str, Flow]:
    """The rows that a stack with everything opens, by policy."""
    return {
        f"{name}/{row.name}": row
        for name, homes in args.homes().items()
        for row in FLOWS
        if row.home in homes
    }
