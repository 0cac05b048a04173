"""A generated stack of a wanted number of Kubernetes objects, through the real spec."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from aifactory.cli.inputs import choose
from aifactory.deliver.charts import chart_skip
from aifactory.manifests.model import Bundle
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.plan.models import FactoryPlan
from aifactory.spec.load import CONFIG_KEY
from aifactory.spec.pools import Service
from aifactory.spec.stack import Target

NAME = "bench"
_SERVICES = [service.value for service in Service]
_TIERS = 5
_DOMAINS = 3


def content(pairs: int, claims: int = 10) -> dict[str, Any]:
    """A stack file: pairs of one pool of DRA with compute domains and one pool of whole GPUs, a node each.

    Args:
        pairs: How many; what grows a bundle is pools, never nodes.
        claims: Most volume claims of the first quota; another number changes one object.
    """
    pools: list[dict[str, Any]] = []
    for number in range(pairs):
        domains = [
            {"name": f"domain-{number:04}-{index}", "namespace": "training", "nodes": 1}
            for index in range(_DOMAINS)
        ]
        claimed = {"system": "gb300-nvl72", "service": "training", "allocation": "dra"}
        pools.append({"name": f"claims-{number:04}", "nodes": 1, "compute_domains": domains, **claimed})
        service = _SERVICES[1 + number % (len(_SERVICES) - 1)]
        pools.append({"name": f"whole-{number:04}", "nodes": 1, "system": "dgx-b200", "service": service})
    for pool in pools:  # many pools of one system: each picks its nodes by a label of its own
        pool["provisioning"] = {"kind": "adopt", "selector": {"bench.example/pool": pool["name"]}}
    size = {"role": "scratch", "backend": "local-path", "reclaim": "Delete"}
    speed = {"capacity_tib": 1000, "write_gbps": 10, "read_gbps": 10}
    tiers = [{"name": f"tier-{number}", **size, **speed} for number in range(_TIERS)]
    quotas = [
        {"namespace": service, "tier": tier["name"], "capacity_tib": 1, "claims": 10}
        for service in _SERVICES
        for tier in tiers
    ]
    quotas[0]["claims"] = claims
    stack = {
        "site": {"name": NAME, "country": "KR", "region": NAME, "zones": [f"{NAME}-a"]},
        "phase": "pilot",
        "cluster": {"system_nodes": 1},
        "network": {"pod_cidr": "10.64.0.0/12"},  # a node network each for more than the default's 256 nodes
        "services": [{"name": service, "namespace": service} for service in _SERVICES],
        "pools": pools,
        "storage": {"tiers": tiers, "quotas": quotas},
    }
    return {"config": {CONFIG_KEY: stack}}


@dataclass(frozen=True)
class Generated:
    """A stack file that was written, and what it comes to."""

    file: Path
    raw: dict[str, Any]
    """The configuration value ``aifactory:stack``."""

    @cached_property
    def plan(self) -> FactoryPlan:
        """The plan of the stack on a simulated cluster."""
        return choose(None, self.file, Target.SIMULATED).plan

    @cached_property
    def bundle(self) -> Bundle:
        """What is rendered and applied."""
        return bundle_of(parts_of(self.plan, chart_skip(self.plan, None)))

    @property
    def objects(self) -> int:
        """How many Kubernetes objects the bundle has."""
        return sum(1 for _ in self.bundle.objects())


def write(folder: Path, pairs: int, claims: int = 10) -> Generated:
    """Write the stack file of so many pairs; an older one is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"Pulumi.{NAME}.yaml"
    made = content(pairs, claims)
    file.write_text(yaml.safe_dump(made, sort_keys=False))
    return Generated(file, made["config"][CONFIG_KEY])


def pairs_for(folder: Path, objects: int) -> int:
    """How many pairs come nearest to a number of objects."""
    one, two = write(folder, 1).objects, write(folder, 2).objects
    return max(1, 1 + round((objects - one) / (two - one)))
