"""The plan for people: machines, fabrics, cells with their addresses, and storage."""

from collections.abc import Sequence
from itertools import groupby

from aifactory.catalog.models import Catalog
from aifactory.cli import figures
from aifactory.cli.console import out
from aifactory.cli.figures import count, plural
from aifactory.cli.sheet import heading, sentence, table, wide
from aifactory.plan.details import mode_of, scalable_units
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.plan.power import load_of
from aifactory.plan.site_models import CellPlan

MANY = 8
"""More groups of cells than this are cut to the first and the last ones."""


def _offer(pool: PoolPlan) -> str:
    if not pool.allocatable:
        return f"{pool.system.gpus_per_node} GPUs by claim (DRA)"
    return ", ".join(f"{n:,} {name}" for name, n in pool.allocatable.items())


def compute_section(plan: FactoryPlan, catalog: Catalog) -> None:
    """Racks, nodes and GPUs of each pool, what it draws, and what one of its nodes offers."""
    heading("Compute")
    mode = mode_of(plan, catalog)
    draws = {pool.name: load_of(pool, mode).kw for pool in plan.pools}
    sizes = [
        (
            pool.name,
            pool.system.id,
            count(pool.racks),
            figures.units(scalable_units(pool)),
            count(pool.nodes),
            count(pool.gpus),
            count(draws[pool.name]),
        )
        for pool in plan.pools
    ]
    racks = sum(pool.racks for pool in plan.pools)
    sizes.append(
        ("total", "", count(racks), "", count(plan.nodes), count(plan.gpus), count(sum(draws.values())))
    )
    offers = [(pool.pool.service.value, _offer(pool)) for pool in plan.pools] + [("", "")]
    columns, more = (
        ("pool", "system", "racks", "SUs", "nodes", "GPUs", "IT kW"),
        ("service", "a node offers"),
    )
    words = (*columns[:2], *more)
    if wide():
        joined = [(*size, *offer) for size, offer in zip(sizes, offers, strict=True)]
        table((*columns, *more), joined, words=words, total=True)
        return
    table(columns, sizes, words=words, total=True)
    out.print()
    named = [(size[0], *offer) for size, offer in zip(sizes[:-1], offers[:-1], strict=True)]
    table((columns[0], *more), named, words=words)


def fabric_section(plan: FactoryPlan) -> None:
    """Switches of each fabric."""
    if not plan.fabrics:
        return
    heading("Fabrics")
    rows = []
    for fabric in plan.fabrics:
        switches = ("beyond", "reach", "") if fabric.tiers == 0 else (fabric.leaf, fabric.spine, fabric.core)
        cells = [count(cell) if isinstance(cell, int) else cell for cell in switches]
        name = (fabric.name, fabric.design) if wide() else (f"{fabric.name}\n  {fabric.design}",)
        rows.append(
            (
                *name,
                str(fabric.tiers or "-"),
                str(fabric.planes),
                *cells,
                count(fabric.endpoints),
                count(fabric.endpoints_max),
            )
        )
    words = ("fabric", "design")
    columns = ("tiers", "planes", "leaf", "spine", "core", "endpoints", "reach")
    table((*(words if wide() else words[:1]), *columns), rows, words=words)


def _shape(cell: CellPlan) -> tuple[tuple[str, int, int], ...]:
    return tuple((part.name, part.racks, part.nodes) for part in cell.pools)


def cell_section(plan: FactoryPlan) -> None:
    """The cells, equal neighbours together, and their addresses."""
    cells = plan.cells
    if not cells:
        return
    most = max(cell.nodes for cell in cells)
    if len(cells) == 1:
        heading(f"Cells: one cluster, {cells[0].name}, of {plural(most, 'node')}")
    else:
        heading(
            f"Cells: {len(cells)} clusters of up to {most:,} nodes, {cells[0].name} to {_short(cells[-1])}"
        )
        rows = []
        for group in (list(group) for _, group in groupby(cells, key=_shape)):
            first = group[0]
            name = _short(first) if len(group) == 1 else f"{_short(first)} to {_short(group[-1])}"
            held = ", ".join(f"{part.name} {part.racks:,}" for part in first.pools)
            rows.append((name, count(len(group)), count(first.nodes), count(first.gpus), held))
        columns = ("cells", "number", "nodes each", "GPUs each", "racks of each")
        table(columns, _shortened(rows), words=(columns[0], columns[-1]))
        out.print()
    _addresses(cells)


def _short(cell: CellPlan) -> str:
    """The part of a cell's name that tells it from the others."""
    return cell.name.rpartition("-")[2]


def _addresses(cells: tuple[CellPlan, ...]) -> None:
    rows = [
        (
            _short(cell),
            cell.addresses.pod_cidr,
            cell.addresses.service_cidr,
            cell.addresses.node_cidr,
            cell.addresses.storage_cidr or "-",
        )
        for cell in cells
        if cell.addresses is not None
    ]
    columns = ("cell", "pods", "services", "nodes", "storage")
    if rows:
        table(columns, _shortened(rows), words=columns)
    if len(rows) < len(cells):
        sentence(f"{plural(len(cells) - len(rows), 'cell')} without addresses: the networks are exhausted")


def _shortened(rows: Sequence[tuple[str, ...]]) -> Sequence[tuple[str, ...]]:
    """The first and last rows of many; all of them are in the JSON form."""
    if len(rows) <= MANY:
        return rows
    return [
        *rows[: MANY // 2],
        (f"... {len(rows) - MANY + 1} more", *[""] * (len(rows[0]) - 1)),
        *rows[-MANY // 2 + 1 :],
    ]


def storage_section(plan: FactoryPlan) -> None:
    """The storage tiers and the largest checkpoint."""
    if not plan.stack.storage.tiers:
        return
    heading("Storage")
    rows = [
        (
            tier.name,
            tier.role.value,
            tier.backend.value,
            figures.units(tier.capacity_tib),
            figures.units(tier.write_gbps),
            figures.units(tier.read_gbps),
        )
        for tier in plan.stack.storage.tiers
    ]
    columns = ("tier", "class", "backend", "TiB", "write GB/s", "read GB/s")
    table(columns, rows, words=columns[:3])
    checkpoint, worked = plan.stack.storage.checkpoint, plan.storage
    if checkpoint is not None and worked.checkpoint_write_s is not None:
        sentence(
            f"a checkpoint of {figures.units(checkpoint.size_tib)} TiB to {checkpoint.tier} takes"
            f" {worked.checkpoint_write_s:,.0f} s of {checkpoint.max_write_s:,} s allowed;"
            f" {checkpoint.kept} kept take {figures.units(worked.checkpoint_capacity_tib or 0)} TiB"
        )
