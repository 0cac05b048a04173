"""Pods that a probe imagines: one for every label of the flow table in each namespace, and near misses."""

from collections.abc import Iterator, Mapping, Sequence

from aifactory.errors import AIFactoryError
from aifactory.manifests.flow import Flow, Home, Peer, Pods
from aifactory.manifests.flows import FLOWS
from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.manifests.network_policies import HEALTH_NAMESPACE, NetworkPoliciesArgs
from aifactory.manifests.probe.endpoints import NAME_LABEL, Endpoint
from aifactory.manifests.probe.networks import block

Label = tuple[str, str]
Named = tuple[str, dict[str, str], bool]
"""Name of a pod, its labels, whether it is a decoy."""
DNS_NAMESPACE, DNS_LABELS = "kube-system", {"k8s-app": "kube-dns"}
ORDINARY = "ordinary"
"""A namespace that the factory does not know; its pods are closed to nobody and open to no one of ours."""
NEAR_MISS = "near-miss"
OTHER_DNS: Named = ("k8s-app-near-miss", {"k8s-app": NEAR_MISS}, True)
FIRST_POD = 16
"""Offset of the first pod's address in the pod network; below it are the network's own edges."""


def _labels_of(pods: Pods) -> Iterator[Label]:
    """Labels that a row picks pods by; one that takes any value gets two pods, which may be peers."""
    if pods.key is not None:
        yield from ((pods.key, value) for value in pods.values or ("first", "second"))


def _roles(flows: Sequence[Flow]) -> list[Label]:
    """Every label that rows of the table pick pods by, each once, in the table's order."""
    chosen = [label for flow in flows for pods in (flow.pods, flow.peer_pods) for label in _labels_of(pods)]
    return list(dict.fromkeys(chosen))


def _named(labels: Sequence[Label]) -> Iterator[Named]:
    """A pod a label, named by the label's value, and a near miss a key."""
    taken: set[str] = set()
    for key, value in labels:
        short = key.rpartition("/")[2]
        name = f"{short}-{value}" if value in taken or value in ("first", "second") else value
        taken.add(name)
        yield name, {key: value}, False
    for key in dict.fromkeys(key for key, _ in labels):
        yield f"{key.rpartition('/')[2]}-{NEAR_MISS}", {key: NEAR_MISS}, True
        yield f"{key.rpartition('/')[2]}-other-key", {f"{key}-x": _first(labels, key)}, True


def _first(labels: Sequence[Label], wanted: str) -> str:
    return next(value for key, value in labels if key == wanted)


def _closed(args: NetworkPoliciesArgs) -> Iterator[tuple[str, list[Named]]]:
    """Pods of the namespaces that are closed: two without a label (which may be peers), then those of the table."""
    for namespace, homes in args.homes().items():
        roles = _roles([flow for flow in FLOWS if flow.home in homes])
        plain: list[Named] = [("any", {}, False), ("another", {}, Home.SERVICE not in homes)]
        yield namespace, [*plain, *_named(roles), ("kube-dns", DNS_LABELS, True)]


def _around(args: NetworkPoliciesArgs) -> Iterator[tuple[str, list[Named]]]:
    """Pods of namespaces beside the factory's: its peers, near misses of these, and one like any other."""
    peers: dict[Peer, tuple[str, list[Named]]] = {
        Peer.DNS: (DNS_NAMESPACE, [("kube-dns", DNS_LABELS, False), ("any", {}, False), OTHER_DNS]),
        Peer.MONITORING: (args.network.monitoring_namespace, [("any", {}, False)]),
        Peer.HEALTH: (HEALTH_NAMESPACE, [("any", {}, False)]),
    }
    yield from peers.values()
    roles = _roles(FLOWS)
    disguised: list[Named] = [
        (f"like-{key.rpartition('/')[2]}-{value}", {key: value}, True)
        for key, value in dict(reversed(roles)).items()
    ]
    yield ORDINARY, [("any", {}, False), ("kube-dns", DNS_LABELS, True), *disguised]
    for name, _ in peers.values():
        yield f"{name}-x", [("any", {}, True), ("kube-dns", DNS_LABELS, True)]


def namespaces_of(objects: Sequence[KubernetesObject]) -> dict[str, dict[str, str]]:
    """Labels of the namespaces among the objects, by name."""
    found: dict[str, dict[str, str]] = {}
    for one in objects:
        if one.get("kind") == "Namespace":
            metadata = one["metadata"]
            labels = metadata.get("labels") if isinstance(metadata, dict) else None
            found[key_of(one).name] = {
                key: str(value) for key, value in (labels.items() if isinstance(labels, dict) else ())
            }
    return found


def pods(
    args: NetworkPoliciesArgs, declared: Mapping[str, Mapping[str, str]], others: Sequence[str] = ()
) -> list[Endpoint]:
    """Every pod that is probed.

    Args:
        args: Which namespaces are closed, and the address plan.
        declared: Labels of the namespaces that the factory declares.
        others: More namespaces that nothing closes, such as those of tenants.

    Raises:
        AIFactoryError: If the pod network has no room for them.
    """
    spaces = dict(_closed(args))
    plain: list[Named] = [("any", {}, False)]
    for name, named in [*_around(args), *((name, plain) for name in [*declared, *others])]:
        spaces.setdefault(name, named)
    network = block(args.network.pod_cidr)
    count = sum(len(named) for named in spaces.values())
    if network.num_addresses < FIRST_POD + count:
        raise AIFactoryError(
            f"the pod network {network} has {network.num_addresses} addresses and the probe imagines {count} pods;"
            f" at least {FIRST_POD + count} addresses are needed; widen network.pod_cidr"
        )
    found: list[Endpoint] = []
    for space, named in spaces.items():
        for name, labels, decoy in named:
            found.append(
                Endpoint(
                    name=f"{space}/{name}",
                    place=space,
                    address=str(network[FIRST_POD + len(found)]),
                    namespace=space,
                    labels=labels,
                    namespace_labels={**declared.get(space, {}), NAME_LABEL: space},
                    decoy=decoy,
                )
            )
    return found
