"""Taking over what the phase before runs: what is refused before anything changes, and in which order it moves."""

from typing import cast

import pytest

from aifactory.deliver.cluster import UNPROCESSABLE, ApiProblem, Cluster
from aifactory.deliver.engine import Engine
from aifactory.deliver.state import State, objects_in
from aifactory.deliver.takeover import Predecessor, guard, take_over
from aifactory.errors import AIFactoryError, ClusterError, EngineError, PromotionRefused
from aifactory.manifests.model import Bundle, KubernetesObject, Layer, LayerName
from aifactory.plan.deployed import OUTPUT, deployed
from tests.support.promotions import OLD, planned
from tests.unit.deliver.test_state import state

NEXT = deployed(planned("new", OLD | {"phase": "scale-out", "previous": "old"}))
BEFORE = Predecessor(stack="old", home="old", next=NEXT)


def config(name: str, stack: str) -> KubernetesObject:
    """A ConfigMap of a stack."""
    labels: KubernetesObject = {"aifactory.dev/stack": stack}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}}


BUNDLE = Bundle(
    stack="new", layers=(Layer(name=LayerName.FOUNDATION, needs=(), objects=(config("one", "new"),)),)
)


class Held(Cluster):
    """A cluster with one ConfigMap of a stack; writes are refused, and dry runs answered.

    Args:
        stack: The stack.
        name: Name of the ConfigMap.
        refuses: Whether a change of it is refused.
    """

    def __init__(self, stack: str, name: str = "one", *, refuses: bool = False) -> None:
        self.server = "https://127.0.0.1:1"
        self._item = config(name, stack)
        self._refuses = refuses

    def list(self, api_version: str, kind: str, selector: str = "") -> list[KubernetesObject]:
        """The ConfigMap."""
        assert selector == "aifactory.dev/stack,aifactory.dev/stack!=new"
        return [self._item] if (api_version, kind) == ("v1", "ConfigMap") else []

    def apply(
        self, manifest: KubernetesObject, *, manager: str, force: bool = False, dry_run: bool = False
    ) -> KubernetesObject:
        """A dry run."""
        assert dry_run, (manager, force)
        if self._refuses:
            raise ApiProblem("PATCH /", UNPROCESSABLE, "field is immutable")
        return manifest


class Kept:
    """An engine with the states of two stacks, and what was written in which order."""

    stack = "new"

    def __init__(self, mine: State | None = None, *, known: bool = True) -> None:
        self.states: dict[str, State] = {"old": state("old", {OUTPUT: _old()}), "new": mine or {}}
        self.written: list[str] = []
        self._known = known

    def stacks(self) -> tuple[str, ...]:
        """Names."""
        return ("new", "old") if self._known else ("new",)

    def state(self, stack: str | None = None) -> State:
        """A state."""
        return self.states[stack or "new"]

    def replace_state(self, found: State, stack: str | None = None) -> None:
        """A new state."""
        self.written.append(stack or "new")
        self.states[stack or "new"] = found


def _old() -> KubernetesObject:
    return deployed(planned("old", OLD))


def run(cluster: Held, engine: Kept, before: Predecessor = BEFORE) -> list[str]:
    """What is told while the new stack takes over."""
    told: list[str] = []
    take_over(BUNDLE, cluster, cast("Engine", engine), before, told.append)
    return told


def test_the_state_is_in_the_new_stack_before_it_leaves_the_old_one() -> None:
    """The state moves in two writes, new first, so that a kill in between loses nothing."""
    engine = Kept()

    told = run(Held("old"), engine)

    assert engine.written == ["new", "old"]
    assert len(objects_in(engine.states["new"])) == 1
    assert objects_in(engine.states["old"]) == set()
    assert told == ["1 objects of old are taken over, in place; its own state names none of them now"]


def test_a_takeover_that_was_killed_is_ended() -> None:
    """Where the new stack has the state already, only the old one is emptied; after that nothing is written."""
    engine = Kept(state("new", {}))
    run(Held("old"), engine)
    assert engine.written == ["old"]

    run(Held("old"), engine)
    assert engine.written == ["old"]


CASES: dict[str, tuple[Held, Kept, Predecessor, type[AIFactoryError], str]] = {
    "a third stack's object": (
        Held("third"),
        Kept(),
        BEFORE,
        ClusterError,
        "v1 ConfigMap one (third) belong to another stack than old; objects are taken over from the phase before only;"
        " remove them with the stack that holds them; nothing was written",
    ),
    "an immutable field": (
        Held("old", refuses=True),
        Kept(),
        BEFORE,
        ClusterError,
        "the API server does not change in place: v1 ConfigMap one (field is immutable); a promotion replaces nothing"
        " that runs; keep these fields as old has them; nothing was written",
    ),
    "another backend": (
        Held("old"),
        Kept(known=False),
        BEFORE,
        EngineError,
        "the stack old is not in this Pulumi backend, but its objects are in the cluster; they are taken over together"
        " with its state; use the backend it was brought up with; nothing was written",
    ),
    "a pool gone": (
        Held("old"),
        Kept(),
        BEFORE.model_copy(update={"next": {**NEXT, "pools": {}}}),
        PromotionRefused,
        "pools: the pool 'train' that old runs is gone; pools that run are kept; add it\n"
        "nothing is taken over, and nothing was written",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_would_disrupt_is_refused_before_anything_moves(case: str) -> None:
    """Each reason is one message, and neither state is written."""
    cluster, engine, before, error, message = CASES[case]

    with pytest.raises(error) as caught:
        run(cluster, engine, before)

    assert str(caught.value) == message
    assert engine.written == []


def test_a_stack_destroys_nothing_that_another_one_took_over() -> None:
    """A state that names objects with another stack's label is refused; one that names none is not."""
    full, empty = Kept(state("new", {})), Kept()

    with pytest.raises(ClusterError) as caught:
        guard(BUNDLE, Held("later"), cast("Engine", full))
    guard(BUNDLE, Held("later"), cast("Engine", empty))
    guard(BUNDLE, Held("later", name="other"), cast("Engine", full))

    assert str(caught.value) == (
        "1 objects that new made belong to later now, v1 ConfigMap one among them; a stack removes what is its own;"
        " its state is out of date: drop it with pulumi stack rm --force new; nothing was removed"
    )
