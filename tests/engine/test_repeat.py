"""A second ``up`` writes nothing, with and without the engine. Does not prove anything about hardware."""

import pytest

from aifactory.manifests.model import KubernetesObject
from tests.support.lab import Lab

pytestmark = pytest.mark.engine


def test_a_second_up_does_nothing(local: Lab) -> None:
    """With the record of the last run, a second up runs no engine and writes nothing."""
    local.up()
    mark = local.audit.mark()
    report = local.up()
    assert report["engine_ran"] is False
    assert local.audit.writes(mark) == []


def test_the_engine_finds_nothing_to_do(local: Lab) -> None:
    """Without the record the real engine runs, finds every resource the same and writes nothing."""
    local.up()
    local.record.unlink()
    mark = local.audit.mark()
    report = local.up()
    assert report["engine_ran"] is True
    assert set(report["changes"]) == {"same"}
    assert local.audit.writes(mark) == []


def test_the_audit_log_would_show_a_write(local: Lab) -> None:
    """A write by any other client than the control plane is seen by the audit log."""
    local.up()
    mark = local.audit.mark()
    cluster = local.cluster()
    written: KubernetesObject = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "seen", "namespace": "default"},
    }
    cluster.apply(written, manager="test")
    cluster.delete(written)
    verbs = [line.split(" by ")[0] for line in local.audit.writes(mark)]
    assert verbs == ["patch configmaps default/seen", "delete configmaps default/seen"]
