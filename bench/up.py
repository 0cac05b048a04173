"""How fast ``aifactory up`` is, as ratios of one run on a throw-away lab.

    python bench/up.py [--sizes 250,500,1000,2000] [--runs 2] [--without-plain] [--plain-limit 360] [--json]

Exit code 0 also where an aim is missed: this measures, it does not judge.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Figures, as_data, machine, table
from bench.generated import Generated, pairs_for, write
from bench.subject import Subject

REFERENCE = 1000
"""About so many objects have the stack that everything is compared on."""


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _note(figures: Figures, name: str, seconds: float) -> None:
    figures.seconds.setdefault(name, []).append(seconds)
    _say(f"  {name}: {seconds:.1f} s")


def _compare(subject: Subject, made: Generated, figures: Figures, runs: int) -> None:
    """The same objects by three ways, close together, each on a clean cluster; the last ``up`` stays."""
    for _ in range(runs):
        subject.clean()
        _note(figures, "raw client", subject.raw(made.bundle))
        subject.clean()
        _note(figures, "kubectl", subject.kubectl(made.bundle))
        subject.clean()
        _note(figures, "up", subject.up())


def _again(subject: Subject, pairs: int, figures: Figures, runs: int) -> None:
    """What an ``up`` costs where it has nothing, or little, to do; and what it writes."""

    def measure(name: str) -> None:
        before = subject.versions()
        _note(figures, name, subject.up())
        after = subject.versions()
        written = sum(after.get(key) != before.get(key) for key in {*before, *after})
        figures.writes[name] = max(written, figures.writes.get(name, 0))

    for _ in range(runs):
        measure("no-op")
    for _ in range(runs):
        subject.forget()
        measure("no-op, engine run")
    for number in range(runs):
        write(subject.stacks, pairs, claims=20 + number)
        measure("one change")


def _plain(subject: Subject, made: Generated, figures: Figures, limit_s: float) -> None:
    subject.clean()
    _say(f"plain pulumi up of {made.objects} objects, at most {limit_s:.0f} s")
    with subject.plain(made) as process:
        began = time.monotonic()
        try:
            code = process.wait(limit_s)
            figures.plain_ended = True
        except subprocess.TimeoutExpired:
            code, figures.plain_ended = 0, False
        seconds = time.monotonic() - began
    if code:
        _say(f"  plain pulumi up failed with {code}: not counted")
        figures.plain_ended = None
    else:
        _note(figures, "plain pulumi up", seconds)


def _measure(subject: Subject, asked: argparse.Namespace) -> Figures:
    pairs = {size: pairs_for(subject.stacks, size) for size in {*asked.sizes, REFERENCE}}
    made = write(subject.stacks, pairs[REFERENCE])
    figures = Figures(objects=made.objects)
    _say(f"{made.objects} objects, {len(made.plan.pools)} pools, {made.plan.nodes} nodes")
    subject.nodes(made)
    _compare(subject, made, figures, asked.runs)
    figures.growth[made.objects] = statistics.median(figures.seconds["up"])
    _again(subject, pairs[REFERENCE], figures, asked.runs)
    for size in asked.sizes:
        if size == REFERENCE:
            continue
        other = write(subject.stacks, pairs[size])
        subject.clean()
        subject.nodes(other)
        figures.growth[other.objects] = subject.up()
        _say(f"  up of {other.objects} objects: {figures.growth[other.objects]:.1f} s")
    figures.growth = dict(sorted(figures.growth.items()))
    if asked.plain_limit:
        made = write(subject.stacks, pairs[REFERENCE])
        subject.nodes(made)
        _plain(subject, made, figures, asked.plain_limit)
    return figures


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description="How fast aifactory up is, as ratios of one run.")
    words.add_argument(
        "--sizes", type=lambda text: [int(size) for size in text.split(",")], default=[250, 500, 1000, 2000]
    )
    words.add_argument("--runs", type=int, default=2, help="runs of each measurement but growth and plain")
    words.add_argument("--plain-limit", type=float, default=360.0, help="seconds plain pulumi may take")
    words.add_argument("--without-plain", dest="plain_limit", action="store_const", const=0.0)
    words.add_argument("--json", action="store_true")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="aifactory-bench-") as folder:
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        subject = Subject(Path(folder))
        where = machine(subject.tools.bin_dir)
        try:
            figures = _measure(subject, asked)
        finally:
            subject.down()
    print(json.dumps(as_data(figures, where)) if asked.json else table(figures, where))


if __name__ == "__main__":
    main()
