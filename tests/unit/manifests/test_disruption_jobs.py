"""What a change to the Jobs that label a pool's nodes does to running work: nothing."""

from aifactory.manifests.disruption.state import pools_of
from tests.support.changes import edited, found, pooled
from tests.support.node_pools import SELECTED

MIG = {"mig": {"layout": "all-1g.23gb"}}


def test_a_cron_job_tells_what_a_cleared_job_told() -> None:
    """A pool whose finished Job was deleted is still one that Jobs label, with the same labels."""
    objects = pooled(provisioning=SELECTED, partitioning=MIG)
    cleared = {key: item for key, item in objects.items() if item["kind"] != "Job"}

    assert len(cleared) == len(objects) - 1
    assert pools_of(cleared) == pools_of(objects)
    assert found(cleared, objects) == []


def test_a_changed_cron_job_disrupts_nothing() -> None:
    """A CronJob that is new, or whose schedule or pods change, ends nothing that runs."""
    objects = pooled(provisioning=SELECTED)
    key = "batch/v1 CronJob aifactory-system/pool-train"
    without = {name: item for name, item in objects.items() if name != key}
    later = edited(objects[key], "spec.schedule", "0 * * * *")
    other = edited(objects[key], "spec.jobTemplate.spec.template.spec.containers.0.image", "kubectl:v2")

    assert found(without, objects) == []
    assert found({**objects, key: later}, objects) == []
    assert found({**objects, key: other}, objects) == []
