"""Objects of Argo CD that more than one of its files is made of.

Obeys Argo CD v3.5 (argoproj.io/v1alpha1).
"""

from collections.abc import Iterable

from pydantic import JsonValue

from aifactory.manifests.gitops.model import ARGOCD_NAMESPACE, Place
from aifactory.manifests.gitops.names import labels
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.render import render_one

WAVE_LABEL = "aifactory.dev/wave"
ORDER_LABEL = "aifactory.dev/order"
PHASE_LABEL = "aifactory.dev/phase"
AT_ONCE = "25%"
"""Most of the last wave's cells that change at once."""


def among(key: str, *values: str) -> JsonValue:
    """A match of a label with any of some values."""
    return {"key": key, "operator": "In", "values": [*values]}


def rolling_steps(waves: int, orders: Iterable[str], *matches: JsonValue) -> list[JsonValue]:
    """Steps of a RollingSync: all layers of the first wave, then all of the next one.

    Args:
        waves: Number of waves.
        orders: Places of the steps that any cell has; each is one RollingSync step a wave.
        matches: Further matches of every step.
    """
    found = sorted(set(orders))
    steps: list[JsonValue] = []
    for wave in range(1, waves + 1):
        limit: dict[str, JsonValue] = {"maxUpdate": AT_ONCE} if wave == waves > 1 else {}
        for order in found:
            expressions = [*matches, among(WAVE_LABEL, str(wave)), among(ORDER_LABEL, order)]
            steps.append({"matchExpressions": expressions, **limit})
    return steps


def root(name: str, place: Place, path: str) -> KubernetesObject:
    """The Application that keeps a folder of Argo CD's own objects as it is in Git."""
    return render_one(
        "gitops/argocd-root.yaml.j2",
        {
            "name": name,
            "namespace": ARGOCD_NAMESPACE,
            "labels": labels(name),
            "repository": place.repository,
            "revision": place.revision,
            "path": path,
        },
    )
