"""What the plan says about fabrics: each finding by one wrong stack, its message in full."""

import re
from pathlib import Path
from typing import Any

import pytest

from aifactory.catalog.load import catalog
from aifactory.catalog.models import Catalog
from aifactory.plan import fabric_findings
from aifactory.plan.base import Finding
from aifactory.plan.factory import plan
from tests.support.stacks import pool, stack

DESIGNS = ", ".join(sorted(catalog().fabrics))
TWIN, X800 = "spectrumx-sn5600-400x2", "quantum-x800-q3400"


def fabric(design: str = "quantum2-qm9700", name: str = "east-west", **fields: object) -> dict[str, Any]:
    """A fabric of a design, of every pool."""
    return {"name": name, "design": design, **fields}


def without_adapters() -> Catalog:
    """The catalogue with a DGX B200 that has no east-west network adapter."""
    rows = catalog().systems
    changed = rows["dgx-b200"].model_copy(update={"nics_per_gpu": 0.0, "nic_gbps": 0})
    return catalog().model_copy(update={"systems": {**rows, "dgx-b200": changed}})


def without_large_fabrics() -> Catalog:
    """The catalogue with fabrics of 64 ports a switch alone."""
    small = {name: row for name, row in catalog().fabrics.items() if row.radix == 64}
    return catalog().model_copy(update={"fabrics": small})


def said(facts: Catalog, **sections: object) -> tuple[Finding, ...]:
    """What the rules of fabrics find in a stack."""
    made = plan("test", stack(**sections), facts)
    return tuple(finding for rule in fabric_findings.RULES for finding in rule(made, facts))


CASES: dict[str, tuple[Catalog, dict[str, Any], tuple[str, str, str, str, str]]] = {
    "a slip in the name": (
        catalog(),
        {"fabrics": [fabric("quantum2-qm970")]},
        (
            "unknown-fabric",
            "error",
            "fabrics.0.design",
            f"the design 'quantum2-qm970' is not in the catalogue; designs: {DESIGNS}",
            "did you mean 'quantum2-qm9700'?",
        ),
    ),
    "a design that is like none": (
        catalog(),
        {"fabrics": [fabric("zzz")]},
        (
            "unknown-fabric",
            "error",
            "fabrics.0.design",
            f"the design 'zzz' is not in the catalogue; designs: {DESIGNS}",
            "name one of them, or add a row to aifactory/catalog/fabrics.yaml",
        ),
    ),
    "too large": (
        catalog(),
        {"pools": [pool(system="gb300-nvl72", nodes=16_385)], "fabrics": [fabric("spectrumx-sn5600-800")]},
        (
            "fabric-beyond-reach",
            "error",
            "fabrics.0.design",
            "65540 endpoints are beyond three tiers of spectrumx-sn5600-800; it joins 65536 at most",
            f"choose {X800} or {TWIN}",
        ),
    ),
    "too large for any": (
        without_large_fabrics(),
        {"pools": [pool(system="gb300-nvl72", nodes=16_385)], "fabrics": [fabric("spectrumx-sn5600-800")]},
        (
            "fabric-beyond-reach",
            "error",
            "fabrics.0.design",
            "65540 endpoints are beyond three tiers of spectrumx-sn5600-800; it joins 65536 at most",
            "split the pools over several fabrics",
        ),
    ),
    "ports faster than adapters": (
        catalog(),
        {"fabrics": [fabric(X800)]},
        (
            "fabric-speed-mismatch",
            "warning",
            "fabrics.0.design",
            f"{X800} has ports of 800 Gb/s, which network adapters do not fill: dgx-b200 400 Gb/s;"
            " an adapter has the speed of its ports, or a multiple, and the switches are counted by bandwidth",
            "choose quantum2-qm9700",
        ),
    ),
    "one adapter in two planes": (
        without_large_fabrics().model_copy(update={"fabrics": {TWIN: catalog().fabrics[TWIN]}}),
        {"fabrics": [fabric(TWIN)], "pools": [pool(), pool(name="more")]},
        (
            "fabric-speed-mismatch",
            "warning",
            "fabrics.0.design",
            f"{TWIN} has ports of 400 Gb/s in each of 2 planes, which network adapters do not fill:"
            " dgx-b200 400 Gb/s;"
            " an adapter has the speed of its ports, or a multiple, and the switches are counted by bandwidth",
            "put these pools on a fabric of their own",
        ),
    ),
    "training on its own": (
        catalog(),
        {"pools": [pool(name="a"), pool(name="b")], "fabrics": [fabric(pools=["a"])]},
        (
            "pool-without-fabric",
            "warning",
            "pools.1",
            "the 2 nodes of the training pool 'b' are on no fabric; training over nodes needs one",
            "add the pool to the pools of a fabric",
        ),
    ),
    "nothing to join": (
        without_adapters(),
        {"fabrics": [fabric()]},
        (
            "fabric-without-endpoints",
            "warning",
            "fabrics.0.pools",
            "the fabric 'east-west' has no endpoint: dgx-b200 has no east-west network adapter;"
            " a fabric joins adapters",
            "remove the fabric, or name other pools",
        ),
    ),
    "on two fabrics": (
        catalog(),
        {
            "pools": [pool(name="a"), pool(name="b"), pool(name="c")],
            "fabrics": [fabric(), fabric(name="second", pools=["c", "a"])],
        },
        (
            "pool-on-two-fabrics",
            "error",
            "fabrics.1.pools",
            "a, c would be on the fabrics 'east-west' and 'second';"
            " the adapters of a pool are ports of one fabric, and pools: [] means every pool",
            "name the pools of each fabric, each pool once",
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_mistake_gives_its_finding_alone(case: str) -> None:
    """A stack with one mistake gives exactly that finding about fabrics."""
    facts, sections, (code, severity, path, message, fix) = CASES[case]

    found = [
        (each.code, each.severity, each.path, each.message, each.fix) for each in said(facts, **sections)
    ]

    assert found == [(code, severity, path, message, fix)]


def test_every_rule_has_a_case() -> None:
    """No rule about fabrics is without a stack that breaks it."""
    source = Path(fabric_findings.__file__).read_text(encoding="utf-8")

    assert set(re.findall(r'code="([a-z0-9-]+)"', source)) == {case[2][0] for case in CASES.values()}


@pytest.mark.parametrize(
    "sections",
    [
        {"fabrics": [fabric()]},
        {"fabrics": []},
        {"pools": [pool(system="hgx-b300")], "fabrics": [fabric(TWIN)]},
        {"pools": [pool(system="hgx-b300")], "fabrics": [fabric()]},
        {"pools": [pool(system="rtx-pro-6000-server")], "fabrics": [fabric()]},
        {"pools": [pool(name="a"), pool(name="one", nodes=1)], "fabrics": [fabric(pools=["a"])]},
        {
            "pools": [pool(name="a"), pool(name="b", system="gb300-nvl72")],
            "fabrics": [fabric(pools=["a"]), fabric(X800, "fast", pools=["b"])],
        },
    ],
)
def test_what_is_right_is_not_remarked_on(sections: dict[str, Any]) -> None:
    """Fabrics as fast as their adapters, or a whole part of it, each pool on one, are fine."""
    assert said(catalog(), **sections) == ()


def test_an_unknown_system_is_reported_once() -> None:
    """A fabric whose pools could not be planned is not reported as empty."""
    assert said(catalog(), pools=[pool(system="zzz")], fabrics=[fabric()]) == ()


def test_an_empty_pool_is_reported_once() -> None:
    """A fabric of a pool that its share of the power leaves empty is not reported as well."""
    made = {"pools": [pool(nodes=None, power_share=0.001)], "power": {"capacity_mw": 1.0}}

    assert said(catalog(), **made, fabrics=[fabric()]) == ()
