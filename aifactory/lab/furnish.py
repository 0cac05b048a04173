"""What a lab's control plane is furnished with: operator APIs and simulated hardware."""

import time
from collections.abc import Callable

from aifactory.deliver.cluster import Cluster, at_once
from aifactory.errors import LabError
from aifactory.lab import crds, hardware
from aifactory.lab.places import crd_folder
from aifactory.manifests.gitops.model import ARGOCD_NAMESPACE, FLUX_NAMESPACE
from aifactory.manifests.model import KubernetesObject, key_of, text_at
from aifactory.plan.cell_choice import for_management
from aifactory.plan.models import FactoryPlan
from aifactory.spec.delivery import GitOpsEngine
from aifactory.spec.operators import Owner

MANAGER = "aifactory-lab"
CRD_TIMEOUT_S = 60.0
Notify = Callable[[str], None]
_ENGINE_NAMESPACES = {GitOpsEngine.FLUX: FLUX_NAMESPACE, GitOpsEngine.ARGOCD: ARGOCD_NAMESPACE}


def serve_crds(cluster: Cluster, notify: Notify, *, management: bool = False) -> None:
    """The cluster serves the APIs of the operators that do not run there.

    Args:
        cluster: The lab's cluster.
        notify: Told one line for each step that is taken.
        management: Whether it stands for a management cluster, with Cluster API and GitOps engines.

    Raises:
        LabError: If it does not serve them in time.
    """
    wanted, standing = crds.served(crd_folder(), management=management)
    present = {
        text_at(item, "metadata", "name")
        for item in cluster.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    }
    missing = [item for item in wanted if key_of(item).name not in present]
    if not missing:
        return
    at_once(lambda item: cluster.apply(item, manager=MANAGER), missing)
    _await_crds(cluster, {key_of(item).name for item in missing})
    cluster.forget_discovery()
    notify(f"{len(missing)} operator APIs are served (CustomResourceDefinitions); no operator runs")
    if standing:
        notify(
            f"{len(standing)} of them are permissive stand-ins that check no fields: set AIFACTORY_CRDS to a"
            " folder with the real ones"
        )


def _await_crds(cluster: Cluster, names: set[str]) -> None:
    deadline = time.monotonic() + CRD_TIMEOUT_S
    while True:
        listing = cluster.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        ready = {key_of(item).name for item in listing if _established(item)}
        if names <= ready:
            return
        if time.monotonic() > deadline:
            raise LabError(
                f"CRDs are not served after {CRD_TIMEOUT_S:.0f} s: {', '.join(sorted(names - ready))};"
                " all are needed; run 'aifactory lab down' and try again"
            )
        time.sleep(0.1)


def provide_namespaces(cluster: Cluster, plan: FactoryPlan, notify: Notify) -> None:
    """The namespaces of operators that somebody else installed are there, as on a cluster that came with them."""
    operators = plan.stack.operators
    there = {
        operator.namespace
        for operator in (operators.gpu_operator, operators.dra_driver, operators.node_feature_discovery)
        if operator.owner in {Owner.PROVIDER, Owner.EXTERNAL}
    }
    if for_management(plan):
        there = {_ENGINE_NAMESPACES[plan.stack.delivery.engine]}
    present = {key_of(item).name for item in cluster.list("v1", "Namespace")} if there else set()
    for name in sorted(there - present):
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager=MANAGER)
        notify(f"namespace {name} stands for an operator that the cluster came with; no operator runs")


def place_hardware(cluster: Cluster, wanted: list[KubernetesObject], notify: Notify) -> None:
    """Exactly the wanted nodes, slices and classes are there; what is so already is not written."""
    live: dict[str, KubernetesObject] = {}
    for api_version, kind in (
        ("v1", "Node"),
        ("resource.k8s.io/v1", "ResourceSlice"),
        ("resource.k8s.io/v1", "DeviceClass"),
    ):
        for item in cluster.list(api_version, kind, f"{hardware.SIMULATED}=true"):
            live[str(key_of(item))] = item
    desired = {str(key_of(item)): item for item in wanted}
    changed = [
        item for key, item in desired.items() if key not in live or _digest(live[key]) != _digest(item)
    ]
    gone = [item for key, item in live.items() if key not in desired]
    at_once(cluster.delete, gone)
    at_once(lambda item: _write(cluster, item, exists=str(key_of(item)) in live), changed)
    if changed or gone:
        nodes = sum(text_at(item, "kind") == "Node" for item in wanted)
        notify(f"{nodes} simulated nodes: {len(changed)} objects written, {len(gone)} removed")


def _established(crd: KubernetesObject) -> bool:
    status = crd.get("status")
    conditions = status.get("conditions") if isinstance(status, dict) else None
    return any(
        isinstance(condition, dict)
        and condition.get("type") == "Established"
        and condition.get("status") == "True"
        for condition in (conditions if isinstance(conditions, list) else [])
    )


def _digest(manifest: KubernetesObject) -> str | None:
    return text_at(manifest, "metadata", "annotations", hardware.DIGEST)


def _write(cluster: Cluster, manifest: KubernetesObject, *, exists: bool) -> None:
    """Write simulated hardware; a Node's status is given at its creation, as a kubelet would."""
    if text_at(manifest, "kind") != "Node":
        cluster.apply(manifest, manager=MANAGER, force=True)
        return
    if not exists:
        cluster.request("POST", "/api/v1/nodes", body=manifest)
        return
    cluster.request(
        "PATCH",
        f"/api/v1/nodes/{key_of(manifest).name}",
        body={"metadata": manifest["metadata"], "spec": manifest["spec"]},
        content_type="application/merge-patch+json",
    )
    cluster.put_status(manifest)
