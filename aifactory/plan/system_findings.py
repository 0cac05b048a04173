"""What the plan has to say about the systems that pools name: unknown, withdrawn, or not to be planned."""

import difflib
from collections.abc import Iterator

from aifactory.catalog.models import Catalog, System
from aifactory.catalog.programme import Announced
from aifactory.plan.base import Finding
from aifactory.spec.pools import Pool

PLANNABLE = "a system of status ga or early"
"""What a pool may name."""


def unknown_system(path: str, pool: Pool, catalog: Catalog) -> Finding:
    """A pool names a system that the catalogue cannot plan: it is not there, or is announced only."""
    announced = catalog.announced.get(pool.system)
    if announced is not None:
        return _announced(path, announced)
    known = sorted(catalog.systems)
    near = difflib.get_close_matches(pool.system, known, n=1)
    return Finding(
        code="unknown-system",
        severity="error",
        path=f"{path}.system",
        message=f"the system '{pool.system}' is not in the catalogue; systems: {', '.join(known)}",
        fix=f"did you mean '{near[0]}'?"
        if near
        else "name one of them, or add a row to aifactory/catalog/systems.yaml",
    )


def _announced(path: str, row: Announced) -> Finding:
    withdrawn = row.status == "withdrawn"
    return Finding(
        code="withdrawn-system" if withdrawn else "system-not-plannable",
        severity="error",
        path=f"{path}.system",
        message=f"{row.id} was withdrawn: {row.reason}; {PLANNABLE}"
        if withdrawn
        else f"{row.id} cannot be planned: {row.reason}; {PLANNABLE} whose figures are published",
        fix=f"choose {row.instead}, the nearest system that can be planned",
    )


def not_offered(path: str, system: System) -> Iterator[Finding]:
    """A system that is not offered, no longer or not yet, cannot be planned."""
    if not system.plannable:
        withdrawn = system.status == "withdrawn"
        yield Finding(
            code="withdrawn-system" if withdrawn else "system-not-plannable",
            severity="error",
            path=f"{path}.system",
            message=f"{system.id} was withdrawn by its maker; {PLANNABLE}"
            if withdrawn
            else f"{system.id} is on its maker's roadmap only; {PLANNABLE}",
            fix="choose another system: aifactory catalog systems",
        )
