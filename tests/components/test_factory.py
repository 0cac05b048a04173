"""The whole factory under mocks: what Pulumi registers is what the Bundle holds; nothing about a real engine."""

from functools import cache

import pulumi
import pytest

from aifactory.catalog.load import catalog
from aifactory.manifests.findings import checked_plan
from aifactory.manifests.layers import NEEDS
from aifactory.manifests.model import Bundle, KubernetesObject, LayerName, key_of
from aifactory.manifests.parts import Parts, bundle_of, parts_of
from aifactory.spec.load import load_stack, stack_file
from aifactory.spec.stack import Target
from components.factory import AIFactory
from tests.support.cli import ROOT
from tests.support.deployment import Deployment, Registered, deploy
from tests.support.trees import STACKS

RELEASE = "kubernetes:helm.sh/v3:Release"
WHY = "the target is simulated"
PREFIX = "aifactory:index:"


@cache
def parts(stack: str, skip: str | None = None) -> Parts:
    """The parts of a stack's factory."""
    file = stack_file(ROOT / "stacks", stack)
    planned = checked_plan(stack, load_stack(file), catalog(), Target.CLUSTER, str(file))
    return parts_of(planned, skip)


@cache
def deployed(stack: str, skip: str | None = None) -> Deployment:
    """The factory of a stack, with charts unless there is a reason to skip them."""
    return deploy(lambda: AIFactory("factory", parts(stack, skip)))


def bundle(stack: str, skip: str | None = None) -> Bundle:
    """What the same stack is as a Bundle."""
    return bundle_of(parts(stack, skip))


def named(objects: list[KubernetesObject]) -> dict[str, KubernetesObject]:
    """Objects by identity; none may be there twice."""
    found = {str(key_of(item)): item for item in objects}
    assert len(found) == len(objects)
    return found


def objects_of(found: Deployment) -> list[Registered]:
    """The Kubernetes objects that were registered."""
    return [r for r in found.resources if r.type.startswith("kubernetes:") and r.type != RELEASE]


@pytest.mark.parametrize("skip", [None, WHY])
@pytest.mark.parametrize("stack", STACKS)
def test_the_registered_objects_are_those_of_the_bundle(stack: str, skip: str | None) -> None:
    """Pulumi registers exactly the objects of the Bundle, each with the same content."""
    registered = named([resource.inputs for resource in objects_of(deployed(stack, skip))])
    wanted = named(list(bundle(stack, skip).objects()))

    assert sorted(registered) == sorted(wanted)
    assert [key for key in sorted(wanted) if registered[key] != wanted[key]] == []


@pytest.mark.parametrize("stack", STACKS)
def test_every_release_is_registered_unless_it_is_skipped(stack: str) -> None:
    """The charts of the Bundle are registered with their version and values; skipped ones are notices."""
    wanted = list(bundle(stack).releases())
    found = [resource for resource in deployed(stack).resources if resource.type == RELEASE]
    skipped = deployed(stack, WHY)

    assert sorted(release.name for release in found) == sorted(release.name for release in wanted)
    by_name = {release.name: release.inputs for release in found}
    for release in wanted:
        given = by_name[release.name]
        assert (given["version"], given["namespace"]) == (release.version, release.namespace)
        assert given["values"] == release.values
    assert [resource for resource in skipped.resources if resource.type == RELEASE] == []
    notices = skipped.outputs[skipped.component("AIFactory").urn]["notices"]
    assert notices == sorted(
        f"chart {release.chart} {release.version} is not installed: {WHY}" for release in wanted
    )


@pytest.mark.parametrize("stack", STACKS)
def test_the_tree_of_resources_has_three_levels(stack: str) -> None:
    """Each object's parent is a component, each component's the factory, and the factory's the stack."""
    found = deployed(stack)
    factory = found.component("AIFactory")
    components = [r for r in found.resources if r.type.startswith(PREFIX) and r.urn != factory.urn]

    assert {component.parent for component in components} == {factory.urn}
    rest = [r for r in found.resources if not r.type.startswith(PREFIX) and not r.type.startswith("pulumi:")]
    assert {resource.parent for resource in rest} == {component.urn for component in components}
    assert "pulumi:pulumi:Stack" in factory.parent


@pytest.mark.parametrize("stack", STACKS)
def test_dependencies_follow_the_needs_of_the_layers(stack: str) -> None:
    """An object waits for all objects of the layers that its layer needs: itself, or its component does."""
    found = deployed(stack)
    keys = {resource.urn: str(key_of(resource.inputs)) for resource in objects_of(found)}
    urns = {key: urn for urn, key in keys.items()}
    layers = {
        layer.name: {urns[str(key_of(item))] for item in layer.objects} for layer in bundle(stack).layers
    }
    before = awaited(found)

    for name, members in layers.items():
        for need in NEEDS[name]:
            for member in members:
                missing = layers.get(need, set()) - before[member]
                assert not missing, f"{keys[member]} of {name} does not wait for {need}: {missing}"


def awaited(found: Deployment) -> dict[str, set[str]]:
    """What each resource waits for, by URN: its dependencies, its parent, and all that those wait for."""
    direct = {r.urn: {*r.dependencies, *([r.parent] if r.parent else [])} for r in found.resources}
    reached: dict[str, set[str]] = {}

    def walk(urn: str) -> set[str]:
        if urn not in reached:
            reached[urn] = set()
            for other in direct.get(urn, set()):
                reached[urn] |= {other, *walk(other)}
        return reached[urn]

    for urn in direct:
        walk(urn)
    return reached


@pytest.mark.parametrize("stack", STACKS)
def test_the_outputs_say_what_the_factory_is(stack: str) -> None:
    """The outputs name the pools with their sizes and the namespaces, and there are no notices."""
    found = deployed(stack)
    outputs = found.outputs[found.component("AIFactory").urn]

    assert outputs["pools"] == [
        {"name": p.pool.name, "nodes": p.pool.nodes, "gpus": p.pool.gpus, "resource": p.pool.resource}
        for p in parts(stack).node_pools
    ]
    spaces = sorted(
        key_of(item).name
        for layer in bundle(stack).layers
        if layer.name is LayerName.FOUNDATION
        for item in layer.objects
        if item["kind"] == "Namespace"
    )
    assert outputs["namespaces"] == spaces
    assert outputs["notices"] == []


def test_the_provider_of_the_factory_reaches_every_object() -> None:
    """A provider that is given to the factory is the one of each object and release."""
    import pulumi_kubernetes as kubernetes

    def program() -> None:
        cluster = kubernetes.Provider("cluster", kubeconfig="none")
        AIFactory("factory", parts("local"), pulumi.ResourceOptions(providers=[cluster]))

    found = deploy(program)
    mine = [r for r in found.resources if r.type.startswith("kubernetes:")]

    assert len(mine) > len(list(bundle("local").objects()))
    assert {resource.provider.split("::")[-2] for resource in mine} == {"cluster"}
