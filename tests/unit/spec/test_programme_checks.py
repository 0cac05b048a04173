"""Checks of a programme's sections: feeds, fabrics, tenants, delivery, gates: every message in full."""

from typing import Any

import pytest

from aifactory.errors import Problem
from tests.support.stacks import FILE, minimal_stack, refusal

UNIQUE = ("names are unique", "rename all but one")
POWER = {"capacity_mw": 10.0}
GATE = {"name": "nccl", "kind": "fabric-bandwidth"}
FEED = {"name": "a", "capacity_mw": 5.0}
ACK = {"subject": "train", "reason": "agreed with its users", "until": "2027-01-31"}


def powered(**fields: object) -> dict[str, Any]:
    """A stack with some of the power section replaced."""
    return minimal_stack(power={**POWER, **fields})


def fabrics(*names: str, **fields: object) -> dict[str, Any]:
    """A stack with fabrics of some names."""
    return minimal_stack(fabrics=[{"name": name, "design": "quantum2-qm9700", **fields} for name in names])


def tenant(name: str = "lab", **fields: object) -> dict[str, Any]:
    """A tenant with a namespace of its own name."""
    return {"name": name, "namespaces": [name], **fields}


def gated(**fields: object) -> dict[str, Any]:
    """A stack with one exit gate."""
    return minimal_stack(gates={"exit": [{**GATE, **fields}]})


def delivered(**fields: object) -> dict[str, Any]:
    """A stack with some of the delivery section replaced."""
    return minimal_stack(delivery=fields)


def shrunk(subject: str) -> dict[str, Any]:
    """An acknowledgement of a pool that shrinks."""
    return {**ACK, "kind": "pool-shrunk", "subject": subject}


CASES: dict[str, tuple[dict[str, Any], Problem]] = {
    "two feeds of one name": (
        powered(feeds=[FEED, FEED]),
        Problem("power.feeds", "2 entries are named 'a'", *UNIQUE),
    ),
    "one feed that may fail": (
        powered(feeds=[FEED]),
        Problem(
            "power.feeds",
            "one feed is declared with redundancy n+1",
            "at least 2 feeds, or none where they are not known yet",
            "declare the other feeds, or set redundancy: n",
        ),
    ),
    "half of one feed": (
        powered(feeds=[FEED], redundancy="2n"),
        Problem(
            "power.feeds",
            "one feed is declared with redundancy 2n",
            "at least 2 feeds, or none where they are not known yet",
            "declare the other feeds, or set redundancy: n",
        ),
    ),
    "two fabrics of one name": (
        fabrics("x", "x"),
        Problem("fabrics", "2 entries are named 'x'", *UNIQUE),
    ),
    "a fabric of no pool": (
        fabrics("x", pools=["train", "trian"]),
        Problem("fabrics.0.pools.1", "there is no pool 'trian'", "pools: train", "name one of them"),
    ),
    "a pool twice on a fabric": (
        fabrics("x", pools=["train", "train"]),
        Problem("fabrics.0.pools", "2 entries are named 'train'", *UNIQUE),
    ),
    "two tenants of one name": (
        minimal_stack(tenants=[tenant(), tenant(namespaces=["other"])]),
        Problem("tenants", "2 entries are named 'lab'", *UNIQUE),
    ),
    "two quotas of one pool": (
        minimal_stack(tenants=[tenant(gpu_quotas=[{"pool": "train", "gpus": 8}] * 2)]),
        Problem("tenants.0.gpu_quotas", "2 entries are named 'train'", *UNIQUE),
    ),
    "a quota of no pool": (
        minimal_stack(tenants=[tenant(gpu_quotas=[{"pool": "trian", "gpus": 8}])]),
        Problem(
            "tenants.0.gpu_quotas.0.pool", "there is no pool 'trian'", "pools: train", "name one of them"
        ),
    ),
    "GitOps from nowhere": (
        delivered(mode="gitops"),
        Problem(
            "delivery.repository",
            "no repository is given for delivery by GitOps",
            "the address of the Git repository that holds the rendered tree, https:// or ssh://",
            "add repository, or set mode: direct",
        ),
    ),
    "two gates of one name": (
        minimal_stack(gates={"entry": [GATE], "exit": [GATE]}),
        Problem(
            "gates",
            "2 gates are named 'nccl'",
            "names are unique over entry and exit: each is the name of an evidence file",
            "rename all but one",
        ),
    ),
    "two thresholds": (
        gated(at_least=1.0, at_most=2.0, unit="GB/s"),
        Problem(
            "gates.exit.0",
            "both at_least and at_most are given",
            "one of them, or neither for pass or fail",
            "split the gate in two",
        ),
    ),
    "a threshold of what": (
        gated(at_most=2.0),
        Problem(
            "gates.exit.0.unit",
            "a threshold without a unit is given",
            "a threshold has a unit, and pass or fail has none",
            "add unit, for example GB/s",
        ),
    ),
    "a unit of nothing": (
        gated(unit="GB/s"),
        Problem(
            "gates.exit.0.unit",
            "a unit without a threshold is given",
            "a threshold has a unit, and pass or fail has none",
            "remove unit, or add at_least",
        ),
    ),
    "conformance with what": (
        gated(kind="conformance"),
        Problem(
            "gates.exit.0.requirement",
            "a gate of kind conformance names no requirement",
            "the number of a requirement, three letters or digits and two digits",
            "add it, for example requirement: K8S01",
        ),
    ),
    "approved by whom": (
        gated(kind="approval"),
        Problem(
            "gates.exit.0.role",
            "a gate of kind approval names no role",
            "the role of the person who signs",
            "add it, for example role: head of operations",
        ),
    ),
    "a signature that is measured": (
        gated(kind="approval", role="head of operations", at_least=1.0, unit="signature"),
        Problem(
            "gates.exit.0",
            "a gate of kind approval has a threshold",
            "a person signs or does not: no at_least and no at_most",
            "remove it, or let another gate measure",
        ),
    ),
    "a disruption acknowledged twice": (
        minimal_stack(acknowledged=[{**ACK, "kind": "driver-roll"}] * 2),
        Problem("acknowledged", "2 entries are named 'driver-roll/train'", *UNIQUE),
    ),
    "a pool that is not there shrinks": (
        minimal_stack(acknowledged=[shrunk("trian")]),
        Problem(
            "acknowledged.0.subject",
            "there is no pool 'trian' that could shrink",
            "pools: train, or '*' for every one",
            "name one of them, or set kind: pool-removed",
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_contradiction_is_explained(case: str) -> None:
    """A stack with one contradiction is refused with exactly its line."""
    raw, problem = CASES[case]

    assert refusal(raw) == [problem.line(FILE).removeprefix(f"{FILE}: ")]


@pytest.mark.parametrize(
    "address",
    [
        "https://user@git.example/site",
        "https://user:word@git.example/site",
        "ssh://git:word@git.example/site",
    ],
)
def test_no_password_is_in_an_address(address: str) -> None:
    """An address with a password is refused without repeating it; the user of ssh is not a secret."""
    problem = Problem(
        "delivery.repository",
        "the address holds a user name or password",
        "secrets are never in a stack file; the GitOps engine has its own",
        "remove what is before the @",
    )

    assert refusal(delivered(repository=address)) == [problem.line(FILE).removeprefix(f"{FILE}: ")]
    assert refusal(delivered(mode="gitops", repository="ssh://git@git.example/site")) == []


def test_allowed_combinations_pass() -> None:
    """One feed without redundancy, tenants beside services, and what is done with pools is fine."""
    assert refusal(powered(feeds=[FEED], redundancy="n")) == []
    assert refusal(minimal_stack(tenants=[tenant(), tenant("team")], acknowledged=[shrunk("*")])) == []
    assert (
        refusal(minimal_stack(acknowledged=[shrunk("train"), {**shrunk("old"), "kind": "pool-removed"}]))
        == []
    )
