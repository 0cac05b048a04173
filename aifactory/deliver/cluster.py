"""A thin client of one cluster: dicts in, dicts out."""

import threading
from pathlib import Path
from urllib.parse import quote

from aifactory.deliver.transport import NOT_FOUND, UNPROCESSABLE, ApiProblem, Transport, at_once
from aifactory.errors import ClusterError
from aifactory.manifests.model import KubernetesObject, key_of, text_at

__all__ = ["UNPROCESSABLE", "ApiProblem", "Cluster", "at_once"]


class Cluster(Transport):
    """One cluster, reached through a kubeconfig.

    Args:
        kubeconfig: The kubeconfig file; None means KUBECONFIG or ``~/.kube/config``.
        context: Context in it; None means the current one.

    Raises:
        ClusterError: If the kubeconfig cannot be used.
    """

    def __init__(self, kubeconfig: Path | None = None, context: str | None = None) -> None:
        super().__init__(kubeconfig, context)
        self._groups: dict[str, dict[str, tuple[str, bool]]] = {}
        self._lock = threading.Lock()

    def collection(self, api_version: str, kind: str, namespace: str | None = None) -> str | None:
        """Path of a kind's collection; None where the cluster does not serve the kind."""
        served = self._resources(api_version)
        if kind not in served:
            return None
        plural, namespaced = served[kind]
        home = f"/namespaces/{quote(namespace)}" if namespaced and namespace else ""
        return f"{_prefix(api_version)}{home}/{plural}"

    def _resources(self, api_version: str) -> dict[str, tuple[str, bool]]:
        with self._lock:
            known = self._groups.get(api_version)
        if known is not None:
            return known
        try:
            listing = self.request("GET", _prefix(api_version)).get("resources")
        except ApiProblem as problem:
            if problem.status != NOT_FOUND:
                raise
            return {}
        if not isinstance(listing, list):
            # What is behind it would look like a cluster in which everything is missing.
            raise ClusterError(
                f"{self.server} answers {_prefix(api_version)} with something that is no list of kinds; the address of"
                " a Kubernetes API server is needed; check the kubeconfig, and whether a proxy or a log-in page answers"
            )
        found = {
            str(row["kind"]): (str(row["name"]), bool(row["namespaced"]))
            for row in listing
            if isinstance(row, dict) and "/" not in str(row["name"])
        }
        with self._lock:
            self._groups[api_version] = found
        return found

    def forget_discovery(self) -> None:
        """Ask again what the cluster serves; needed after CRDs were added."""
        with self._lock:
            self._groups.clear()

    def _path(self, manifest: KubernetesObject) -> str:
        key = key_of(manifest)
        collection = self.collection(key.api_version, key.kind, key.namespace)
        if collection is None:
            raise ClusterError(
                f"{key}: the cluster at {self.server} does not serve {key.api_version} {key.kind};"
                " its CustomResourceDefinition is needed; install the operator that brings it"
            )
        return f"{collection}/{quote(key.name)}"

    def get(self, manifest: KubernetesObject) -> KubernetesObject | None:
        """The live object of the same identity; None where there is none."""
        try:
            return self.request("GET", self._path(manifest))
        except ApiProblem as problem:
            if problem.status == NOT_FOUND:
                return None
            raise

    def list(self, api_version: str, kind: str, selector: str = "") -> list[KubernetesObject]:
        """Live objects of a kind in all namespaces; none where the kind is not served."""
        path = self.collection(api_version, kind)
        if path is None:
            return []
        answer = self.request("GET", path, query={"labelSelector": selector} if selector else None)
        items = answer.get("items")
        return [
            {"apiVersion": api_version, "kind": kind, **item}
            for item in (items if isinstance(items, list) else [])
            if isinstance(item, dict)
        ]

    def apply(
        self, manifest: KubernetesObject, *, manager: str, force: bool = False, dry_run: bool = False
    ) -> KubernetesObject:
        """Server-side apply with strict field validation; the object as the server has it then."""
        query = {"fieldManager": manager, "fieldValidation": "Strict"}
        if force:
            query["force"] = "true"
        if dry_run:
            query["dryRun"] = "All"
        return self.request(
            "PATCH",
            self._path(manifest),
            query=query,
            body=manifest,
            content_type="application/apply-patch+yaml",
        )

    def put_status(self, manifest: KubernetesObject) -> None:
        """Replace the status of an object by merge patch."""
        self.request(
            "PATCH",
            f"{self._path(manifest)}/status",
            body={"status": manifest["status"]},
            content_type="application/merge-patch+json",
        )

    def delete(self, manifest: KubernetesObject, *, propagation: str = "Background") -> bool:
        """Delete an object; False where there was none."""
        try:
            self.request("DELETE", self._path(manifest), body={"propagationPolicy": propagation})
        except ApiProblem as problem:
            if problem.status == NOT_FOUND:
                return False
            raise
        return True

    def uid(self) -> str:
        """The cluster's identity: the UID of the namespace kube-system."""
        answer = self.request("GET", "/api/v1/namespaces/kube-system")
        return text_at(answer, "metadata", "uid") or ""


def _prefix(api_version: str) -> str:
    return f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
