"""Run a Pulumi program under mocks and look at what it registered."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks as pulumi_mocks


@dataclass(frozen=True)
class Registered:
    """A resource as it reached the engine."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    dependencies: tuple[str, ...]
    provider: str


@dataclass
class Deployment:
    """What a program registered."""

    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Registered outputs by URN."""

    def component(self, kind: str) -> Registered:
        """The single component of the given kind."""
        found = [resource for resource in self.resources if resource.type == f"aifactory:index:{kind}"]
        assert len(found) == 1, f"{len(found)} components of kind {kind}"
        return found[0]

    def children_of(self, urn: str) -> list[Registered]:
        """Resources whose parent is the given one."""
        return [resource for resource in self.resources if resource.parent == urn]

    def of_kind(self, kind: str) -> list[Registered]:
        """Kubernetes objects of the given kind."""
        return [r for r in self.resources if r.type.startswith("kubernetes:") and r.type.endswith(f":{kind}")]


class _Mocks(pulumi_mocks.Mocks):
    def __init__(self, references: Mapping[str, Mapping[str, Any]]) -> None:
        self._references = references

    def new_resource(self, args: pulumi_mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            name = args.inputs["name"]
            return name, {"name": name, "outputs": self._references[name], "secretOutputNames": []}
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: pulumi_mocks.MockCallArgs) -> Any:
        raise AssertionError(f"unexpected provider call {args.token}")


class _Monitor(pulumi_mocks.MockMonitor):
    def __init__(self, mocks: pulumi_mocks.Mocks, deployment: Deployment) -> None:
        super().__init__(mocks)
        self._deployment = deployment

    def RegisterResource(self, request: Any) -> Any:
        from pulumi.runtime import rpc

        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        self._deployment.resources.append(
            Registered(
                urn=response.urn,
                type=request.type,
                name=request.name,
                parent=request.parent,
                inputs=rpc.deserialize_properties(request.object),
                dependencies=tuple(request.dependencies),
                provider=request.provider or dict(request.providers).get("kubernetes", ""),
            )
        )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:
        from pulumi.runtime import rpc

        assert request.urn not in self._deployment.outputs, f"outputs registered twice: {request.urn}"
        self._deployment.outputs[request.urn] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def deploy(
    build: Callable[[], object],
    references: Mapping[str, Mapping[str, Any]] | None = None,
    into: Deployment | None = None,
) -> Deployment:
    """Run ``build`` as a Pulumi program under mocks, wait for everything, and return what it registered.

    ``references`` are the outputs of other stacks by their full names; ``into`` is filled even if ``build`` fails.

    Duplicate URNs fail here: the mocks of the SDK do not notice them.
    """
    deployment = into if into is not None else Deployment()
    mocks = _Mocks(references or {})
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        pulumi_mocks.set_mocks(
            mocks,
            project="aifactory",
            stack="test",
            organization="organization",
            monitor=_Monitor(mocks, deployment),
        )

        def program() -> None:
            build()

        pulumi.runtime.test(program)()  # type: ignore[no-untyped-call] # the SDK's decorator has no types
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    urns = [resource.urn for resource in deployment.resources]
    twice = sorted({urn for urn in urns if urns.count(urn) > 1})
    assert not twice, f"duplicate URNs: {twice}"
    return deployment
