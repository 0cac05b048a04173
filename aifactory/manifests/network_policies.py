"""Layer network-policies: default deny in every namespace of the factory, then the flows of the table.

Inside a service namespace every pod may talk to every other: the ranks of a training job, and the parts of
an inference service, choose their ports themselves. Between service namespaces nothing is open.

What NetworkPolicy does not govern: pods on the host network, RDMA (InfiniBand, RoCE and GPUDirect bypass
the kernel's network), NVLink, and traffic between a pod and its own node. Those are closed by the fabric's
partitions, by IMEX, and by who may run privileged pods. Whether the policies are enforced at all is up to
the CNI; ``aifactory probe`` shows it.
"""

import ipaddress
from collections.abc import Iterator
from typing import Self

from pydantic import JsonValue, model_validator

from aifactory.manifests.flow import Condition, Flow, Home, Peer
from aifactory.manifests.flows import FLOWS
from aifactory.manifests.foundation import SYSTEM_NAMESPACE
from aifactory.manifests.labels import Inventory
from aifactory.manifests.layers import layer
from aifactory.manifests.model import KubernetesObject, Layer, LayerName, ManifestModel, key_of
from aifactory.manifests.names import dns_label
from aifactory.manifests.render import render_one
from aifactory.spec.network import Network, PolicyProfile

Peers = list[JsonValue]
NAMESPACE_LABEL = "kubernetes.io/metadata.name"
HEALTH_NAMESPACE = "nvsentinel"
ISOLATION_PRIORITY = 100
"""Between 0, which wins, and 1000: room for a site's own rules on either side."""
METADATA_SERVICE = {4: "169.254.0.0/16", 6: "fe80::/10"}
"""Link-local addresses, where clouds serve a node's credentials: never part of "anywhere"."""


class NetworkPoliciesArgs(ManifestModel):
    """Arguments of the component NetworkPolicies."""

    inventory: Inventory = Inventory()
    network: Network = Network()
    profile: PolicyProfile = PolicyProfile.PRODUCTION
    service_namespaces: tuple[str, ...] = ()
    """Namespaces of the service planes."""
    gpu_operator_namespace: str | None = None
    """Namespace of the GPU Operator; None means it is not ours to police."""
    dra_namespace: str | None = None
    """Namespace of the DRA driver; None means it is not ours to police."""
    device_plugin_namespace: str | None = None
    """Namespace of the standalone device plugin; None means there is none."""
    system_namespace: str = SYSTEM_NAMESPACE
    compute_domains: bool = False
    """Whether compute domains are offered, whose daemons connect to each other."""
    standalone_dcgm: bool = False
    """Whether DCGM runs as its own DaemonSet."""

    @model_validator(mode="after")
    def _no_network_is_everything(self) -> Self:
        network = self.network
        opened = [network.node_cidr, network.storage_cidr, *network.mirror_cidrs]
        if any(ipaddress.ip_network(cidr).prefixlen == 0 for cidr in opened if cidr):
            raise ValueError(
                "a node, mirror or storage network is the whole address space; name a smaller one"
            )
        return self

    def homes(self) -> dict[str, set[Home]]:
        """Every namespace that is closed, sorted, and which flows it takes part in."""
        found: dict[str, set[Home]] = {self.system_namespace: {Home.EVERY, Home.SYSTEM}}
        named = [(name, Home.SERVICE) for name in self.service_namespaces]
        named += [
            (name, home)
            for name, home in (
                (self.gpu_operator_namespace, Home.GPU_OPERATOR),
                (self.dra_namespace, Home.DRA_DRIVER),
                (self.device_plugin_namespace, Home.DEVICE_PLUGIN),
            )
            if name is not None
        ]
        for name, home in named:
            found.setdefault(name, {Home.EVERY}).add(home)
        return dict(sorted(found.items()))

    def holds(self, condition: Condition) -> bool:
        """Whether a condition of the flow table is met."""
        return {
            Condition.ALWAYS: True,
            Condition.STANDALONE_DCGM: self.standalone_dcgm,
            Condition.COMPUTE_DOMAINS: self.compute_domains,
        }[condition]


def _block(cidr: str, *beside: str) -> JsonValue:
    return {"ipBlock": {"cidr": cidr, "except": list(beside)} if beside else {"cidr": cidr}}


def _namespace(name: str, pods: dict[str, JsonValue] | None = None) -> JsonValue:
    peer: dict[str, JsonValue] = {"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: name}}}
    return {**peer, "podSelector": pods} if pods is not None else peer


def api_server_rules(network: Network) -> list[JsonValue]:
    """Where the API is reached: the servers' own addresses, and the ``kubernetes`` Service.

    Policies are checked after a Service address is translated by most CNIs and before it by some, so both
    are opened. That Service always has the first address of the service network.
    """
    servers = [str(ipaddress.ip_network(address)) for address in network.api_servers] or [network.node_cidr]
    service = ipaddress.ip_network(ipaddress.ip_network(network.service_cidr).network_address + 1)
    return [
        {
            "peers": [_block(cidr) for cidr in servers],
            "ports": [{"protocol": "TCP", "port": network.api_server_port}],
        },
        {"peers": [_block(str(service))], "ports": [{"protocol": "TCP", "port": 443}]},
    ]


def mirror_peers(network: Network, profile: PolicyProfile) -> Peers:
    """The mirrors named; in the pilot without any, everything outside the cluster; in production nothing."""
    if network.mirror_cidrs or profile is not PolicyProfile.PILOT:
        return [_block(cidr) for cidr in network.mirror_cidrs]
    family = ipaddress.ip_network(network.pod_cidr).version
    inside = [network.pod_cidr, network.service_cidr, network.node_cidr]
    inside += [network.storage_cidr] if network.storage_cidr else []
    beside = [cidr for cidr in inside if ipaddress.ip_network(cidr).version == family]
    anywhere = "0.0.0.0/0" if family == 4 else "::/0"  # noqa: PLR2004 - versions of IP
    return [_block(anywhere, *sorted({*beside, METADATA_SERVICE[family]}))]


def _peers(flow: Flow, args: NetworkPoliciesArgs) -> Peers:
    """The other end of a flow; nothing where the stack has no such end."""
    network = args.network
    pods: JsonValue = {"podSelector": flow.peer_pods.selector()}
    if flow.peer is Peer.MIRRORS:
        return mirror_peers(network, args.profile)
    if flow.peer is Peer.STORAGE:
        return [_block(network.storage_cidr)] if network.storage_cidr else []
    return [
        {
            Peer.DNS: _namespace("kube-system", {"matchLabels": {"k8s-app": "kube-dns"}}),
            Peer.NODES: _block(network.node_cidr),
            Peer.MONITORING: _namespace(network.monitoring_namespace),
            Peer.HEALTH: _namespace(HEALTH_NAMESPACE),
            Peer.NAMESPACE_PODS: pods,
        }[flow.peer]
    ]


def _rules(flow: Flow, args: NetworkPoliciesArgs) -> list[JsonValue]:
    if flow.peer is Peer.API_SERVERS:
        return api_server_rules(args.network)
    peers = _peers(flow, args)  # never written when empty: an empty list of peers means everyone
    ports: list[JsonValue] = [{"protocol": port.protocol, "port": port.number} for port in flow.ports]
    return [{"peers": peers, "ports": ports}] if peers else []


def policies(args: NetworkPoliciesArgs) -> Iterator[KubernetesObject]:
    """Every NetworkPolicy: in each namespace the default deny first, then its flows."""
    for namespace, homes in args.homes().items():
        yield render_one("network-policies/default-deny.yaml.j2", {"namespace": namespace})
        for flow in FLOWS:
            rules = _rules(flow, args) if flow.home in homes and args.holds(flow.condition) else []
            values: dict[str, JsonValue] = {"name": flow.name, "namespace": namespace, "reason": flow.why}
            values |= {"pods": flow.pods.selector(), "rules": rules}
            if rules:
                yield render_one(f"network-policies/{flow.direction.lower()}.yaml.j2", values)


def isolation(args: NetworkPoliciesArgs) -> Iterator[KubernetesObject]:
    """One ClusterNetworkPolicy a service namespace, against all the others.

    Tier Admin: the Baseline tier is read only for pods that no NetworkPolicy selects, and default deny
    selects them all. One policy a namespace: the API has no word for "another namespace than mine".
    """
    spaces = sorted(set(args.service_namespaces))
    if not args.network.cluster_network_policy or len(spaces) == 1:
        return
    for namespace in spaces:
        yield render_one(
            "network-policies/isolation.yaml.j2",
            {
                "name": dns_label("aifactory-isolation", namespace),
                "namespace": namespace,
                "others": [name for name in spaces if name != namespace],
                "priority": ISOLATION_PRIORITY,
            },
        )


def layers(args: NetworkPoliciesArgs) -> tuple[Layer, ...]:
    """The policies of every namespace, then the isolation of the service planes."""
    return (layer(LayerName.NETWORK_POLICIES, args.inventory, [*policies(args), *isolation(args)]),)


def policy_names(made: tuple[Layer, ...]) -> list[str]:
    """Every policy as ``<namespace>/<name>``, a cluster-wide one as ``<name>``; sorted."""
    keys = [key_of(manifest) for one in made for manifest in one.objects]
    return sorted(f"{key.namespace}/{key.name}" if key.namespace else key.name for key in keys)
