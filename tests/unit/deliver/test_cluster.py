"""The client of a cluster against a server of ours: what is asked, and what a failure says."""

from pathlib import Path

import pytest
import yaml

from aifactory.deliver import transport as module
from aifactory.deliver.cluster import ApiProblem, Cluster, at_once
from aifactory.errors import ClusterError
from aifactory.manifests.model import KubernetesObject
from tests.unit.deliver.api_server import ApiServer

CONFIG_MAP: KubernetesObject = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "namespace": "training"},
}
PATH = "/api/v1/namespaces/training/configmaps/a"


@pytest.fixture
def cluster(api: ApiServer, tmp_path: Path) -> Cluster:
    """A client of the server."""
    return Cluster(api.kubeconfig(tmp_path))


def test_an_object_is_read_from_its_collection(api: ApiServer, cluster: Cluster) -> None:
    """The path of an object follows from what the server says it serves, which is asked once."""
    api.answers[f"GET {PATH}"] = [(200, {"kind": "ConfigMap", "data": {"k": "v"}})]

    assert cluster.get(CONFIG_MAP) == {"kind": "ConfigMap", "data": {"k": "v"}}
    assert cluster.get(CONFIG_MAP) is not None
    assert [path for _, path, _ in api.asked] == ["/api/v1", PATH, PATH]


def test_an_object_that_is_not_there_is_none(cluster: Cluster) -> None:
    """404 is no error where something is read or deleted."""
    assert cluster.get(CONFIG_MAP) is None
    assert cluster.delete(CONFIG_MAP) is False


def test_a_kind_that_is_not_served(cluster: Cluster) -> None:
    """A list of a kind that is not served is empty; writing one says what is needed."""
    assert cluster.list("nvidia.com/v1", "ClusterPolicy") == []
    with pytest.raises(ClusterError, match=r"does not serve nvidia.com/v1 ClusterPolicy; its CustomResource"):
        cluster.apply(
            {"apiVersion": "nvidia.com/v1", "kind": "ClusterPolicy", "metadata": {"name": "a"}}, manager="m"
        )


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(status: int, api: ApiServer, cluster: Cluster) -> None:
    """An answer of 429 or 503 is waited out."""
    api.answers[f"GET {PATH}"] = [(status, {"message": "busy"})] * 3 + [(200, {"kind": "ConfigMap"})]

    assert cluster.get(CONFIG_MAP) == {"kind": "ConfigMap"}
    assert len(api.asked) == 5


def test_a_server_that_stays_busy_is_an_error(
    api: ApiServer, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time the last answer is the error."""
    monkeypatch.setattr(module, "RETRY_S", 0.0)
    api.answers[f"GET {PATH}"] = [(429, {"message": "too many requests"})]

    with pytest.raises(ApiProblem, match=rf"^GET {PATH}: the API server says 429: too many requests$"):
        cluster.get(CONFIG_MAP)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (
            {"message": "etcdserver: mvcc: database space exceeded"},
            "etcdserver: mvcc: database space exceeded",
        ),
        ("<html>bad gateway</html>", "<html>bad gateway</html>"),
        ("x" * 5000, "x" * 300),
        ([], "[]"),
    ],
)
def test_a_refusal_says_what_the_server_says(
    body: object, shown: str, api: ApiServer, cluster: Cluster
) -> None:
    """The message of a 500 is the server's own, or the beginning of its text; it is not asked again."""
    api.answers[f"PATCH {PATH}"] = [(500, body)]

    with pytest.raises(ApiProblem) as caught:
        cluster.apply(CONFIG_MAP, manager="m")

    assert str(caught.value) == f"PATCH {PATH}: the API server says 500: {shown}"
    assert caught.value.status == 500
    assert [method for method, _, _ in api.asked] == ["GET", "PATCH"]


def test_an_apply_is_strict_and_forced_only_on_demand(api: ApiServer, cluster: Cluster) -> None:
    """Server-side apply names its manager, forbids unknown fields, and takes fields of others only if told."""
    api.answers[f"PATCH {PATH}"] = [(200, {})]

    cluster.apply(CONFIG_MAP, manager="me")
    cluster.apply(CONFIG_MAP, manager="me", force=True, dry_run=True)

    first, second = (path for method, path, _ in api.asked if method == "PATCH")
    assert first == f"{PATH}?fieldManager=me&fieldValidation=Strict"
    assert second == f"{PATH}?fieldManager=me&fieldValidation=Strict&force=true&dryRun=All"
    assert api.asked[-1][2] == CONFIG_MAP


def test_a_list_names_kind_and_version(api: ApiServer, cluster: Cluster) -> None:
    """Items of a list, which come without them, have apiVersion and kind; the selector is passed on."""
    api.answers["GET /api/v1/configmaps"] = [(200, {"items": [{"metadata": {"name": "a"}}]})]

    assert cluster.list("v1", "ConfigMap", "a=b") == [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    ]
    assert api.asked[-1][1] == "/api/v1/configmaps?labelSelector=a%3Db"


def test_new_kinds_are_found_after_discovery_is_forgotten(api: ApiServer, cluster: Cluster) -> None:
    """A kind that is added later is found, at the latest once discovery is forgotten."""
    policy: KubernetesObject = {"apiVersion": "nvidia.com/v1", "kind": "ClusterPolicy"}
    assert cluster.collection("nvidia.com/v1", "ClusterPolicy") is None
    rows = [{"kind": policy["kind"], "name": "clusterpolicies", "namespaced": False}]
    api.answers["GET /apis/nvidia.com/v1"] = [(200, {"resources": rows})]

    cluster.forget_discovery()

    assert cluster.collection("nvidia.com/v1", "ClusterPolicy") == "/apis/nvidia.com/v1/clusterpolicies"


def test_the_identity_is_that_of_kube_system(api: ApiServer, cluster: Cluster) -> None:
    """The cluster's identity is the UID of the namespace kube-system."""
    api.answers["GET /api/v1/namespaces/kube-system"] = [(200, {"metadata": {"uid": "u-1"}})]

    assert cluster.uid() == "u-1"


def test_a_server_that_is_not_there(api: ApiServer, cluster: Cluster) -> None:
    """A refused connection names the address and what to do, at once and without a traceback's text."""
    api.close()

    with pytest.raises(ClusterError) as caught:
        cluster.uid()

    assert str(caught.value) == (
        f"the cluster at {api.url} cannot be reached (NewConnectionError); a running API server is needed; check the"
        " network and the kubeconfig, or start the lab with 'aifactory lab up'"
    )


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "[]",
        "text",
        "{",
        "a: *b",
        "\x00",
        "[1]",
        "current-context: x",
        "current-context: x\ncontexts: 3",
    ],
)
def test_a_bad_kubeconfig_is_named(content: str | None, tmp_path: Path) -> None:
    """A kubeconfig that is missing, torn or without a context is named, with what is needed and how to get it."""
    file = tmp_path / "kubeconfig"
    if content is not None:
        file.write_text(content)

    with pytest.raises(ClusterError, match=rf"^{file}: cannot be used as a kubeconfig \(") as caught:
        Cluster(file)

    assert "a file with a current context is needed; set KUBECONFIG" in str(caught.value)


def test_a_context_that_is_not_there_is_named(api: ApiServer, tmp_path: Path) -> None:
    """A context that the kubeconfig lacks is an error that names it."""
    with pytest.raises(ClusterError, match="elsewhere"):
        Cluster(api.kubeconfig(tmp_path), "elsewhere")


def test_many_requests_keep_their_order() -> None:
    """Results come in the order of the items, and the first failure is the failure of all."""
    assert at_once(lambda item: item * 2, range(100)) == [item * 2 for item in range(100)]
    with pytest.raises(ZeroDivisionError):
        at_once(lambda item: 1 // item, [1, 0])


def test_what_is_no_api_server_is_no_empty_cluster(api: ApiServer, cluster: Cluster) -> None:
    """A log-in page that answers everything with 200 is an error, and not a cluster in which all is missing."""
    api.answers["GET /api/v1"] = [(200, {"page": "log in"})]

    with pytest.raises(ClusterError) as caught:
        cluster.get({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}})

    assert str(caught.value) == (
        f"{api.url} answers /api/v1 with something that is no list of kinds; the address of a Kubernetes API server is"
        " needed; check the kubeconfig, and whether a proxy or a log-in page answers"
    )


def test_a_torn_token_is_not_repeated(api: ApiServer, tmp_path: Path) -> None:
    """A token with a line break cannot be sent; the message does not hold it."""
    file = api.kubeconfig(tmp_path)
    content = yaml.safe_load(file.read_text())
    content["users"] = [{"name": "u", "user": {"token": "secret\nword"}}]
    content["contexts"][0]["context"]["user"] = "u"
    file.write_text(yaml.safe_dump(content))

    with pytest.raises(
        ClusterError, match=r"cannot be reached \(ValueError\); a running API server"
    ) as caught:
        Cluster(file).uid()

    assert "secret" not in str(caught.value)


def test_the_default_kubeconfig_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where KUBECONFIG names a file that is not there, the message names it too."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    # The client reads the variable once, when it is imported.
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))

    with pytest.raises(
        ClusterError, match=rf"^the default kubeconfig \({tmp_path / 'none'}\): cannot be used"
    ):
        Cluster()
