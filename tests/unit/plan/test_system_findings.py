"""What the plan says about the systems that pools name: unknown, withdrawn, not to be planned."""

import pytest

from aifactory.catalog.load import catalog
from aifactory.catalog.models import Catalog
from aifactory.errors import PlanRefused
from aifactory.plan.base import Finding
from aifactory.plan.factory import accepted, plan
from tests.support.stacks import pool, stack

SYSTEMS = "dgx-b200, gb200-nvl72, gb300-nvl72, hgx-b300, hgx-rubin-nvl8, rtx-pro-6000-server, vr-nvl72"


def with_status(status: str) -> Catalog:
    """The catalogue with another status of the DGX B200."""
    rows = catalog().systems
    changed = rows["dgx-b200"].model_copy(update={"status": status})
    return catalog().model_copy(update={"systems": {**rows, "dgx-b200": changed}})


CASES: list[tuple[str, Catalog, str, str, str]] = [
    (
        "dgx-b20",
        catalog(),
        "unknown-system",
        f"the system 'dgx-b20' is not in the catalogue; systems: {SYSTEMS}",
        "did you mean 'dgx-b200'?",
    ),
    (
        "zzz",
        catalog(),
        "unknown-system",
        f"the system 'zzz' is not in the catalogue; systems: {SYSTEMS}",
        "name one of them, or add a row to aifactory/catalog/systems.yaml",
    ),
    (
        "rubin-cpx",
        catalog(),
        "withdrawn-system",
        "rubin-cpx was withdrawn: its maker took it off the roadmap at GTC 2026; a system of status ga or early",
        "choose vr-nvl72, the nearest system that can be planned",
    ),
    (
        "rubin-ultra-kyber",
        catalog(),
        "system-not-plannable",
        (
            "rubin-ultra-kyber cannot be planned: it is announced for the second half of 2027, and its trays, CPUs"
            " and networks are not published; a system of status ga or early whose figures are published"
        ),
        "choose vr-nvl72, the nearest system that can be planned",
    ),
    (
        "groq3-lpx",
        catalog(),
        "system-not-plannable",
        (
            "groq3-lpx cannot be planned: its power and its Kubernetes resources are not published; a system of"
            " status ga or early whose figures are published"
        ),
        "choose vr-nvl72, the nearest system that can be planned",
    ),
    (
        "dgx-b200",
        with_status("withdrawn"),
        "withdrawn-system",
        "dgx-b200 was withdrawn by its maker; a system of status ga or early",
        "choose another system: aifactory catalog systems",
    ),
    (
        "dgx-b200",
        with_status("roadmap"),
        "system-not-plannable",
        "dgx-b200 is on its maker's roadmap only; a system of status ga or early",
        "choose another system: aifactory catalog systems",
    ),
]


@pytest.mark.parametrize(("system", "facts", "code", "message", "fix"), CASES)
def test_a_system_that_cannot_be_planned_is_refused(
    system: str, facts: Catalog, code: str, message: str, fix: str
) -> None:
    """A pool of an unknown, withdrawn or merely announced system gives one finding that says what to choose."""
    made = plan("test", stack(pools=[pool(system=system)]), facts)

    assert made.findings == (
        Finding(code=code, severity="error", path="pools.0.system", message=message, fix=fix),
    )
    with pytest.raises(PlanRefused) as caught:
        accepted(made, "f")
    assert str(caught.value) == f"f: pools.0.system: {message}; {fix}"


def test_an_announced_system_is_nowhere_a_plannable_one() -> None:
    """No system is both plannable and merely announced, and what is named instead can be planned."""
    facts = catalog()

    assert not set(facts.systems) & set(facts.announced)
    assert all(facts.systems[row.instead].plannable for row in facts.announced.values())


@pytest.mark.parametrize("system", ["vr-nvl72", "hgx-rubin-nvl8"])
def test_rubin_is_planned_where_its_nodes_are_picked(system: str) -> None:
    """A Rubin pool is sized like any other once a selector picks its nodes, for its labels are not published."""
    adopted = {"kind": "adopt", "selector": {"example.com/for": "rubin"}}
    made = plan("test", stack(pools=[pool(system=system, provisioning=adopted)]), catalog())

    assert made.errors == ()
    assert made.gpus == 2 * catalog().systems[system].gpus_per_node
