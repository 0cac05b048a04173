"""How much of a site a run makes real: which cell of how many, and how many of the planned nodes."""

from dataclasses import dataclass
from typing import Self

from pydantic import JsonValue

from aifactory.cli.inputs import Chosen
from aifactory.lab.kind.layout import NODES_PER_POOL
from aifactory.plan.cell_choice import for_management
from aifactory.plan.models import FactoryPlan
from aifactory.spec.stack import Target


def same_place(plan: FactoryPlan, lab: str | None = None) -> str:
    """The options that lead another command to the same target, lab and cell; each has a space before it.

    Args:
        plan: The plan of a stack, or of one cell of it.
        lab: Name of the lab that was asked for; None for the plan's own.
    """
    target = "" if plan.target is plan.stack.target else f" --target {plan.target.value}"
    named = "" if lab is None else f" --lab {lab}"
    return target + named + ("" if plan.cell is None else f" --cell {plan.cell}")


@dataclass(frozen=True)
class Extent:
    """What is realised of what is planned."""

    plan: FactoryPlan
    """The plan of the cell."""
    cells: int
    """Cells of the site."""
    sample: int | None
    """Most nodes of each pool that a lab makes; None for all."""
    lab: str | None = None
    """Name of the lab that was asked for; None for the stack's own."""

    @classmethod
    def of(cls, chosen: Chosen, sample: int | None, lab: str | None = None) -> Self:
        """The extent of a run.

        Args:
            chosen: The stack, or the cell of it, that the run is for.
            sample: Most nodes of each pool that were asked for; None for the target's own measure.
            lab: Name of the lab that was asked for; None for the stack's own.
        """
        own = {Target.KIND: NODES_PER_POOL}
        limit = (sample or own.get(chosen.plan.target)) if chosen.plan.in_lab else None
        return cls(chosen.plan, len(chosen.site.cells), limit, lab)

    def _nodes(self) -> dict[str, int]:
        """Nodes of each pool that are realised."""
        limit = 0 if for_management(self.plan) else self.sample
        return {
            pool.name: pool.nodes if limit is None else min(limit, pool.nodes) for pool in self.plan.pools
        }

    def which_cell(self) -> str | None:
        """Which cell it is; None where the site has no other."""
        if self.plan.cell is None:
            return None
        return f"cell {self.plan.cell}, {self.plan.cells[0].index + 1} of {self.cells}"

    def lines(self) -> list[str]:
        """What is left out, one line each; none where everything is realised."""
        if for_management(self.plan):
            return [
                f"management cluster of {self.cells} cells; the cells themselves are other clusters (--cell)"
            ]
        cell, made = self.which_cell(), sum(self._nodes().values())
        found = [] if cell is None else [f"{cell}; the others are not realised"]
        if made < self.plan.nodes:
            found.append(
                f"sample: {made} of {self.plan.nodes} planned GPU nodes are realised,"
                f" at most {self.sample} of each pool"
            )
        return found

    def sample_flag(self) -> str:
        """The words that ask for the same sample."""
        return "" if self.sample is None or for_management(self.plan) else f" --sample {self.sample}"

    def as_data(self) -> dict[str, JsonValue]:
        """The same for machines: the cell, and the nodes and GPUs that are planned and realised."""
        made = self._nodes()
        gpus = {pool.name: made[pool.name] * pool.system.gpus_per_node for pool in self.plan.pools}
        return {
            "cell": self.plan.cell,
            "management": for_management(self.plan),
            "cells": self.cells,
            "sample": self.sample,
            "planned": {"nodes": self.plan.nodes, "gpus": self.plan.gpus},
            "realised": {
                "nodes": sum(made.values()),
                "gpus": sum(gpus.values()),
                "pools": {name: {"nodes": count, "gpus": gpus[name]} for name, count in made.items()},
            },
        }
