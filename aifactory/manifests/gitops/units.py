"""What cells of a site share: objects that say nothing of the cell itself, in folders named by their content.

Whether an object is shared follows from the cell's own content alone, never from that of other cells. So a
change of one cell changes no path of another, and a shared folder never changes: another content is another
folder, and a cell goes over to it in its own wave.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.manifests.names import dns_label
from aifactory.plan.models import FactoryPlan

COMMON = "common"
FILE_LIMIT = 120


@dataclass(frozen=True)
class Unit:
    """Objects that are in one shared folder."""

    folder: str
    """Folder below ``shared/<layer>/``; its name ends with a digest of the content."""
    objects: tuple[KubernetesObject, ...]


@dataclass(frozen=True)
class Parted:
    """Objects of a step, parted."""

    units: tuple[Unit, ...]
    own: tuple[KubernetesObject, ...]
    """Objects that hold an address of the cell."""


def file_name(manifest: KubernetesObject) -> str:
    """Name of an object's file: kind, namespace and name."""
    key = key_of(manifest)
    parts = [key.kind.lower(), *([key.namespace] if key.namespace else []), key.name]
    return f"{dns_label(*parts, limit=FILE_LIMIT)}.yaml"


def addresses(plan: FactoryPlan) -> tuple[str, ...]:
    """What the networks of a cell are written as, those that it shares with other cells left out."""
    cell = plan.cells[0].addresses
    if cell is None:
        return ()
    own = (cell.pod_cidr, cell.service_cidr, cell.node_cidr)
    return (*own, *(f"{server}/" for server in plan.stack.network.api_servers))


def part(
    objects: tuple[KubernetesObject, ...], own_addresses: tuple[str, ...], pools: tuple[str, ...]
) -> Parted:
    """Objects parted into those of the cell alone, and shared ones by pool.

    Args:
        objects: Objects of one step.
        own_addresses: What an object of the cell alone mentions.
        pools: Names of the cell's pools; an object that has one in its name is in the pool's folder.
    """
    own: list[KubernetesObject] = []
    groups: dict[str, list[tuple[KubernetesObject, str]]] = {}
    for manifest in objects:
        text = json.dumps(manifest, sort_keys=True, ensure_ascii=True)
        if any(address in text for address in own_addresses):
            own.append(manifest)
        else:
            groups.setdefault(group_of(key_of(manifest).name, pools), []).append((manifest, text))
    return Parted(tuple(_units(groups)), tuple(own))


def group_of(name: str, pools: tuple[str, ...]) -> str:
    """The folder, or file, that an object of this name belongs to: that of the pool in its name, or the common one."""
    found = [pool for pool in pools if re.search(rf"(^|[-.]){re.escape(pool)}($|[-.])", name)]
    return f"pool-{max(found, key=len)}" if found else COMMON


def _units(groups: dict[str, list[tuple[KubernetesObject, str]]]) -> Iterator[Unit]:
    for group, members in sorted(groups.items()):
        digest = hashlib.sha256("\n".join(sorted(text for _, text in members)).encode()).hexdigest()[:10]
        yield Unit(f"{group}-{digest}", tuple(manifest for manifest, _ in members))
