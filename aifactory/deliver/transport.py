"""Requests to one API server over the official client's transport; a busy server is asked again."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from pydantic import JsonValue

from aifactory.deliver.kubeconfig import configuration
from aifactory.errors import ClusterError
from aifactory.manifests.model import KubernetesObject

TIMEOUT_S = 30.0
WORKERS = 24
"""Requests under way at once; more does not help an API server on two cores."""
RETRY_S = 20.0
"""How long a busy server is asked again; a kind that was just added is 429 for a second or two."""
RETRY_PAUSE_S = 0.2
_BUSY = (429, 503)
NOT_FOUND = 404
UNPROCESSABLE = 422
"""What the API server says when a field cannot be changed, or not to this."""
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


class Transport:
    """Requests to one API server, named by a kubeconfig.

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
        settings = configuration(kubeconfig, context, WORKERS)
        self._api = kubernetes.client.ApiClient(settings)
        self.server = str(settings.host)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: JsonValue = None,
        content_type: str = "application/json",
    ) -> KubernetesObject:
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
    ) -> KubernetesObject:
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
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            # The text of a ValueError may hold the token: what is wrong with a header is told with the header.
            tls = isinstance(error, urllib3.exceptions.SSLError)
            why = f"{type(error).__name__}: {error}" if tls else type(error).__name__
            raise ClusterError(
                f"the cluster at {self.server} cannot be reached ({why}); a running API server is"
                " needed; check the network and the kubeconfig, or start the lab with 'aifactory lab up'"
            ) from error
        text = answer.data.decode("utf-8", "replace")
        if answer.status >= _OK:
            raise ApiProblem(f"{method} {path}", answer.status, _message(text))
        return self._parsed(f"{method} {path}", text)

    def _parsed(self, action: str, text: str) -> KubernetesObject:
        """An answer that is JSON, or else its text."""
        if not text.startswith("{"):
            return {"text": text}
        try:
            parsed: KubernetesObject = json.loads(text)
        except ValueError as error:
            raise ClusterError(
                f"{action}: {self.server} answers with torn JSON; the address of a Kubernetes API server is needed;"
                " check the kubeconfig and what is in between"
            ) from error
        return parsed


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:300]


def at_once(work: Callable[[ItemT], ResultT], items: Iterable[ItemT]) -> list[ResultT]:
    """Do one thing to many items, with bounded concurrency; results in the order of the items."""
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return list(pool.map(work, items))
