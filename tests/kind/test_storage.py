"""Volumes of the stack's tiers. On kind they come from its local-path provisioner, not from the site's systems."""

import json

import pytest

from aifactory.spec.storage import Backend
from tests.support.kind import Kind, eventually, gpu_pod

pytestmark = pytest.mark.kind
SPACE = "storage-test"


def _claim(namespace: str, name: str, tier: str, size: str = "1Gi") -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "storageClassName": tier,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
        },
    }


def _user(namespace: str, name: str, claim: str, command: str) -> dict[str, object]:
    made = gpu_pod(namespace, name, None, {}, command=command)
    made["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
    made["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    return made


def _tiers(pilot: Kind) -> list[str]:
    tiers = pilot.plan.stack.storage.tiers
    return [tier.name for tier in tiers if tier.backend is not Backend.CEPH_OBJECT]


def test_a_claim_of_every_tier_binds_and_is_written(pilot: Kind) -> None:
    """Each tier of volumes gives a volume that a pod writes to; tiers of buckets are left out, as they say."""
    with pilot.namespace(SPACE):
        for tier in _tiers(pilot):
            pilot.apply(
                _claim(SPACE, tier, tier),
                _user(SPACE, tier, tier, "echo here > /data/f && exec sleep 100000"),
            )
        pilot.await_running(SPACE, *_tiers(pilot), timeout_s=120)
        claims = json.loads(pilot.kubectl("-n", SPACE, "get", "pvc", "-o", "json"))["items"]
        assert {claim["metadata"]["name"]: claim["status"]["phase"] for claim in claims} == dict.fromkeys(
            _tiers(pilot), "Bound"
        )


def test_data_survives_a_restart_of_the_pod(pilot: Kind) -> None:
    """What one pod wrote, the next pod of the same claim reads."""
    with pilot.namespace(SPACE):
        pilot.apply(
            _claim(SPACE, "kept", "scratch"),
            _user(SPACE, "writer", "kept", "echo 42 > /data/answer; sleep 100000"),
        )
        pilot.await_running(SPACE, "writer")
        eventually(
            "it is written", lambda: "42" in pilot.execute(SPACE, "writer", "cat /data/answer || true")
        )
        pilot.kubectl("-n", SPACE, "delete", "pod", "writer", "--grace-period=0", "--force")
        pilot.apply(_user(SPACE, "reader", "kept", "exec sleep 100000"))
        pilot.await_running(SPACE, "reader")
        assert pilot.execute(SPACE, "reader", "cat /data/answer").strip() == "42"


def test_a_quota_refuses_the_claim_that_is_too_much(pilot: Kind) -> None:
    """A namespace gets what its quota promises, and the API server refuses the next claim."""
    quota = next(one for one in pilot.plan.stack.storage.quotas if one.namespace == "inference")
    whole, half = f"{int(quota.capacity_tib)}Ti", f"{int(quota.capacity_tib) // 2}Ti"
    try:
        pilot.apply(_claim("inference", "quota-half", quota.tier, half))
        refused = pilot.kubectl(
            "apply",
            "-f",
            "-",
            stdin=json.dumps(_claim("inference", "quota-whole", quota.tier, whole)),
            check=False,
        )
        listing = pilot.kubectl("-n", "inference", "get", "pvc", "-o", "name")
        assert "quota-half" in listing
        assert "quota-whole" not in listing, refused
    finally:
        pilot.kubectl("-n", "inference", "delete", "pvc", "quota-half", "quota-whole", "--ignore-not-found")
