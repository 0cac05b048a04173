"""What the plan says of tokens and cost: each finding by one stack, its message in full, and silence elsewhere."""

import datetime
import re
from pathlib import Path
from typing import Any

import pytest

from aifactory.catalog.models import Catalog
from aifactory.plan import economics_findings
from aifactory.plan.base import Finding
from aifactory.plan.factory import accepted, plan
from tests.support.evidence import facts, row, serving
from tests.support.stacks import minimal_stack, pool, stack

COSTS = {"dgx-b200": 2.0, "hgx-b300": 2.0}
COUNTING = "measured, mlperf, inferencex"
NEWER = "software alone changes such figures several times a year"


def known(*rows: Any) -> Catalog:
    """The catalogue with these rows of throughput, and with costs."""
    return facts(*rows, **COSTS)


def no_evidence(said: str, fix: str, pools: str = "pool 'p0' is") -> Finding:
    """A system without evidence."""
    return Finding(
        code="no-token-evidence",
        severity="info",
        path="economics",
        message=(
            f"no throughput of dgx-b200 counts for gpt-oss-120b server ({COUNTING}): {pools} left out of tokens"
            f" and their cost; known of dgx-b200: {said}"
        ),
        fix=fix,
    )


CASES: list[tuple[str, dict[str, Any], Catalog, Finding]] = [
    (
        "nothing is known",
        serving({}),
        known(row("hgx-b300")),
        no_evidence("nothing", "measure it, and add a row to aifactory/catalog/throughput.yaml"),
    ),
    (
        "two pools of one system",
        serving(
            {"provisioning": {"kind": "adopt", "selector": {"site.example/use": "a"}}},
            {"provisioning": {"kind": "adopt", "selector": {"site.example/use": "b"}}},
        ),
        known(),
        no_evidence(
            "nothing",
            "measure it, and add a row to aifactory/catalog/throughput.yaml",
            "pools 'p0', 'p1' are",
        ),
    ),
    (
        "a decode-only row does not count as known",
        serving({}),
        known(row(gpu_denominator="decode-only")),
        no_evidence("nothing", "measure it, and add a row to aifactory/catalog/throughput.yaml"),
    ),
    (
        "another kind of evidence",
        serving({}),
        known(row(evidence="simulated"), row(id="claim", evidence="vendor-claim")),
        no_evidence(
            "gpt-oss-120b server (simulated), gpt-oss-120b server (vendor-claim)",
            "add simulated to economics.evidence to reckon with test-dgx-b200",
        ),
    ),
    (
        "another scenario",
        serving({}),
        known(row(id="a", model="llama"), row(id="b", scenario="offline")),
        no_evidence(
            "llama server (mlperf), gpt-oss-120b offline (mlperf)",
            "set economics to model: gpt-oss-120b and scenario: offline",
        ),
    ),
    (
        "another model",
        serving({}),
        known(row(model="llama", scenario="offline")),
        no_evidence("llama offline (mlperf)", "set economics to model: llama and scenario: offline"),
    ),
    (
        "another model by another kind",
        serving({}),
        known(row(model="llama", evidence="vendor-claim")),
        no_evidence(
            "llama server (vendor-claim)", "measure it, and add a row to aifactory/catalog/throughput.yaml"
        ),
    ),
    (
        "two token bases",
        serving({"nodes": 4}, {"system": "hgx-b300"}),
        known(row(), row("hgx-b300", token_basis="total")),
        Finding(
            code="token-bases-mixed",
            severity="warning",
            path="economics",
            message=(
                "pool 'p1' is left out: its row test-hgx-b300 counts total tokens, those of most GPUs output tokens;"
                " one token basis for all pools"
            ),
            fix="choose a scenario whose rows all count output tokens, or add such a row",
        ),
    ),
    (
        "a maker's claim",
        serving({}, economics={"evidence": ["vendor-claim"]}),
        known(row(evidence="vendor-claim")),
        Finding(
            code="vendor-claim-used",
            severity="info",
            path="economics.evidence",
            message=(
                "the tokens of dgx-b200 rest on its maker's claim test-dgx-b200; no open benchmark shows them"
            ),
            fix="remove vendor-claim from economics.evidence once there is a benchmark",
        ),
    ),
    (
        "a simulated figure",
        serving({}, economics={"evidence": ["simulated"]}),
        known(row(evidence="simulated")),
        Finding(
            code="simulated-evidence-used",
            severity="info",
            path="economics.evidence",
            message=(
                "the tokens of dgx-b200 are simulated (test-dgx-b200), not measured; such figures were 1.6 to 2.2"
                " times those of MLPerf for the same GPU"
            ),
            fix="measure dgx-b200, or lower economics.derate",
        ),
    ),
    (
        "evidence out of date when live",
        serving({}, live="2030-01-02"),
        known(row(expires=datetime.date(2030, 1, 1))),
        Finding(
            code="evidence-expired",
            severity="info",
            path="economics",
            message=(
                "the throughput test-dgx-b200 (made for a test) counts as current until 2030-01-01, the phase is"
                f" live on 2030-01-02; {NEWER}"
            ),
            fix="plan again with a newer row of dgx-b200 when there is one",
        ),
    ),
    (
        "cut GPUs",
        minimal_stack(
            services=[
                {"name": "inference", "namespace": "inference"},
                {"name": "training", "namespace": "t"},
            ],
            pools=[
                pool(name="zero", system="hgx-b300"),
                pool(name="mig", service="inference", partitioning={"mig": {"layout": "all-1g.23gb"}}),
            ],
        ),
        known(row()),
        Finding(
            code="partitioned-pool-left-out",
            severity="info",
            path="pools.1.partitioning",
            message=(
                "pool 'mig' is left out of tokens and their cost: its GPUs are cut or shared; reference throughput"
                " is of whole GPUs"
            ),
            fix="nothing to do",
        ),
    ),
    (
        "no cost",
        serving({}),
        facts(row()),
        Finding(
            code="no-gpu-hour-cost",
            severity="info",
            path="economics.usd_per_gpu_hour",
            message="the cost of a GPU hour of dgx-b200 is not known, and so not that of a million tokens",
            fix="set economics.usd_per_gpu_hour: {dgx-b200: <US dollars, power included>}",
        ),
    ),
]


@pytest.mark.parametrize(("raw", "have", "finding"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_each_gap_gives_its_finding(raw: dict[str, Any], have: Catalog, finding: Finding) -> None:
    """A stack with one gap in its evidence gives exactly that finding, and is planned."""
    made = plan("test", stack(**raw), have)

    assert made.findings == (finding,)
    assert accepted(made, "f") is made


def test_every_rule_has_a_case() -> None:
    """No rule about evidence is without a stack that shows it."""
    source = Path(economics_findings.__file__).read_text(encoding="utf-8")

    assert set(re.findall(r'code="([a-z0-9-]+)"', source)) == {case[3].code for case in CASES}


RIGHT = [
    ("counted", serving({}), known(row())),
    ("live on the last day", serving({}, live="2030-01-01"), known(row(expires=datetime.date(2030, 1, 1)))),
    ("not serving", minimal_stack(), facts()),
    (
        "a claim beside better evidence",
        serving({}, economics={"evidence": ["mlperf", "vendor-claim"]}),
        known(row(), row(id="claim", evidence="vendor-claim")),
    ),
    ("own cost", serving({}, economics={"usd_per_gpu_hour": {"dgx-b200": 1.5}}), facts(row())),
]


@pytest.mark.parametrize(("raw", "have"), [case[1:] for case in RIGHT], ids=[case[0] for case in RIGHT])
def test_sound_evidence_is_not_remarked_on(raw: dict[str, Any], have: Catalog) -> None:
    """Where all evidence is there and current, there is nothing to say."""
    assert plan("test", stack(**raw), have).findings == ()
