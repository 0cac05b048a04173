"""The component Foundation under mocks."""

from components.foundation import Foundation, FoundationArgs, Plane
from tests.support.deployment import deploy

ARGS = FoundationArgs(
    planes=(
        Plane(service="training", namespace="training"),
        Plane(service="inference", namespace="inference"),
    )
)


def test_every_child_has_the_component_as_parent() -> None:
    """Each namespace is a child of the component, and nothing else is registered."""
    deployed = deploy(lambda: Foundation("foundation", ARGS))
    component = deployed.component("Foundation")

    children = deployed.children_of(component.urn)

    assert sorted(child.name for child in children) == ["aifactory-system", "inference", "training"]
    assert {child.type for child in children} == {"kubernetes:core/v1:Namespace"}


def test_outputs_name_the_namespaces() -> None:
    """The output ``namespaces`` lists every namespace, sorted."""
    deployed = deploy(lambda: Foundation("foundation", ARGS))

    outputs = deployed.outputs[deployed.component("Foundation").urn]

    assert outputs == {"namespaces": ["aifactory-system", "inference", "training"]}
