"""Checks of the address plan and of the storage section: every message in full."""

from typing import Any

import pytest

from aifactory.errors import Problem
from tests.support.stacks import FILE, minimal_stack, refusal, tier

CHECKPOINT = {"tier": "fast", "size_tib": 1}


def with_storage(**fields: object) -> dict[str, Any]:
    """A stack with one tier, and some of the storage section replaced."""
    return minimal_stack(storage={"tiers": [tier()], **fields})


def with_network(**fields: object) -> dict[str, Any]:
    """A stack with some of the network section replaced."""
    return minimal_stack(network=fields)


CASES: dict[str, tuple[dict[str, Any], Problem]] = {
    "two quotas for one": (
        with_storage(quotas=[{"namespace": "training", "tier": "fast", "capacity_tib": 1}] * 2),
        Problem(
            "storage.quotas",
            "2 entries are named 'training/fast'",
            "names are unique",
            "rename all but one",
        ),
    ),
    "overlapping networks": (
        with_network(service_cidr="10.244.128.0/24"),
        Problem(
            "network.service_cidr",
            "10.244.128.0/24 overlaps network.pod_cidr (10.244.0.0/16)",
            "pod, service, node and storage networks are disjoint",
            "choose a network outside the other one",
        ),
    ),
    "API server of the other family": (
        with_network(api_servers=["10.0.0.10", "fd00::10"]),
        Problem(
            "network.api_servers.1",
            "is not an IPv4 address",
            "pods have IPv4 addresses (network.pod_cidr)",
            "give the address that pods reach the API server by",
        ),
    ),
    "everything is a mirror": (
        with_network(mirror_cidrs=["10.8.0.0/24", "0.0.0.0/0"]),
        Problem(
            "network.mirror_cidrs.1",
            "is the whole address space",
            "policies open this network to pods: name the one that is meant",
            "give a prefix longer than /0",
        ),
    ),
    "quota of no tier": (
        with_storage(quotas=[{"namespace": "training", "tier": "slow", "capacity_tib": 1}]),
        Problem(
            "storage.quotas.0.tier",
            "there is no tier 'slow'",
            "tiers: fast",
            "name one of them",
        ),
    ),
    "quota of no namespace": (
        with_storage(quotas=[{"namespace": "other", "tier": "fast", "capacity_tib": 1}]),
        Problem(
            "storage.quotas.0.namespace",
            "'other' is not a namespace of this stack",
            "namespaces of services: training",
            "name one of them, or declare the service",
        ),
    ),
    "checkpoint to no tier": (
        minimal_stack(storage={"checkpoint": CHECKPOINT}),
        Problem(
            "storage.checkpoint.tier",
            "there is no tier 'fast'",
            "tiers: none declared",
            "name one of them",
        ),
    ),
    "checkpoint to a local tier": (
        minimal_stack(storage={"tiers": [tier(role="local")], "checkpoint": CHECKPOINT}),
        Problem(
            "storage.checkpoint.tier",
            "the tier 'fast' is local to a node",
            "checkpoints go to a tier that every node of the job can read",
            "name a scratch, home, block or object tier",
        ),
    ),
    "two default tiers": (
        minimal_stack(storage={"tiers": [tier(default=True), tier(name="home", default=True)]}),
        Problem(
            "storage.tiers",
            "2 tiers are the default: fast, home",
            "at most one StorageClass is the default",
            "keep default: true on one of them",
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_contradiction_is_explained(case: str) -> None:
    """A stack with one contradiction is refused with exactly its line."""
    raw, problem = CASES[case]

    assert refusal(raw) == [problem.line(FILE).removeprefix(f"{FILE}: ")]


def test_disjoint_networks_pass() -> None:
    """Disjoint networks with API servers of their family are fine."""
    assert refusal(with_network(storage_cidr="10.9.0.0/16", api_servers=["10.0.0.10"])) == []
