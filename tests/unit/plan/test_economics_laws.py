"""Laws of tokens and their cost that hold for every size, price and set of evidence."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.plan.economics import evidence_for
from aifactory.spec.economics import Economics, EvidenceKind
from tests.support.evidence import facts, figures, planned, row, serving


@given(nodes=st.integers(1, 400), factor=st.integers(2, 9), tokens=st.floats(1, 1e5))
def test_tokens_grow_with_gpus_and_ratios_do_not(nodes: int, factor: int, tokens: float) -> None:
    """Tokens scale linearly with GPUs; tokens for a megawatt, energy and cost of a token do not depend on size."""
    known = facts(row(tokens=tokens), **{"dgx-b200": 2.0})
    one, many = (figures(serving({"nodes": count}), known) for count in (nodes, nodes * factor))

    assert one.tokens_per_second is not None
    assert many.tokens_per_second == pytest.approx(one.tokens_per_second * factor)
    assert many.tokens_per_second_per_mw == pytest.approx(one.tokens_per_second_per_mw)
    assert many.joules_per_token == pytest.approx(one.joules_per_token)
    assert many.usd_per_million_tokens == pytest.approx(one.usd_per_million_tokens)


@given(
    nodes=st.integers(1, 400),
    tokens=st.floats(1, 1e5),
    pue=st.floats(1, 3),
    mode=st.sampled_from(["tdp", "dps", "maxlps"]),
)
def test_energy_of_tokens_is_the_power(nodes: int, tokens: float, pue: float, mode: str) -> None:
    """Joules for a token times tokens a second are the watts of the grid; a megawatt's tokens say the same."""
    power = {"capacity_mw": 100.0, "pue": pue, "mode": mode}
    made = planned(serving({"nodes": nodes}, power=power), facts(row(tokens=tokens)))
    found = made.economics

    assert made.power is not None
    assert found.joules_per_token is not None
    assert found.tokens_per_second is not None
    assert found.tokens_per_second_per_mw is not None
    assert found.joules_per_token * found.tokens_per_second == pytest.approx(made.power.grid.kw * 1000)
    assert found.joules_per_token * found.tokens_per_second_per_mw == pytest.approx(1e6)


@given(low=st.floats(0.001, 10), high=st.floats(0.001, 10))
def test_cheaper_power_never_costs_more(low: float, high: float) -> None:
    """The cheaper the electricity, the lower the bill of a year, or the same."""
    low, high = sorted((low, high))
    bills = [
        figures(serving({}, power={"capacity_mw": 1.0}, economics={"usd_per_kwh": price}), facts(row()))
        for price in (low, high)
    ]

    assert bills[0].energy_usd_per_year is not None
    assert bills[1].energy_usd_per_year is not None
    assert bills[0].energy_usd_per_year <= bills[1].energy_usd_per_year


KINDS = st.lists(
    st.tuples(st.sampled_from(EvidenceKind), st.integers(0, 300), st.floats(1, 1e5)), min_size=1, max_size=8
)


@given(drawn=KINDS, counting=st.sets(st.sampled_from(EvidenceKind), min_size=1))
def test_the_stronger_evidence_always_wins(
    drawn: list[tuple[EvidenceKind, int, float]], counting: set[EvidenceKind]
) -> None:
    """Whatever rows there are, no kind that counts is stronger than the one used, and of that kind none is newer."""
    rows = {
        f"r{index}": row(
            id=f"r{index}",
            evidence=kind,
            tokens=tokens,
            as_of=datetime.date(2026, 1, 1) + datetime.timedelta(days=days),
        )
        for index, (kind, days, tokens) in enumerate(drawn)
    }
    order = list(EvidenceKind)
    used = evidence_for("dgx-b200", Economics(evidence=tuple(counting)), rows)
    able = [one for one in rows.values() if one.evidence in counting]

    assert (used is None) == (not able)
    if used is not None:
        strongest = min(order.index(one.evidence) for one in able)
        assert order.index(used.evidence) == strongest
        assert used.as_of == max(one.as_of for one in able if one.evidence is used.evidence)
