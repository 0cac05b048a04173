"""What a live probe puts into a kind lab, and how it runs commands there."""

import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from aifactory.deliver.cluster import Cluster, at_once
from aifactory.errors import LabError
from aifactory.lab.kind import probe_objects
from aifactory.lab.kind.probe_exec import run_in
from aifactory.lab.kind.probe_objects import PROBE_LABEL
from aifactory.lab.kind.probe_seats import NODE_POD_NAMESPACE, Seat
from aifactory.manifests.model import KubernetesObject, text_at

MANAGER = "aifactory-probe"
READY_TIMEOUT_S = 180.0
_POLL_S = 0.5
_MADE = (
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("v1", "Pod"),
    ("v1", "ConfigMap"),
    ("v1", "Namespace"),
)
"""Kinds of what a probe makes; what opens the network goes first."""


class Bench:
    """A kind lab's cluster as a probe uses it.

    Args:
        cluster: The lab's cluster.
        kubectl: The kubectl program.
        kubeconfig: The lab's kubeconfig.
    """

    def __init__(self, cluster: Cluster, kubectl: Path, kubeconfig: Path) -> None:
        self.cluster = cluster
        self._kubectl = kubectl
        self._kubeconfig = kubeconfig

    def nodes(self) -> dict[str, tuple[str, bool]]:
        """Address of each node by name, and whether it is the control plane's."""
        found = {}
        for node in self.cluster.list("v1", "Node"):
            labels = _at(node, "metadata", "labels")
            is_control = isinstance(labels, dict) and "node-role.kubernetes.io/control-plane" in labels
            listed = _at(node, "status", "addresses")
            known = [one for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict)]
            inside = [str(one.get("address")) for one in known if one.get("type") == "InternalIP"]
            found[text_at(node, "metadata", "name") or ""] = (inside[0] if inside else "", is_control)
        return found

    def missing(self, policies: Sequence[KubernetesObject]) -> list[str]:
        """Policies that the cluster lacks, as ``<namespace>/<name>``."""
        there = {_name(one) for one in self.cluster.list("networking.k8s.io/v1", "NetworkPolicy")}
        return sorted("/".join(_name(one)) for one in policies if _name(one) not in there)

    def furnish(self, seats: Sequence[Seat], nodes: Sequence[str], control_plane: str, address: str) -> None:
        """Every probe pod is applied, in namespaces that are there.

        Args:
            seats: All seats.
            nodes: Every node.
            control_plane: The node that stands for addresses outside.
            address: Its own address.
        """
        spaces = sorted({seat.pod_namespace for seat in seats if seat.pod} | {NODE_POD_NAMESPACE})
        there = {text_at(one, "metadata", "name") for one in self.cluster.list("v1", "Namespace")}
        at_once(self._apply, [probe_objects.namespace(name) for name in spaces if name not in there])
        owners = at_once(self._apply, [probe_objects.owner(name) for name in spaces])
        uids = {
            space: text_at(made, "metadata", "uid") or "" for space, made in zip(spaces, owners, strict=True)
        }
        pods = [
            probe_objects.pod(seat, uids[seat.pod_namespace])
            for seat in seats
            if seat.pod and seat.endpoint.is_pod
        ]
        pods += probe_objects.node_pods(seats, nodes, control_plane, address, uids[NODE_POD_NAMESPACE])
        at_once(self._apply, pods)

    def addresses(self) -> dict[tuple[str, str], str]:
        """Addresses of the probe pods by namespace and name, as soon as all of them run.

        Raises:
            LabError: If they do not run in time; names some that do not.
        """
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            pods = self.cluster.list("v1", "Pod", PROBE_LABEL)
            waiting = [pod for pod in pods if not _runs(pod)]
            if not waiting:
                return {_name(pod): text_at(pod, "status", "podIP") or "" for pod in pods}
            if time.monotonic() > deadline:
                named = ", ".join("/".join(_name(pod)) for pod in waiting[:3])
                raise LabError(
                    f"{len(waiting)} of {len(pods)} probe pods do not run after {READY_TIMEOUT_S:.0f} s: {named};"
                    " all of them are needed; see 'kubectl describe pod', and run the probe again"
                )
            time.sleep(_POLL_S)

    def dns_address(self) -> str:
        """Address of one of the cluster's DNS pods.

        Raises:
            LabError: If none runs.
        """
        pods = [pod for pod in self.cluster.list("v1", "Pod", "k8s-app=kube-dns") if _runs(pod)]
        found = sorted(text_at(pod, "status", "podIP") or "" for pod in pods)
        if not found:
            raise LabError(
                "no DNS pod runs in the lab; one labelled k8s-app=kube-dns is needed;"
                " start the lab again with: aifactory lab up --target kind"
            )
        return found[0]

    def open(self, namespaces: Sequence[str]) -> None:
        """Everything is let through in these namespaces, as soon as the network plugin has seen it."""
        at_once(self._apply, [probe_objects.opening(name) for name in namespaces])

    def close(self) -> None:
        """Nothing that a probe opened is open any more; what the stack declares was never touched."""
        self._remove(*_MADE[0])

    def clear(self) -> None:
        """Nothing of a probe is left, of this one or of one that was killed."""
        for api_version, kind in _MADE:
            self._remove(api_version, kind)

    def emptied(self) -> None:
        """The same, and nothing is still ending: names of a probe before this one can be used again.

        Raises:
            LabError: If something does not end in time.
        """
        self.clear()
        deadline = time.monotonic() + READY_TIMEOUT_S
        while left := [one for kind in _MADE for one in self.cluster.list(*kind, PROBE_LABEL)]:
            if time.monotonic() > deadline:
                raise LabError(
                    f"{len(left)} objects of an earlier probe do not end after {READY_TIMEOUT_S:.0f} s, such as"
                    f" {'/'.join(_name(left[0]))}; none may be left; see 'kubectl get all -A -l {PROBE_LABEL}', and run"
                    " the probe again"
                )
            time.sleep(_POLL_S)

    def run(self, seat: Seat, script: str) -> str:
        """Run a shell script in a seat's pod; what it prints.

        Raises:
            LabError: If it cannot be run, or does not end.
        """
        return run_in(seat, script, self._kubectl, self._kubeconfig)

    def _apply(self, manifest: KubernetesObject) -> KubernetesObject:
        return self.cluster.apply(manifest, manager=MANAGER, force=True)

    def _remove(self, api_version: str, kind: str) -> None:
        at_once(self.cluster.delete, self.cluster.list(api_version, kind, PROBE_LABEL))


def _at(value: JsonValue, *path: str) -> JsonValue:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _name(pod: KubernetesObject) -> tuple[str, str]:
    return text_at(pod, "metadata", "namespace") or "", text_at(pod, "metadata", "name") or ""


def _runs(pod: KubernetesObject) -> bool:
    return (
        text_at(pod, "status", "phase") == "Running" and text_at(pod, "metadata", "deletionTimestamp") is None
    )
