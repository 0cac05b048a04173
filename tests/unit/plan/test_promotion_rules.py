"""Every reason that refuses a promotion, in full."""

from typing import Any

import pytest

from tests.support.promotions import Edit, promoted, put, told
from tests.support.stacks import pool


def _swap(raw: dict[str, Any]) -> None:
    raw["pools"] = [pool(name="other", nodes=8, cell_racks=2)]


CASES: dict[str, tuple[Edit, tuple[str, str, str, str]]] = {
    "no predecessor": (
        lambda raw: raw.pop("previous"),
        (
            "wrong-predecessor",
            "previous",
            "previous names nothing; the stack that is promoted, 'old', is allowed",
            "set previous: old, or promote from the stack it names",
        ),
    ),
    "another predecessor": (
        put("previous", "third"),
        (
            "wrong-predecessor",
            "previous",
            "previous names 'third'; the stack that is promoted, 'old', is allowed",
            "set previous: old, or promote from the stack it names",
        ),
    ),
    "another site": (
        put("site.name", "korea-seoul"),
        (
            "different-site",
            "site.name",
            "'korea-seoul' is not the site of old; a promotion stays at 'korea-ulsan'",
            "set name: korea-ulsan, or start the new site with a stack without previous",
        ),
    ),
    "a phase skipped": (
        put("phase", "gigawatt"),
        (
            "phase-order",
            "phase",
            "gigawatt does not follow pilot; pilot or scale-out is allowed",
            "set phase: scale-out",
        ),
    ),
    "a pool removed": (
        _swap,
        (
            "pool-removed",
            "pools",
            "the pool 'train' of old (8 nodes) is gone; pools that run are kept",
            "add the pool 'train' as old declares it",
        ),
    ),
    "a pool smaller": (
        put("pools.0.nodes", 7),
        (
            "pool-shrunk",
            "pools.0",
            "the pool 'train' has 7 nodes and had 8; at least 8 nodes are allowed",
            "give it at least 8 nodes",
        ),
    ),
    "racks in another cell": (
        put("pools.0.cell_racks", 1),
        (
            "racks-moved",
            "pools.0.cell_racks",
            "3 racks of the pool 'train' would move to another cell; every rack stays in its cell",
            "take the pool's cell_racks, and the cells' limits, from old",
        ),
    ),
    "another zone": (
        put("site.zones", ["hall-a", "hall-b"]),
        (
            "racks-moved",
            "site.zones",
            "zones hall-a, hall-b would move racks, which go over the zones in turn; hall-a is allowed",
            "take zones from old",
        ),
    ),
    "a tier removed": (
        put("storage.tiers.0.name", "slow"),
        (
            "tier-removed",
            "storage.tiers",
            "the tier 'fast' of old is gone; tiers that hold volumes are kept",
            "add the tier 'fast' as old declares it",
        ),
    ),
    "a tier smaller": (
        put("storage.tiers.0.capacity_tib", 999),
        (
            "tier-shrunk",
            "storage.tiers.0.capacity_tib",
            "the tier 'fast' has 999 and had 1000; at least 1000 is allowed",
            "set capacity_tib: 1000",
        ),
    ),
    "a tier of another product": (
        put("storage.tiers.0.backend", "vast"),
        (
            "tier-replaced",
            "storage.tiers.0.backend",
            "the tier 'fast' differs, and its StorageClass would be made anew; the value of old is allowed",
            "take backend from old, and add a tier for what is new",
        ),
    ),
    "another pod network": (
        put("network.pod_cidr", "10.128.0.0/16"),
        (
            "network-changed",
            "network.pod_cidr",
            "cell 0 would have 10.128.0.0/20 and has 10.0.0.0/20 (and 1 more cells); the same network is allowed",
            "lay the networks and network.cells out so that cell 0 keeps 10.0.0.0/20",
        ),
    ),
    "a narrower node network": (
        put("network.cells.node_prefix", 25),
        (
            "network-changed",
            "network.node_cidr",
            "cell 0 would have 10.1.0.0/25 and has 10.1.0.0/24 (and 1 more cells); the same or a wider"
            " network is allowed",
            "lay the networks and network.cells out so that cell 0 keeps 10.1.0.0/24",
        ),
    ),
    "other nodes' shares": (
        put("network.pod_prefix_per_node", 25),
        (
            "network-changed",
            "network.pod_prefix_per_node",
            "nodes would have a /25 of the pod network and have a /24; /24 is allowed",
            "set pod_prefix_per_node: 24",
        ),
    ),
    "a tenant gone": (
        put("tenants", []),
        (
            "namespace-removed",
            "tenants",
            "the namespace 'acme' of old is gone; namespaces with running work are kept",
            "add the entry of tenants that old declares for it",
        ),
    ),
    "a service elsewhere": (
        put("services.0.namespace", "elsewhere"),
        (
            "namespace-removed",
            "services",
            "the namespace 'training' of old is gone; namespaces with running work are kept",
            "add the entry of services that old declares for it",
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_refusal_says_what_is_allowed(case: str) -> None:
    """One change refuses the promotion for one reason: what is wrong, what is allowed, and how to fix it."""
    edit, refusal = CASES[case]

    assert told(promoted(edit)) == [refusal]


SELECTOR = {"kind": "adopt", "selector": {"rack": "a"}}
IDENTITY: dict[str, tuple[Edit, str]] = {
    "system": (put("pools.0.system", "hgx-b300"), "system, product_label"),
    "partitioning": (
        put("pools.0.partitioning", {"time_slicing": {"replicas": 2}}),
        "partitioning, product_label",
    ),
    "allocation": (put("pools.0.allocation", "dra"), "allocation, device_stack"),
    "device stack": (put("pools.0.device_stack", "standalone"), "device_stack"),
    "selector": (put("pools.0.provisioning", SELECTOR), "selector"),
    "product label": (put("pools.0.product_label", "OTHER"), "product_label"),
}


@pytest.mark.parametrize("case", IDENTITY)
def test_a_pool_that_runs_is_never_replaced(case: str) -> None:
    """Every field that would replace or move a pool's running nodes refuses the promotion, and is named."""
    edit, fields = IDENTITY[case]

    found = [one for one in told(promoted(edit)) if one[0] == "pool-replaced"]

    assert found == [
        (
            "pool-replaced",
            f"pools.0.{fields.partition(',')[0]}",
            f"the pool 'train' differs in {fields}, which replaces or moves its nodes; the values of old are allowed",
            f"take {fields} from old, and add a pool for what is new",
        )
    ]
