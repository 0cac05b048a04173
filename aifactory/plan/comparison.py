"""Two plans side by side, as data."""

from typing import Literal, NamedTuple

from pydantic import JsonValue

from aifactory.plan.contract import to_digits

Change = Literal["added", "grown", "same", "changed", "shrunk", "removed"]


class Figure(NamedTuple):
    """A figure of both plans; None where it is not known."""

    key: str
    """As in the contract of ``plan --json``, the unit in its name."""
    a: float | None
    b: float | None
    comparable: bool = True
    """Whether both are of one kind: tokens of different workloads are not."""

    @property
    def difference(self) -> float | None:
        """What the second plan has more; None where that is not known."""
        return None if self.a is None or self.b is None or not self.comparable else self.b - self.a


class Part(NamedTuple):
    """A pool, fabric, cell or tier of either plan, found in both by its name."""

    name: str
    change: Change
    kind: str
    """System, design or class; of both plans where they differ."""
    figures: tuple[Figure, ...]


class Comparison(NamedTuple):
    """Two plans side by side."""

    power: tuple[Figure, ...]
    compute: tuple[Figure, ...]
    storage: tuple[Figure, ...]
    economics: tuple[Figure, ...]
    pools: tuple[Part, ...]
    fabrics: tuple[Part, ...]
    cells: tuple[Part, ...]
    tiers: tuple[Part, ...]
    notes: tuple[str, ...]
    """Why figures are not compared, or only with care."""

    def parts(self) -> dict[str, tuple[Part, ...]]:
        """What is compared one by one, by its kind."""
        return {"pools": self.pools, "fabrics": self.fabrics, "cells": self.cells, "tiers": self.tiers}


def _differences(figures: tuple[Figure, ...]) -> dict[str, JsonValue]:
    return {figure.key: to_digits(figure.difference, 6) for figure in figures}


def _part(part: Part) -> JsonValue:
    return {"name": part.name, "change": part.change, "kind": part.kind, **_differences(part.figures)}


def difference_data(comparison: Comparison) -> dict[str, JsonValue]:
    """What the second plan has more than the first one; null where a figure is not known or not comparable."""
    listed = {kind: [_part(part) for part in parts] for kind, parts in comparison.parts().items()}
    return {
        "power": _differences(comparison.power),
        "compute": {**_differences(comparison.compute), "pools": listed["pools"]},
        "fabrics": listed["fabrics"],
        "cells": listed["cells"],
        "storage": {**_differences(comparison.storage), "tiers": listed["tiers"]},
        "economics": _differences(comparison.economics),
        "notes": list(comparison.notes),
    }
