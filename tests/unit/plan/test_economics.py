"""Tokens and their cost: the published figures, laws that hold for every size, and what is not counted."""

from typing import Any

import pytest

from aifactory.catalog.load import catalog
from aifactory.catalog.models import Catalog
from aifactory.plan.economics import (
    LeftOut,
    economics_plan,
    joules_per_token,
    judged,
    tokens_per_second_per_mw,
    usd_per_million_tokens,
)
from aifactory.plan.quantities import GridPower
from tests.support.evidence import EVERY_KIND, facts, figures, planned, row, serving
from tests.support.stacks import minimal_stack, pool, stack


def left_out(raw: dict[str, Any], known: Catalog) -> dict[str, LeftOut | None]:
    """Why each serving pool is left out; None where it is counted."""
    made = planned(raw, known)
    found = judged(made.pools, made.stack.economics, known.throughput)
    return {one.pool.name: one.left_out for one in found}


def test_published_figures_come_out() -> None:
    """$2.652 an hour, 6,182 tokens a second and 2.1 kW of grid power give what InferenceX publishes for GB300."""
    assert usd_per_million_tokens(2.652, 6182) == pytest.approx(0.119, abs=0.0005)
    assert joules_per_token(GridPower(2.1), 6182) == pytest.approx(0.340, abs=0.0005)
    assert tokens_per_second_per_mw(6182, GridPower(2.1)) == pytest.approx(2.94e6, abs=0.005e6)


def test_a_pool_is_reckoned_by_hand() -> None:
    """A pool of 16 GPUs comes out as it does on paper: rate, grid power, energy and cost of a token."""
    raw = serving({}, power={"capacity_mw": 1.0, "pue": 1.25}, economics={"derate": 0.5})
    rack = catalog().systems["dgx-b200"].rack_power
    watts = (rack.tdp_kw + rack.share_kw) * 1.25 * 1000

    found = figures(raw, facts(row(tokens=2000.0), **{"dgx-b200": 1.8}))

    assert (found.gpus, found.token_basis) == (16, "output")
    assert found.tokens_per_second == pytest.approx(16 * 2000 * 0.5)
    assert found.tokens_per_second_per_mw == pytest.approx(16000 / (watts / 1e6))
    assert found.joules_per_token == pytest.approx(watts / 16000)
    assert found.usd_per_million_tokens == pytest.approx(1.8 / 3600 / 1000 * 1e6)
    assert found.energy_usd_per_year == pytest.approx(watts / 1000 * 8760 * 0.13)
    assert found.carbon_t_per_year == pytest.approx(watts / 1000 * 8760 * 431 / 1e6)
    assert found.capex_usd == pytest.approx(catalog().costs["capex-per-mw"].usd)


def test_a_power_mode_slows_tokens_and_saves_power() -> None:
    """Under MaxLPS a GPU is slower by the mode's factor, and a token takes less energy."""
    known = facts(row())
    full = figures(serving({}, power={"capacity_mw": 1.0}), known)
    eased = figures(serving({}, power={"capacity_mw": 1.0, "mode": "maxlps"}), known)

    assert full.tokens_per_second is not None
    assert full.joules_per_token is not None
    assert eased.tokens_per_second == pytest.approx(full.tokens_per_second * 0.915)
    assert eased.joules_per_token is not None
    assert eased.joules_per_token < full.joules_per_token


@pytest.mark.parametrize(
    "other",
    [
        {"gpu_denominator": "decode-only"},
        {"model": "another"},
        {"scenario": "offline"},
        {"system": "hgx-b300"},
        {"evidence": "vendor-claim"},
        {"evidence": "simulated"},
    ],
    ids=lambda fields: "-".join(fields.values()),
)
def test_rows_that_do_not_count_are_never_used(other: dict[str, str]) -> None:
    """A figure per decode GPU, of other work, of another system, or of a kind not asked for gives no tokens."""
    found = figures(serving({}), facts(row(**{"id": "other", **other})))  # type: ignore[arg-type]

    assert (found.evidence, found.gpus, found.tokens_per_second) == ((), 0, None)


def test_a_decode_only_figure_does_not_hide_a_sound_one() -> None:
    """Stronger and newer evidence per decode GPU leaves the weaker figure per GPU in use."""
    wrong = row(id="wrong", evidence="measured", gpu_denominator="decode-only", tokens=9e9)
    found = figures(serving({}), facts(wrong, row(id="right")))

    assert [used.row.id for used in found.evidence] == ["right"]


@pytest.mark.parametrize(
    "service",
    ["training", "data-processing", "physical-ai", "digital-twin", "inference", "agentic", "enterprise"],
)
def test_only_pools_that_serve_tokens_are_counted(service: str) -> None:
    """GPUs for training and the like give no tokens, however well their system is known."""
    raw = minimal_stack(
        services=[{"name": service, "namespace": "plane"}], pools=[pool(name="p", service=service)]
    )
    counts = service in {"inference", "agentic", "enterprise"}

    assert figures(raw, facts(row())).gpus == (16 if counts else 0)


def test_bases_are_never_added() -> None:
    """Of pools with different token bases only that of the most GPUs is counted, in whatever order they are."""
    known = facts(row(), row("hgx-b300", tokens=9000.0, token_basis="total"))
    small, large = {"nodes": 2}, {"system": "hgx-b300", "nodes": 4}

    for pools in ((small, large), (large, small)):
        found = figures(serving(*pools), known)
        assert (found.token_basis, found.gpus) == ("total", 32)
        assert found.tokens_per_second == pytest.approx(32 * 9000 * 0.5)


def test_of_equal_bases_the_first_counts() -> None:
    """With as many GPUs of either basis, the first pool's basis counts, so that the answer is one."""
    known = facts(row(), row("hgx-b300", token_basis="total"))

    assert figures(serving({}, {"system": "hgx-b300"}), known).token_basis == "output"


@pytest.mark.parametrize(
    "partitioning",
    [
        {"mig": {"layout": "all-1g.23gb"}},
        {"mig": {"layout": "all-7g.180gb"}},
        {"time_slicing": {"replicas": 2}},
        {"mps": {"replicas": 2}},
    ],
    ids=["mig", "mig of one instance", "time-slicing", "mps"],
)
def test_cut_and_shared_gpus_are_left_out(partitioning: dict[str, Any]) -> None:
    """A pool of cut or shared GPUs takes no part in tokens, power or cost; the pool beside it is unchanged."""
    known = facts(row(), **{"dgx-b200": 2.0})
    raw = serving({}, {"partitioning": partitioning})

    assert left_out(raw, known) == {"p0": None, "p1": LeftOut.PARTITIONED}
    assert figures(raw, known) == figures(serving({}), known)


def test_a_pool_without_nodes_is_left_out() -> None:
    """A share of the power that feeds no rack gives no figures, and no division by nothing."""
    raw = serving(
        {"nodes": None, "power_share": 0.001}, power={"capacity_mw": 1.0}, economics={"evidence": EVERY_KIND}
    )
    known = facts(row(), **{"dgx-b200": 2.0})

    assert left_out(raw, known) == {"p0": LeftOut.EMPTY}
    found = figures(raw, known)
    assert (found.gpus, found.tokens_per_second, found.usd_per_million_tokens) == (0, None, None)


def test_the_stacks_own_cost_goes_first() -> None:
    """A GPU hour costs what the stack says, and else what the catalogue says."""
    known = facts(row(tokens=1000.0), **{"dgx-b200": 2.0})
    own = serving({}, economics={"derate": 1.0, "usd_per_gpu_hour": {"dgx-b200": 3.6}})

    assert figures(own, known).usd_per_million_tokens == pytest.approx(1.0)
    assert figures(serving({}, economics={"derate": 1.0}), known).usd_per_million_tokens == pytest.approx(
        2 / 3.6
    )


def test_one_unknown_cost_leaves_the_cost_unknown() -> None:
    """Where one counted system has no cost of a GPU hour, tokens and energy are known and their cost is not."""
    known = facts(row(), row("hgx-b300"), **{"dgx-b200": 2.0})
    found = figures(serving({}, {"system": "hgx-b300"}), known)

    assert found.usd_per_million_tokens is None
    assert found.joules_per_token is not None


def test_without_power_the_countrys_pue_is_used() -> None:
    """A stack without power is reckoned at full power and the country's planning PUE; the site's bill is unknown."""
    found = figures(serving({}), facts(row()))
    rack = catalog().systems["dgx-b200"].rack_power
    grid = GridPower((rack.tdp_kw + rack.share_kw) * catalog().regions["KR"].pue_plan)

    assert found.tokens_per_second is not None
    assert found.joules_per_token == pytest.approx(joules_per_token(grid, found.tokens_per_second))
    assert (found.energy_usd_per_year, found.carbon_t_per_year, found.capex_usd) == (None, None, None)


def test_without_a_pue_energy_is_not_known() -> None:
    """For a country that is not in the catalogue tokens are known, and their energy is not made up."""
    wanted, known = stack(**serving({})), facts(row())
    pools = planned(serving({}), known).pools
    found = economics_plan(wanted, pools, None, None, known)

    assert found.tokens_per_second == pytest.approx(8000)
    assert (found.joules_per_token, found.tokens_per_second_per_mw, found.usd_per_kwh) == (None, None, None)
