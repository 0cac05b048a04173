"""What the plan says about a stack: each finding by one wrong stack, its message in full."""

import re
from pathlib import Path
from typing import Any

import pytest

from aifactory.catalog.load import catalog
from aifactory.catalog.models import Catalog
from aifactory.errors import PlanRefused
from aifactory.plan import findings
from aifactory.plan.base import Finding
from aifactory.plan.factory import accepted, plan
from tests.support.stacks import minimal_stack, pool, stack, tier

B200_LAYOUTS = "all-1g.23gb, all-1g.45gb, all-2g.45gb, all-3g.90gb, all-4g.90gb, all-7g.180gb, all-balanced"
DOMAIN = {"name": "job", "namespace": "training"}
QUOTA = {"namespace": "training", "tier": "fast", "capacity_tib": 1001}


def on_pool(**fields: object) -> dict[str, Any]:
    """A stack whose pool has some fields replaced."""
    return minimal_stack(pools=[pool(**fields)])


def with_row(**fields: object) -> Catalog:
    """The catalogue with the row of the DGX B200 changed."""
    rows = catalog().systems
    changed = rows["dgx-b200"].model_copy(update=fields)
    return catalog().model_copy(update={"systems": {**rows, "dgx-b200": changed}})


B200 = catalog().systems["dgx-b200"].gpu
UNPUBLISHED = with_row(gpu=B200.model_copy(update={"product_label": None}))
UNDISCLOSED = with_row(gpu=B200.model_copy(update={"product_label": None, "pci_device": None}))


def error(code: str, path: str, message: str, fix: str) -> Finding:
    """A finding that refuses the plan."""
    return Finding(code=code, severity="error", path=path, message=message, fix=fix)


CASES: list[tuple[dict[str, Any], Catalog, Finding]] = [
    (
        on_pool(partitioning={"mig": {"layout": "all-1g.22gb"}}),
        catalog(),
        error(
            "unknown-mig-layout",
            "pools.0.partitioning.mig.layout",
            f"'all-1g.22gb' is not a MIG layout of NVIDIA B200; layouts: {B200_LAYOUTS}",
            "did you mean 'all-1g.23gb'?",
        ),
    ),
    (
        on_pool(partitioning={"mig": {"layout": "all-1g.23gb"}}),
        with_row(mig={}),
        error(
            "unknown-mig-layout",
            "pools.0.partitioning.mig.layout",
            (
                "'all-1g.23gb' is not a MIG layout of NVIDIA B200; "
                "layouts: none: the GPU has no MIG layout in the catalogue"
            ),
            "choose one of them, or remove mig",
        ),
    ),
    (
        on_pool(partitioning={"mig": {"layout": "all-balanced", "strategy": "single"}}),
        catalog(),
        error(
            "mixed-profiles-single-strategy",
            "pools.0.partitioning.mig.strategy",
            "strategy 'single' needs one profile, 'all-balanced' has 3",
            "set strategy: mixed, or choose a layout of one profile",
        ),
    ),
    (
        on_pool(product_label="x" * 57, partitioning={"time_slicing": {"replicas": 2}}),
        catalog(),
        error(
            "product-label-too-long",
            "pools.0.partitioning",
            (
                f"nvidia.com/gpu.product would be 64 characters long ({'x' * 57}-SHARED);"
                " a label has at most 63"
            ),
            "set rename: true on the sharing, or a shorter product_label",
        ),
    ),
    (
        on_pool(product_label="x" * 52, partitioning={"mig": {"layout": "all-1g.23gb"}}),
        catalog(),
        error(
            "product-label-too-long",
            "pools.0.partitioning",
            (
                f"nvidia.com/mig-1g.23gb.product would be 64 characters long ({'x' * 52}-MIG-1g.23gb);"
                " a label has at most 63"
            ),
            "set rename: true on the sharing, or a shorter product_label",
        ),
    ),
    (
        minimal_stack(),
        UNPUBLISHED,
        error(
            "unknown-product-label",
            "pools.0.product_label",
            "the product label of dgx-b200 is not published, and the pool is selected by it",
            "set product_label to what GPU feature discovery reports on a node",
        ),
    ),
    (
        minimal_stack(),
        UNDISCLOSED,
        error(
            "unknown-product-label",
            "pools.0.product_label",
            "the product label of dgx-b200 is not published, and the pool is selected by it",
            "set provisioning.selector to labels that the pool's nodes have",
        ),
    ),
    (
        on_pool(product_label="seen-on-a-node"),
        UNDISCLOSED,
        error(
            "unknown-pci-device",
            "pools.0.provisioning",
            "the PCI device of dgx-b200 is not published, and a NodeFeatureRule matches it",
            "adopt the nodes, with provisioning.selector set to labels that they have",
        ),
    ),
    (
        on_pool(allocation="dra", compute_domains=[DOMAIN]),
        catalog(),
        error(
            "no-multi-node-nvlink",
            "pools.0.compute_domains",
            "dgx-b200 has no NVLink across nodes; ComputeDomains need an NVL72 system",
            "remove compute_domains, or choose gb300-nvl72",
        ),
    ),
    (
        {
            **on_pool(system="gb300-nvl72", allocation="dra", compute_domains=[DOMAIN]),
            "cluster": {"kubernetes_version": "1.33"},
        },
        catalog(),
        error(
            "kubernetes-too-old",
            "cluster.kubernetes_version",
            "ComputeDomains need Kubernetes 1.34 or newer, the stack says 1.33",
            "set kubernetes_version: '1.34' once the cluster is upgraded",
        ),
    ),
    (
        on_pool(driver={"version": "570.133.19"}),
        catalog(),
        error(
            "driver-too-old",
            "pools.0.driver.version",
            "driver 570.133.19 is older than 570.133.20, which NVIDIA B200 needs",
            "remove driver.version to use the catalogue's release",
        ),
    ),
    (
        on_pool(device_stack="standalone", partitioning={"mps": {"replicas": 2}}),
        catalog(),
        Finding(
            code="mps-daemon-declared",
            severity="info",
            path="pools.0.partitioning.mps",
            message="the standalone device plugin also runs the MPS control daemon on this pool's nodes",
            fix="nothing to do",
        ),
    ),
    (
        minimal_stack(storage={"tiers": [tier(write_gbps=1)], "checkpoint": {"tier": "fast", "size_tib": 2}}),
        catalog(),
        error(
            "checkpoint-too-slow",
            "storage.checkpoint",
            ("a checkpoint of 2 TiB takes 2199 s on tier 'fast' (1 GB/s); at most 300 s are allowed"),
            "give the tier more write throughput, or allow more time with max_write_s",
        ),
    ),
    (
        minimal_stack(
            storage={"tiers": [tier(capacity_tib=5)], "checkpoint": {"tier": "fast", "size_tib": 2}}
        ),
        catalog(),
        error(
            "checkpoints-do-not-fit",
            "storage.checkpoint.kept",
            "3 checkpoints need 6 TiB, tier 'fast' has 5 TiB",
            "keep fewer checkpoints, or enlarge the tier",
        ),
    ),
    (
        minimal_stack(storage={"tiers": [tier()], "quotas": [QUOTA]}),
        catalog(),
        Finding(
            code="quotas-exceed-tier",
            severity="warning",
            path="storage.quotas",
            message="quotas promise 1001 TiB of tier 'fast', which has 1000 TiB",
            fix="lower the quotas, or accept the over-commitment",
        ),
    ),
]


@pytest.mark.parametrize(("raw", "facts", "finding"), CASES, ids=[case[2].code for case in CASES])
def test_each_mistake_gives_its_finding(raw: dict[str, Any], facts: Catalog, finding: Finding) -> None:
    """A stack with one mistake gives exactly that finding, and is refused only for an error."""
    made = plan("test", stack(**raw), facts)

    told = tuple(found for found in made.findings if found.code != "early-system")  # true of any such system
    assert told == (finding,)
    if finding.severity != "error":
        assert accepted(made, "f") is made
        return
    with pytest.raises(PlanRefused) as caught:
        accepted(made, "f")
    what, _, allowed = finding.message.partition("; ")
    assert (
        str(caught.value) == f"f: {finding.path}: {what}; {allowed or f'rule {finding.code}'}; {finding.fix}"
    )


def test_every_rule_has_a_case() -> None:
    """No rule of the plan is without a stack that breaks it."""
    source = Path(findings.__file__).read_text(encoding="utf-8")

    assert set(re.findall(r'code="([a-z0-9-]+)"', source)) == {case[2].code for case in CASES}


def test_a_valid_stack_has_no_findings() -> None:
    """The smallest stack is planned without a word."""
    assert plan("test", stack(), catalog()).findings == ()
