"""The program `__main__.py` under mocks, with a cluster that is not there."""

import gc
import json
import runpy
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime.config import set_all_config

from aifactory.deliver import program
from aifactory.spec.load import CONFIG_KEY
from tests.support.cli import ROOT
from tests.support.deployment import Deployment, deploy
from tests.support.management import MANAGED
from tests.support.trees import STACKS

UID = "0d3f3a6e-6a2f-4f0e-9f57-2b1c7b8f1a11"
OTHER_UID = "7c0f3a6e-6a2f-4f0e-9f57-2b1c7b8f1a22"


class FakeCluster:
    """A cluster of a fixed identity.

    Args:
        kubeconfig: Not looked at.
        context: Not looked at.
    """

    server = "https://127.0.0.1:1"

    def __init__(self, kubeconfig: object = None, context: object = None) -> None:
        del kubeconfig, context

    def uid(self) -> str:
        """The identity."""
        return UID

    def list(self, *_: object) -> list[object]:
        """Nothing is there yet."""
        return []

    def get(self, manifest: object) -> None:
        """Nothing is there yet."""
        del manifest


def raw(stack: str) -> dict[str, Any]:
    """The configuration value of a stack file."""
    content = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text("utf-8"))
    value: dict[str, Any] = content["config"][CONFIG_KEY]
    return value


def run(
    monkeypatch: pytest.MonkeyPatch, value: object, target: str = "simulated", cell: str = ""
) -> tuple[Deployment, dict[str, pulumi.Output[Any]]]:
    """The program with a stack's configuration; what it registered and what it exports."""
    exported: dict[str, pulumi.Output[Any]] = {}
    monkeypatch.setattr(program, "Cluster", FakeCluster)
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    monkeypatch.syspath_prepend(str(ROOT))
    set_all_config({CONFIG_KEY: json.dumps(value), "aifactory:target": target, "aifactory:cell": cell})
    # What the program may set for its own short life must not outlast it here.
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    monkeypatch.setattr(pulumi, "run", lambda _entry: None, raising=False)
    try:
        return deploy(lambda: runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")), exported
    finally:
        gc.enable()
        set_all_config({})


@pytest.mark.parametrize("stack", STACKS)
def test_the_program_declares_one_factory_on_the_verified_cluster(
    stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack becomes one factory whose objects go, by server-side apply, to the cluster that was checked."""
    found, exported = run(monkeypatch, raw(stack))

    (provider,) = (r for r in found.resources if r.type == "pulumi:providers:kubernetes")
    assert provider.inputs["clusterIdentifier"] == UID
    assert provider.inputs["enableServerSideApply"] == "true"
    found.component("AIFactory")
    objects = [r for r in found.resources if r.type.startswith("kubernetes:")]
    assert len(objects) > 30
    assert {resource.provider.split("::")[-2] for resource in objects} == {"cluster"}
    assert sorted(exported) == ["namespaces", "notices", "phase", "pools", "target"]


@pytest.mark.parametrize("stack", MANAGED)
def test_the_program_of_a_site_declares_its_management_cluster(
    stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a cell, a GitOps stack becomes its cells' clusters and their roll-out; a cell of it, one factory."""
    found, exported = run(monkeypatch, raw(stack))

    assert len(found.of_kind("Cluster")) == 3
    assert [r.name for r in found.resources if r.parent == found.component("Management").urn][
        -1
    ] == "roll-out"
    assert [r for r in found.resources if r.type == "aifactory:index:AIFactory"] == []
    assert sorted(exported) == ["namespaces", "notices", "phase", "pools", "target"]
    cell = run(monkeypatch, raw(stack), cell="test-c001")[0]
    assert cell.component("AIFactory").name == "factory"
    assert cell.of_kind("Cluster") == []


@pytest.mark.parametrize("stack", STACKS)
def test_the_names_of_resources_are_the_same_in_every_run(
    stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs register the same URNs in the same order, so that an update changes nothing."""
    first = run(monkeypatch, raw(stack))[0]
    again = run(monkeypatch, raw(stack))[0]

    assert {r.urn for r in first.resources} == {r.urn for r in again.resources}
    assert {r.urn: r.inputs for r in first.resources} == {r.urn: r.inputs for r in again.resources}


BAD = {
    "not a mapping": (["x"], "simulated", "the stack is not a mapping"),
    "unknown target": (
        raw("local"),
        "moon",
        "target: 'moon' is not a target; targets: cluster, simulated, kind",
    ),
    "unknown system": (
        {**raw("local"), "pools": [{"name": "a", "system": "gpu-9000", "nodes": 1, "service": "training"}]},
        "simulated",
        "pools.0.system: ",
    ),
    "another cluster": (
        {**raw("local"), "cluster": {"uid": OTHER_UID}},
        "simulated",
        f"cluster.uid: the cluster at https://127.0.0.1:1 is {UID}, not {OTHER_UID}",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_stack_ends_the_program_with_one_message(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong becomes Pulumi's own error, which prints the message and no traceback."""
    value, target, message = BAD[case]

    with pytest.raises(pulumi.RunError) as caught:
        run(monkeypatch, value, target)

    assert message in str(caught.value)
    assert "stacks/Pulumi.test.yaml" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.__suppress_context__
