"""The catalogue: provenance of every row. Does not prove that a source still says it."""

import datetime

import pytest
from pydantic import ValidationError

from aifactory.catalog.load import _rows, catalog
from aifactory.catalog.models import Chart
from aifactory.catalog.row import Row

REVIEWED = datetime.date(2026, 11, 1)
"""When every row was last read against its source. Whoever reviews the catalogue again moves this date, and the
check below lists what has to be read: a row older than a year on that day."""
NEXT_REVIEW = datetime.date(2027, 11, 1)
"""When it is due: a year later."""
YEAR = datetime.timedelta(days=365)
ROWS: list[Row] = [*catalog().systems.values(), *catalog().charts.values(), *catalog().images.values()]


def stale(on: datetime.date) -> list[str]:
    """Rows whose source was read more than a year before a day."""
    return sorted(f"{type(row).__name__} {row.id}: {row.as_of}" for row in ROWS if on - row.as_of > YEAR)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{type(row).__name__}-{row.id}")
def test_every_row_says_where_it_is_from(row: Row) -> None:
    """Each row has a source, a date and a confidence; what we assume ourselves has the lowest."""
    assert row.source.startswith("https://") or row.source == "assumption"
    assert row.as_of < NEXT_REVIEW
    assert row.confidence in {"A", "B", "C"}
    assert row.source != "assumption" or row.confidence == "C"


def test_no_row_is_older_than_a_year() -> None:
    """On the day of the last review no row was older than a year; a failure lists those that are."""
    assert stale(REVIEWED) == []


def test_the_next_review_has_work() -> None:
    """The check above can fail: on the day of the next review it lists rows that nobody has read since."""
    assert stale(NEXT_REVIEW) != []


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
