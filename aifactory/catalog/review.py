"""What of the catalogue rests on assumptions, what is to be read again, and what no longer counts."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from aifactory.catalog.models import Catalog
from aifactory.catalog.programme import Throughput
from aifactory.catalog.row import Row

KINDS = tuple(Catalog.model_fields)
"""Kinds of rows: the fields of the catalogue."""
YEAR = datetime.timedelta(days=365)


@dataclass(frozen=True)
class Assumption:
    """A field of a row, or a whole row, that is ours and not of its source.

    Attributes:
        kind: Kind of the row.
        row: The row.
        field: The field, dotted where nested; None where the whole row is assumed.
    """

    kind: str
    row: Row
    field: str | None


def rows_of(catalog: Catalog, kind: str) -> tuple[Row, ...]:
    """The rows of a kind, in the order of their file.

    Raises:
        KeyError: If there is no such kind; see ``KINDS``.
    """
    if kind not in KINDS:
        raise KeyError(kind)
    rows: dict[str, Row] = getattr(catalog, kind)
    return tuple(rows.values())


def rows(catalog: Catalog) -> Iterator[tuple[str, Row]]:
    """Every row with its kind."""
    for kind in KINDS:
        for row in rows_of(catalog, kind):
            yield kind, row


def assumptions(catalog: Catalog) -> tuple[Assumption, ...]:
    """Every row and every field that rests on an assumption of ours."""
    found: list[Assumption] = []
    for kind, row in rows(catalog):
        if row.source == "assumption":
            found.append(Assumption(kind, row, None))
        else:
            found.extend(Assumption(kind, row, field) for field in row.assumed)
    return tuple(found)


def expired(catalog: Catalog, today: datetime.date) -> tuple[Throughput, ...]:
    """Throughput rows that no longer count as current on a day."""
    return tuple(row for row in catalog.throughput.values() if row.expires < today)


def stale(catalog: Catalog, today: datetime.date) -> tuple[tuple[str, Row], ...]:
    """Rows whose source was read more than a year before a day; throughput has an expiry of its own instead."""
    return tuple(
        (kind, row)
        for kind, row in rows(catalog)
        if not isinstance(row, Throughput) and today - row.as_of > YEAR
    )
