"""The check of the phase before, under mocks: what it lets through, and that nothing is registered otherwise."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from aifactory.deliver.promotion import Promotion
from aifactory.manifests.model import KubernetesObject
from aifactory.plan.deployed import deployed
from components.base import Manifest
from components.promotion import after_predecessor
from tests.support.deployment import Deployment, deploy
from tests.support.promotions import OLD, planned

UID = "0d3f3a6e-6a2f-4f0e-9f57-2b1c7b8f1a11"
NAME = "organization/aifactory/old"
BEFORE = json.loads(json.dumps(deployed(planned("old", OLD))))
NEXT = deployed(planned("new", OLD | {"phase": "scale-out", "previous": "old"}))


def run(outputs: Mapping[str, Any], into: Deployment, previous: str | None = "old") -> None:
    """A program with a provider that waits for the check, and one object of that provider."""

    def program() -> None:
        uid = after_predecessor(Promotion(previous=previous, notices=(), outputs=NEXT), UID)
        cluster = kubernetes.Provider("cluster", cluster_identifier=uid)
        space: KubernetesObject = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "one"}}
        Manifest(space, pulumi.ResourceOptions(provider=cluster))

    deploy(program, {NAME: outputs}, into)


def kinds(found: Deployment) -> list[str]:
    """Types of what was registered, sorted."""
    return sorted(resource.type for resource in found.resources if resource.type != "pulumi:pulumi:Stack")


REGISTERED = ["kubernetes:core/v1:Namespace", "pulumi:providers:kubernetes"]


def test_a_first_phase_reads_no_other_stack() -> None:
    """Without a phase before, the cluster's identity is passed on and no reference is made."""
    found = Deployment()
    run({}, found, previous=None)

    assert kinds(found) == REGISTERED


def test_a_phase_that_follows_gets_its_cluster() -> None:
    """Where the deployed phase contradicts nothing, the provider is of the cluster that was checked."""
    found = Deployment()
    run({"phase": BEFORE}, found)

    (provider,) = (one for one in found.resources if one.type == "pulumi:providers:kubernetes")
    assert kinds(found) == REGISTERED
    assert provider.inputs["clusterIdentifier"] == UID


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "not deployed": ({}, "previous: the stack old is not deployed: its outputs do not tell its phase"),
    "another site": (
        {"phase": {**BEFORE, "site": "korea-seoul"}},
        "previous: the deployed stack old is of site 'korea-seoul'; 'korea-ulsan' is needed",
    ),
    "a pool gone": (
        {"phase": {**BEFORE, "pools": {"more": {"nodes": 1, "identity": {}}}}},
        "pools: the pool 'more' that old runs is gone; pools that run are kept; add it",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_contradiction_registers_nothing_with_the_cluster(case: str) -> None:
    """The program ends with Pulumi's own error, which prints no traceback; neither provider nor object is there."""
    outputs, message = CASES[case]
    found = Deployment()

    with pytest.raises(pulumi.RunError) as caught:
        run(outputs, found)

    assert str(caught.value).splitlines()[0].startswith(message)
    assert str(caught.value).splitlines()[-1] == "the phase is not entered: nothing was written"
    assert kinds(found) == []
