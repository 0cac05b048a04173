"""Runs that must not happen are refused before the first write. Does not prove anything about hardware."""

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.deliver.cluster import Cluster
from tests.support.lab import Lab, Shell, copied_checkout, edit_stack

pytestmark = pytest.mark.engine
CLUSTER = ("--target", "cluster")
OTHER_UID = "00000000-0000-4000-8000-000000000000"
LIMITED = "limited"
FENCED = "training"


def _shell(tmp_path: Path, kubeconfig: Path) -> Shell:
    """A user of a real cluster: a backend, a passphrase and a kubeconfig of one's own."""
    backend = tmp_path / "backend"
    backend.mkdir()
    more = {
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": "right",
        "PULUMI_HOME": str(tmp_path / "pulumi-home"),
        "KUBECONFIG": str(kubeconfig),
    }
    return Shell(tmp_path / "state", copied_checkout(tmp_path / "checkout"), more)


def test_another_cluster_than_the_pinned_one_is_refused(local: Lab, tmp_path: Path) -> None:
    """A stack that pins another cluster is refused by name of the field, and nothing is written."""
    shell, mark = _shell(tmp_path, local.kubeconfig), local.audit.mark()
    edit_stack(shell.checkout, "local", lambda stack: stack["cluster"].update(uid=OTHER_UID))
    uid = local.cluster().uid()
    shell.run("up", "local", *CLUSTER).refused(
        "cluster.uid", f"is {uid}, not {OTHER_UID}", "nothing was written"
    )
    assert local.audit.writes(mark) == []


def test_no_passphrase_is_refused(local: Lab, tmp_path: Path) -> None:
    """Without a passphrase for the state the run is refused with what to set, and nothing is written."""
    shell, mark = _shell(tmp_path, local.kubeconfig), local.audit.mark()
    del shell.more["PULUMI_CONFIG_PASSPHRASE"]
    shell.run("up", "local", *CLUSTER).refused("PULUMI_CONFIG_PASSPHRASE is not set")
    assert local.audit.writes(mark) == []


def test_an_unreachable_cluster_is_refused(local: Lab, tmp_path: Path) -> None:
    """A cluster that nobody answers for is named, with what is needed."""
    config = yaml.safe_load(local.kubeconfig.read_text())
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers, and nobody else gets it
        server = f"https://127.0.0.1:{closed.getsockname()[1]}"
        config["clusters"][0]["cluster"]["server"] = server
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(config))
        _shell(tmp_path, kubeconfig).run("up", "local", *CLUSTER).refused(
            f"the cluster at {server} cannot be reached", "a running API server is needed"
        )


def test_a_missing_kubeconfig_is_refused(tmp_path: Path) -> None:
    """A kubeconfig that is not there is named as such."""
    shell = _shell(tmp_path, tmp_path / "nowhere")
    shell.run("up", "local", *CLUSTER).refused("cannot be used as a kubeconfig")


def _rbac(kind: str, name: str, namespace: str | None, **content: object) -> dict[str, Any]:
    place = {} if namespace is None else {"namespace": namespace}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name, **place},
        **content,
    }


def _grants(spaces: list[str]) -> list[dict[str, Any]]:
    """Reading everywhere, writing cluster-wide objects, and everything in some namespaces."""
    subject = [{"kind": "ServiceAccount", "name": LIMITED, "namespace": "default"}]
    reading = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}
    wide = ["namespaces", "storageclasses", "clusterroles", "clusterrolebindings", "deviceclasses"]
    wide += ["clusterpolicies", "nvidiadrivers", "nodefeaturerules"]
    writing = {"apiGroups": ["*"], "resources": wide, "verbs": ["*"]}

    def role(name: str) -> dict[str, str]:
        return {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}

    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": LIMITED, "namespace": "default"}},
        _rbac("ClusterRole", LIMITED, None, rules=[reading, writing]),
        _rbac("ClusterRoleBinding", LIMITED, None, subjects=subject, roleRef=role(LIMITED)),
        *(
            _rbac("RoleBinding", LIMITED, space, subjects=subject, roleRef=role("cluster-admin"))
            for space in spaces
        ),
    ]


@pytest.fixture
def limited(local: Lab, tmp_path: Path) -> Iterator[Path]:
    """Kubeconfig of a service account that may write everywhere but in one namespace."""
    cluster = local.cluster()
    spaces = [
        str(item["metadata"]["name"]) for item in _namespaces(local) if item["metadata"]["name"] != FENCED
    ]
    grants = _grants(spaces)
    for item in grants:
        cluster.apply(item, manager="test", force=True)
    answer: Any = cluster.request(
        "POST",
        f"/api/v1/namespaces/default/serviceaccounts/{LIMITED}/token",
        body={"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
    )
    config = yaml.safe_load(local.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": answer["status"]["token"]}
    kubeconfig = tmp_path / "limited"
    kubeconfig.write_text(yaml.safe_dump(config))
    yield kubeconfig
    for item in grants:
        cluster.delete(item)


def _namespaces(made: Lab) -> list[dict[str, Any]]:
    return list(made.cluster().list("v1", "Namespace"))


def test_missing_rights_are_named(local: Lab, limited: Path, tmp_path: Path) -> None:
    """A user who may not write in one namespace is told which kinds and where, and nothing is written."""
    with pytest.raises(Exception, match="403"):
        Cluster(limited).apply(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "no", "namespace": FENCED}},
            manager="test",
        )
    shell, mark = _shell(tmp_path, limited), local.audit.mark()
    outcome = shell.run("up", "local", *CLUSTER)
    outcome.refused(
        "may not write to",
        f"networkpolicies.networking.k8s.io in {FENCED}",
        "create and patch are needed",
        "nothing was written",
    )
    assert "in inference" not in outcome.text
    assert local.audit.writes(mark) == []


def test_another_run_at_work_is_named(local: Lab) -> None:
    """A lock that another host's run holds is never broken: the run is refused and names the holder."""
    locks = (
        local.directory / "pulumi" / "state" / ".pulumi" / "locks" / "organization" / "aifactory" / "local"
    )
    locks.mkdir(parents=True, exist_ok=True)
    held = locks / "0b0a7b1e-52a2-4d30-8a3f-0d7c3f1d9f10.json"
    held.write_text(json.dumps({"pid": 4711, "username": "other", "hostname": "another-host"}))
    try:
        mark = local.audit.mark()
        local.shell.run("up", "local", "--target", "simulated").refused("process 4711 on another-host")
        assert local.audit.writes(mark) == []
    finally:
        shutil.rmtree(locks)
    local.up()
