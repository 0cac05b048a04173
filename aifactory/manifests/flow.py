"""What a row of the flow table says: which pods, which direction, which peer, which ports, and why."""

from enum import StrEnum
from typing import Literal

from pydantic import JsonValue

from aifactory.manifests.model import ManifestModel


class Home(StrEnum):
    """The kind of namespace that a flow is opened in."""

    EVERY = "every"
    SYSTEM = "system"
    GPU_OPERATOR = "gpu-operator"
    DRA_DRIVER = "dra-driver"
    DEVICE_PLUGIN = "device-plugin"
    SERVICE = "service"


class Peer(StrEnum):
    """The other end of a flow."""

    DNS = "dns"
    """The cluster's DNS pods."""
    API_SERVERS = "api-servers"
    """API servers, by address; the ports are those of the address plan."""
    NODES = "nodes"
    """Hosts, by address. Webhook calls come from control-plane hosts, which no pod selector matches."""
    MONITORING = "monitoring"
    """Every pod of the monitoring namespace."""
    NAMESPACE_PODS = "namespace-pods"
    """Pods of the same namespace, narrowed by ``peer_pods``."""
    HEALTH = "health"
    """Every pod of the namespace that watches the health of GPUs."""
    MIRRORS = "mirrors"
    """Package mirrors and registries, by address."""
    STORAGE = "storage"
    """Storage systems, by address."""


class Condition(StrEnum):
    """When a flow exists at all."""

    ALWAYS = "always"
    STANDALONE_DCGM = "standalone-dcgm"
    COMPUTE_DOMAINS = "compute-domains"


class Pods(ManifestModel):
    """Pods by one label; without a key every pod of the namespace."""

    key: str | None = None
    values: tuple[str, ...] = ()
    """Values of the label; empty means any."""

    def selector(self) -> dict[str, JsonValue]:
        """The label selector as Kubernetes has it."""
        if self.key is None:
            return {}
        if len(self.values) == 1:
            return {"matchLabels": {self.key: self.values[0]}}
        if not self.values:
            return {"matchExpressions": [{"key": self.key, "operator": "Exists"}]}
        return {"matchExpressions": [{"key": self.key, "operator": "In", "values": list(self.values)}]}


class Port(ManifestModel):
    """A port with its protocol."""

    number: int
    protocol: Literal["TCP", "UDP"] = "TCP"


class Flow(ManifestModel):
    """One row of the table."""

    name: str
    """Name of the policy, unique in the table."""
    home: Home
    pods: Pods
    direction: Literal["Ingress", "Egress"]
    peer: Peer
    peer_pods: Pods = Pods()
    """Narrows the peer where it is pods of the same namespace."""
    ports: tuple[Port, ...] = ()
    """Empty means every port, except for API servers, whose ports the address plan gives."""
    condition: Condition = Condition.ALWAYS
    why: str
    """Written on the policy, for whoever reads it in the cluster."""
