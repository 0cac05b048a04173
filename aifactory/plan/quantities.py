"""Power as two types that do not mix: what racks draw, and what the grid delivers for it.

Adding, comparing or dividing one by the other raises ``TypeError`` and is refused by mypy; the only way from
one to the other is a PUE.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, order=True)
class _Kilowatts:
    """An amount of power; arithmetic stays within one type, and comparisons too.

    Raises:
        ValueError: If the amount is not finite.
        TypeError: From every operation that would mix the two types.
    """

    kw: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.kw):
            raise ValueError(f"{self.kw} is not an amount of power; a finite number of kilowatts is needed")

    def _same(self, other: Self) -> float:
        if type(other) is not type(self):
            names = f"{type(self).__name__} and {type(other).__name__}"
            raise TypeError(f"{names} do not mix: power stays within its type, and a PUE converts it")
        return other.kw

    def __add__(self, other: Self) -> Self:
        return type(self)(self.kw + self._same(other))

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.kw - self._same(other))

    def __mul__(self, factor: float) -> Self:
        return type(self)(self.kw * factor)

    def per(self, other: Self) -> float:
        """How many times the other amount, which is not zero, goes into this one."""
        return self.kw / self._same(other)


def _usable_pue(pue: float) -> float:
    if not (math.isfinite(pue) and pue >= 1):
        raise ValueError(f"{pue} is not a PUE; grid power over IT power is at least 1")
    return pue


class ITPower(_Kilowatts):
    """Power that servers, switches and storage draw."""

    def at_grid(self, pue: float) -> GridPower:
        """What the grid delivers for it.

        Args:
            pue: Grid power over IT power, at least 1.

        Raises:
            ValueError: If that is no PUE.
        """
        return GridPower(self.kw * _usable_pue(pue))


class GridPower(_Kilowatts):
    """Power that the grid delivers: IT power, cooling and losses."""

    @classmethod
    def of_mw(cls, megawatts: float) -> GridPower:
        """From megawatts."""
        return cls(megawatts * 1000)

    @property
    def mw(self) -> float:
        """In megawatts, as contracts have it."""
        return self.kw / 1000

    def at_it(self, pue: float) -> ITPower:
        """What it leaves for servers, switches and storage.

        Args:
            pue: Grid power over IT power, at least 1.

        Raises:
            ValueError: If that is no PUE.
        """
        return ITPower(self.kw / _usable_pue(pue))
