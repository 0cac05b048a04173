"""What ``aifactory up`` makes real. Does not prove anything about hardware: nodes are simulated."""

import pytest

from aifactory.deliver.cluster import ApiProblem, Cluster, at_once
from aifactory.deliver.inventory import differences
from aifactory.manifests.model import KubernetesObject, key_of
from tests.support.lab import Lab

pytestmark = pytest.mark.engine
MANAGER = "test-dry-run"


@pytest.fixture(scope="module", params=["local", "korea-pilot"])
def brought_up(request: pytest.FixtureRequest) -> Lab:
    """Both stacks, brought up."""
    made: Lab = request.getfixturevalue("pilot" if request.param == "korea-pilot" else "local")
    return made


def _canonical(cluster: Cluster, item: KubernetesObject, live: KubernetesObject) -> list[str]:
    """Paths that differ from what the API server itself makes of the rendered object."""
    if not list(differences(item, live)):
        return []
    as_server_has_it = cluster.apply(item, manager=MANAGER, force=True, dry_run=True)
    wanted = {name: as_server_has_it[name] for name in item if name != "metadata"}
    return list(differences({**wanted, "metadata": item["metadata"]}, live))


def test_every_rendered_field_is_live(brought_up: Lab) -> None:
    """Every live object has every rendered field with the rendered value."""
    cluster, live = brought_up.cluster(), brought_up.live()
    found = {
        key: _canonical(cluster, item, live[key])
        for key, item in brought_up.rendered().items()
        if key in live
    }
    assert {key: paths for key, paths in found.items() if paths} == {}


def test_the_inventory_is_exactly_what_is_rendered(brought_up: Lab) -> None:
    """The objects with the inventory label are the rendered ones, none more and none less."""
    assert sorted(brought_up.live()) == sorted(brought_up.rendered())
    assert brought_up.recorded() == sorted(brought_up.rendered())


@pytest.mark.usefixtures("real_crds")
def test_the_api_server_accepts_every_object_strictly(brought_up: Lab) -> None:
    """A strict dry-run apply of every rendered object is accepted: no unknown and no repeated field."""
    cluster = brought_up.cluster()

    def refusal(item: KubernetesObject) -> str | None:
        try:
            cluster.apply(item, manager=MANAGER, force=True, dry_run=True)
        except ApiProblem as problem:
            return f"{key_of(item)}: {problem.reason}"
        return None

    assert [text for text in at_once(refusal, brought_up.rendered().values()) if text] == []
