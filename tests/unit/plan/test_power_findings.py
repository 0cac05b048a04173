"""What the plan says about power: each finding by one wrong stack, its message in full."""

from typing import Any

import pytest

from aifactory.catalog.load import catalog
from aifactory.plan import power_findings
from aifactory.plan.base import Finding
from aifactory.plan.factory import plan
from tests.support.stacks import pool, stack

COUNTRIES = ", ".join(sorted(catalog().regions))
A, B, C = ({"name": name, "capacity_mw": mw} for name, mw in (("a", 5.0), ("b", 4.0), ("c", 3.0)))


def racks(name: str = "train", count: int | None = None, **fields: object) -> dict[str, Any]:
    """A pool of GB300 racks, each 160 kW."""
    return pool(**{"name": name, "system": "gb300-nvl72", "nodes": None, "racks": count, **fields})


def site(country: str, **fields: object) -> dict[str, Any]:
    """A site in a country."""
    return {"name": "site", "country": country, "region": "r", "zones": ["a"], **fields}


def power(mw: float, **fields: object) -> dict[str, Any]:
    """A power section with a PUE of 1.25, so that a GB300 rack takes 200 kW from the grid."""
    return {"capacity_mw": float(mw), "pue": 1.25, **fields}


def said(**sections: object) -> tuple[Finding, ...]:
    """What the rules of power find in a stack."""
    made = plan("test", stack(**sections), catalog())
    return tuple(finding for rule in power_findings.RULES for finding in rule(made, catalog()))


CASES: dict[str, tuple[dict[str, Any], tuple[str, str, str, str, str]]] = {
    "more than the contract": (
        {"pools": [racks(count=12)], "power": power(2.1)},
        (
            "power-exceeded",
            "error",
            "power.capacity_mw",
            "the pools take 2.4 MW of grid power, 0.3 MW more than there is;"
            " at most 2.1 MW may be planned with (the contract)",
            "set racks of pool 'train' to 10 instead of 12, or contract 2.4 MW",
        ),
    ),
    "more than contract and feeds": (
        {"pools": [racks(count=60)], "power": power(8, feeds=[A, B, C])},
        (
            "power-exceeded",
            "error",
            "power.capacity_mw",
            "the pools take 12 MW of grid power, 5 MW more than there is;"
            " at most 7 MW may be planned with (what the feeds carry after the loss of 'a' (n+1))",
            "set racks of pool 'train' to 35 instead of 60, or contract 12 MW with feeds that carry it",
        ),
    ),
    "sized by nodes": (
        {"pools": [racks(nodes=100)], "power": power(1)},
        (
            "power-exceeded",
            "error",
            "power.capacity_mw",
            "the pools take 1.111 MW of grid power, 0.111 MW more than there is;"
            " at most 1 MW may be planned with (the contract)",
            "set nodes of pool 'train' to 90 instead of 100, or contract 1.112 MW",
        ),
    ),
    "a share and a fixed size": (
        {"pools": [racks(count=10), racks("share", power_share=0.9)], "power": power(10)},
        (
            "power-exceeded",
            "error",
            "power.capacity_mw",
            "the pools take 11 MW of grid power, 1 MW more than there is;"
            " at most 10 MW may be planned with (the contract)",
            "set power_share of pool 'share' to 0.8 instead of 0.9, or contract 11 MW",
        ),
    ),
    "no single pool is the cause": (
        {"pools": [racks(count=5), racks("more", 5)], "power": power(1)},
        (
            "power-exceeded",
            "error",
            "power.capacity_mw",
            "the pools take 2 MW of grid power, 1 MW more than there is;"
            " at most 1 MW may be planned with (the contract)",
            "shrink the pools to 50% of their size, or contract 2 MW",
        ),
    ),
    "one feed less": (
        {"pools": [racks(count=40)], "power": power(8, feeds=[C, A, B])},
        (
            "feed-overloaded",
            "error",
            "power.feeds",
            "the feeds carry 7 MW after the loss of 'a' (n+1), and the pools take 8 MW;"
            " the whole load has to be carried with redundancy n+1",
            "set racks of pool 'train' to 35 instead of 40, or let what is left of the feeds carry 8 MW",
        ),
    ),
    "half of the feeds": (
        {"pools": [racks(count=16)], "power": power(8, feeds=[A, B, C], redundancy="2n")},
        (
            "feed-overloaded",
            "error",
            "power.feeds",
            "the feeds carry 3 MW after the loss of 'a', 'b' (2n), and the pools take 3.2 MW;"
            " the whole load has to be carried with redundancy 2n",
            "set racks of pool 'train' to 15 instead of 16, or let what is left of the feeds carry 3.2 MW",
        ),
    ),
    "feeds that are too small as they are": (
        {"pools": [racks(count=16)], "power": power(8, feeds=[C], redundancy="n")},
        (
            "feed-overloaded",
            "error",
            "power.feeds",
            "the feeds carry 3 MW together, and the pools take 3.2 MW;"
            " the whole load has to be carried with redundancy n",
            "set racks of pool 'train' to 15 instead of 16, or let what is left of the feeds carry 3.2 MW",
        ),
    ),
    "a contract that cannot be used up": (
        {"pools": [racks(count=35)], "power": power(8, feeds=[A, B, C])},
        (
            "feeds-below-contract",
            "warning",
            "power.feeds",
            "the feeds carry 7 MW after the loss of 'a' (n+1), 1 MW less than contracted;"
            " only 7 MW of 8 MW may be planned with",
            "add feeds, or contract 7 MW",
        ),
    ),
    "a share of nothing": (
        {"pools": [racks(power_share=0.1)], "power": power(1)},
        (
            "share-without-rack",
            "error",
            "pools.0.power_share",
            "0.1 MW do not feed a rack of gb300-nvl72; a pool has at least one",
            "raise the share, or remove the pool",
        ),
    ),
    "a share of less than a unit": (
        {"pools": [racks(power_share=1.0, whole_units=True)], "power": power(1.5)},
        (
            "share-without-rack",
            "error",
            "pools.0.power_share",
            "1.5 MW do not feed a scalable unit of 8 racks of gb300-nvl72; a pool has at least one",
            "raise the share, or remove the pool",
        ),
    ),
    "an inefficient new build": (
        {"site": site("SG"), "power": power(1, pue=1.3)},
        (
            "pue-above-limit",
            "error",
            "power.pue",
            "a PUE of 1.3 is not allowed in Singapore; new builds there have less than 1.3",
            "plan the cooling for a PUE of 1.29 or better, or site.new_build: false for an existing building",
        ),
    ),
    "an inefficient data centre": (
        {"site": site("JP", new_build=False), "power": power(1, pue=1.45)},
        (
            "pue-above-limit",
            "error",
            "power.pue",
            "a PUE of 1.45 is not allowed in Japan; data centres there have at most 1.4",
            "plan the cooling for a PUE of 1.4 or better",
        ),
    ),
    "no permit": (
        {"site": site("KR", metro=True), "power": power(5)},
        (
            "grid-permit-missing",
            "warning",
            "power.grid_permit",
            "5 MW are contracted in a metropolitan area of Korea without a permit;"
            " the grid may refuse a load of 5 MW or more there",
            "give the permit's reference as grid_permit",
        ),
    ),
    "no power": (
        {"pools": [racks(count=7)]},
        (
            "power-not-planned",
            "info",
            "power",
            "the racks draw up to 1.12 MW, and no power is planned for them;"
            " racks, feeds and cost of energy are then not checked",
            "add the section power, with capacity_mw",
        ),
    ),
    "no facts": (
        {"site": site("XX"), "pools": [racks(power_share=1.0)], "power": power(1)},
        (
            "no-region",
            "error",
            "site.country",
            "the catalogue has no row for the country 'XX', so that its power cannot be planned;"
            f" countries: {COUNTRIES}",
            "name one of them, or add a row to aifactory/catalog/regions.yaml",
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_mistake_gives_its_finding_alone(case: str) -> None:
    """A stack with one mistake gives exactly that finding about power."""
    sections, (code, severity, path, message, fix) = CASES[case]

    found = [(each.code, each.severity, each.path, each.message, each.fix) for each in said(**sections)]

    assert found == [(code, severity, path, message, fix)]
