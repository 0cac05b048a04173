"""The catalogue, read once from the YAML beside this module."""

from functools import cache
from importlib.resources import files
from typing import TypeVar

import yaml

from aifactory.catalog.models import Catalog, Chart, Image, System
from aifactory.catalog.programme import (
    Announced,
    Compatibility,
    Cost,
    FabricDesign,
    KnownBad,
    PowerModeRow,
    Region,
    Residency,
    Throughput,
)
from aifactory.catalog.row import Row

RowT = TypeVar("RowT", bound=Row)


def _rows(model: type[RowT], rows: list[object]) -> dict[str, RowT]:
    parsed = [model.model_validate(row) for row in rows]
    by_id = {row.id: row for row in parsed}
    if len(by_id) != len(parsed):
        raise ValueError(f"the catalogue has two rows of {model.__name__} with one id")
    return by_id


def _read(name: str) -> dict[str, list[object]]:
    content: dict[str, list[object]] = yaml.safe_load(
        files(__package__).joinpath(name).read_text(encoding="utf-8")
    )
    return content


@cache
def catalog() -> Catalog:
    """Every fact of the catalogue, typed; read once per process."""
    releases, compatibility, regions = (
        _read(f"{name}.yaml") for name in ("releases", "compatibility", "regions")
    )
    power, throughput = _read("power.yaml"), _read("throughput.yaml")
    systems = _read("systems.yaml")
    return Catalog(
        systems=_rows(System, systems["systems"]),
        announced=_rows(Announced, systems["announced"]),
        charts=_rows(Chart, releases["charts"]),
        images=_rows(Image, releases["images"]),
        fabrics=_rows(FabricDesign, _read("fabrics.yaml")["fabrics"]),
        power_modes=_rows(PowerModeRow, power["power_modes"]),
        costs=_rows(Cost, power["costs"]),
        throughput=_rows(Throughput, throughput["throughput"]),
        regions=_rows(Region, regions["regions"]),
        residency=_rows(Residency, regions["residency"]),
        compatibility=_rows(Compatibility, compatibility["compatibility"]),
        known_bad=_rows(KnownBad, compatibility["known_bad"]),
    )
