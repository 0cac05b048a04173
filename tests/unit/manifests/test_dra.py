"""Layers dra-driver and dra-config: the driver, device classes, claim templates and compute domains."""

from typing import Any

import pytest
from pydantic import JsonValue

from aifactory.catalog.load import catalog
from aifactory.manifests.dra import DynamicResourceAllocationArgs, layers, product_expression
from aifactory.manifests.model import KubernetesObject, LayerName, Release, key_of
from aifactory.plan.capacity import pool_plan
from aifactory.plan.models import PoolPlan
from aifactory.plan.nodes import POOL_LABEL
from aifactory.spec.operators import DraDriver, Owner
from aifactory.spec.pools import Pool
from tests.support.schemas import crd_dir, violations

DOMAIN: JsonValue = {"name": "rack", "namespace": "training", "nodes": 18}


def planned(name: str, system: str = "gb300-nvl72", **fields: JsonValue) -> PoolPlan:
    """A DRA pool of two nodes."""
    pool = Pool.model_validate(
        {"name": name, "system": system, "nodes": 2, "service": "training", "allocation": "dra", **fields}
    )
    return pool_plan(pool, catalog().systems[system])


def arguments(*pools: PoolPlan, **changes: object) -> DynamicResourceAllocationArgs:
    """Arguments with the catalogue's pin; a rack pool and an air-cooled pool unless others are given."""
    default = (planned("rack", compute_domains=[DOMAIN]), planned("air", "hgx-b300"))
    return DynamicResourceAllocationArgs.model_validate(
        {
            "pools": pools or default,
            "chart": catalog().charts["nvidia-dra-driver"],
            "claim_namespaces": ("training", "inference", "training"),
            **changes,
        }
    )


def objects(args: DynamicResourceAllocationArgs) -> dict[str, KubernetesObject]:
    """Every object by kind, namespace and name."""
    keys = {}
    for manifest in (manifest for layer in layers(args) for manifest in layer.objects):
        key = key_of(manifest)
        keys["/".join(filter(None, (key.kind, key.namespace, key.name)))] = manifest
    return keys


def spec(manifest: KubernetesObject) -> dict[str, Any]:
    """The object's spec."""
    assert isinstance(manifest["spec"], dict)
    return manifest["spec"]


def release(args: DynamicResourceAllocationArgs) -> Release:
    """The single chart release."""
    (only,) = (release for layer in layers(args) for release in layer.releases)
    return only


def test_there_is_a_class_and_two_templates_a_pool() -> None:
    """Every pool has its DeviceClass, and two claim templates in each namespace."""
    assert set(objects(arguments())) == {
        "Namespace/nvidia-dra-driver",
        "DeviceClass/rack.aifactory.dev",
        "DeviceClass/air.aifactory.dev",
        *(
            f"ResourceClaimTemplate/{home}/{pool}-{size}"
            for home in ("training", "inference")
            for pool in ("rack", "air")
            for size in ("gpu", "node")
        ),
        "ComputeDomain/training/rack",
    }


def test_a_claim_takes_one_gpu_or_a_whole_node() -> None:
    """The templates ask the pool's class for exactly one GPU, or for as many as a node has."""
    found = objects(arguments())

    requests = [
        spec(found[f"ResourceClaimTemplate/training/{name}"])["spec"]["devices"]["requests"]
        for name in ("air-gpu", "air-node", "rack-node")
    ]

    assert [request[0]["exactly"] for request in requests] == [
        {"deviceClassName": "air.aifactory.dev", "allocationMode": "ExactCount", "count": 1},
        {"deviceClassName": "air.aifactory.dev", "allocationMode": "ExactCount", "count": 8},
        {"deviceClassName": "rack.aifactory.dev", "allocationMode": "ExactCount", "count": 4},
    ]


def test_a_class_picks_whole_gpus_of_the_product() -> None:
    """The class's expression names the driver, the type and the product as the driver reports it."""
    (selector,) = spec(objects(arguments())["DeviceClass/rack.aifactory.dev"])["selectors"]

    assert selector == {
        "cel": {
            "expression": 'device.driver == "gpu.nvidia.com"'
            ' && device.attributes["gpu.nvidia.com"].type == "gpu"'
            ' && device.attributes["gpu.nvidia.com"].productName == "NVIDIA GB300"'
        }
    }


def test_a_product_name_cannot_change_the_expression() -> None:
    """Quotes in a product name stay inside the string of the expression."""
    pool = planned("odd")
    gpu = pool.system.gpu.model_copy(update={"name": '" || true || "'})
    odd = pool.model_copy(update={"system": pool.system.model_copy(update={"gpu": gpu})})

    assert product_expression(odd).endswith(r'.productName == "\" || true || \""')


def test_gpus_without_a_published_name_are_picked_by_capability() -> None:
    """No name is guessed: where none is published, the class asks for the compute capability."""
    assert product_expression(planned("next", "vr-nvl72")).endswith(
        '.cudaComputeCapability.compareTo(semver("10.7.0")) == 0'
    )


@pytest.mark.skipif(crd_dir() is None, reason="the real CRDs are not at hand: set AIFACTORY_CRDS")
def test_compute_domains_obey_their_crd() -> None:
    """A ComputeDomain says how many nodes take part, and is what its real CRD takes."""
    domain = objects(arguments())["ComputeDomain/training/rack"]

    assert violations(domain) == []
    assert spec(domain) == {
        "numNodes": 18,
        "channel": {"resourceClaimTemplate": {"name": "rack-channel"}, "allocationMode": "Single"},
    }


def test_the_driver_runs_on_its_pools_only() -> None:
    """The kubelet plugin is bound to the DRA pools, tolerates their taint and leaves for driver changes."""
    plugin: Any = release(arguments()).values["kubeletPlugin"]

    affinity = plugin["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = affinity["nodeSelectorTerms"]
    assert term["matchExpressions"] == [
        {"key": POOL_LABEL, "operator": "In", "values": ["air", "rack"]},
        {
            "key": "nvidia.com/gpu.deploy.client",
            "operator": "NotIn",
            "values": ["false", "paused-for-driver-upgrade", "paused-for-mig-change"],
        },
    ]
    assert plugin["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]


def test_values_switch_gpus_on_knowingly() -> None:
    """GPU claims are enabled together with the override without which the chart does not render."""
    values = release(arguments(driver_root="/")).values

    assert values["gpuResourcesEnabledOverride"] is True
    assert values["resources"] == {"gpus": {"enabled": True}, "computeDomains": {"enabled": True}}
    assert values["nvidiaDriverRoot"] == "/"


def test_compute_domains_are_off_without_nvlink_across_nodes() -> None:
    """Pools inside a node need no compute-domain controller."""
    values = release(arguments(planned("air", "hgx-b300"))).values

    assert values["resources"] == {"gpus": {"enabled": True}, "computeDomains": {"enabled": False}}


def test_an_adopted_driver_is_not_installed() -> None:
    """With another owner there is only the configuration layer."""
    found = layers(arguments(spec=DraDriver(owner=Owner.EXTERNAL)))

    assert [(layer.name, layer.releases) for layer in found] == [(LayerName.DRA_CONFIG, ())]


def test_nothing_is_declared_without_pools_or_driver() -> None:
    """No pools, or an absent driver, gives no layers."""
    chart = catalog().charts["nvidia-dra-driver"]

    assert layers(DynamicResourceAllocationArgs(pools=(), chart=chart)) == ()
    assert layers(arguments(spec=DraDriver(owner=Owner.ABSENT))) == ()
