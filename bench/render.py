"""How long the GitOps trees of a programme take, and one site's of them; no lab and no cluster is needed.

    python bench/render.py [--engine flux|argocd] [--countries 10] [--cells 100] [--json]

Exit code 0 also where an aim is missed: this measures, it does not judge.
"""

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from aifactory.catalog.load import catalog
from aifactory.cli.inputs import STACKS
from aifactory.deliver.gitops.trees import Tree, render_trees
from aifactory.manifests.findings import checked_plan
from aifactory.manifests.gitops.model import Place
from aifactory.plan.models import FactoryPlan
from aifactory.spec.delivery import GitOpsEngine
from aifactory.spec.load import CONFIG_KEY, stack_file, stack_from_mapping

TIME_S, MEMORY_MB = 60.0, 2000.0
"""The whole programme is to take less of each; time is that of one core, so that other work does not count."""
COUNTRIES = ("KR", "JP", "SG", "MY", "ID", "TH", "VN", "IN", "TW", "PH")
_BASE = "malaysia-johor"
_LEFT_OUT = ("power", "fabrics", "economics", "gates", "live")
"""Sections that say nothing about the objects."""


def _stack(country: str, cells: int, replicas: int) -> FactoryPlan:
    """The plan of a site of so many cells, with four pools in each."""
    read: Any = yaml.safe_load(stack_file(STACKS, _BASE).read_text(encoding="utf-8"))
    raw = {key: value for key, value in read["config"][CONFIG_KEY].items() if key not in _LEFT_OUT}
    name = f"site-{country.lower()}"
    raw["site"] = {**raw["site"], "name": name, "country": country}
    raw["services"] = [{**service, "data": []} for service in raw["services"]]
    for pool in raw["pools"]:
        for size in ("power_share", "nodes"):
            pool.pop(size, None)
        pool["racks"] = pool["cell_racks"] * cells
    raw["pools"][2]["partitioning"] = {"time_slicing": {"replicas": replicas}}
    raw["network"] |= {
        "pod_cidr": "10.0.0.0/8",
        "service_cidr": "172.16.0.0/12",
        "node_cidr": "100.64.0.0/10",
    }
    raw["network"].pop("storage_cidr", None)
    raw["network"].pop("mirror_cidrs", None)
    stack = stack_from_mapping(raw, name)
    return checked_plan(name, stack, catalog(), None, name, for_one_cell=True)


def _timed(work: Callable[[], list[Tree]]) -> tuple[float, float, list[Tree]]:
    """Seconds of a core and of the clock, and what was made."""
    core, clock = time.process_time(), time.perf_counter()
    made = work()
    return time.process_time() - core, time.perf_counter() - clock, made


def _measured(engine: GitOpsEngine, countries: int, cells: int) -> dict[str, Any]:
    """Seconds, memory and size of all trees, then of one site's after a change of one of its pools."""
    place = Place(engine, "https://git.example/ai-factory/fleet", "main", "clusters")
    names = COUNTRIES[:countries]
    each = max(1, cells // len(names))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)

        def whole() -> list[Tree]:
            plans = [_stack(country, each, 4) for country in names]
            return list(render_trees(plans, place, out, programme=[plan.name for plan in plans]))

        def one() -> list[Tree]:
            return list(render_trees([_stack(names[0], each, 8)], place, out))

        whole_s, whole_clock_s, trees = _timed(whole)
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
            1024 if sys.platform != "darwin" else 1e6
        )
        before = {file: file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()}
        one_s, one_clock_s, (changed,) = _timed(one)
        touched = {
            file for file, when in before.items() if not file.exists() or file.stat().st_mtime_ns != when
        }
    others = [file for file in touched if not file.is_relative_to(changed.folder)]
    return {
        "engine": engine.value,
        "countries": len(names),
        "cells": sum(tree.cells for tree in trees[:-1]),
        "files": sum(tree.files for tree in trees),
        "megabytes": sum(tree.size for tree in trees) / 1e6,
        "whole_s": whole_s,
        "whole_clock_s": whole_clock_s,
        "peak_mb": peak_mb,
        "one_site_s": one_s,
        "one_site_clock_s": one_clock_s,
        "one_site_ratio": one_s / whole_s,
        "one_site_files_written": len(changed.stale.missing) + len(changed.stale.changed),
        "files_of_other_sites_touched": len(others),
        "met": whole_s < TIME_S and peak_mb < MEMORY_MB and not others,
        "machine": {
            "cores": os.cpu_count(),
            "load_1m": round(os.getloadavg()[0], 2),
            "python": platform.python_version(),
        },
    }


def _table(found: dict[str, Any]) -> str:
    where = ", ".join(f"{key} {value}" for key, value in found["machine"].items())
    size = f"{found['cells']} cells, {found['files']} files, {found['megabytes']:.1f} MB"
    written, others = found["one_site_files_written"], found["files_of_other_sites_touched"]
    rows = [
        ("all of them", found["whole_s"], found["whole_clock_s"], f"peak memory {found['peak_mb']:.0f} MB"),
        ("one site, one pool", found["one_site_s"], found["one_site_clock_s"], f"{written} files written"),
    ]
    lines = [f"machine: {where}", "", f"{found['engine']}: {found['countries']} countries, {size}"]
    lines.append(f"{'':20} {'core s':>8} {'clock s':>8}")
    lines += [f"{name:20} {core:8.2f} {clock:8.2f}   {note}" for name, core, clock, note in rows]
    lines.append(
        f"{'ratio':20} {found['one_site_ratio']:8.2f} {'':8}   {others} files of other sites touched"
    )
    aim = f"all < {TIME_S:g} s of a core, < {MEMORY_MB:g} MB, other sites untouched"
    return "\n".join([*lines, "", f"{aim}: {'yes' if found['met'] else 'NO'}"])


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description="How long the GitOps trees of a programme take.")
    words.add_argument("--engine", type=GitOpsEngine, choices=list(GitOpsEngine), default=GitOpsEngine.FLUX)
    words.add_argument("--countries", type=int, default=len(COUNTRIES), choices=range(1, len(COUNTRIES) + 1))
    words.add_argument("--cells", type=int, default=100, help="cells of all sites together")

    words.add_argument("--json", action="store_true")
    asked = words.parse_args()
    found = _measured(asked.engine, asked.countries, asked.cells)
    print(json.dumps(found) if asked.json else _table(found))


if __name__ == "__main__":
    main()
