"""Checks across fields: every message in full."""

from typing import Any

import pytest

from aifactory.errors import Problem
from tests.support.stacks import FILE, minimal_stack, pool, refusal, with_at

TWO = {"replicas": 2}
DRA_POOL = pool(system="gb300-nvl72", nodes=None, racks=1, allocation="dra")
DOMAIN = {"name": "job", "namespace": "training"}
TAKEN = (
    "aifactory-system, default, gpu-operator, kube-node-lease, kube-public, kube-system, monitoring, "
    "node-feature-discovery, nvidia-device-plugin, nvidia-dra-driver"
)


def with_pool(**fields: object) -> dict[str, Any]:
    """A stack whose pool has some fields replaced."""
    return minimal_stack(pools=[pool(**fields)])


CASES: dict[str, tuple[dict[str, Any], Problem]] = {
    "two pools of one name": (
        minimal_stack(pools=[pool(), pool()]),
        Problem(
            "pools",
            "2 entries are named 'train'",
            "names are unique",
            "rename all but one",
        ),
    ),
    "two compute domains of one name": (
        minimal_stack(pools=[{**DRA_POOL, "compute_domains": [DOMAIN, DOMAIN]}]),
        Problem(
            "pools.compute_domains",
            "2 entries are named 'training/job'",
            "names are unique",
            "rename all but one",
        ),
    ),
    "racks and nodes": (
        with_pool(racks=1),
        Problem(
            "pools.0",
            "racks and nodes are given together",
            "exactly one of racks, nodes, power_share",
            "keep one of them, for example racks: 2",
        ),
    ),
    "no size": (
        with_pool(nodes=None),
        Problem(
            "pools.0",
            "no size is given",
            "exactly one of racks, nodes, power_share",
            "keep one of them, for example racks: 2",
        ),
    ),
    "MPS with MIG": (
        with_pool(partitioning={"mps": TWO, "mig": {"layout": "all-1g.23gb"}}),
        Problem(
            "pools.0.partitioning.mps",
            "MPS is set together with MIG",
            "a pool uses mig, mps or neither, and mig may be combined with time_slicing",
            "remove mps, or replace it with time_slicing",
        ),
    ),
    "MPS with time-slicing": (
        with_pool(partitioning={"mps": TWO, "time_slicing": TWO}),
        Problem(
            "pools.0.partitioning.mps",
            "MPS is set together with time-slicing",
            "a GPU is shared in one way",
            "remove mps or time_slicing",
        ),
    ),
    "DRA with the device plugin": (
        minimal_stack(pools=[{**DRA_POOL, "device_stack": "operator"}]),
        Problem(
            "pools.0.device_stack",
            "the DRA pool 'train' is also served by the device plugin (operator)",
            "a node uses the device plugin or DRA, never both: device_stack: none with allocation: dra",
            "remove device_stack, or set allocation: device-plugin",
        ),
    ),
    "DRA with partitioning": (
        minimal_stack(pools=[{**DRA_POOL, "partitioning": {"mig": {"layout": "all-1g.35gb"}}}]),
        Problem(
            "pools.0.partitioning",
            "partitioning of the device plugin is set on a DRA pool",
            "claims choose the partition on a DRA pool: partitioning is empty",
            "remove partitioning, or set allocation: device-plugin",
        ),
    ),
    "compute domains without DRA": (
        with_pool(compute_domains=[DOMAIN]),
        Problem(
            "pools.0.compute_domains",
            "compute domains are declared on a pool of the device plugin",
            "ComputeDomains work through DRA only",
            "set allocation: dra, or remove compute_domains",
        ),
    ),
    "operator absent": (
        minimal_stack(operators={"gpu_operator": {"owner": "absent"}}),
        Problem(
            "pools.0.device_stack",
            "the pool is served by the GPU Operator, which is absent",
            "operators.gpu_operator.owner is managed, provider or external, or the device stack standalone",
            "set device_stack: standalone, or let the operator be installed",
        ),
    ),
    "DRA driver absent": (
        minimal_stack(pools=[DRA_POOL], operators={"dra_driver": {"owner": "absent"}}),
        Problem(
            "pools.0.allocation",
            "the pool is allocated through DRA, whose driver is absent",
            "operators.dra_driver.owner is managed, provider or external",
            "set allocation: device-plugin, or let the driver be installed",
        ),
    ),
    "service without a plane": (
        minimal_stack(services=[]),
        Problem(
            "pools.0.service",
            "the service 'training' has no plane in this stack",
            "services: none declared",
            "add it under services, with its namespace",
        ),
    ),
    "domain in no namespace": (
        minimal_stack(pools=[{**DRA_POOL, "compute_domains": [{"name": "job", "namespace": "other"}]}]),
        Problem(
            "pools.0.compute_domains.0.namespace",
            "'other' is not a namespace of this stack",
            "namespaces of services: training",
            "name one of them, or declare the service",
        ),
    ),
    "service with the operator": (
        minimal_stack(services=[{"name": "training", "namespace": "gpu-operator"}]),
        Problem(
            "services.0.namespace",
            "the namespace 'gpu-operator' is taken by an operator, monitoring or Kubernetes",
            f"any namespace but {TAKEN}",
            "name it after the service, for example training",
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_contradiction_is_explained(case: str) -> None:
    """A stack with one contradiction is refused with exactly its line."""
    raw, problem = CASES[case]

    assert refusal(raw) == [problem.line(FILE).removeprefix(f"{FILE}: ")]


def test_everything_wrong_is_said_at_once() -> None:
    """All contradictions are collected, and sorted by path."""
    raw = with_at(CASES["MPS with MIG"][0], "services", [])

    lines = refusal(raw)

    assert [line.partition(":")[0] for line in lines] == ["pools.0.partitioning.mps", "pools.0.service"]


def test_allowed_combinations_pass() -> None:
    """MIG with time-slicing, and DRA with compute domains, are fine."""
    assert refusal(with_pool(partitioning={"mig": {"layout": "all-1g.23gb"}, "time_slicing": TWO})) == []
    assert refusal(minimal_stack(pools=[{**DRA_POOL, "compute_domains": [DOMAIN]}])) == []
