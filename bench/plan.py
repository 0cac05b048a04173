"""How long the plan of a gigawatt takes, as a ratio of the pilot's; no lab and no cluster is needed.

    python bench/plan.py [--runs 50] [--json]

Exit code 0 also where an aim is missed: this measures, it does not judge.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

from aifactory.catalog.load import catalog
from aifactory.cli.inputs import STACKS
from aifactory.manifests.findings import full_plan
from aifactory.plan.factory import plan
from aifactory.plan.models import FactoryPlan
from aifactory.spec.load import load_stack, stack_file

SMALL, LARGE = "korea-pilot", "korea-gigawatt"
LIMIT_S = 1.0
"""The plan of a gigawatt is to take less."""


def _median_s(act: Callable[[], FactoryPlan], runs: int) -> float:
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _measured(name: str, runs: int) -> dict[str, Any]:
    """Size of a stack's plan, and what planning it takes: alone, and down to its manifests."""
    stack, facts = load_stack(stack_file(STACKS, name)), catalog()
    made = plan(name, stack, facts)
    return {
        "stack": name,
        "nodes": made.nodes,
        "gpus": made.gpus,
        "cells": len(made.cells),
        "plan_s": _median_s(lambda: plan(name, stack, facts), runs),
        "checked_s": _median_s(lambda: full_plan(name, stack, facts, None), max(1, runs // 10)),
    }


def _as_data(runs: int) -> dict[str, Any]:
    small, large = _measured(SMALL, runs), _measured(LARGE, runs)
    return {
        "stacks": [small, large],
        "plan_ratio": large["plan_s"] / small["plan_s"],
        "checked_ratio": large["checked_s"] / small["checked_s"],
        "nodes_ratio": large["nodes"] / small["nodes"],
        "limit_s": LIMIT_S,
        "met": large["checked_s"] < LIMIT_S,
        "machine": {
            "cores": os.cpu_count(),
            "load_1m": round(os.getloadavg()[0], 2),
            "python": platform.python_version(),
        },
    }


def _table(found: dict[str, Any]) -> str:
    lines = ["machine: " + ", ".join(f"{key} {value}" for key, value in found["machine"].items()), ""]
    lines.append(f"{'stack':16} {'nodes':>8} {'GPUs':>8} {'cells':>6} {'plan ms':>9} {'checked ms':>11}")
    lines += [
        f"{row['stack']:16} {row['nodes']:8} {row['gpus']:8} {row['cells']:6}"
        f" {row['plan_s'] * 1000:9.2f} {row['checked_s'] * 1000:11.2f}"
        for row in found["stacks"]
    ]
    lines.append(
        f"{'ratio':16} {found['nodes_ratio']:8.0f} {'':8} {'':6} {found['plan_ratio']:9.2f}"
        f" {found['checked_ratio']:11.2f}"
    )
    lines += ["", f"checked plan of {LARGE} < {LIMIT_S:g} s: {'yes' if found['met'] else 'NO'}"]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description="How long the plan of a gigawatt takes against the pilot's.")
    words.add_argument("--runs", type=int, default=50, help="runs of each measurement; medians are shown")
    words.add_argument("--json", action="store_true")
    asked = words.parse_args()
    found = _as_data(asked.runs)
    print(json.dumps(found) if asked.json else _table(found))


if __name__ == "__main__":
    main()
