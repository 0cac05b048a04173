"""Figures of a run: medians, ratios, growth, and what they are held against."""

import math
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SIMULATED = (
    "simulated: etcd, API server, controller manager and scheduler are real and on this machine, so are the"
    " engine, the provider and kubectl; nodes and GPUs are made by the lab (KWOK), operators are APIs only,"
    " and the network has no latency"
)


@dataclass
class Figures:
    """What was measured, in seconds; a list has one entry a run."""

    objects: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    growth: dict[int, float] = field(default_factory=dict)
    """Seconds of ``up`` by number of objects."""
    writes: dict[str, int] = field(default_factory=dict)
    """Objects that an ``up`` changed."""
    plain_ended: bool | None = None
    """Whether plain Pulumi ended in its time; None where it was left out."""

    def median(self, name: str) -> float | None:
        """Median of a measurement; None where there is none."""
        found = self.seconds.get(name)
        return statistics.median(found) if found else None

    def ratio(self, name: str, base: str) -> float | None:
        """Ratio of two medians; None where one is missing."""
        above, below = self.median(name), self.median(base)
        return above / below if above is not None and below else None


def exponent(growth: Mapping[int, float]) -> float | None:
    """Least-squares slope of log seconds over log objects; None for fewer than two sizes."""
    if len(growth) < 2:  # noqa: PLR2004 - a slope needs two points
        return None
    across = [math.log(size) for size in growth]
    along = [math.log(seconds) for seconds in growth.values()]
    return statistics.linear_regression(across, along).slope


def aims(figures: Figures) -> list[tuple[str, float | None, str, bool | None]]:
    """Each aim: what, the figure, the limit, whether it is met; None where it was not measured."""
    plain = figures.ratio("plain pulumi up", "up")
    rows: list[tuple[str, float | None, str, float, bool]] = [
        ("up / kubectl", figures.ratio("up", "kubectl"), "<= 1", 1.0, True),
        ("up / raw client", figures.ratio("up", "raw client"), "<= 6", 6.0, True),
        ("plain pulumi / up", plain, ">= 10", 10.0, False),
        ("growth exponent", exponent(figures.growth), "<= 1.1", 1.1, True),
        ("no-op / up", figures.ratio("no-op", "up"), "<= 0.33", 1 / 3, True),
        ("objects written by a no-op", figures.writes.get("no-op"), "0", 0.0, True),
        ("objects written by a no-op of the engine", figures.writes.get("no-op, engine run"), "0", 0.0, True),
        ("objects written by one change", figures.writes.get("one change"), "1", 1.0, True),
    ]
    return [
        (name, value, limit, None if value is None else (value <= bound if below else value >= bound))
        for name, value, limit, bound, below in rows
    ]


def machine(bin_dir: Path) -> dict[str, Any]:
    """Where it was measured."""
    pulumi = subprocess.run(  # the version is a word; a failure shows as nothing
        [str(bin_dir / "pulumi"), "version"], capture_output=True, text=True, check=False
    )
    return {
        "cores": os.cpu_count(),
        "load_1m": round(os.getloadavg()[0], 2),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "pulumi": pulumi.stdout.strip(),
    }


def as_data(figures: Figures, where: Mapping[str, Any]) -> dict[str, Any]:
    """Everything as one JSON object."""
    held = [
        {"aim": name, "value": value, "limit": limit, "met": met} for name, value, limit, met in aims(figures)
    ]
    return {
        **asdict(figures),
        "exponent": exponent(figures.growth),
        "aims": held,
        "machine": dict(where),
        "note": SIMULATED,
    }


def table(figures: Figures, where: Mapping[str, Any]) -> str:
    """Everything as text."""
    base = figures.median("up")
    lines = [SIMULATED, "machine: " + ", ".join(f"{key} {value}" for key, value in where.items()), ""]
    lines.append(f"{figures.objects} objects{'':14} {'median s':>9} {'of up':>7}  runs")
    for name, runs in figures.seconds.items():
        mark = ">" if name == "plain pulumi up" and figures.plain_ended is False else " "
        share = f"{statistics.median(runs) / base:7.2f}" if base else f"{'':7}"
        lines.append(f"  {name:24}{mark}{statistics.median(runs):9.2f} {share}  {_listed(runs)}")
    if figures.plain_ended is False:
        lines.append("  > plain pulumi was ended at its limit: the true figure is larger")
    lines += ["", "objects      up s   s per 1000"]
    lines += [
        f"{size:7} {seconds:9.2f} {seconds / size * 1000:12.2f}" for size, seconds in figures.growth.items()
    ]
    largest = exponent(dict(sorted(figures.growth.items())[-2:]))
    if largest is not None:
        lines.append(
            f"growth exponent of the two largest: {largest:.2f}; smaller stacks are mostly fixed cost"
        )
    lines += ["", f"{'aim':42} {'figure':>8}  {'limit':8} met"]
    for name, value, limit, met in aims(figures):
        shown = "-" if value is None else f"{value:.2f}"
        lines.append(f"{name:42} {shown:>8}  {limit:8} {'-' if met is None else 'yes' if met else 'NO'}")
    return "\n".join(lines)


def _listed(runs: Sequence[float]) -> str:
    return f"{len(runs)} ({', '.join(f'{seconds:.1f}' for seconds in runs)})"
