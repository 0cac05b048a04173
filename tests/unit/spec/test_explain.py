"""Pydantic's findings in this project's words: every message in full, paths as written in the file."""

from typing import Any

import pytest

from tests.support.stacks import minimal_stack, pool, refusal, with_at

SEE = "see stacks/stack.schema.json"
ADOPT_FIELDS = "fields here: kind, selector"
METAL3 = {"kind": "metal3", "image_url": "https://images/os.raw", "image_checksum": "abc"}
CLUSTER_API = {
    "kind": "cluster-api",
    "cluster_name": "cell",
    "namespace": "capi",
    "kubernetes_version": "v1.34.1",
    "bootstrap_template": "gpu",
    "template": METAL3,
}
SITE_FIELDS = "fields here: country, metro, name, new_build, region, zones"
HIDDEN = "hunter2"


def on_pool(**fields: object) -> dict[str, Any]:
    """A stack whose pool has some fields replaced."""
    return minimal_stack(pools=[pool(**fields)])


def with_template(**fields: object) -> dict[str, Any]:
    """A stack whose pool is made through Cluster API, with some of the machine template replaced."""
    return on_pool(provisioning={**CLUSTER_API, "template": {**METAL3, **fields}})


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (
            with_at(minimal_stack(), "site.contry", "KR"),
            f"site.contry: unknown field; {SITE_FIELDS}; did you mean 'country'?",
        ),
        (with_at(minimal_stack(), "site.zzz", 1), f"site.zzz: unknown field; {SITE_FIELDS}; remove it"),
        (
            minimal_stack(site={"name": "a", "country": "KR", "zones": ["z"]}),
            f"site.region: required field is missing; {SITE_FIELDS}; add it",
        ),
        (
            on_pool(nodes="2"),
            f"pools.0.nodes: input should be a valid integer; must be a whole number, without quotes; {SEE}",
        ),
        (
            on_pool(nodes=0),
            f"pools.0.nodes: input should be greater than or equal to 1; must be at least 1; {SEE}",
        ),
        (
            on_pool(partitioning={"mps": {"replicas": 1}}),
            "pools.0.partitioning.mps.replicas: input should be greater than or equal to 2; must be at least 2; "
            + SEE,
        ),
        (
            on_pool(name="Train"),
            "pools.0.name: is not of the form expected here; must match ^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$; "
            + SEE,
        ),
        (
            with_at(minimal_stack(), "cluster", {"kubernetes_version": 1.34}),
            "cluster.kubernetes_version: input should be a valid string; "
            f"must be text, and a number or date needs quotes to be text; {SEE}",
        ),
        (
            minimal_stack(phase="prod"),
            "phase: is not one of the values allowed here; "
            f"allowed: 'pilot', 'scale-out', 'gigawatt' or 'regional'; {SEE}",
        ),
        (
            on_pool(driver={"kernel_module": "best"}),
            "pools.0.driver.kernel_module: is not one of the values allowed here; "
            f"allowed: 'auto', 'open' or 'proprietary'; {SEE}",
        ),
        (
            minimal_stack(pools=[]),
            "pools: has too few entries; must be of length at least 1; " + SEE,
        ),
        (minimal_stack(pools={}), f"pools: is not a list; must be a list; {SEE}"),
        (
            minimal_stack(site="ulsan"),
            "site: is not a mapping; must be a mapping of fields; " + SEE,
        ),
        (
            on_pool(labels=[]),
            f"pools.0.labels: is not a mapping; must be a mapping of fields; {SEE}",
        ),
        (minimal_stack(live="soon"), f"live: is not a date; must be a date such as 2027-06-30; {SEE}"),
        (minimal_stack(live=[]), f"live: is not a date; must be a date such as 2027-06-30; {SEE}"),
        (
            minimal_stack(live="2027-06-30T10:00:00"),
            f"live: is a time, not a date; must be a date such as 2027-06-30; {SEE}",
        ),
        (
            on_pool(driver={"rdma": "maybe"}),
            "pools.0.driver.rdma: input should be a valid boolean, unable to interpret input; "
            f"must be true or false; {SEE}",
        ),
        (
            on_pool(driver={"rdma": []}),
            f"pools.0.driver.rdma: input should be a valid boolean; must be true or false; {SEE}",
        ),
        (
            minimal_stack(storage={"checkpoint": {"tier": "fast", "size_tib": "1"}}),
            "storage.checkpoint.size_tib: input should be a valid number; must be a number, without quotes; "
            + SEE,
        ),
        (
            minimal_stack(network={"pod_cidr": HIDDEN}),
            f"network.pod_cidr: is not a network in CIDR form, for example 10.0.0.0/16; must be valid; {SEE}",
        ),
        (
            on_pool(labels={"-bad": "x"}),
            "pools.0.labels.-bad: is not of the form expected here; must match "
            f"^([a-z0-9.-]{{1,190}}/)?[A-Za-z0-9]([A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?$; {SEE}",
        ),
    ],
)
def test_each_mistake_is_explained(raw: dict[str, Any], line: str) -> None:
    """A stack with one mistake is refused with exactly its line."""
    assert refusal(raw) == [line]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (
            on_pool(provisioning={"kind": "adopt", "selecter": {}}),
            f"pools.0.provisioning.selecter: unknown field; {ADOPT_FIELDS}; did you mean 'selector'?",
        ),
        (
            on_pool(provisioning={"kind": HIDDEN}),
            "pools.0.provisioning.kind: there is no such kind; kinds: adopt, cluster-api, simulated; name one of them",
        ),
        (
            on_pool(provisioning={"selector": {}}),
            "pools.0.provisioning.kind: required field is missing; kinds: adopt, cluster-api, simulated; "
            "name one of them",
        ),
        (
            on_pool(provisioning={"kind": "adopt", "selector": {"rack": "-"}}),
            "pools.0.provisioning.selector.rack: is not of the form expected here; "
            f"must match ^([A-Za-z0-9]([A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?)?$; {SEE}",
        ),
        (
            on_pool(provisioning={"kind": "adopt", "selector": {"adopt": "-"}}),
            "pools.0.provisioning.selector.adopt: is not of the form expected here; "
            f"must match ^([A-Za-z0-9]([A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?)?$; {SEE}",
        ),
        (
            with_template(image_url=HIDDEN),
            f"pools.0.provisioning.template.image_url: is not of the form expected here; must match ^https?://; {SEE}",
        ),
        (
            with_template(kind=HIDDEN),
            "pools.0.provisioning.template.kind: there is no such kind; kinds: metal3, nico; name one of them",
        ),
        (
            with_template(image_format="iso"),
            "pools.0.provisioning.template.image_format: is not one of the values allowed here; "
            f"allowed: 'raw' or 'qcow2'; {SEE}",
        ),
    ],
)
def test_paths_of_unions_are_those_of_the_file(raw: dict[str, Any], line: str) -> None:
    """Inside provisioning and its machine template a path has no step that the file does not have."""
    assert refusal(raw) == [line]


def test_every_mistake_is_said_once_sorted() -> None:
    """All mistakes of a stack come at once, sorted by path."""
    raw = with_at(on_pool(nodes="2", provisioning={"kind": HIDDEN}), "site.contry", HIDDEN)

    paths = [line.partition(":")[0] for line in refusal(with_at(raw, "phase", HIDDEN))]

    assert paths == ["phase", "pools.0.nodes", "pools.0.provisioning.kind", "site.contry"]


def test_wrong_entries_count() -> None:
    """A list whose only entry is wrong is not also called too short."""
    assert [line.partition(":")[0] for line in refusal(on_pool(nodes=-1))] == ["pools.0.nodes"]


def leaves(value: object, path: str = "") -> list[str]:
    """The dotted paths of everything in a mapping."""
    if isinstance(value, dict):
        below = [leaf for key, inner in value.items() for leaf in leaves(inner, f"{path}.{key}".strip("."))]
    elif isinstance(value, list):
        below = [leaf for key, inner in enumerate(value) for leaf in leaves(inner, f"{path}.{key}")]
    else:
        below = []
    return [path, *below] if path else below


def test_values_are_never_echoed() -> None:
    """Whatever is replaced by a secret, the refusal does not show it; field names are shown."""
    raw = with_template(host_selector={"rack": "r1"})
    raw |= {"storage": {"checkpoint": {"tier": "fast", "size_tib": 1}}, "live": "2027-06-30"}

    for path in leaves(raw):
        for secret in (f"{HIDDEN} !", [f"{HIDDEN} !"], {"kind": f"{HIDDEN} !"}):
            if path.endswith((".system", "image_checksum")):
                continue  # free text
            assert HIDDEN not in "\n".join(refusal(with_at(raw, path, secret))), path
