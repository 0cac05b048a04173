"""The component DynamicResourceAllocation under mocks."""

from pydantic import JsonValue

from aifactory.catalog.load import catalog
from aifactory.plan.capacity import pool_plan
from aifactory.plan.models import PoolPlan
from aifactory.spec.operators import DraDriver, Owner
from aifactory.spec.pools import Pool
from components.dynamic_resource_allocation import DynamicResourceAllocation, DynamicResourceAllocationArgs
from tests.support.deployment import Deployment, deploy

CHART = catalog().charts["nvidia-dra-driver"]
RELEASE = "kubernetes:helm.sh/v3:Release"
DOMAIN: JsonValue = {"name": "rack", "namespace": "training"}
EMPTY: dict[str, list[str]] = {
    "device_classes": [],
    "claim_templates": [],
    "compute_domains": [],
    "notices": [],
}


def planned() -> PoolPlan:
    """A pool of one rack with one compute domain."""
    pool = Pool.model_validate(
        {
            "name": "train",
            "system": "gb300-nvl72",
            "racks": 1,
            "service": "training",
            "allocation": "dra",
            "compute_domains": [DOMAIN],
        }
    )
    return pool_plan(pool, catalog().systems["gb300-nvl72"])


def deployed(*pools: PoolPlan, owner: Owner = Owner.MANAGED, skip_charts: str | None = None) -> Deployment:
    """The component with the given pools, and claim templates in one namespace."""
    args = DynamicResourceAllocationArgs(
        spec=DraDriver(owner=owner),
        pools=pools,
        chart=CHART,
        claim_namespaces=("training",),
        skip_charts=skip_charts,
    )
    return deploy(lambda: DynamicResourceAllocation("dra", args))


def test_every_child_has_the_component_as_parent() -> None:
    """The objects of both layers and the release are children of the component, and nothing else is."""
    found = deployed(planned())

    children = found.children_of(found.component("DynamicResourceAllocation").urn)

    assert sorted((child.type, child.name) for child in children) == [
        ("kubernetes:core/v1:Namespace", "nvidia-dra-driver"),
        (RELEASE, "dra-driver-nvidia-gpu"),
        ("kubernetes:resource.k8s.io/v1:DeviceClass", "train.aifactory.dev"),
        ("kubernetes:resource.k8s.io/v1:ResourceClaimTemplate", "training/train-gpu"),
        ("kubernetes:resource.k8s.io/v1:ResourceClaimTemplate", "training/train-node"),
        ("kubernetes:resource.nvidia.com/v1beta1:ComputeDomain", "training/rack"),
    ]
    objects = [resource for resource in found.resources if resource.type.startswith("kubernetes:")]
    assert objects == children


def test_the_release_is_pinned_and_comes_first() -> None:
    """The chart has the catalogue's version, waits for its Namespace, and what claims use waits for it."""
    found = deployed(planned())
    (release,) = (resource for resource in found.resources if resource.type == RELEASE)

    assert release.inputs["chart"] == f"{CHART.repository}/{CHART.chart}"
    assert release.inputs["version"] == CHART.version
    assert {home.urn for home in found.of_kind("Namespace")} <= set(release.dependencies)
    for kind in ("DeviceClass", "ResourceClaimTemplate", "ComputeDomain"):
        assert all(release.urn in resource.dependencies for resource in found.of_kind(kind))


def test_outputs_say_what_was_declared() -> None:
    """The outputs name the classes, the claim templates and the compute domains."""
    found = deployed(planned())

    assert found.outputs[found.component("DynamicResourceAllocation").urn] == {
        "device_classes": ["train.aifactory.dev"],
        "claim_templates": ["training/train-gpu", "training/train-node"],
        "compute_domains": ["training/rack"],
        "notices": [],
    }


def test_a_skipped_chart_is_a_notice() -> None:
    """Where charts are skipped there is no release, and the notice says which and why."""
    found = deployed(planned(), skip_charts="the target is simulated")

    assert [resource for resource in found.resources if resource.type == RELEASE] == []
    assert found.outputs[found.component("DynamicResourceAllocation").urn]["notices"] == [
        f"chart {CHART.chart} {CHART.version} is not installed: the target is simulated"
    ]


def test_an_adopted_driver_gets_our_objects_only() -> None:
    """With another owner neither Namespace nor release is registered."""
    found = deployed(planned(), owner=Owner.PROVIDER)

    assert found.of_kind("Namespace") == []
    assert [resource for resource in found.resources if resource.type == RELEASE] == []
    assert len(found.of_kind("DeviceClass")) == 1


def test_without_pools_or_driver_the_component_is_empty() -> None:
    """No pools, or an absent driver, gives no children and empty outputs."""
    for found in (deployed(), deployed(planned(), owner=Owner.ABSENT)):
        component = found.component("DynamicResourceAllocation")
        assert found.children_of(component.urn) == []
        assert found.outputs[component.urn] == EMPTY
