"""Korea's phases, one after the other in one cluster. Does not prove anything about hardware: nodes are simulated."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import yaml

from aifactory.deliver.inventory import live_objects
from aifactory.deliver.state import objects_in
from aifactory.manifests.model import Bundle, text_at
from aifactory.spec.load import load_stack
from tests.support.lab import SIMULATED, Lab, Outcome, copied_checkout, lab

pytestmark = pytest.mark.engine
KOREA = ("korea-pilot", "korea-scale-out", "korea-gigawatt")
NAME = "korea"
HERE = (*SIMULATED, "--lab", NAME)


@dataclass
class Site:
    """The cluster of a site, and what it held after each phase."""

    lab: Lab
    uids: dict[str, dict[str, str]] = field(default_factory=dict)
    """UIDs by identity, of the objects that carried the phase's label after its ``up``."""
    nodes: dict[str, dict[str, str]] = field(default_factory=dict)
    """UIDs of the nodes after each phase."""
    refused: tuple[Outcome, list[str]] | None = None
    """The attempt to enter the second phase without evidence, and what it wrote."""

    def run(self, *words: str) -> Outcome:
        """How a command on the site's lab ends."""
        return self.lab.shell.run(*words, *HERE, "--cell", "0")

    def up(self, stack: str, *words: str) -> Outcome:
        """How ``aifactory up`` of a phase ends, with one node of each pool."""
        return self.run("up", stack, "--sample", "1", *words)

    def held(self, stack: str) -> dict[str, str]:
        """UIDs of the objects with the stack's label, by identity."""
        live = live_objects(self.lab.cluster(), stack, Bundle(stack=stack, layers=()))
        return {key: text_at(item, "metadata", "uid") or "" for key, item in live.items()}

    def remember(self, stack: str) -> None:
        """Keep what there is now."""
        self.uids[stack] = self.held(stack)
        found = self.lab.cluster().list("v1", "Node")
        self.nodes[stack] = {
            text_at(node, "metadata", "name") or "": text_at(node, "metadata", "uid") or "" for node in found
        }

    def record_evidence(self, old: str, new: str) -> None:
        """Simulated evidence for every gate between two phases."""
        folder = self.lab.shell.checkout / "stacks"
        leaving, entering = (load_stack(folder / f"Pulumi.{name}.yaml").gates for name in (old, new))
        for stack, gates in ((old, leaving.exit), (new, entering.entry)):
            for gate in gates:
                found = (
                    ["--result", "pass"] if gate.threshold is None else ["--measured", str(gate.threshold)]
                )
                words = ("--tool", "lab", "--tool-version", "1", "--who", "test lane", "--simulated")
                self.lab.shell.run("evidence", stack, gate.name, *found, *words).succeeded()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site after all three phases; gates were enforced for the second one."""
    checkout = copied_checkout(tmp_path_factory.mktemp("checkout"))
    with lab(NAME, tmp_path_factory.mktemp("promotion"), checkout) as made:
        found = Site(made)
        pilot, grown, _ = KOREA
        for stack in KOREA:
            if stack == grown:
                mark = made.audit.mark()
                outcome = found.up(grown, "--enforce-gates")
                found.refused = (outcome, made.audit.writes(mark))
                found.record_evidence(pilot, grown)
            found.up(stack, *(["--enforce-gates"] if stack == grown else [])).succeeded()
            found.remember(stack)
        yield found


def test_a_phase_without_evidence_is_refused_before_the_first_write(site: Site) -> None:
    """With gates enforced the missing evidence is named file by file, exit code 2, and nothing is written."""
    assert site.refused is not None
    outcome, writes = site.refused

    assert outcome.code == 2
    assert "exit gate 'burn-in' is missing" in outcome.text
    assert "entry gate 'grid-impact-assessment' is missing" in outcome.text
    assert "Traceback" not in outcome.text
    assert writes == []


@pytest.mark.parametrize(("old", "new"), [KOREA[:2], KOREA[1:]])
def test_no_object_of_a_running_phase_is_replaced(site: Site, old: str, new: str) -> None:
    """Every object of a phase that the next one still wants is the same object, by its UID."""
    before, after = site.uids[old], site.uids[new]

    assert len(before) > 80
    assert {key for key in before.keys() & after.keys() if before[key] != after[key]} == set()
    gone = before.keys() - after.keys()
    # The pilot's open egress is closed; the Jobs that label a pool's nodes run anew where the pool grows.
    assert {key for key in gone if "NetworkPolicy" not in key and " Job " not in key} == set()


@pytest.mark.parametrize(("old", "new"), [KOREA[:2], KOREA[1:]])
def test_pools_of_a_running_phase_keep_their_objects_and_nodes(site: Site, old: str, new: str) -> None:
    """All objects of the earlier phase's pools but labelling Jobs, and its nodes, are the same in the next one."""
    file = site.lab.shell.checkout / "stacks" / f"Pulumi.{old}.yaml"
    pools = [pool.name for pool in load_stack(file).pools]
    kept = {key: uid for key, uid in site.uids[old].items() if " Job " not in key}
    before = {key: uid for key, uid in kept.items() if any(name in key for name in pools)}

    assert {name for name in pools if not any(name in key for key in before)} == set()
    assert before.items() <= site.uids[new].items()
    assert site.nodes[old].items() <= site.nodes[new].items()


def test_the_earlier_phases_hold_nothing_any_more(site: Site) -> None:
    """No object carries the label of an earlier phase, and one stack's state names each object once."""
    assert [site.held(stack) for stack in KOREA[:2]] == [{}, {}]
    files = {stack: site.lab.state_file.with_name(f"{stack}.json") for stack in KOREA}
    states = {stack: json.loads(file.read_text())["checkpoint"]["latest"] for stack, file in files.items()}
    counts = {stack: len(objects_in(state)) for stack, state in states.items()}

    assert counts == {KOREA[0]: 0, KOREA[1]: 0, KOREA[2]: len(site.uids[KOREA[2]])}


def test_the_same_again_writes_nothing(site: Site) -> None:
    """A second up of the phase finds the cluster as declared, without new evidence."""
    mark = site.lab.audit.mark()

    outcome = site.up(KOREA[2], "--enforce-gates").succeeded()

    assert "nothing to do" in outcome.text
    assert site.lab.audit.writes(mark) == []


def test_an_earlier_phase_is_not_applied_again(site: Site) -> None:
    """Up of a phase that was followed is refused, names the stack that holds the cluster, and writes nothing."""
    mark = site.lab.audit.mark()

    outcome = site.up(KOREA[0])

    assert outcome.code == 2
    assert f"holds the stack {KOREA[2]}" in outcome.text
    assert site.lab.audit.writes(mark) == []


def test_destroying_an_earlier_phase_removes_nothing(site: Site) -> None:
    """Destroy of a phase that was followed leaves every object of the later one."""
    mark = site.lab.audit.mark()

    site.run("destroy", KOREA[0]).succeeded()

    assert site.lab.audit.writes(mark) == []
    assert site.held(KOREA[2]) == site.uids[KOREA[2]]


def test_a_state_that_came_back_destroys_nothing(site: Site) -> None:
    """Where an old state that names taken-over objects is restored, destroy is refused and names the new owner."""
    old, new = (site.lab.state_file.with_name(f"{stack}.json") for stack in KOREA[1:])
    emptied, mark = old.read_text(), site.lab.audit.mark()
    old.write_text(new.read_text().replace(KOREA[2], KOREA[1]))
    try:
        site.run("destroy", KOREA[1]).refused(f"belong to {KOREA[2]} now", "nothing was removed")
    finally:
        old.write_text(emptied)

    assert site.lab.audit.writes(mark) == []
    assert site.held(KOREA[2]) == site.uids[KOREA[2]]


def test_what_cannot_change_in_place_is_refused(site: Site) -> None:
    """A phase whose compute domain has another size is refused before anything is taken over."""
    checkout = site.lab.shell.checkout
    follower = checkout / "stacks" / "Pulumi.korea-next.yaml"
    content = yaml.safe_load((checkout / "stacks" / f"Pulumi.{KOREA[2]}.yaml").read_text())
    stack = content["config"]["aifactory:stack"]
    stack["previous"] = KOREA[2]
    stack["pools"][0]["compute_domains"][1]["nodes"] = 10
    follower.write_text(yaml.safe_dump(content))
    mark = site.lab.audit.mark()
    try:
        outcome = site.up("korea-next")
    finally:
        follower.unlink()

    assert outcome.code == 1
    assert (
        "the API server does not change in place: resource.nvidia.com/v1beta1 ComputeDomain" in outcome.text
    )
    assert site.lab.audit.writes(mark) == []
