"""The component GpuNodePool under mocks."""

from typing import Any

import pytest

from aifactory.catalog.load import catalog
from aifactory.plan.capacity import pool_plan
from aifactory.spec.pools import Pool
from components.gpu_node_pool import GpuNodePool, GpuNodePoolArgs
from tests.support.deployment import Deployment, deploy

CLUSTER_API: dict[str, Any] = {
    "kind": "cluster-api",
    "cluster_name": "cell",
    "namespace": "cells",
    "kubernetes_version": "v1.34.4",
    "bootstrap_template": "gpu",
    "template": {"kind": "metal3", "image_url": "https://images.example/node.raw", "image_checksum": "ab"},
}
RULE = "kubernetes:nfd.k8s-sigs.io/v1alpha1:NodeFeatureRule"
RECORD = "kubernetes:core/v1:ConfigMap"
PATCH = [
    "kubernetes:core/v1:ServiceAccount",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    "kubernetes:batch/v1:Job",
    "kubernetes:batch/v1:CronJob",
]
MACHINES = [
    "kubernetes:infrastructure.cluster.x-k8s.io/v1beta2:Metal3MachineTemplate",
    "kubernetes:cluster.x-k8s.io/v1beta2:MachineDeployment",
    "kubernetes:cluster.x-k8s.io/v1beta2:MachineHealthCheck",
]


def deployed(how: dict[str, Any], *, nfd_present: bool = True) -> Deployment:
    """A program with one pool of one rack."""
    pool = {"name": "train", "system": "gb300-nvl72", "racks": 1, "service": "training", "provisioning": how}
    planned = pool_plan(Pool.model_validate(pool), catalog().systems["gb300-nvl72"])
    args = GpuNodePoolArgs(pool=planned, nfd_present=nfd_present, kubectl_image="registry.example/kubectl:v1")
    return deploy(lambda: GpuNodePool("train", args))


@pytest.mark.parametrize(
    ("how", "nfd_present", "types"),
    [
        ({"kind": "simulated"}, True, [RECORD]),
        ({"kind": "adopt"}, True, [RECORD, RULE]),
        ({"kind": "adopt"}, False, [RECORD, *PATCH]),
        ({"kind": "adopt", "selector": {"rack": "7"}}, True, [RECORD, *PATCH]),
        (CLUSTER_API, True, [RECORD, *MACHINES, RULE]),
        (CLUSTER_API, False, [RECORD, *MACHINES]),
    ],
)
def test_every_child_has_the_component_as_parent(
    how: dict[str, Any], nfd_present: bool, types: list[str]
) -> None:
    """Each object of the pool is a child of the component, of its type, and nothing else is registered."""
    program = deployed(how, nfd_present=nfd_present)
    component = program.component("GpuNodePool")

    children = program.children_of(component.urn)

    assert sorted(child.type for child in children) == sorted(types)
    objects = [resource for resource in program.resources if resource.type.startswith("kubernetes:")]
    assert len(objects) == len(children)


def test_outputs_say_what_the_pool_offers() -> None:
    """Every output of the pool is registered with its value."""
    program = deployed({"kind": "adopt"})

    outputs = program.outputs[program.component("GpuNodePool").urn]

    assert outputs == {
        "pool_name": "train",
        "nodes": 18,
        "gpus": 72,
        "resource": "nvidia.com/gpu",
        "node_selector": {"node.cluster.x-k8s.io/aifactory-pool": "train"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    }


def test_every_declared_output_is_published() -> None:
    """The outputs registered are the attributes that the class declares, no more and no fewer."""
    program = deployed({"kind": "simulated"})

    declared = {name for name, kind in GpuNodePool.__annotations__.items() if "Output" in str(kind)}

    assert set(program.outputs[program.component("GpuNodePool").urn]) == declared
