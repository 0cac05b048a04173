"""Stacks that are wrong about cells or addresses, each with the one finding it gives."""

import copy
import re
from dataclasses import dataclass, field
from typing import Any

from aifactory.catalog.load import catalog
from aifactory.plan import cell_findings
from aifactory.plan.base import Finding
from aifactory.plan.factory import plan
from aifactory.spec.stack import Target
from tests.support.cells import GITOPS
from tests.support.stacks import pool, stack

EACH = {"pod_prefix": 16, "service_prefix": 20, "node_prefix": 22}
WIDE = {"pod_cidr": "10.0.0.0/8", "service_cidr": "172.16.0.0/12", "node_cidr": "100.64.0.0/10"}
CUT = {**WIDE, "cells": EACH}
BLOCKS = re.compile(r"set cells: \{(.*)\}")
VALUE = re.compile(r"set (\w+): (\d+)")


@dataclass
class Cases:
    """Wrong stacks by name, each with the one finding it gives."""

    known: dict[str, tuple[dict[str, Any], Finding]] = field(default_factory=dict)

    def __call__(
        self, name: str, fields: dict[str, Any], code: str, path: str, message: str, fix: str, **more: Any
    ) -> None:
        """Add a stack that gives exactly one finding, an error unless said otherwise."""
        found = {"code": code, "severity": "error", "path": path, "message": message, "fix": fix, **more}
        self.known[name] = (fields, Finding.model_validate(found))

    @property
    def mendable(self) -> list[str]:
        """Names of those whose finding names the value that mends them."""
        return [
            name
            for name, (_, found) in self.known.items()
            if VALUE.match(found.fix) or BLOCKS.fullmatch(found.fix)
        ]


def declared(*pools: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Sections of a stack whose cells have blocks and are rolled out by GitOps, with some replaced."""
    return {"pools": list(pools) or [pool()], "network": CUT, "delivery": GITOPS, **fields}


def said(fields: dict[str, Any], target: Target | None = None) -> list[Finding]:
    """What the plan says of cells and addresses."""
    made = plan("site", stack(**fields), catalog(), target)
    return [found for rule in cell_findings.RULES for found in rule(made, catalog())]


def gb300(**fields: Any) -> dict[str, Any]:
    """A pool of racks of 18 nodes."""
    return pool(system="gb300-nvl72", nodes=None, **fields)


def mended(fields: dict[str, Any], finding: Finding) -> dict[str, Any]:
    """The stack with the value that the finding suggests."""
    raw: dict[str, Any] = copy.deepcopy(fields)
    *parents, last = finding.path.split(".")
    place: Any = raw
    for step in parents:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    blocks, value = BLOCKS.fullmatch(finding.fix), VALUE.match(finding.fix)
    if blocks is not None:
        place[last] = {key: int(size) for key, size in (part.split(": ") for part in blocks[1].split(", "))}
    else:
        assert value is not None
        assert value[1] == last
        place[last] = int(value[2])
    return raw
