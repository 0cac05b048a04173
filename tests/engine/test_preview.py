"""A preview names what an edit does to running work, and writes nothing.

Does not prove that operators, drivers and storage do what the rules say: none of them runs here.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from aifactory.manifests.model import KubernetesObject, text_at
from tests.support.lab import SIMULATED, Lab, Outcome, copied_checkout, edit_stack, lab

pytestmark = pytest.mark.engine
Stack = dict[str, Any]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The small stack, brought up from a copied checkout, with one pod with a GPU and one volume."""
    checkout = copied_checkout(tmp_path_factory.mktemp("checkout"))
    with lab("local", tmp_path_factory.mktemp("preview"), checkout) as made:
        made.up()
        for item in (_pod(), _volume()):
            made.cluster().apply(item, manager="test")
        yield made


def _pod() -> KubernetesObject:
    container: JsonValue = {"name": "a", "image": "a", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "work", "namespace": "default"},
        "spec": {
            "containers": [container],
            "nodeName": "whole-0000",
            "tolerations": [{"operator": "Exists"}],
        },
    }


def _volume() -> KubernetesObject:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "kept"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "scratch",
            "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": "/kept"},
        },
    }


def _preview(made: Lab, change: Callable[[Stack], None]) -> tuple[Outcome, dict[str, Any]]:
    """How a preview of an edited stack ends; the edit is taken back, and nothing was written meanwhile."""
    file = made.shell.checkout / "stacks" / f"Pulumi.{made.stack}.yaml"
    before, mark, versions = file.read_text(), made.audit.mark(), _versions(made)
    edit_stack(made.shell.checkout, made.stack, change)
    try:
        outcome = made.shell.run("preview", made.stack, *SIMULATED, "--json")
    finally:
        file.write_text(before)
    assert made.audit.writes(mark) == []
    assert _versions(made) == versions
    assert outcome.code in (0, 2), outcome.text
    return outcome, json.loads(outcome.out)


def _versions(made: Lab) -> dict[str, str | None]:
    return {key: text_at(item, "metadata", "resourceVersion") for key, item in made.live().items()}


def _found(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{item['kind']} {item['subject']}": item for item in report["disruptions"]}


def _mig(stack: Stack) -> None:
    stack["pools"][0]["partitioning"] = {"mig": {"layout": "all-1g.23gb"}}


def _driver(stack: Stack) -> None:
    stack["pools"][2]["driver"] = {"version": "590.48.01"}


def _storage(stack: Stack) -> None:
    stack["storage"]["tiers"][0]["reclaim"] = "Retain"


def test_without_a_change(running: Lab) -> None:
    """The stack as it runs changes nothing and disrupts nothing, as the engine says too."""
    outcome, report = _preview(running, lambda _: None)

    assert outcome.code == 0
    assert set(report["engine"]) == {"same"}
    assert (report["live"], report["create"], report["update"], report["delete"]) == (True, [], {}, [])
    assert report["disruptions"] == []
    assert report["in_use"]["pods_by_pool"] == {"whole": 1}


def test_another_mig_layout(running: Lab) -> None:
    """The pool whose GPUs are cut anew is named with its pod, and the resource that is no longer offered."""
    outcome, report = _preview(running, _mig)

    found = _found(report)
    assert outcome.code == 2
    assert "1 pod with GPUs there now" in found["mig-geometry whole"]["message"]
    assert "no longer nvidia.com/gpu" in found["resource-renamed whole"]["message"]
    assert report["engine"]["update"] == len(report["update"])


def test_another_driver(running: Lab) -> None:
    """A new driver is a roll over the nodes of its pool, in waves; one object changes."""
    outcome, report = _preview(running, _driver)

    roll = _found(report)["driver-roll claims"]
    assert outcome.code == 2
    assert (roll["nodes"], roll["parallel"], roll["waves"]) == (2, 1, 2)
    assert report["update"] == {"nvidia.com/v1alpha1 NVIDIADriver claims": ["spec.version"]}


def test_another_reclaim_policy(running: Lab) -> None:
    """A storage class that is made anew is named with the volumes that keep the old settings."""
    outcome, report = _preview(running, _storage)

    lost = _found(report)["volumes-lost scratch"]
    assert outcome.code == 2
    assert lost["severity"] == "loss"
    assert "of it are 0 claims and 1 volume now" in lost["message"]
    assert list(report["replace"]) == ["storage.k8s.io/v1 StorageClass scratch"]
    assert report["engine"]["replace"] == 1


def test_an_acknowledged_change(running: Lab) -> None:
    """What the stack file acknowledges is shown with its reason and ends with 0."""

    def change(stack: Stack) -> None:
        _driver(stack)
        entry = {"kind": "driver-roll", "subject": "claims", "reason": "window", "until": "2999-12-31"}
        stack["acknowledged"] = [entry]

    outcome, report = _preview(running, change)

    assert outcome.code == 0
    assert _found(report)["driver-roll claims"]["acknowledged"]["reason"] == "window"


def test_what_others_changed(running: Lab) -> None:
    """A hand edit of what an edit also changes is no failure: the preview starts from what runs."""
    cluster = running.cluster()
    path = "/apis/nvidia.com/v1alpha1/nvidiadrivers/claims"
    for version in ("1.2.3", "595.91.07"):
        cluster.request(
            "PATCH",
            path,
            query={"fieldManager": "kubectl-edit"},
            body={"spec": {"version": version}},
            content_type="application/merge-patch+json",
        )
        if version == "1.2.3":
            _, report = _preview(running, _driver)
            assert "version 1.2.3 to 590.48.01" in _found(report)["driver-roll claims"]["message"]


def test_a_stack_without_a_lab(tmp_path: Path) -> None:
    """Without a lab a preview makes none, says that everything would be created, and ends with 0."""
    with lab("local", tmp_path / "home") as made:
        outcome = made.shell.run("preview", made.stack, *SIMULATED).succeeded()
        assert "there is no lab of local" in outcome.text
        assert not made.directory.exists()
