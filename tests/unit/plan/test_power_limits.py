"""What the rules of power let pass, and that what they propose is accepted."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.catalog.load import catalog
from aifactory.plan import power_findings, site_power_findings
from aifactory.plan.factory import plan
from aifactory.spec.stack import Target
from tests.support.stacks import stack
from tests.unit.plan.test_power_findings import CASES, A, B, C, power, racks, said, site


def test_every_rule_has_a_case() -> None:
    """No rule about power is without a stack that breaks it."""
    sources = "".join(
        Path(str(module.__file__)).read_text(encoding="utf-8")
        for module in (power_findings, site_power_findings)
    )

    assert set(re.findall(r'code="([a-z0-9-]+)"', sources)) == {case[1][0] for case in CASES.values()}


@pytest.mark.parametrize(
    "sections",
    [
        {"pools": [racks(count=35)], "power": power(7, feeds=[A, B, C])},
        {"pools": [racks(count=40)], "power": power(8)},
        {"pools": [racks(count=5)], "power": power(1)},
        {
            "pools": [racks(power_share=0.7), racks("b", power_share=0.2), racks("c", power_share=0.1)],
            "power": power(9),
        },
        {"site": site("SG", new_build=False), "power": power(1, pue=1.5)},
        {"site": site("KR", metro=True), "power": power(5, grid_permit="KPX-2027-12")},
        {"site": site("KR", metro=True), "power": power(4.99)},
        {"site": site("JP", metro=True), "power": power(500)},
        {"pools": [racks(count=6)]},
        {"site": site("XX")},
    ],
)
def test_what_is_right_is_not_remarked_on(sections: dict[str, object]) -> None:
    """Exactly used power, efficient or existing buildings, permitted and small sites are fine."""
    assert said(**sections) == ()


@pytest.mark.parametrize("target", [Target.SIMULATED, Target.KIND])
def test_a_simulated_site_needs_no_power(target: Target) -> None:
    """Only real racks draw power."""
    made = plan("test", stack(pools=[racks(count=70)]), catalog(), target)

    assert "power-not-planned" not in {finding.code for finding in made.findings}


@given(st.integers(1, 40), st.integers(1, 400), st.floats(0.5, 30))
def test_the_proposed_size_is_accepted_and_the_largest(fixed: int, wanted: int, mw: float) -> None:
    """A plan that is refused proposes a number of racks that is accepted, and one rack more is not."""

    def found(count: int) -> list[str]:
        pools = [racks("fixed", fixed), racks("large", count)]
        return [each.fix for each in said(pools=pools, power=power(mw)) if each.severity == "error"]

    proposed = re.match(r"set racks of pool 'large' to (\d+)", "".join(found(fixed + wanted)))
    if proposed is not None:
        assert found(int(proposed[1])) == []
        assert len(found(int(proposed[1]) + 1)) == 1


@given(st.integers(1, 400), st.floats(0.1, 30))
def test_the_proposed_contract_is_accepted(count: int, mw: float) -> None:
    """A plan that is refused proposes a contract that is enough."""
    found = [each.fix for each in said(pools=[racks(count=count)], power=power(mw))]
    proposed = re.search(r"contract ([0-9.]+) MW", "".join(found))

    assert (proposed is None) == (count * 0.2 <= mw * (1 + 1e-8))
    if proposed is not None:
        assert said(pools=[racks(count=count)], power=power(float(proposed[1]))) == ()
