"""Checks of who lives in which namespace: every message in full."""

from typing import Any

import pytest

from aifactory.errors import Problem
from tests.support.stacks import FILE, minimal_stack, refusal

TAKEN = (
    "aifactory-system, default, gpu-operator, kube-node-lease, kube-public, kube-system, monitoring, "
    "node-feature-discovery, nvidia-device-plugin, nvidia-dra-driver"
)


def tenant(name: str = "lab", **fields: object) -> dict[str, Any]:
    """A tenant with a namespace of its own name."""
    return {"name": name, "namespaces": [name], **fields}


CASES: dict[str, tuple[dict[str, Any], Problem]] = {
    "two tenants in one namespace": (
        minimal_stack(tenants=[tenant(), tenant("team", namespaces=["team", "lab"])]),
        Problem(
            "tenants.1.namespaces.1",
            "'lab' is already a namespace of the tenant 'lab'",
            "each namespace is named once, by one tenant",
            "remove it, or give the tenant its own",
        ),
    ),
    "a namespace twice": (
        minimal_stack(tenants=[tenant(namespaces=["lab", "lab"])]),
        Problem(
            "tenants.0.namespaces.1",
            "'lab' is already a namespace of the tenant 'lab'",
            "each namespace is named once, by one tenant",
            "remove it, or give the tenant its own",
        ),
    ),
    "a tenant in a service": (
        minimal_stack(tenants=[tenant(namespaces=["training"])]),
        Problem(
            "tenants.0.namespaces.0",
            "'training' is the namespace of the service 'training'",
            "a service works for every tenant, so that no tenant has rights in its namespace",
            "give the tenant its own, for example lab-training",
        ),
    ),
    "a tenant with the operator": (
        minimal_stack(tenants=[tenant(namespaces=["gpu-operator"])]),
        Problem(
            "tenants.0.namespaces.0",
            "the namespace 'gpu-operator' is taken by an operator, monitoring or Kubernetes",
            f"any namespace but {TAKEN}",
            "name it after the tenant, for example lab-work",
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_contradiction_is_explained(case: str) -> None:
    """A stack with one contradiction is refused with exactly its line."""
    raw, problem = CASES[case]

    assert refusal(raw) == [problem.line(FILE).removeprefix(f"{FILE}: ")]


def test_namespaces_of_their_own_pass() -> None:
    """Tenants with several namespaces, each its own, are fine."""
    assert refusal(minimal_stack(tenants=[tenant(namespaces=["lab", "lab-dev"]), tenant("team")])) == []
