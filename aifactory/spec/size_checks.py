"""Checks of the pools' sizes: each returns every problem it finds, none raises."""

import math
from collections.abc import Iterator

from aifactory.errors import Problem
from aifactory.spec.pools import Pool
from aifactory.spec.stack import Stack

SIZES = ("racks", "nodes", "power_share")
"""Fields of a pool of which exactly one is its size."""
_ROUNDING = 1e-9
"""Shares that add up to this much more than 1 are whole: 0.7 + 0.2 + 0.1 is not 1 in floating point."""


def _one_size(path: str, pool: Pool) -> Iterator[Problem]:
    given = [name for name in SIZES if getattr(pool, name) is not None]
    if len(given) != 1:
        yield Problem(
            path,
            f"{' and '.join(given)} are given together" if given else "no size is given",
            f"exactly one of {', '.join(SIZES)}",
            "keep one of them, for example racks: 2",
        )


def pool_sizes(stack: Stack) -> Iterator[Problem]:
    """A pool has one size: in racks, in nodes, or as a share of the site's power, which is then declared."""
    for index, pool in enumerate(stack.pools):
        path = f"pools.{index}"
        yield from _one_size(path, pool)
        if pool.power_share is not None and stack.power is None:
            yield Problem(
                f"{path}.power_share",
                "there is no power to take a share of",
                "power_share needs the section power, with capacity_mw",
                "add the section power, or give the pool's size in racks or nodes",
            )
        if pool.whole_units and pool.power_share is None:
            yield Problem(
                f"{path}.whole_units",
                "whole_units is set on a pool whose size is given",
                "whole_units rounds a size by power_share; racks and nodes are taken as they are",
                "remove whole_units, or give the size as power_share",
            )


def power_shares(stack: Stack) -> Iterator[Problem]:
    """The shares of all pools together are no more than the power there is."""
    shares = [pool.power_share for pool in stack.pools if pool.power_share is not None]
    total = math.fsum(shares)
    if total > 1 + _ROUNDING:
        yield Problem(
            "pools",
            f"the power shares of {len(shares)} pools add up to {total:.10g}",
            "power_share of all pools together is at most 1",
            f"lower them by {total - 1:.6g} in all",
        )
