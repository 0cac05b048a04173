"""What one NetworkPolicy selects and lets through, as the Kubernetes API defines it.

https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from aifactory.errors import AIFactoryError
from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.manifests.probe.endpoints import Endpoint, PortId
from aifactory.manifests.probe.matrix import everything
from aifactory.manifests.probe.networks import within
from aifactory.manifests.probe.selectors import matches

Rule = dict[str, JsonValue]


def _list(value: JsonValue, what: str) -> list[JsonValue]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise AIFactoryError(f"{what} is {value!r}; a list is needed; correct the policy")
    return value


@dataclass(frozen=True)
class Policy:
    """One NetworkPolicy.

    Attributes:
        manifest: The object.
    """

    manifest: KubernetesObject

    @cached_property
    def namespace(self) -> str:
        """The namespace whose pods it selects; ``default`` where it names none."""
        return key_of(self.manifest).namespace or "default"

    @cached_property
    def name(self) -> str:
        """Namespace and name."""
        return f"{self.namespace}/{key_of(self.manifest).name}"

    @cached_property
    def spec(self) -> dict[str, JsonValue]:
        """Its specification."""
        spec = self.manifest.get("spec")
        return spec if isinstance(spec, dict) else {}

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The directions it closes: without policyTypes always ingress, and egress where it has such rules."""
        types = [str(one) for one in _list(self.spec.get("policyTypes"), f"policyTypes of {self.name}")]
        wrong = sorted(set(types) - {"Ingress", "Egress"})
        if wrong:
            raise AIFactoryError(
                f"policyTypes of {self.name} has '{wrong[0]}'; Ingress and Egress are allowed; correct the policy"
            )
        return tuple(types) or ("Ingress", *(["Egress"] if self.spec.get("egress") else []))

    def selects(self, pod: Endpoint) -> bool:
        """Whether it is for a pod; only those of its own namespace can be."""
        return pod.namespace == self.namespace and matches(self.spec.get("podSelector") or {}, pod.labels)

    def rules(self, direction: str) -> list[Rule]:
        """Its rules of a direction; those of a direction that it does not close have no effect."""
        if direction not in self.types:
            return []
        found = _list(self.spec.get(direction.lower()), f"{direction.lower()} of {self.name}")
        return [rule if isinstance(rule, dict) else {} for rule in found]

    def peers(self, rule: Rule, direction: str) -> list[JsonValue]:
        """The peers of a rule; none means everyone."""
        side = "from" if direction == "Ingress" else "to"
        return _list(rule.get(side), f"{side} of {self.name}")

    def is_peer(self, peer: JsonValue, other: Endpoint) -> bool:
        """Whether an endpoint is one of a rule's peers.

        Raises:
            AIFactoryError: If the peer names nothing, which the API server refuses.
        """
        known = peer if isinstance(peer, dict) else {}
        if "ipBlock" in known:
            return _in_block(known["ipBlock"], other)
        if "namespaceSelector" not in known and "podSelector" not in known:
            raise AIFactoryError(
                f"a peer of {self.name} names nothing; ipBlock, namespaceSelector and podSelector are allowed;"
                " name one, or leave the list of peers out for everyone"
            )
        if not other.is_pod:
            return False
        pods = known.get("podSelector")
        if "namespaceSelector" in known:
            in_space = matches(known["namespaceSelector"] or {}, other.namespace_labels)
        else:
            in_space = other.namespace == self.namespace
        return in_space and matches(pods or {}, other.labels)


def _in_block(ip_block: JsonValue, other: Endpoint) -> bool:
    """Whether an address is in an ipBlock, pods' own addresses too: plugins differ there, the API does not."""
    known = ip_block if isinstance(ip_block, dict) else {}
    beside = _list(known.get("except"), "except of an ipBlock")
    return within(other.address, str(known.get("cidr"))) and not any(
        within(other.address, str(cidr)) for cidr in beside
    )


def _numbers(entry: dict[str, JsonValue], protocol: str, destination: Endpoint) -> tuple[int, int]:
    """The first and the last port of an entry; a range of none where its name is no port of the destination."""
    port, end = entry.get("port"), entry.get("endPort")
    if port is None:
        return 0, 2**16
    if isinstance(port, str):
        named = [
            one.number for one in destination.named_ports if (one.name, one.protocol) == (port, protocol)
        ]
        return (named[0], named[0]) if named else (1, 0)
    if not isinstance(port, int):
        raise AIFactoryError(f"port {port!r} of a policy; a number or a name is needed; correct the policy")
    return port, end if isinstance(end, int) else port


def port_mask(rule: Rule, destination: Endpoint, ports: Sequence[PortId]) -> int:
    """The ports of a rule towards a destination, as bits; no list of ports means all of them."""
    entries = _list(rule.get("ports"), "ports of a rule")
    if not entries:
        return everything(ports)
    found = 0
    for entry in entries:
        known = entry if isinstance(entry, dict) else {}
        protocol = str(known.get("protocol") or "TCP")
        first, last = _numbers(known, protocol, destination)
        for index, port in enumerate(ports):
            if port.protocol == protocol and first <= port.number <= last:
                found |= 1 << index
    return found
