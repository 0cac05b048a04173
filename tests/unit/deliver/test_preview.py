"""What a preview finds, on a cluster that remembers every request: it reads and tries, and writes nothing."""

import copy
import datetime
from typing import Any

import pytest

from aifactory.deliver import preview as module
from aifactory.deliver.change import change_of, nothing_live
from aifactory.deliver.cluster import ApiProblem
from aifactory.deliver.preview import PreviewReport, preview
from aifactory.errors import EngineError
from aifactory.manifests.model import Bundle, KubernetesObject, Layer, LayerName, key_of
from aifactory.spec.disruption import DisruptionKind
from tests.support.stacks import stack

TODAY = datetime.date(2027, 3, 1)
OURS = "pulumi-kubernetes-1"


def thing(name: str, kind: str = "ConfigMap", **content: Any) -> KubernetesObject:
    """A wanted object."""
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **content}


def live(item: KubernetesObject, **more: Any) -> KubernetesObject:
    """The object as the API server has it, with fields of others."""
    fields: dict[str, Any] = {
        f"f:{name}": {} for name in item if name not in ("apiVersion", "kind", "metadata")
    }
    entry = {"manager": OURS, "operation": "Apply", "fieldsV1": fields}
    metadata: Any = {"managedFields": [entry], "uid": "1"}
    return {**copy.deepcopy(item), **more, "metadata": {**metadata, "name": key_of(item).name}}


class Remembering:
    """A cluster that has some objects, and applies dry only.

    Attributes:
        tried: Objects that were applied dry.
    """

    def __init__(self, *items: KubernetesObject, refuses: int | None = None) -> None:
        self._items, self._refuses = items, refuses
        self.tried: list[str] = []

    def list(self, api_version: str, kind: str, selector: str = "") -> list[KubernetesObject]:
        """Objects of a kind; the one stack that has objects is ``site``."""
        mine = not selector.startswith("aifactory.dev/stack") or selector.endswith("=site")
        return [
            item for item in self._items if mine and (item["apiVersion"], item["kind"]) == (api_version, kind)
        ]

    def apply(self, item: KubernetesObject, *, manager: str, force: bool, dry_run: bool) -> KubernetesObject:
        """The object with everything that is wanted."""
        assert (manager, force, dry_run) == (OURS, True, True)
        self.tried.append(key_of(item).name)
        if self._refuses is not None:
            raise ApiProblem("PATCH", self._refuses, "no")
        return live(item)

    def request(self, method: str, path: str, *, query: dict[str, str]) -> KubernetesObject:
        """No pods."""
        assert (method, path) == ("GET", "/api/v1/pods")
        assert query["limit"]
        return {"items": []}


def bundle(*items: KubernetesObject, name: str = "site") -> Bundle:
    """What is wanted."""
    return Bundle(stack=name, layers=(Layer(name=LayerName.FOUNDATION, needs=(), objects=items),))


def changes(wanted: list[KubernetesObject], cluster: Remembering) -> Any:
    """What becomes of the objects."""
    here = {str(key_of(item)): item for item in cluster.list("v1", "ConfigMap", "aifactory.dev/stack=site")}
    return change_of(cluster, bundle(*wanted), here)  # type: ignore[arg-type] # stands in for a cluster


def test_objects_are_sorted_by_what_becomes_of_them() -> None:
    """New, changed, unchanged and unwanted objects are told apart; only suspects are tried."""
    cluster = Remembering(
        live(thing("same", data={"a": "1"}), added="by others"),
        live(thing("changed", data={"a": "1"})),
        live(thing("gone")),
    )

    change = changes(
        [thing("same", data={"a": "1"}), thing("changed", data={"a": "2"}), thing("new")], cluster
    )

    assert change.create == ("v1 ConfigMap new",)
    assert change.update == {"v1 ConfigMap changed": ("data.a",)}
    assert change.delete == ("v1 ConfigMap gone",)
    assert change.replace == {}
    assert cluster.tried == ["changed"]
    assert change.before["v1 ConfigMap same"] == change.after["v1 ConfigMap same"]


def test_a_field_that_is_no_longer_wanted_is_a_change() -> None:
    """A field that we own and no longer want goes, although nothing that is wanted differs."""
    cluster = Remembering(live(thing("a", data={"a": "1"}, more={"b": 1})))

    assert changes([thing("a", data={"a": "1"})], cluster).update == {"v1 ConfigMap a": ("more",)}


def test_what_others_changed_is_contested() -> None:
    """A wanted field that others own is compared by its live value, and named as contested."""
    item: Any = live(thing("a", data={"a": "1"}))
    item["data"] = {"a": "9"}
    item["metadata"]["managedFields"][0]["fieldsV1"] = {"f:other": {}}
    item["other"] = 1

    change = changes([thing("a", data={"a": "1"}, other=1)], Remembering(item))

    assert change.contested == ("v1 ConfigMap a",)
    assert change.before["v1 ConfigMap a"]["data"] == {"a": "9"}


def test_what_the_server_refuses_is_made_anew() -> None:
    """An object that cannot be changed in place is replaced; another refusal is an error."""
    one = live(thing("a", data={"a": "1"}))
    wanted = [thing("a", data={"a": "2"})]

    assert changes(wanted, Remembering(one, refuses=422)).replace == {"v1 ConfigMap a": ("data.a",)}
    with pytest.raises(ApiProblem, match="403"):
        changes(wanted, Remembering(one, refuses=403))


def test_without_a_cluster_everything_is_created() -> None:
    """Where there is no cluster nothing was before."""
    change = nothing_live(bundle(thing("a"), thing("b")))

    assert (change.before, change.create) == ({}, ("v1 ConfigMap a", "v1 ConfigMap b"))


class Account:
    """An engine with set answers.

    Attributes:
        left_out: Patterns that each run left out.
    """

    def __init__(self, *answers: dict[str, int] | Exception | None) -> None:
        self._answers = list(answers)
        self.left_out: list[list[str]] = []

    def __call__(self, *_: object) -> "Account":
        """Itself, whatever the workspace."""
        return self

    def preview(self, *, without: list[str] | None = None, **_: object) -> dict[str, int] | None:
        """The next answer."""
        self.left_out.append(sorted(without or []))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def previewed(
    monkeypatch: pytest.MonkeyPatch,
    engine: Account,
    cluster: Remembering,
    *wanted: KubernetesObject,
    name: str = "site",
    **sections: object,
) -> PreviewReport:
    """The report of a preview."""
    monkeypatch.setattr(module, "Engine", engine)
    here: Any = cluster
    return preview(bundle(*wanted, name=name), here, None, stack(**sections), TODAY, print, None)  # type: ignore[arg-type]


SPACE = thing("old", kind="Namespace")


def entry(until: str) -> dict[str, str]:
    """An acknowledgement."""
    return {"kind": "namespace-deleted", "subject": "old", "reason": "moved", "until": until}


def test_disruptions_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disruption is open unless an entry counts today; expired entries are listed."""
    cluster, late = Remembering(live(SPACE)), entry("2027-02-28")

    unknown = previewed(monkeypatch, Account({"delete": 1}), cluster, acknowledged=[late])
    known = previewed(monkeypatch, Account({"delete": 1}), cluster, acknowledged=[entry("2027-03-01")])

    assert [item.disruption.kind for item in unknown.open] == [DisruptionKind.NAMESPACE_DELETED]
    assert [item.until.isoformat() for item in unknown.expired] == ["2027-02-28"]
    assert (known.open, len(known.judged), known.engine) == ((), 1, {"delete": 1})
    assert cluster.tried == []


def test_a_first_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing of the stack is live, nothing is disrupted and nobody asks what runs."""
    report = previewed(monkeypatch, Account(None), Remembering(), SPACE)

    assert (report.live, report.engine, report.judged, report.in_use.asked) == (False, None, (), False)
    assert report.create == ("v1 Namespace old",)


def test_the_phase_before_is_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack that follows another one is compared with what that one runs."""
    report = previewed(monkeypatch, Account(None), Remembering(live(SPACE)), name="next", previous="site")

    assert report.taken_over_from == "site"
    assert report.delete == ("v1 Namespace old",)


def test_what_the_engine_cannot_try_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that fails on an object that is made anew is asked about the rest, and the object is counted."""
    engine = Account(EngineError("Forbidden: updates"), {"same": 5, "update": 1})

    report = previewed(
        monkeypatch,
        engine,
        Remembering(live(thing("a", data={"a": "1"})), refuses=422),
        thing("a", data={"a": "2"}),
    )

    assert engine.left_out == [[], ["**:ConfigMap::a"]]
    assert report.engine == {"same": 4, "update": 1, "replace": 1}


def test_an_engine_that_fails_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is made anew, the engine's failure is the preview's."""
    with pytest.raises(EngineError, match="broken"):
        previewed(monkeypatch, Account(EngineError("broken")), Remembering(live(SPACE)), SPACE)


def test_defaults_inside_of_what_we_own_are_no_change() -> None:
    """A value that the API server adds inside a list of ours is there before and after, and no difference."""
    wanted = thing("a", rows=[{"ref": {"path": "x"}}], data={"a": "1"})
    item: Any = live({**wanted, "data": {"a": "0"}})
    item["rows"][0]["ref"]["version"] = "v1"

    class Defaulting(Remembering):
        def apply(self, item: KubernetesObject, **how: Any) -> KubernetesObject:
            result: Any = super().apply(item, **how)
            result["rows"][0]["ref"]["version"] = "v1"
            return dict(result)

    assert changes([wanted], Defaulting(item)).update == {"v1 ConfigMap a": ("data.a",)}
