"""What works together: Kubernetes, operators, drivers, page sizes; and versions that are known to be bad."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from aifactory.catalog.models import Catalog
from aifactory.catalog.programme import Compatibility, KnownBad
from aifactory.catalog.versions import numbers, older, within
from aifactory.plan.base import Finding
from aifactory.plan.models import FactoryPlan
from aifactory.plan.selection import pools_with_paths
from aifactory.spec.operators import Owner
from aifactory.spec.pools import Allocation

RELEASES = "aifactory/catalog/releases.yaml"
"""Where versions are pinned."""


class InUse(NamedTuple):
    """A component at the version that the plan uses."""

    component: str
    version: str
    path: str
    """Field of the stack file that sets the version."""
    pinned: str
    """Version that the catalogue pins."""

    @property
    def remedy(self) -> str:
        """How to leave this version."""
        if self.version == self.pinned:
            return f"raise the version of {self.component} in {RELEASES}"
        return f"remove {self.path} to use {self.pinned}, which the catalogue pins"


def _operators(plan: FactoryPlan, catalog: Catalog) -> Iterator[InUse]:
    """The operators of the plan whose version is known; another owner's is known where the stack says it."""
    declared, pins = plan.stack.operators, catalog.charts
    gpu, dra = declared.gpu_operator, declared.dra_driver
    claimed = any(pool.allocation is Allocation.DRA for pool in plan.stack.pools)
    for component, path, owner, version, used in (
        ("gpu-operator", "operators.gpu_operator.version", gpu.owner, gpu.version, True),
        ("nvidia-dra-driver", "operators.dra_driver.version", dra.owner, dra.version, claimed),
    ):
        pinned = pins[component].version
        known = version or (pinned if owner is Owner.MANAGED else None)
        if used and owner is not Owner.ABSENT and known is not None:
            yield InUse(component, known, path, pinned)


def _drivers(plan: FactoryPlan, catalog: Catalog) -> Iterator[InUse]:
    """The drivers that pools ask for instead of the catalogue's."""
    pinned = catalog.images["driver"].version
    for path, planned in pools_with_paths(plan):
        if planned.pool.driver.version is not None:
            yield InUse("driver", planned.pool.driver.version, f"{path}.driver.version", pinned)


def _images(plan: FactoryPlan, catalog: Catalog) -> Iterator[InUse]:
    """The images of the plan, at the catalogue's versions; an operator's own image is that of its chart."""
    for name in plan.images:
        if name not in catalog.charts:
            version = catalog.images[name].version
            yield InUse(name, version, "operators.gpu_operator", version)


def _row(used: InUse, catalog: Catalog) -> Compatibility | None:
    """What the component works with at this version; the row of the longest prefix counts."""
    fitting = [
        (len(numbers(prefix)), row)
        for row in catalog.compatibility.values()
        if row.component == used.component
        for prefix in row.versions
        if within(used.version, prefix)
    ]
    return max(fitting, key=lambda item: item[0], default=(0, None))[1]


def _advisories(used: InUse, catalog: Catalog) -> list[KnownBad]:
    rows = [row for row in catalog.known_bad.values() if row.component == used.component]
    return [row for row in rows if older(used.version, row.fixed_in)]


def known_bad_version(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """No version is used that an advisory warns of; every advisory is named, and the first version without any."""
    for used in (*_operators(plan, catalog), *_drivers(plan, catalog), *_images(plan, catalog)):
        advisories = _advisories(used, catalog)
        if not advisories:
            continue
        good = advisories[0].fixed_in
        for row in advisories:
            good = row.fixed_in if older(good, row.fixed_in) else good
        reasons = ", ".join(row.reason for row in advisories)
        yield Finding(
            code="known-bad-version",
            severity="error",
            path=used.path,
            message=f"{used.component} {used.version} must not be used ({reasons}); {good} or newer",
            fix=used.remedy,
        )


def version_unknown(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """A version of which the catalogue does not say what it works with is not checked, and said to be."""
    for used in (*_operators(plan, catalog), *_drivers(plan, catalog)):
        if _row(used, catalog) is not None or _advisories(used, catalog):
            continue
        rows = [row for row in catalog.compatibility.values() if row.component == used.component]
        lines = ", ".join(version for row in rows for version in row.versions)
        yield Finding(
            code="version-unknown",
            severity="warning",
            path=used.path,
            message=(
                f"what {used.component} {used.version} works with is not in the catalogue, and was not checked;"
                f" versions: {lines or 'none'}"
            ),
            fix=used.remedy,
        )


def kubernetes_unsupported(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """The control plane is of a version that every operator supports."""
    wanted = plan.stack.cluster.kubernetes_version
    for used in _operators(plan, catalog):
        row = _row(used, catalog)
        low, high = (row.kubernetes_min, row.kubernetes_max) if row is not None else (None, None)
        nearest = low if low and older(wanted, low) else high if high and older(high, wanted) else None
        if nearest is None:
            continue
        allowed = f"{low} to {high}" if low and high else f"{low} or newer" if low else f"{high} or older"
        yield Finding(
            code="kubernetes-unsupported",
            severity="error",
            path="cluster.kubernetes_version",
            message=f"{used.component} {used.version} does not support Kubernetes {wanted}; Kubernetes {allowed}",
            fix=f"set kubernetes_version: '{nearest}' once the cluster is of that version, or change {used.path}",
        )


def page_size_unsupported(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """Every operator runs on the kernel page size of every pool's nodes."""
    for used in _operators(plan, catalog):
        row = _row(used, catalog)
        sizes = row.page_sizes_kib if row is not None else ()
        for path, planned in pools_with_paths(plan):
            system = planned.system
            if not sizes or system.page_size_kib in sizes:
                continue
            fitting = sorted(
                other.id
                for other in catalog.systems.values()
                if other.plannable and other.page_size_kib in sizes
            )
            yield Finding(
                code="page-size-unsupported",
                severity="error",
                path=f"{path}.system",
                message=(
                    f"{used.component} {used.version} does not run on the {system.page_size_kib} KiB pages of"
                    f" {system.id}; page sizes: {', '.join(f'{size} KiB' for size in sizes)}"
                ),
                fix=f"change {used.path}, or choose {', '.join(fitting) or 'another system'}",
            )


RULES: tuple[Callable[[FactoryPlan, Catalog], Iterator[Finding]], ...] = (
    known_bad_version,
    version_unknown,
    kubernetes_unsupported,
    page_size_unsupported,
)
"""Every rule of this module."""
