"""The objects of small stacks before and after an edit, and what the rules find between them."""

import copy
from typing import Any

from aifactory.catalog.load import catalog
from aifactory.manifests.disruption.judge import disruptions
from aifactory.manifests.disruption.model import Disruption, InUse
from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.plan.factory import plan
from aifactory.spec.disruption import DisruptionKind
from tests.support.stacks import pool, stack, with_at

Objects = dict[str, KubernetesObject]
NOBODY = InUse()


def declared(**sections: object) -> Objects:
    """The objects of a small stack, with sections replaced."""
    return {str(key_of(item)): item for item in bundle_of(parts_of(_plan(sections))).objects()}


def _plan(sections: dict[str, object]) -> Any:
    return plan("site", stack(**sections), catalog())


def pooled(**fields: object) -> Objects:
    """The objects of a small stack whose one pool has some fields replaced."""
    return declared(pools=[pool(**fields)])


def keyed(*items: KubernetesObject) -> Objects:
    """Objects by identity."""
    return {str(key_of(item)): item for item in items}


def made(api_version: str, kind: str, name: str, **content: Any) -> KubernetesObject:
    """An object by hand; ``namespace`` is its namespace."""
    space = content.pop("namespace", None)
    metadata = {"name": name, **({"namespace": space} if space else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **copy.deepcopy(content)}


def edited(item: KubernetesObject, path: str, value: object) -> KubernetesObject:
    """A copy of an object with the value at a dotted path replaced."""
    return with_at(item, path, value)


def found(
    before: Objects, after: Objects, kind: DisruptionKind | None = None, in_use: InUse = NOBODY
) -> list[Disruption]:
    """What the rules find, all or of one kind."""
    return [item for item in disruptions(before, after, in_use) if kind in (None, item.kind)]


def only(before: Objects, after: Objects, kind: DisruptionKind, in_use: InUse = NOBODY) -> Disruption:
    """The one disruption of a kind; fails if there are more or none."""
    items = found(before, after, kind, in_use)
    assert len(items) == 1, items
    return items[0]
