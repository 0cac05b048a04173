"""What a stack file may say about the clusters of its cells."""

from typing import Any

from tests.support.stacks import minimal_stack, pool, refusal

METAL3 = {
    "kind": "metal3",
    "image_url": "https://images.example/node.raw",
    "image_checksum": "https://images.example/node.raw.sha256",
}
NICO = {
    "kind": "nico",
    "vpc_id": "vpc",
    "instance_type_id": "type",
    "vpc_prefix_id": "prefix",
    "ipxe_script": "#!ipxe",
}


def refused(**clusters: object) -> list[str]:
    """What a stack with these clusters is refused with."""
    base: dict[str, Any] = {
        "kubernetes_version": "v1.34.4",
        "endpoint_domain": "cells.example",
        "control_plane": METAL3,
        "workers": {"dgx-b200": METAL3},
    }
    return refusal(minimal_stack(delivery={"clusters": {**base, **clusters}}))


def test_clusters_that_fit_are_allowed() -> None:
    """Machines for the pools' systems and a version of the planned minor give no problem."""
    assert refused() == []
    assert refused(control_plane=NICO, nico_site="site") == []


def test_a_pool_of_another_system_is_named() -> None:
    """A pool whose machines nothing describes is refused, with the systems that are described."""
    assert refused(workers={"hgx-b300": METAL3}) == [
        "delivery.clusters.workers: the pool 'train' is of dgx-b200, for which no machines are described;"
        " systems that are: hgx-b300; add dgx-b200, or give the pool provisioning of kind cluster-api"
    ]
    own = {
        "kind": "cluster-api",
        "cluster_name": "cell",
        "namespace": "cells",
        "kubernetes_version": "v1.34.4",
        "bootstrap_template": "boot",
        "template": METAL3,
    }
    clusters = {
        "kubernetes_version": "v1.34.4",
        "endpoint_domain": "cells.example",
        "control_plane": METAL3,
        "workers": {},
    }
    stack = minimal_stack(pools=[pool(provisioning=own)], delivery={"clusters": clusters})
    assert refusal(stack) == []


def test_another_version_than_planned_is_refused() -> None:
    """Nodes of another minor version than the stack plans with are refused."""
    assert refused(kubernetes_version="v1.33.1") == [
        "delivery.clusters.kubernetes_version: the cells' clusters are v1.33.1, and the stack is planned for 1.34;"
        " v1.34.0 or a later patch of it; set it to one, or change cluster.kubernetes_version"
    ]


def test_nico_needs_its_site() -> None:
    """A control plane of NICo machines without a site is refused."""
    assert refused(control_plane=NICO) == [
        "delivery.clusters.nico_site: the control plane's machines are NICo's, and no site is named; the identifier"
        " of the site at NICo; add nico_site"
    ]
