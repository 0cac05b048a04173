"""Cluster API's real controllers as processes against a control plane without nodes.

Core, kubeadm bootstrap and kubeadm control plane are the released controllers. Machines are those of Cluster
API's own development provider with its in-memory backend: no machine boots, no kubelet runs; what a node
would say is written into an API server that the provider keeps in memory.
"""

import os
import random
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from aifactory.deliver.cluster import Cluster, at_once
from aifactory.lab.kwokctl import BINARIES, Kwokctl
from aifactory.lab.tools import Toolbox, Tools
from aifactory.manifests.model import KubernetesObject
from tests.support.capi_apis import PROVIDERS, Provider, Serving, apis, certificate, webhooks
from tests.support.capi_cells import condition
from tests.support.processes import kill_all, processes_of, wait

READY_S = 180
STOP_S = 10


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


@contextmanager
def controller(
    provider: Provider, tools: Tools, kubeconfig: Path, folder: Path, serving: Serving
) -> Iterator[None]:
    """A controller that is ready, with its webhooks served; its output is in ``log``."""
    health, log = free_port(), folder / "log"
    # A loopback address of its own: the in-memory API servers listen on fixed ports.
    address = f"127.{random.randint(1, 250)}.{random.randint(0, 250)}.{random.randint(2, 250)}"  # noqa: S311
    command = [
        str(tools.path(provider.tool)),
        f"--webhook-port={serving.port}",
        f"--webhook-cert-dir={folder}",
        f"--health-addr=127.0.0.1:{health}",
        "--diagnostics-address=0",
        "--insecure-diagnostics",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]
    environment = {
        **os.environ,
        "KUBECONFIG": str(kubeconfig),
        "POD_IP": address,
        "POD_NAMESPACE": "default",
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",  # no docker can be meant
    }
    with log.open("wb") as out, subprocess.Popen(command, env=environment, stdout=out, stderr=out) as process:
        try:
            wait(lambda: _ready(health) or process.poll() is not None, READY_S, lambda: _tail(log))
            assert process.poll() is None, f"{provider.tool} ended: {_tail(log)}"
            yield
            assert process.poll() is None, f"{provider.tool} ended: {_tail(log)}"
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-8:])


def _serve(cluster: Cluster, crd: KubernetesObject) -> None:
    """Apply a CustomResourceDefinition, and return once its kind is served: a controller does not wait for it."""
    cluster.apply(crd, manager="test")
    wait(lambda: condition(cluster.get(crd), "Established") == "True", READY_S, lambda: cluster.get(crd))


@contextmanager
def management(folder: Path) -> Iterator[Cluster]:
    """A management cluster: a real control plane and the controllers; nothing of it is left afterwards."""
    tools = Toolbox.default().ensure(
        [*BINARIES.values(), "kwokctl", *(provider.tool for provider in PROVIDERS)]
    )
    plane = Kwokctl(folder, tools)
    try:
        plane.create()
        cluster = Cluster(plane.kubeconfig)
        places = {provider: folder / provider.tool for provider in PROVIDERS}
        served = {provider: Serving(free_port(), certificate(places[provider])) for provider in PROVIDERS}
        at_once(lambda crd: _serve(cluster, crd), (c for p in PROVIDERS for c in apis(p, served[p])))
        with ExitStack() as running:
            for provider, serving in served.items():
                place = places[provider]
                running.enter_context(controller(provider, tools, plane.kubeconfig, place, serving))
            for provider, serving in served.items():
                for hook in webhooks(provider, serving):
                    cluster.apply(hook, manager="test")
            cluster.forget_discovery()
            yield cluster
    finally:
        plane.delete()
        left = processes_of(folder)
        kill_all(list(left))
        shutil.rmtree(folder, ignore_errors=True)
        assert not left, f"processes are left: {left}"
