"""What works together: each finding by one stack that is wrong on purpose, its message in full."""

import re
from pathlib import Path
from typing import Any

import pytest

from aifactory.catalog.load import catalog
from aifactory.catalog.models import Catalog
from aifactory.plan import compatibility
from aifactory.plan.base import Finding
from aifactory.plan.factory import plan
from aifactory.plan.findings import KUBERNETES_FOR_COMPUTE_DOMAINS
from tests.support.stacks import minimal_stack, pool, stack

CODES = set(re.findall(r'code="([a-z0-9-]+)"', Path(compatibility.__file__).read_text(encoding="utf-8")))
GPU, DRA, DRIVER = "operators.gpu_operator.version", "operators.dra_driver.version", "pools.0.driver.version"
KUBERNETES = "cluster.kubernetes_version"
PIN = "remove operators.gpu_operator.version to use v26.7.0, which the catalogue pins"
ADVISORIES = ("CVE-2024-0132", "CVE-2024-0135", "CVE-2025-23359", "CVE-2025-23266", "CVE-2025-23267")
CVES = (
    "CVE-2025-23266: a hook runs with an environment that the image controls,"
    " CVE-2025-23267: update-ldcache follows links of the image (CVSS 8.5)"
)


def with_operators(kubernetes: str = "1.34", **operators: dict[str, Any]) -> dict[str, Any]:
    """A stack with some operators set."""
    return minimal_stack(operators=operators, cluster={"kubernetes_version": kubernetes})


def with_kubernetes(version: str, **pool_fields: object) -> dict[str, Any]:
    """A stack on a version of Kubernetes."""
    return minimal_stack(cluster={"kubernetes_version": version}, pools=[pool(**pool_fields)])


def with_rows(kind: str, **rows: dict[str, Any]) -> Catalog:
    """The catalogue with rows of a kind changed; a row that is not there yet is a copy of the first."""
    facts: dict[str, Any] = getattr(catalog(), kind)
    first = next(iter(facts.values()))
    changed = {
        name.replace("_", "-"): facts.get(name.replace("_", "-"), first).model_copy(update=fields)
        for name, fields in rows.items()
    }
    return catalog().model_copy(update={kind: {**facts, **changed}})


def found(raw: dict[str, Any], facts: Catalog) -> tuple[Finding, ...]:
    """What this module says about a stack."""
    return tuple(one for one in plan("test", stack(**raw), facts).findings if one.code in CODES)


def error(code: str, path: str, message: str, fix: str) -> Finding:
    """A finding that refuses the plan."""
    return Finding(code=code, severity="error", path=path, message=message, fix=fix)


def warning(code: str, path: str, message: str, fix: str) -> Finding:
    """A finding that does not."""
    return Finding(code=code, severity="warning", path=path, message=message, fix=fix)


def upgrade(version: str, path: str) -> str:
    """What helps where Kubernetes and an operator do not fit."""
    return f"set kubernetes_version: '{version}' once the cluster is of that version, or change {path}"


CASES: list[tuple[str, dict[str, Any], Catalog, Finding]] = [
    (
        "chart",
        with_operators("1.33", gpu_operator={"version": "v25.3.0"}),
        catalog(),
        error(
            "known-bad-version",
            GPU,
            f"gpu-operator v25.3.0 must not be used ({CVES}); v25.3.1 or newer",
            PIN,
        ),
    ),
    (
        "image",
        minimal_stack(),
        with_rows("images", container_toolkit={"version": "v1.17.7"}),
        error(
            "known-bad-version",
            "operators.gpu_operator",
            f"container-toolkit v1.17.7 must not be used ({CVES}); v1.17.8 or newer",
            "raise the version of container-toolkit in aifactory/catalog/releases.yaml",
        ),
    ),
    (
        "driver",
        minimal_stack(pools=[pool(driver={"version": "580.10.01"})]),
        with_rows("known_bad", d={"component": "driver", "fixed_in": "580.20.02", "reason": "it hangs"}),
        error(
            "known-bad-version",
            DRIVER,
            "driver 580.10.01 must not be used (it hangs); 580.20.02 or newer",
            "remove pools.0.driver.version to use 595.91.07, which the catalogue pins",
        ),
    ),
    (
        "unknown chart",
        with_operators(gpu_operator={"version": "v27.1.0"}),
        catalog(),
        warning(
            "version-unknown",
            GPU,
            (
                "what gpu-operator v27.1.0 works with is not in the catalogue, and was not checked;"
                " versions: v26.7, v26.3, v25.3"
            ),
            PIN,
        ),
    ),
    (
        "a release of the older DRA chart",
        minimal_stack(pools=[pool(allocation="dra")], operators={"dra_driver": {"version": "25.8.0"}}),
        catalog(),
        warning(
            "version-unknown",
            DRA,
            (
                "what nvidia-dra-driver 25.8.0 works with is not in the catalogue, and was not checked;"
                " versions: 0.4, 0.3, 0.2, 0.1, 0.5"
            ),
            "remove operators.dra_driver.version to use 0.4.1, which the catalogue pins",
        ),
    ),
    (
        "unknown driver",
        minimal_stack(pools=[pool(driver={"version": "600.10"})]),
        catalog(),
        warning(
            "version-unknown",
            DRIVER,
            (
                "what driver 600.10 works with is not in the catalogue, and was not checked;"
                " versions: 570, 575, 580, 595, 610"
            ),
            "remove pools.0.driver.version to use 595.91.07, which the catalogue pins",
        ),
    ),
    (
        "Kubernetes too new",
        with_kubernetes("1.37"),
        catalog(),
        error(
            "kubernetes-unsupported",
            KUBERNETES,
            "gpu-operator v26.7.0 does not support Kubernetes 1.37; Kubernetes 1.33 to 1.36",
            upgrade("1.36", GPU),
        ),
    ),
    (
        "Kubernetes too old",
        with_kubernetes("1.32"),
        catalog(),
        error(
            "kubernetes-unsupported",
            KUBERNETES,
            "gpu-operator v26.7.0 does not support Kubernetes 1.32; Kubernetes 1.33 to 1.36",
            upgrade("1.33", GPU),
        ),
    ),
    (
        "Kubernetes too old for the DRA driver alone",
        {
            **with_kubernetes("1.31", allocation="dra"),
            "operators": {"gpu_operator": {"owner": "external"}},
        },
        catalog(),
        error(
            "kubernetes-unsupported",
            KUBERNETES,
            "nvidia-dra-driver 0.4.1 does not support Kubernetes 1.31; Kubernetes 1.32 or newer",
            upgrade("1.32", DRA),
        ),
    ),
    (
        "page size",
        minimal_stack(pools=[pool(system="gb300-nvl72")]),
        with_rows("compatibility", **{"gpu-operator-26.7": {"page_sizes_kib": (4,)}}),
        error(
            "page-size-unsupported",
            "pools.0.system",
            ("gpu-operator v26.7.0 does not run on the 64 KiB pages of gb300-nvl72; page sizes: 4 KiB"),
            (
                "change operators.gpu_operator.version,"
                " or choose dgx-b200, hgx-b300, hgx-rubin-nvl8, rtx-pro-6000-server"
            ),
        ),
    ),
]


@pytest.mark.parametrize(
    ("raw", "facts", "finding"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_each_mistake_gives_its_finding(raw: dict[str, Any], facts: Catalog, finding: Finding) -> None:
    """A stack with one part that does not fit gives exactly one finding, which names what would."""
    assert found(raw, facts) == (finding,)


def test_every_rule_has_a_case() -> None:
    """No rule is without a stack that breaks it."""
    assert {case[3].code for case in CASES} == CODES


def test_every_advisory_is_named() -> None:
    """A version that several advisories warn of names them all, and the first version without any."""
    (finding,) = found(with_operators(gpu_operator={"version": "v24.6.1"}), catalog())

    assert [advisory in finding.message for advisory in ADVISORIES] == [True] * len(ADVISORIES)
    assert finding.message.endswith("; v25.3.1 or newer")


@pytest.mark.parametrize(
    ("operators", "fields"),
    [
        ({"gpu_operator": {"owner": "absent", "version": "v24.6.1"}}, {"device_stack": "standalone"}),
        ({"dra_driver": {"version": "25.8.0"}}, {}),
    ],
)
def test_what_is_not_used_is_not_judged(operators: dict[str, Any], fields: dict[str, Any]) -> None:
    """An operator that is absent, or that no pool needs, is not checked."""
    assert found(minimal_stack(operators=operators, pools=[pool(**fields)]), catalog()) == ()


@pytest.mark.parametrize("version", ["v26.7.0", "v26.3.3", "v26.7.2"])
def test_good_versions_pass(version: str) -> None:
    """A version of a known line on a supported Kubernetes is planned without a word."""
    assert found(with_operators(gpu_operator={"version": version}), catalog()) == ()


def test_an_operator_of_another_owner_is_judged_too() -> None:
    """Where the stack says which version somebody else keeps, that version is checked."""
    theirs = {"version": "v24.6.1", "owner": "external"}

    assert [one.code for one in found(with_operators(gpu_operator=theirs), catalog())] == [
        "known-bad-version"
    ]


def test_compute_domains_are_in_the_catalogue() -> None:
    """The rule about ComputeDomains and its row in the catalogue name one version of Kubernetes."""
    row = catalog().compatibility["compute-domains"]

    assert row.kubernetes_min == ".".join(map(str, KUBERNETES_FOR_COMPUTE_DOMAINS))
