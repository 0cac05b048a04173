"""A thin client of one cluster: dicts in, dicts out, over the official client's transport."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import JsonValue

from aifactory.errors import ClusterError
from aifactory.manifests.model import KubernetesObject, key_of

TIMEOUT_S = 30.0
WORKERS = 24
"""Requests under way at once; more does not help an API server on two cores."""
RETRY_S = 20.0
"""How long a busy server is asked again; a kind that was just added is 429 for a second or two."""
RETRY_PAUSE_S = 0.2
_BUSY = (429, 503)
_NOT_FOUND = 404
_OK = 300
ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class ApiProblem(ClusterError):
    """The API server refused a request.

    Attributes:
        status: HTTP status code.
        reason: The API server's own message.
    """

    def __init__(self, action: str, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"{action}: the API server says {status}: {reason}")


class Cluster:
    """One cluster, reached through a kubeconfig.

    Args:
        kubeconfig: The kubeconfig file; None means KUBECONFIG or ``~/.kube/config``.
        context: Context in it; None means the current one.

    Raises:
        ClusterError: If the kubeconfig cannot be used.
    """

    def __init__(self, kubeconfig: Path | None = None, context: str | None = None) -> None:
        import kubernetes

        self.kubeconfig = kubeconfig
        self.context = context
        settings = kubernetes.client.Configuration()
        settings.connection_pool_maxsize = WORKERS
        settings.retries = False
        try:
            kubernetes.config.load_kube_config(  # type: ignore[no-untyped-call]
                config_file=None if kubeconfig is None else str(kubeconfig),
                context=context,
                client_configuration=settings,
                persist_config=False,
            )
        except (kubernetes.config.ConfigException, OSError, TypeError, KeyError) as error:
            shown = kubeconfig or "the default kubeconfig"
            raise ClusterError(
                f"{shown}: cannot be used as a kubeconfig ({error}); a file with a current context is needed;"
                " set KUBECONFIG, or bring a lab up with 'aifactory lab up --target simulated'"
            ) from error
        self._api = kubernetes.client.ApiClient(settings)
        self.server = str(settings.host)
        self._groups: dict[str, dict[str, tuple[str, bool]]] = {}
        self._lock = threading.Lock()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: JsonValue = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        """One request; the parsed answer. A server that is busy or starting is asked again for a while.

        Raises:
            ApiProblem: If the API server refuses.
            ClusterError: If it cannot be reached.
        """
        deadline = time.monotonic() + RETRY_S
        while True:
            try:
                return self._once(method, path, query or {}, body, content_type)
            except ApiProblem as problem:
                if problem.status not in _BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(RETRY_PAUSE_S)

    def _once(
        self, method: str, path: str, query: Mapping[str, str], body: JsonValue, content_type: str
    ) -> dict[str, Any]:
        import urllib3

        headers = {"Accept": "application/json", "Content-Type": content_type}
        serialized = self._api.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params=headers,
            auth_settings=["BearerToken"],
        )
        try:
            answer = self._api.rest_client.pool_manager.request(
                method,
                serialized[1],
                headers=serialized[2],
                body=None if body is None else json.dumps(body),
                timeout=TIMEOUT_S,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ClusterError(
                f"the cluster at {self.server} cannot be reached ({type(error).__name__}); a running API server is"
                " needed; check the network and the kubeconfig, or start the lab with 'aifactory lab up'"
            ) from error
        text = answer.data.decode("utf-8", "replace")
        if answer.status >= _OK:
            raise ApiProblem(f"{method} {path}", answer.status, _message(text))
        parsed: dict[str, Any] = json.loads(text) if text.startswith("{") else {"text": text}
        return parsed

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
            listing = self.request("GET", _prefix(api_version))["resources"]
        except ApiProblem as problem:
            if problem.status != _NOT_FOUND:
                raise
            return {}
        found = {r["kind"]: (r["name"], bool(r["namespaced"])) for r in listing if "/" not in r["name"]}
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
            if problem.status == _NOT_FOUND:
                return None
            raise

    def list(self, api_version: str, kind: str, selector: str = "") -> list[KubernetesObject]:
        """Live objects of a kind in all namespaces; none where the kind is not served."""
        path = self.collection(api_version, kind)
        if path is None:
            return []
        answer = self.request("GET", path, query={"labelSelector": selector} if selector else None)
        return [{"apiVersion": api_version, "kind": kind, **item} for item in answer.get("items", [])]

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
            if problem.status == _NOT_FOUND:
                return False
            raise
        return True

    def uid(self) -> str:
        """The cluster's identity: the UID of the namespace kube-system."""
        answer = self.request("GET", "/api/v1/namespaces/kube-system")
        return str(answer["metadata"]["uid"])


def _prefix(api_version: str) -> str:
    return f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:300]


def at_once(work: Callable[[ItemT], ResultT], items: Iterable[ItemT]) -> list[ResultT]:
    """Do one thing to many items, with bounded concurrency; results in the order of the items."""
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return list(pool.map(work, items))
