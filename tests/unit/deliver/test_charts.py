"""Which charts can be installed from here, and that none which is installed is ever dropped."""

import socket

import pytest

from aifactory.catalog.load import catalog
from aifactory.deliver import charts
from aifactory.deliver.charts import KIND, SIMULATED, chart_skip, installed, reachable
from aifactory.deliver.cluster import ApiProblem
from aifactory.manifests.model import KubernetesObject
from aifactory.plan.factory import plan
from aifactory.plan.models import FactoryPlan
from aifactory.spec.stack import Target
from tests.support.stacks import stack


class FakeCluster:
    """A cluster that keeps releases, or that does not let them be read.

    Args:
        releases: Secrets of Helm; None means they may not be read.
    """

    def __init__(self, releases: int | None) -> None:
        self._releases = releases
        self.asked: list[tuple[str, str, str]] = []

    def list(self, api_version: str, kind: str, selector: str = "") -> list[KubernetesObject]:
        """Live objects of a kind."""
        self.asked.append((api_version, kind, selector))
        if self._releases is None:
            raise ApiProblem("GET /api/v1/secrets", 403, "forbidden")
        return [{"kind": "Secret"}] * self._releases


def planned(target: Target) -> FactoryPlan:
    """A small plan."""
    return plan("test", stack(), catalog(), target)


def skip(cluster: FakeCluster, target: Target = Target.CLUSTER) -> str | None:
    """Why charts are not installed in a cluster."""
    return chart_skip(planned(target), cluster)  # type: ignore[arg-type] # stands in for a cluster


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No source answers."""
    monkeypatch.setattr(charts, "reachable", lambda _repository: False)


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every source answers."""
    monkeypatch.setattr(charts, "reachable", lambda _repository: True)


@pytest.mark.parametrize(("target", "why"), [(Target.SIMULATED, SIMULATED), (Target.KIND, KIND)])
def test_a_lab_never_gets_charts(target: Target, why: str, online: None) -> None:
    """Charts of a lab are skipped for that reason, and neither source nor cluster is asked."""
    del online
    cluster = FakeCluster(1)

    assert skip(cluster, target) == why
    assert cluster.asked == []


def test_charts_are_declared_where_nobody_is_asked(offline: None) -> None:
    """Without a cluster, as in `render`, charts are declared whatever the network says."""
    del offline

    assert chart_skip(planned(Target.CLUSTER), None) is None


def test_a_source_that_answers_is_used(online: None) -> None:
    """With every source in reach charts are installed, and the cluster is not asked."""
    del online
    cluster = FakeCluster(0)

    assert skip(cluster) is None
    assert cluster.asked == []


def test_a_source_out_of_reach_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that does not answer skips the charts, and its host alone is named."""
    rows = [chart.repository for chart in planned(Target.CLUSTER).charts.values()]
    down = next(row for row in rows if row.startswith("https://"))
    host = down.split("/")[2]
    monkeypatch.setattr(charts, "reachable", lambda repository: host not in repository)

    assert skip(FakeCluster(0)) == f"chart sources cannot be reached from here ({host})"


@pytest.mark.parametrize("releases", [1, 3, None])
def test_a_release_that_is_installed_is_never_dropped(releases: int | None, offline: None) -> None:
    """With a release in the cluster, or where that cannot be known, charts stay declared."""
    del offline
    cluster = FakeCluster(releases)

    assert skip(cluster) is None
    assert cluster.asked == [("v1", "Secret", "owner=helm")]


def test_only_a_refusal_counts_as_not_known() -> None:
    """A cluster that refuses the question counts as one with releases; one without any does not."""
    assert installed(FakeCluster(None))  # type: ignore[arg-type] # stands in for a cluster
    assert not installed(FakeCluster(0))  # type: ignore[arg-type] # stands in for a cluster


def test_reach_is_a_connection() -> None:
    """A host that accepts connections is in reach; a closed port and a host without a name are not."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert reachable(f"https://127.0.0.1:{port}/charts")
        assert reachable(f"oci://127.0.0.1:{port}/charts")
    assert not reachable(f"https://127.0.0.1:{port}/charts")
    assert not reachable("oci://")
