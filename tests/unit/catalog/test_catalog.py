"""The catalogue: provenance of every row. Does not prove that a source still says it."""

import datetime

import pytest
from pydantic import ValidationError

from aifactory.catalog.load import _rows, catalog
from aifactory.catalog.models import Chart, System
from aifactory.catalog.programme import Throughput
from aifactory.catalog.review import assumptions, expired, rows, rows_of, stale
from aifactory.catalog.row import Row
from aifactory.catalog.versions import older, within

REVIEWED = datetime.date(2026, 11, 1)
"""When every row was last read against its source. Whoever reviews the catalogue again moves this date, and the
check below lists what has to be read: a row older than a year on that day."""
NEXT_REVIEW = datetime.date(2027, 11, 1)
"""When it is due: a year later."""
ROWS = list(rows(catalog()))


def old(on: datetime.date) -> list[str]:
    """Rows whose source was read more than a year before a day."""
    return sorted(f"{kind} {row.id}: {row.as_of}" for kind, row in stale(catalog(), on))


@pytest.mark.parametrize(("kind", "row"), ROWS, ids=[f"{kind}-{row.id}" for kind, row in ROWS])
def test_every_row_says_where_it_is_from(kind: str, row: Row) -> None:
    """Each row has a source, a date and a confidence; what we assume ourselves has the lowest."""
    assert row.source.startswith("https://") or row.source == "assumption", kind
    assert row.as_of < NEXT_REVIEW
    assert row.confidence in {"A", "B", "C"}
    assert row.source != "assumption" or row.confidence == "C"


@pytest.mark.parametrize(("kind", "row"), ROWS, ids=[f"{kind}-{row.id}" for kind, row in ROWS])
def test_no_row_is_weak_without_a_word(kind: str, row: Row) -> None:
    """A row of the lowest confidence names the fields that are assumed, or says in its notes why it is weak."""
    assert row.confidence != "C" or row.assumed or row.notes or row.source == "assumption", kind


def test_no_row_is_older_than_a_year() -> None:
    """On the day of the last review no row was older than a year; a failure lists those that are."""
    assert old(REVIEWED) == []


def test_the_next_review_has_work() -> None:
    """The check above can fail: on the day of the next review it lists rows that nobody has read since."""
    assert old(NEXT_REVIEW) != []


def test_every_kind_has_rows() -> None:
    """No file of the catalogue is empty."""
    assert all(getattr(catalog(), kind) for kind in type(catalog()).model_fields)


def test_ids_are_unique() -> None:
    """Two rows of one kind with one id are refused when the catalogue is read."""
    row = catalog().charts["gpu-operator"].model_dump()
    with pytest.raises(ValueError, match=r"^the catalogue has two rows of Chart with one id$"):
        _rows(Chart, [row, row])


@pytest.mark.parametrize("field", ["source", "as_of", "confidence"])
def test_a_row_without_provenance_is_refused(field: str) -> None:
    """No row is read without its source, its date and its confidence."""
    row = catalog().charts["gpu-operator"].model_dump()
    del row[field]
    with pytest.raises(ValidationError) as caught:
        Chart.model_validate(row)

    assert [(error["loc"], error["type"]) for error in caught.value.errors()] == [((field,), "missing")]


def test_every_system_is_whole() -> None:
    """NVLink domains fit a rack, and MIG layouts name profiles that a GPU holds."""
    for system in catalog().systems.values():
        assert system.nvlink_domain_nodes <= system.nodes_per_rack, system.id
        for layout, profiles in system.mig.items():
            assert profiles, (system.id, layout)
            assert all(1 <= count <= 7 for count in profiles.values()), (system.id, layout)
        assert system.gpus_per_rack % system.gpus_per_node == 0, system.id


def test_a_field_that_is_assumed_exists() -> None:
    """A row that names a field it does not have among its assumptions is refused."""
    row = catalog().systems["vr-nvl72"].model_dump()
    row["assumed"] = ("rack_power.share", "gpu.name")

    with pytest.raises(
        ValidationError, match=r"row vr-nvl72: assumed names 'rack_power\.share', which is no field"
    ):
        System.model_validate(row)


def test_assumptions_are_listed() -> None:
    """Every assumed field and every assumed row is found, and nothing that has a source."""
    found = {(one.kind, one.row.id, one.field) for one in assumptions(catalog())}

    assert ("systems", "vr-nvl72", "available_from") in found
    assert ("systems", "hgx-rubin-nvl8", "rack_power.share_kw") in found
    assert ("regions", "JP", "usd_per_kwh") in found
    assert ("power_modes", "dps", "throughput_factor") in found
    assert ("images", "kubectl", None) in found
    assert not any(identity == "quantum2-qm9700" for _, identity, _ in found)
    assert len(found) == sum(1 if row.source == "assumption" else len(row.assumed) for _, row in ROWS)


def test_planning_values_of_countries_are_assumptions() -> None:
    """No country's PUE passes for a fact: none is published."""
    assert all("pue_plan" in region.assumed for region in catalog().regions.values())


def test_throughput_is_of_known_systems() -> None:
    """Each throughput row and each cost is of a system of the catalogue."""
    known = set(catalog().systems)

    assert {row.system for row in catalog().throughput.values()} <= known
    assert {row.system for row in catalog().costs.values()} <= known | {None}


def test_one_kind_of_evidence_counts_one_kind_of_tokens() -> None:
    """For a model and a scenario, rows of one kind of evidence have one token basis, so that they compare."""
    bases: dict[tuple[str, str, str], set[str]] = {}
    for row in catalog().throughput.values():
        bases.setdefault((row.model, row.scenario, row.evidence), set()).add(row.token_basis)

    assert {key for key, found in bases.items() if len(found) > 1} == set()


def test_expired_rows_are_found() -> None:
    """A row counts up to the day it names, that day included: MLPerf v5.1 is out of date, v6.0 is not."""
    today = expired(catalog(), datetime.date(2026, 11, 24))

    assert {row.software for row in today} == {"MLPerf Inference v5.1"}
    assert len(today) == sum(row.software == "MLPerf Inference v5.1" for row in catalog().throughput.values())
    assert expired(catalog(), datetime.date(2026, 9, 30)) == ()
    assert set(expired(catalog(), datetime.date.max)) == set(rows_of(catalog(), "throughput"))


def test_a_row_expires_after_it_was_published() -> None:
    """No throughput row is out of date on the day of its source."""
    for row in rows_of(catalog(), "throughput"):
        assert isinstance(row, Throughput)
        assert row.as_of < row.expires, row.id


def test_the_pins_are_not_known_to_be_bad() -> None:
    """No chart and no image is pinned at a version that an advisory warns of."""
    facts = catalog()
    pins = [(row.id, row.version) for row in facts.charts.values()]
    pins += [(row.id, row.version) for row in facts.images.values()]

    bad = [
        (name, version, row.id)
        for name, version in pins
        for row in facts.known_bad.values()
        if row.component == name and older(version, row.fixed_in)
    ]
    assert bad == []
    assert {row.component for row in facts.known_bad.values()} <= {name for name, _ in pins} | {"driver"}


def test_the_pins_of_operators_have_a_compatibility_row() -> None:
    """What the pinned operators and the pinned driver work with is known."""
    facts = catalog()
    pins = {"driver": facts.images["driver"].version} | {
        name: facts.charts[name].version for name in ("gpu-operator", "nvidia-dra-driver", "network-operator")
    }

    for component, version in pins.items():
        rows = [row for row in facts.compatibility.values() if row.component == component]
        assert any(within(version, prefix) for row in rows for prefix in row.versions), component


@pytest.mark.parametrize("system", catalog().systems.values(), ids=lambda system: system.id)
def test_drivers_fit_the_gpus(system: System) -> None:
    """The pinned driver and the oldest one of a system are of branches that drive its generation."""
    facts = catalog()
    pinned = facts.images["driver"].version

    assert not older(pinned, system.driver_minimum)
    for version in (pinned, system.driver_minimum):
        branches = [
            row
            for row in facts.compatibility.values()
            if row.component == "driver" and any(within(version, prefix) for prefix in row.versions)
        ]
        assert [system.generation in row.generations for row in branches] == [True], version


def test_countries_of_data_are_known() -> None:
    """Every kind of data may be in some country of the catalogue, its own named first."""
    for tag, row in catalog().residency.items():
        assert set(row.countries) <= set(catalog().regions), tag
        own = tag.partition("-")[0].upper()
        assert own not in catalog().regions or row.countries[0] == own, tag


def test_reasons_are_one_clause() -> None:
    """Messages part at a semicolon what is wrong from what is allowed: no reason has one."""
    reasons = [row.reason for row in catalog().known_bad.values()]
    reasons += [row.reason for row in catalog().announced.values()]

    assert [reason for reason in reasons if ";" in reason] == []
