"""How fast ``aifactory drift`` is, as ratios of one run on a throw-away lab.

    python bench/drift.py [--sizes 250,500,1000,2000,4000] [--runs 3] [--json]

Three cases each: nothing drifted; one object in a hundred edited; a read and a dry run of every object, which is
what drift would cost without listing the live state first. Exit code 0 always: this measures, it does not judge.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from aifactory.deliver.cluster import Cluster, at_once
from aifactory.deliver.drift_report import DriftReport, drift_report
from aifactory.deliver.inventory import FALLBACK_MANAGER, manager_of
from aifactory.manifests.model import KubernetesObject, key_of
from bench.figures import machine
from bench.generated import NAME, Generated, pairs_for, write
from bench.subject import Subject, timed

EDITED = 100
"""One object in so many is edited."""
_LABEL = "app.kubernetes.io/managed-by"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _bring(cluster: Cluster, made: Generated) -> None:
    """The objects are there, under a manager of ours, as after an ``up``; not part of any measurement."""
    objects = list(made.bundle.objects())
    for group in (True, False):
        picked = [item for item in objects if (item["kind"] == "Namespace") is group]
        at_once(lambda item: cluster.apply(item, manager=FALLBACK_MANAGER), picked)


def _edit(cluster: Cluster, item: KubernetesObject) -> None:
    key = key_of(item)
    place: dict[str, JsonValue] = {"name": key.name, "labels": {_LABEL: "somebody"}}
    if key.namespace:
        place["namespace"] = key.namespace
    edit: KubernetesObject = {"apiVersion": key.api_version, "kind": key.kind, "metadata": place}
    cluster.apply(edit, manager="bench-editor", force=True)


def _try_all(cluster: Cluster, made: Generated) -> None:
    def dry_run(item: KubernetesObject) -> None:
        live = cluster.get(item)
        cluster.apply(item, manager=manager_of(live or {}), force=True, dry_run=True)

    at_once(dry_run, made.bundle.objects())


def _measure(subject: Subject, made: Generated, runs: int) -> dict[str, float]:
    """Seconds of each case, with the objects in the cluster; the median of the runs."""
    subject.clean()
    subject.nodes(made)
    _bring(subject.cluster, made)
    found: list[DriftReport] = []

    def look() -> None:
        found.append(drift_report(subject.cluster, made.bundle))

    def median() -> float:
        return statistics.median(timed(look) for _ in range(runs))

    clean = median()
    picked = list(made.bundle.objects())[::EDITED]
    at_once(lambda item: _edit(subject.cluster, item), picked)
    edited = median()
    counts = {len(report.drift) for report in found[runs:]}
    if {len(report.drift) for report in found[:runs]} != {0} or counts != {len(picked)}:
        raise SystemExit(f"drift found {counts} objects, {len(picked)} were edited: nothing is measured")
    every = timed(lambda: _try_all(subject.cluster, made))
    return {"objects": made.objects, "clean_s": clean, "edited_s": edited, "dry_run_of_all_s": every}


def _row(row: dict[str, float], base: dict[str, float]) -> str:
    count = row["objects"]
    each = row["clean_s"] / count * 1000
    return (
        f"{count:>8.0f} {row['clean_s']:>8.2f} {row['edited_s']:>8.2f} {row['dry_run_of_all_s']:>12.2f}"
        f" {each:>10.2f} {each / (base['clean_s'] / base['objects'] * 1000):>8.2f}"
        f" {row['edited_s'] / row['clean_s']:>8.2f} {row['dry_run_of_all_s'] / row['clean_s']:>8.2f}"
    )


def _table(rows: list[dict[str, float]], where: dict[str, Any]) -> str:
    head = (
        f"{'objects':>8} {'clean s':>8} {'edited s':>8} {'dry run all s':>12} {'ms/object':>9}"
        f" {'growth':>8} {'edited':>8} {'dry run':>8}"
    )
    notes = (
        "growth: ms an object, over the first row's; edited, dry run: times over clean."
        f" Edited: one object in {EDITED}."
    )
    return "\n".join([f"{where}", head, *(_row(row, rows[0]) for row in rows), notes])


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description="How fast aifactory drift is, as ratios of one run.")
    words.add_argument(
        "--sizes",
        type=lambda text: [int(size) for size in text.split(",")],
        default=[250, 500, 1000, 2000, 4000],
    )
    words.add_argument("--runs", type=int, default=3, help="runs of each measurement but the dry run of all")
    words.add_argument("--json", action="store_true")
    asked = words.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="aifactory-bench-") as folder:
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        subject = Subject(Path(folder))
        where = machine(subject.tools.bin_dir)
        try:
            for size in asked.sizes:
                made = write(subject.stacks, pairs_for(subject.stacks, size))
                _say(f"{NAME}: {made.objects} objects")
                subject.nodes(made)
                rows.append(_measure(subject, made, asked.runs))
                _say("  " + json.dumps({key: round(value, 2) for key, value in rows[-1].items()}))
        finally:
            subject.down()
    print(json.dumps({"machine": where, "rows": rows}) if asked.json else _table(rows, where))


if __name__ == "__main__":
    main()
