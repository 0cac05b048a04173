"""The pools of a cluster, read from its objects alone: the pool's record, and what labels its nodes."""

import json
from collections.abc import Iterator

from aifactory.manifests.disruption.model import Objects, at, mapping_at, of_kind
from aifactory.manifests.model import ManifestModel, key_of
from aifactory.plan.nodes import MIG_CONFIG_LABEL, POOL_LABEL
from aifactory.spec.pools import Allocation


class PoolState(ManifestModel):
    """A pool as the objects of a cluster declare it."""

    name: str
    record: str
    """Identity of its record."""
    system: str
    nodes: int
    resource: str
    allocatable: dict[str, int]
    """Extended resources of one node."""
    allocation: str
    taint: str
    labels: dict[str, str]
    """Labels that a rule or a Job gives its nodes."""
    patched: bool
    """Whether a Job gives them: it takes none away."""


def pools_of(objects: Objects) -> dict[str, PoolState]:
    """The pools that objects declare, by name; a record that cannot be read is left out."""
    labels = {**_rule_labels(objects), **_job_labels(objects)}
    jobs = _job_labels(objects)
    found: dict[str, PoolState] = {}
    for key, item in of_kind(objects, "", "ConfigMap").items():
        data = mapping_at(item, "data")
        try:
            name = str(json.loads(str(data["node-selector"]))[POOL_LABEL])
            found[name] = PoolState(
                name=name,
                record=key,
                system=str(data["system"]),
                nodes=int(str(data["nodes"])),
                resource=str(data["resource"]),
                allocatable=json.loads(str(data["allocatable"])),
                allocation=str(data["allocation"]),
                taint=str(data.get("taint", "")),
                labels=labels.get(name, {}),
                patched=name in jobs,
            )
        except (KeyError, ValueError, TypeError):
            continue  # another ConfigMap, or a record of another version of this tool
    return found


def _rule_labels(objects: Objects) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for item in of_kind(objects, "nfd.k8s-sigs.io", "NodeFeatureRule").values():
        rules = at(item, "spec", "rules")
        for rule in rules if isinstance(rules, list) else []:
            labels = {key: str(value) for key, value in mapping_at(rule, "labels").items()}
            # A rule beside Cluster API does not set the pool's label; its name ends with the pool's.
            name = labels.get(POOL_LABEL) or key_of(item).name.removeprefix("aifactory-pool-")
            found[name] = labels
    return found


def _job_labels(objects: Objects) -> dict[str, dict[str, str]]:
    """What Jobs label, by pool; a CronJob does the same, and is still there where its Job was cleared away."""
    found: dict[str, dict[str, str]] = {}
    jobs = [at(item, "spec", "jobTemplate") for item in of_kind(objects, "batch", "CronJob").values()]
    for job in (*jobs, *of_kind(objects, "batch", "Job").values()):
        steps = at(job, "spec", "template", "spec", "initContainers")
        for step in steps if isinstance(steps, list) else []:
            words = at(step, "args")
            texts = [str(word) for word in words] if isinstance(words, list) else []
            if texts[:1] != ["label"] or "--" not in texts:
                continue
            pairs = (word.partition("=") for word in texts[texts.index("--") + 1 :])
            labels = {key: value for key, _, value in pairs}
            if POOL_LABEL in labels:
                found[labels[POOL_LABEL]] = labels
    return found


def in_both(before: Objects, after: Objects) -> Iterator[tuple[PoolState, PoolState]]:
    """Pools that are there before and after; what a Job would not take away is still there after."""
    old, new = pools_of(before), pools_of(after)
    for name in sorted(old.keys() & new.keys()):
        one, two = old[name], new[name]
        if one.patched and two.patched:
            two = two.model_copy(update={"labels": {**one.labels, **two.labels}})
        yield one, two


def layout_of(pool: PoolState) -> str:
    """The MIG layout of a pool's nodes; their instances where nothing labels the nodes from here."""
    if pool.labels or pool.allocation == Allocation.DRA:
        return pool.labels.get(MIG_CONFIG_LABEL, "none")
    cut = {name: count for name, count in sorted(pool.allocatable.items()) if "/mig-" in name}
    return ", ".join(f"{count} {name}" for name, count in cut.items()) or "none"
