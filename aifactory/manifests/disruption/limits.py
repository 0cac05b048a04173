"""Disruptions of what may be asked for: quotas and queues that go or get smaller."""

import math
import re
from collections.abc import Iterator

from pydantic import JsonValue

from aifactory.manifests.disruption.model import Disruption, InUse, Objects, Severity, at, mapping_at, of_kind
from aifactory.manifests.model import key_of
from aifactory.spec.disruption import DisruptionKind

_QUEUES = (
    ("kueue.x-k8s.io", "ClusterQueue"),
    ("kueue.x-k8s.io", "LocalQueue"),
    ("kueue.x-k8s.io", "Cohort"),
    ("kueue.x-k8s.io", "ResourceFlavor"),
    ("scheduling.run.ai", "Queue"),
    ("scheduling.volcano.sh", "Queue"),
)
"""Queues of Kueue, KAI and Volcano by group and kind, whatever the version."""
_AMOUNTS = ("nominalQuota", "borrowingLimit", "lendingLimit", "quota", "limit", "overQuotaWeight", "weight")
_QUANTITY = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")
_FACTOR = {
    **{
        unit: 1000.0**power
        for power, unit in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), -3)
    },
    **{f"{unit}i": 1024.0**power for power, unit in enumerate("KMGTPE", 1)},
}


def amount(value: JsonValue) -> float | None:
    """What a Kubernetes quantity is worth; None for what is none, infinite for -1, which lifts a limit."""
    match = _QUANTITY.fullmatch(str(value)) if isinstance(value, str | int | float) else None
    if match is None or isinstance(value, bool):
        return None
    worth = float(match[1]) * _FACTOR[match[2] or ""]
    return math.inf if worth == -1 else worth


def _lower(before: JsonValue, after: JsonValue) -> bool:
    """Whether a limit became smaller; one that is new is smaller than none."""
    old, new = amount(before), amount(after)
    if before is None:
        return after is not None
    return old is not None and new is not None and new < old


def quotas_lowered(before: Objects, after: Objects, _in_use: InUse) -> Iterator[Disruption]:
    """A namespace may claim less than before; in a namespace that is new nothing runs."""
    old, spaces = of_kind(before, "", "ResourceQuota"), of_kind(before, "", "Namespace")
    made = {key_of(item).name for key, item in of_kind(after, "", "Namespace").items() if key not in spaces}
    for key, item in sorted(of_kind(after, "", "ResourceQuota").items()):
        identity = key_of(item)
        was, wanted = mapping_at(old.get(key), "spec", "hard"), mapping_at(item, "spec", "hard")
        lower = [name for name in sorted(wanted) if _lower(was.get(name), wanted[name])]
        if not lower or identity.namespace in made:
            continue
        shown = ", ".join(f"{name} {was.get(name, 'without limit')} to {wanted[name]}" for name in lower)
        yield Disruption(
            kind=DisruptionKind.QUOTA_REPLACED,
            subject=f"{identity.namespace}/{identity.name}",
            severity=Severity.DELAY,
            message=f"the quota is lowered ({shown}): what exists stays, and what would go beyond it is refused",
            objects=(key,),
        )


def queues_lowered(before: Objects, after: Objects, _in_use: InUse) -> Iterator[Disruption]:
    """A queue goes, is stopped, is led elsewhere, or has less to give."""
    for group, kind in _QUEUES:
        wanted = of_kind(after, group, kind)
        for key, item in sorted(of_kind(before, group, kind).items()):
            identity = key_of(item)
            found = (
                _queue(at(item, "spec"), at(wanted[key], "spec"))
                if key in wanted
                else (Severity.DELAY, _GONE)
            )
            if found is not None:
                yield Disruption(
                    kind=DisruptionKind.QUEUE_REPLACED,
                    subject=f"{identity.namespace}/{identity.name}" if identity.namespace else identity.name,
                    severity=found[0],
                    message=f"the {kind} {found[1]}",
                    objects=(key,),
                )


_GONE = "goes: work that waits in it is not admitted, and new work that names it stays suspended or Pending"


def _queue(before: JsonValue, after: JsonValue) -> tuple[Severity, str] | None:
    old, new = dict(_leaves(before)), dict(_leaves(after))
    policy = new.get("stopPolicy")
    if policy != old.get("stopPolicy") and policy not in (None, "None"):
        drains = policy == "HoldAndDrain"
        what = "evicts the work that is admitted, and" if drains else "lets admitted work go on, and"
        return (
            Severity.INTERRUPTION if drains else Severity.DELAY,
            f"is stopped ({policy}): it {what} admits no more",
        )
    if old.get("clusterQueue") != new.get("clusterQueue"):
        return (
            Severity.DELAY,
            f"leads to {new.get('clusterQueue')} instead of {old.get('clusterQueue')}: it is made anew, and"
            " work that waits is queued again",
        )
    parts = [path for path in sorted(old) if path.rpartition(".")[2] in _AMOUNTS]
    lower = [path for path in parts if path not in new or _lower(old[path], new[path])]
    if lower:
        shown = ", ".join(f"{path} {old[path]} to {new.get(path, 'nothing')}" for path in lower)
        return (
            Severity.INTERRUPTION,
            f"has less to give ({shown}): admitted work above it may be preempted, and new work waits",
        )
    return None


def _leaves(value: JsonValue, path: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Scalars by path; an element of a list is known by its name where it has one."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{at(inner, 'name') or index}")
    else:
        yield path, value
