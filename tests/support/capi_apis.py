"""APIs and webhooks of Cluster API's providers, from the Go modules that their controllers are built from."""

import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from aifactory.lab.tools import default_table

CONTRACTS = {"cluster.x-k8s.io/v1beta1": "v1beta1", "cluster.x-k8s.io/v1beta2": "v1beta2"}
"""Labels by which the controllers find out which version of an API obeys which contract."""


@dataclass(frozen=True)
class Provider:
    """A controller: its tool, and where its module has its APIs and webhooks."""

    tool: str
    module: str
    folder: str


CORE, TEST = "sigs.k8s.io/cluster-api", "sigs.k8s.io/cluster-api/test"
PROVIDERS = (
    Provider("capi-core", CORE, "."),
    Provider("capi-kubeadm-bootstrap", CORE, "bootstrap/kubeadm"),
    Provider("capi-kubeadm-control-plane", CORE, "controlplane/kubeadm"),
    Provider("capi-docker", TEST, "infrastructure/docker"),
)


@cache
def module(path: str) -> Path:
    """Folder of a Go module at the version that the controllers are built from, checked by its hash."""
    done = subprocess.run(
        ["go", "mod", "download", "-json", path],
        cwd=default_table().modules_dir / "cluster-api",
        env={**os.environ, "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(json.loads(done.stdout)["Dir"])


def documents(file: Path) -> list[dict[str, Any]]:
    """The YAML documents of a file."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [item for item in yaml.load_all(file.read_text(), Loader=loader) if item]


@dataclass(frozen=True)
class Serving:
    """How the API server reaches a controller's webhooks."""

    port: int
    certificate: str
    """Base64 of the certificate, which vouches for itself."""

    def at(self, path: str) -> dict[str, str]:
        """The client configuration of a webhook."""
        return {"url": f"https://127.0.0.1:{self.port}{path}", "caBundle": self.certificate}


def certificate(folder: Path) -> str:
    """A self-signed certificate for 127.0.0.1 in a folder, as the webhook servers read it; its base64."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt"),
        ],
        capture_output=True,
        check=True,
    )  # fmt: skip
    return b64encode((folder / "tls.crt").read_bytes()).decode()


def apis(provider: Provider, serving: Serving) -> Iterator[dict[str, Any]]:
    """The provider's CustomResourceDefinitions, converted between versions by its webhook."""
    for file in sorted((module(provider.module) / provider.folder / "config/crd/bases").glob("*.yaml")):
        for crd in documents(file):
            crd["metadata"].setdefault("labels", {}).update(CONTRACTS)
            if len(crd["spec"]["versions"]) > 1:
                crd["spec"]["conversion"] = {
                    "strategy": "Webhook",
                    "webhook": {
                        "conversionReviewVersions": ["v1", "v1beta1"],
                        "clientConfig": serving.at("/convert"),
                    },
                }
            yield crd


def webhooks(provider: Provider, serving: Serving) -> Iterator[dict[str, Any]]:
    """The provider's defaulting and validating webhooks, all of them, as its release configures them."""
    for found in documents(module(provider.module) / provider.folder / "config/webhook/manifests.yaml"):
        found["metadata"]["name"] = f"{provider.tool}-{found['metadata']['name']}"
        for hook in found["webhooks"]:
            hook["clientConfig"] = serving.at(hook["clientConfig"]["service"]["path"])
        yield found
