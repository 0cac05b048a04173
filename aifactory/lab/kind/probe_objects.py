"""Objects of a live probe: pods with the labels of the flow table, pods on the nodes' network, and what opens."""

from collections.abc import Sequence

from pydantic import JsonValue

from aifactory.lab.kind.probe_seats import NODE_POD_NAMESPACE, STOOD_IN, Seat, node_pod
from aifactory.manifests.kind_target import lab_image
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.probe.networks import block
from aifactory.manifests.render import render_one

PROBE_LABEL = "aifactory.dev/probe"
"""On everything a probe makes, so that a later run can remove what a killed one left."""
LABELS: dict[str, JsonValue] = {PROBE_LABEL: "live"}
OWNER = "aifactory-probe"
"""Name of the ConfigMap that owns a namespace's probe pods."""
OPEN_POLICY = "aifactory-probe-open"
FOLDER = "/tmp/probe"  # noqa: S108 - in a container of its own


def _listen(identity: str, places: Sequence[str]) -> list[str]:
    if not places:
        return []
    folder = f"{FOLDER}/{identity}"
    lines = [f"mkdir -p {folder} && echo {identity} > {folder}/id"]
    return [*lines, *(f"httpd -p {place} -h {folder}" for place in places)]


def owner(namespace: str) -> KubernetesObject:
    """What owns the probe pods of a namespace; they are gone when it is."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": OWNER, "namespace": namespace, "labels": LABELS},
    }


def namespace(name: str) -> KubernetesObject:
    """A namespace that the lab lacks; it is removed with the probe."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": LABELS}}


def opening(name: str) -> KubernetesObject:
    """A policy that opens a namespace in both directions; what the stack declares stays as it is."""
    return render_one("lab-probes/open.yaml.j2", {"name": OPEN_POLICY, "namespace": name, "labels": LABELS})


def pod(seat: Seat, owner_uid: str) -> KubernetesObject:
    """The pod of a seat that is a pod: restricted, with the endpoint's labels and its listeners.

    Args:
        seat: A seat with a node and the name of a pod.
        owner_uid: UID of the namespace's owner.
    """
    places = [str(port.number) for port in seat.listens]
    script = "\n".join([*_listen(seat.identity, places), "exec sleep 86400"])
    return render_one(
        "lab-probes/pod.yaml.j2",
        _values(seat.pod, seat.pod_namespace, seat.node, owner_uid)
        | {
            "labels": {**seat.endpoint.labels, **LABELS},
            "stands_for": seat.endpoint.name,
            "script": script,
        },
    )


def _values(name: str | None, space: str, node: str | None, owner_uid: str) -> dict[str, JsonValue]:
    return {
        "name": name,
        "namespace": space,
        "node": node,
        "owner": OWNER,
        "owner_uid": owner_uid,
        "image": lab_image("userland"),
    }


def node_pods(
    seated: Sequence[Seat], nodes: Sequence[str], control_plane: str, address: str, owner_uid: str
) -> list[KubernetesObject]:
    """A pod on each node's own network: routes to the addresses that stand for networks outside.

    The control plane's node takes these addresses on its loopback and answers there; the workers route to
    it. All of it is taken back when the pods end.

    Args:
        seated: All seats.
        nodes: Every node.
        control_plane: The one that takes the addresses.
        address: Its own address.
        owner_uid: UID of the owner in their namespace.
    """
    outside = [seat for seat in seated if seat.endpoint.place in STOOD_IN]
    made = []
    for node in nodes:
        here = node == control_plane
        lines, undone = [], []
        for seat in outside:
            place = str(block(seat.endpoint.address))
            way = f"address add {place} dev lo" if here else f"route replace {place} via {address}"
            back = f"address del {place} dev lo" if here else f"route del {place}"
            lines.append(f"ip {way}")
            undone.append(f"ip {back}")
        if here:
            for seat in [*outside, *(one for one in seated if one.pod == node_pod(node))]:
                own = seat.endpoint.address if seat in outside else address
                lines += _listen(seat.identity, [f"{own}:{port.number}" for port in seat.listens])
        lines.append(f"trap '{'; '.join([*undone, 'exit 0'])}' TERM")
        lines.append("while :; do sleep 86400 & wait $!; done")
        values = _values(node_pod(node), NODE_POD_NAMESPACE, node, owner_uid)
        more: dict[str, JsonValue] = {
            "labels": LABELS,
            "stands_for": "networks outside the cluster"
            if here
            else "routes to networks outside the cluster",
            "script": "\n".join(lines),
        }
        made.append(render_one("lab-probes/node-pod.yaml.j2", values | more))
    return made
