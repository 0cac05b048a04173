"""What may be where: each rule by one stack that breaks it, its message in full, and by stacks that keep it."""

import datetime
from typing import Any

import pytest

from aifactory.catalog.load import catalog
from aifactory.catalog.models import Catalog
from aifactory.catalog.programme import Residency
from aifactory.errors import PlanRefused
from aifactory.plan import placement
from aifactory.plan.base import Finding
from aifactory.plan.factory import accepted, plan
from tests.support.stacks import minimal_stack, pool, stack

RUBIN = {"system": "vr-nvl72", "provisioning": {"kind": "adopt", "selector": {"site.example/use": "vr"}}}
TENANT = {"name": "acme", "namespaces": ["acme"]}


def rule(tag: str, *countries: str) -> Residency:
    """A placement rule of a kind of data."""
    return Residency(
        id=tag,
        description="made for this test",
        countries=countries,
        source="assumption",
        as_of=datetime.date(2026, 11, 1),
        confidence="C",
    )


RULED = catalog().model_copy(
    update={"residency": {"home-only": rule("home-only", "KR"), "allies": rule("allies", "JP", "XX")}}
)


def limited(**fields: object) -> Catalog:
    """The catalogue with these fields on every system."""
    systems = {name: row.model_copy(update=fields) for name, row in catalog().systems.items()}
    return catalog().model_copy(update={"systems": systems})


def of_placement(raw: dict[str, Any], facts: Catalog) -> list[Finding]:
    """What the rules of placement say of a stack, but for the remark on early systems."""
    planned = plan("test", stack(**raw), facts)
    found = [finding for told in placement.RULES for finding in told(planned, facts)]
    assert [finding for finding in planned.findings if finding in found] == found
    return [finding for finding in found if finding.code != "early-system"]


def error(code: str, path: str, message: str, fix: str) -> Finding:
    """A finding that refuses the plan."""
    return Finding(code=code, severity="error", path=path, message=message, fix=fix)


ALLIED = "declare it in the stack of a site in Japan (JP) or XX, or remove the tag here"
WIDER = "choose a system with such an NVLink domain: vr-nvl72 (72 GPUs), gb300-nvl72 (72 GPUs), gb200-nvl72 (72 GPUs)"
CASES: list[tuple[str, dict[str, Any], Catalog, Finding]] = [
    (
        "NVLink on a PCIe system",
        minimal_stack(pools=[pool(system="rtx-pro-6000-server", needs_nvlink=True)]),
        catalog(),
        error(
            "nvlink-needed",
            "pools.0.needs_nvlink",
            "pool 'train' needs NVLink, and rtx-pro-6000-server has none; a system with NVLink",
            "choose a system with such an NVLink domain:"
            " hgx-rubin-nvl8 (8 GPUs), hgx-b300 (8 GPUs), dgx-b200 (8 GPUs)",
        ),
    ),
    (
        "NVLink where no system has it",
        minimal_stack(pools=[pool(needs_nvlink=True)]),
        limited(nvlink_domain_nodes=0),
        error(
            "nvlink-needed",
            "pools.0.needs_nvlink",
            "pool 'train' needs NVLink, and dgx-b200 has none; a system with NVLink",
            "remove needs_nvlink: no system of the catalogue has NVLink",
        ),
    ),
    (
        "tensor parallel over PCIe nodes",
        minimal_stack(pools=[pool(system="rtx-pro-6000-server", tensor_parallel=9)]),
        catalog(),
        error(
            "nvlink-needed",
            "pools.0.tensor_parallel",
            "a copy of the model spans 9 GPUs, one node of rtx-pro-6000-server, without NVLink, has 8;"
            " at most 8 GPUs",
            WIDER,
        ),
    ),
    (
        "tensor parallel over NVLink domains of one node",
        minimal_stack(pools=[pool(tensor_parallel=16)]),
        catalog(),
        error(
            "nvlink-needed",
            "pools.0.tensor_parallel",
            "a copy of the model spans 16 GPUs, one NVLink domain of dgx-b200, has 8; at most 8 GPUs",
            WIDER,
        ),
    ),
    (
        "tensor parallel above every domain",
        minimal_stack(pools=[pool(system="gb300-nvl72", tensor_parallel=73)]),
        catalog(),
        error(
            "nvlink-needed",
            "pools.0.tensor_parallel",
            "a copy of the model spans 73 GPUs, one NVLink domain of gb300-nvl72, has 72; at most 72 GPUs",
            "set tensor_parallel to 72 or less: no system has a larger NVLink domain",
        ),
    ),
    (
        "live before the system is there",
        minimal_stack(live="2027-06-30", pools=[pool(**RUBIN)]),
        catalog(),
        error(
            "not-yet-available",
            "pools.0.system",
            "the phase is to be live on 2027-06-30, vr-nvl72 is available from 2027-07-01 on;"
            " live on 2027-07-01 or later, or an available system",
            "move live to 2027-07-01, or choose gb300-nvl72, the nearest system that is available then",
        ),
    ),
    (
        "live before any system is there",
        minimal_stack(live="2027-06-30"),
        limited(available_from=datetime.date(2030, 1, 1)),
        error(
            "not-yet-available",
            "pools.0.system",
            "the phase is to be live on 2027-06-30, dgx-b200 is available from 2030-01-01 on; live on 2030-01-01 or"
            " later, or an available system",
            "move live to 2030-01-01",
        ),
    ),
    (
        "a service's data abroad",
        minimal_stack(services=[{"name": "training", "namespace": "training", "data": ["allies"]}]),
        RULED,
        error(
            "residency-forbidden",
            "services.0.data.0",
            "the data 'allies' of service 'training' may not be in KR; countries of 'allies': JP, XX",
            ALLIED,
        ),
    ),
    (
        "a tenant's data abroad",
        minimal_stack(tenants=[{**TENANT, "data": ["home-only", "allies"]}]),
        RULED,
        error(
            "residency-forbidden",
            "tenants.0.data.1",
            "the data 'allies' of tenant 'acme' may not be in KR; countries of 'allies': JP, XX",
            ALLIED,
        ),
    ),
    (
        "a misspelt tag",
        minimal_stack(tenants=[{**TENANT, "data": ["home-onyl"]}]),
        RULED,
        error(
            "unknown-data-tag",
            "tenants.0.data.0",
            "the data 'home-onyl' of tenant 'acme' has no placement rule; data tags: allies, home-only",
            "did you mean 'home-only'?",
        ),
    ),
    (
        "a tag that nobody knows",
        minimal_stack(tenants=[{**TENANT, "data": ["zzz"]}]),
        catalog().model_copy(update={"residency": {}}),
        error(
            "unknown-data-tag",
            "tenants.0.data.0",
            "the data 'zzz' of tenant 'acme' has no placement rule; data tags: none",
            "add a row to residency in the catalogue",
        ),
    ),
    (
        "a namespace for a tenant past the pilot",
        minimal_stack(phase="scale-out", tenants=[TENANT]),
        catalog(),
        Finding(
            code="shared-control-plane",
            severity="warning",
            path="tenants.0.isolation",
            message="tenant 'acme' shares its control plane with others in phase scale-out;"
            " NVIDIA's cloud-partner guide asks for a cluster for each tenant",
            fix="set isolation: cluster, or vcluster where nodes may be shared",
        ),
    ),
]


@pytest.mark.parametrize(("raw", "facts", "finding"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_each_mistake_gives_its_finding(raw: dict[str, Any], facts: Catalog, finding: Finding) -> None:
    """A stack with one mistake gives exactly that finding, and is refused for an error."""
    assert of_placement(raw, facts) == [finding]
    planned = plan("test", stack(**raw), facts)
    if finding.severity == "error":
        with pytest.raises(PlanRefused, match=finding.path):
            accepted(planned, "f")
        return
    assert accepted(planned, "f") is planned


def test_an_early_system_is_remarked_on() -> None:
    """Whoever plans with an early system reads so, and the plan stands."""
    planned = plan("test", stack(pools=[pool(**RUBIN)]), catalog())

    assert planned.findings == (
        Finding(
            code="early-system", severity="info", path="pools.0.system",
            message="vr-nvl72 is an early system; its power, labels and dates may still change",
            fix="plan again when its row of the catalogue is confirmed",
        ),
    )  # fmt: skip
    assert accepted(planned, "f") is planned


RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("a whole node by PCIe", minimal_stack(pools=[pool(system="rtx-pro-6000-server", tensor_parallel=8)])),
    ("a whole domain", minimal_stack(pools=[pool(system="gb300-nvl72", tensor_parallel=72)])),
    ("NVLink within a node", minimal_stack(pools=[pool(needs_nvlink=True)])),
    ("live on the first day", minimal_stack(live="2027-07-01", pools=[pool(**RUBIN)])),
    ("no date", minimal_stack(pools=[pool(**RUBIN)])),
    ("data at home", minimal_stack(tenants=[{**TENANT, "data": ["home-only"]}])),
    ("namespaces in the pilot", minimal_stack(tenants=[TENANT])),
    ("clusters for tenants", minimal_stack(phase="gigawatt", tenants=[{**TENANT, "isolation": "cluster"}])),
]


@pytest.mark.parametrize("raw", [case[1] for case in RIGHT], ids=[case[0] for case in RIGHT])
def test_what_is_right_is_not_remarked_on(raw: dict[str, Any]) -> None:
    """A stack that keeps the rules, if only just, gives no finding of placement."""
    assert of_placement(raw, RULED) == []


def test_paths_count_the_pools_of_the_file() -> None:
    """A pool of an unknown system, which is not planned, does not shift the paths of those after it."""
    raw = minimal_stack(pools=[pool(name="one", system="zzz"), pool(name="two", tensor_parallel=16)])

    assert [finding.path for finding in of_placement(raw, catalog())] == ["pools.1.tensor_parallel"]
