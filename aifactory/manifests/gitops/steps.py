"""The steps of a cell's roll-out: a layer's objects are one, its charts the next, in the Bundle's order."""

from dataclasses import dataclass

from aifactory.manifests.layers import NEEDS
from aifactory.manifests.model import Bundle, KubernetesObject, LayerName, Release

CHARTS = "charts"
LAYERS = tuple(NEEDS)
ORDERS = tuple(f"{order:02d}" for order in range(2 * len(LAYERS)))
"""Places of steps in the order of application; a layer has the same places whatever else a cell has."""


@dataclass(frozen=True)
class Step:
    """Objects, or charts, that are applied together after the steps they need."""

    name: str
    layer: LayerName
    order: str
    """One of ORDERS."""
    needs: tuple[str, ...]
    """Names of steps of the same cell."""
    objects: tuple[KubernetesObject, ...] = ()
    releases: tuple[Release, ...] = ()

    @property
    def folder(self) -> str:
        """Folder of the step's files below the cell's."""
        return f"{self.order}-{self.name}"


def steps_of(bundle: Bundle) -> tuple[Step, ...]:
    """The steps of a Bundle; each comes after those it needs, and charts come after their layer's objects.

    Where a layer that is needed is not there, what it would need is needed instead. Charts that are skipped
    are in no step.
    """
    present = {layer.name: layer for layer in bundle.layers}
    ends: dict[LayerName, tuple[str, ...]] = {}
    steps: list[Step] = []
    for index, name in enumerate(LAYERS):
        layer = present.get(name)
        needs = tuple(dict.fromkeys(end for need in NEEDS[name] for end in ends[need]))
        if layer is not None and layer.objects:
            steps.append(Step(name.value, name, ORDERS[2 * index], needs, objects=layer.objects))
            needs = (name.value,)
        releases = tuple(release for release in layer.releases if release.skipped is None) if layer else ()
        if releases:
            charts = f"{name.value}-{CHARTS}"
            steps.append(Step(charts, name, ORDERS[2 * index + 1], needs, releases=releases))
            needs = (charts,)
        ends[name] = needs
    return tuple(steps)


def last_steps(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Names of the steps that no other one needs: when they are done, all are."""
    needed = {need for step in steps for need in step.needs}
    return tuple(step.name for step in steps if step.name not in needed)


def skipped_charts(bundle: Bundle) -> dict[str, str]:
    """Charts that are in no step, and why."""
    return {release.name: release.skipped for release in bundle.releases() if release.skipped is not None}
