"""What a live probe puts into a lab, and what it says when that does not run."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind import probe_bench, probe_exec, probe_objects
from aifactory.lab.kind.probe_bench import Bench
from aifactory.lab.kind.probe_seats import left_out, node_pod, seats
from tests.support.policies import EVERYTHING
from tests.support.probes import table_with

TABLE = table_with(EVERYTHING)


def test_every_endpoint_has_a_seat_or_a_reason() -> None:
    """What is not tried is named, and every seat has a port that is meant to be closed unless all are open."""
    seated = seats(TABLE, ["one", "two"], "control")
    said = " ".join(left_out(TABLE, seated))
    names = {seat.endpoint.name for seat in seated}

    for one in TABLE.endpoints:
        assert one.decoy or one.name in names or f"{one.name}: nothing answers there in a lab" in said
    assert {seat.node for seat in seated if seat.pod and seat.endpoint.is_pod} == {"one", "two"}
    assert all(seat.tried for seat in seated)
    assert len({(seat.pod_namespace, seat.pod) for seat in seated if seat.pod}) == sum(
        1 for seat in seated if seat.pod
    )


def test_pods_are_restricted_and_belong_to_nobody_else() -> None:
    """A probe pod passes the restricted Pod Security Standard and cannot be adopted by a DaemonSet."""
    seat = next(seat for seat in seats(TABLE, ["one"], "control") if seat.endpoint.name == "training/any")
    made: Any = probe_objects.pod(seat, "uid-1")

    assert made["metadata"]["labels"] == {probe_objects.PROBE_LABEL: "live"}
    assert made["metadata"]["ownerReferences"][0]["controller"] is True
    assert made["spec"]["securityContext"]["runAsNonRoot"] is True
    assert made["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    container = made["spec"]["containers"][0]["securityContext"]
    assert container == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    for port in seat.listens:
        assert f"httpd -p {port.number} -h" in made["spec"]["containers"][0]["command"][2]


def test_addresses_outside_are_on_the_control_planes_node() -> None:
    """The control plane's node takes each address that stands in, workers route to it, and both undo it."""
    seated = seats(TABLE, ["one"], "control")
    pods: list[Any] = probe_objects.node_pods(seated, ["one", "control"], "control", "10.0.0.10", "uid")
    scripts = {pod["metadata"]["name"]: pod["spec"]["containers"][0]["command"][2] for pod in pods}
    storage = next(seat.endpoint.address for seat in seated if seat.endpoint.name == "storage network")

    assert f"ip route replace {storage}/32 via 10.0.0.10" in scripts[node_pod("one")]
    assert f"ip address add {storage}/32 dev lo" in scripts[node_pod("control")]
    assert f"httpd -p {storage}:443 -h" in scripts[node_pod("control")]
    assert "httpd" not in scripts[node_pod("one")]
    assert f"ip route del {storage}/32" in scripts[node_pod("one")]
    assert f"ip address del {storage}/32 dev lo" in scripts[node_pod("control")]


def bench_of(cluster: object) -> Bench:
    """A bench on some cluster, with a kubectl that says what it was told."""
    return Bench(cast("Any", cluster), Path("/bin/false"), Path("kubeconfig"))


def test_pods_that_do_not_run_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """When time is up the message names pods that do not run."""
    monkeypatch.setattr(probe_bench, "READY_TIMEOUT_S", -1.0)
    waiting = {"metadata": {"namespace": "a", "name": "p"}, "status": {"phase": "Pending"}}
    bench = bench_of(SimpleNamespace(list=lambda *_: [waiting]))
    with pytest.raises(LabError) as caught:
        bench.addresses()

    assert str(caught.value) == (
        "1 of 1 probe pods do not run after -1 s: a/p; all of them are needed; see 'kubectl describe pod', and run the"
        " probe again"
    )


def test_a_lab_without_dns_is_named() -> None:
    """The cluster's own DNS is needed for the rows about it."""
    with pytest.raises(LabError) as caught:
        bench_of(SimpleNamespace(list=lambda *_: [])).dns_address()

    assert str(caught.value) == (
        "no DNS pod runs in the lab; one labelled k8s-app=kube-dns is needed; start the lab again with:"
        " aifactory lab up --target kind"
    )


def test_what_an_earlier_probe_left_must_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects that do not end are named: a pod that is ending cannot be applied anew."""
    monkeypatch.setattr(probe_bench, "READY_TIMEOUT_S", -1.0)
    ending = {"metadata": {"namespace": "a", "name": "p"}}
    with pytest.raises(LabError) as caught:
        bench_of(SimpleNamespace(list=lambda *_: [ending], delete=lambda _: True)).emptied()

    assert str(caught.value) == (
        "4 objects of an earlier probe do not end after -1 s, such as a/p; none may be left; see"
        " 'kubectl get all -A -l aifactory.dev/probe', and run the probe again"
    )


def program(folder: Path, script: str) -> Path:
    """A program that stands for kubectl."""
    file = folder / "kubectl"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_a_script_is_run_in_the_seats_pod(tmp_path: Path) -> None:
    """Kubectl is told the pod, and what it prints is what comes back; a failure is in its own words."""
    seat = next(seat for seat in seats(TABLE, ["one"], "control") if seat.endpoint.name == "training/any")
    cluster = cast("Any", SimpleNamespace())
    works = Bench(cluster, program(tmp_path, 'echo "$@"; cat'), Path("/k"))
    assert works.run(seat, "the script") == (
        "--kubeconfig=/k --namespace=training exec --stdin aifactory-probe-any --container=probe -- sh -s\nthe script"
    )

    fails = Bench(cluster, program(tmp_path, "echo pod not found >&2; exit 1"), Path("/k"))
    with pytest.raises(LabError) as caught:
        fails.run(seat, "")
    assert str(caught.value) == (
        "the probe in training/any cannot run: pod not found; its pod has to run; look at it with kubectl, and run the"
        " probe again"
    )


def test_a_script_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe that does not end in time is an error, not a closed network."""
    monkeypatch.setattr(probe_exec, "EXEC_TIMEOUT_S", 0.2)
    seat = next(seat for seat in seats(TABLE, ["one"], "control") if seat.endpoint.name == "training/any")
    with pytest.raises(LabError) as caught:
        Bench(cast("Any", SimpleNamespace()), program(tmp_path, "exec sleep 5"), Path("/k")).run(seat, "")

    assert str(caught.value) == (
        "the probe in training/any does not end within 0 s; connections take 2 to 3 s each; see whether the lab's"
        " machine is overloaded, and run it again"
    )


class Store:
    """A cluster that keeps objects."""

    def __init__(self) -> None:
        self.objects: list[Any] = [{"kind": "Namespace", "metadata": {"name": "kube-system", "labels": {}}}]

    def list(self, _version: str, kind: str, selector: str = "") -> list[Any]:
        """Objects of a kind, with a label."""
        return [
            one
            for one in self.objects
            if one["kind"] == kind and (not selector or selector in one["metadata"].get("labels", {}))
        ]

    def apply(self, manifest: Any, **_: object) -> Any:
        """Keep an object."""
        made = {**manifest, "metadata": {**manifest["metadata"], "uid": f"uid-{len(self.objects)}"}}
        self.objects.append(made)
        return made

    def delete(self, manifest: Any) -> None:
        """Forget an object."""
        self.objects.remove(manifest)


def test_everything_that_is_made_can_be_removed() -> None:
    """Namespaces that were there stay; all else that a probe made is found by its label, opening policies first."""
    store = Store()
    bench = bench_of(store)
    seated = seats(TABLE, ["one"], "control")
    bench.furnish(seated, ["one", "control"], "control", "10.0.0.10")
    bench.open(["training"])
    kinds = {one["kind"] for one in store.objects}
    bench.close()
    assert [one for one in store.objects if one["kind"] == "NetworkPolicy"] == []
    bench.clear()

    assert kinds == {"Namespace", "ConfigMap", "Pod", "NetworkPolicy"}
    assert [one["metadata"]["name"] for one in store.objects] == ["kube-system"]
