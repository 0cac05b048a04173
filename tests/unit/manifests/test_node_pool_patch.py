"""The patch step of a pool: a Job now, and a CronJob for nodes that come back."""

from typing import Any

from aifactory.manifests.immutable import IMMUTABLE
from aifactory.manifests.labels import STACK
from aifactory.manifests.model import key_of
from aifactory.manifests.node_pool_patch import HEALED_EVERY_MIN
from aifactory.plan.nodes import pool_labels
from tests.support.node_pools import IMAGE, SELECTED, arguments, objects, steps


def test_the_patch_step_runs_kubectl_without_a_shell() -> None:
    """Nodes are found, labelled and tainted by three kubectl processes whose values come after ``--``."""
    find, label, taint = steps(arguments(provisioning=SELECTED))

    picked = ["nodes", "--selector=rack=7,team.example/x=y"]
    labels = [f"{key}={value}" for key, value in pool_labels(arguments().pool).items()]
    assert {tuple(step["command"]) for step in (find, label, taint)} == {("kubectl",)}
    assert {step["image"] for step in (find, label, taint)} == {IMAGE}
    assert find["args"] == ["get", *picked, "--output=jsonpath={.items[0].metadata.name}"]
    assert label["args"] == ["label", *picked, "--overwrite", "--", *labels]
    assert taint["args"] == ["taint", *picked, "--overwrite", "--", "nvidia.com/gpu=present:NoSchedule"]


def test_nodes_are_selected_by_product_before_and_after_sharing() -> None:
    """Without a selector, nodes are picked by product, also under the name that sharing gives it later."""
    shared = arguments(nfd_present=False, partitioning={"time_slicing": {"replicas": 2}})

    plain = "nvidia.com/gpu.product in (NVIDIA-B300-SXM6-AC)"
    both = "nvidia.com/gpu.product in (NVIDIA-B300-SXM6-AC,NVIDIA-B300-SXM6-AC-SHARED)"
    assert steps(arguments(nfd_present=False))[0]["args"][2] == f"--selector={plain}"
    assert steps(shared)[0]["args"][2] == f"--selector={both}"


def test_the_patch_step_is_bounded_and_restricted() -> None:
    """The Job ends by itself, has no rights but its own, and meets the restricted Pod Security Standard."""
    made = objects(arguments(nfd_present=False))
    job, pod = made["Job"]["spec"], made["Job"]["spec"]["template"]["spec"]

    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (3, 900)
    assert made["ClusterRole"]["rules"] == [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "patch"]}
    ]
    assert made["ClusterRoleBinding"]["roleRef"]["name"] == made["ClusterRole"]["metadata"]["name"]
    (subject,) = made["ClusterRoleBinding"]["subjects"]
    assert subject["name"] == pod["serviceAccountName"] == made["ServiceAccount"]["metadata"]["name"]
    assert subject["namespace"] == made["ServiceAccount"]["metadata"]["namespace"] == "aifactory-system"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    for step in steps(arguments(nfd_present=False)):
        assert step["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert step["securityContext"]["readOnlyRootFilesystem"] is True
        assert step["securityContext"]["allowPrivilegeEscalation"] is False
        assert set(step["resources"]) == {"requests", "limits"}


def test_a_job_is_named_by_what_it_does() -> None:
    """Another size, label or selector is another Job; the same pool is the same Job."""
    pools: list[dict[str, Any]] = [{}, {"racks": 3}, {"labels": {"a.b/c": "d"}}, {"provisioning": SELECTED}]
    jobs = [key_of(objects(arguments(nfd_present=False, **fields))["Job"]).name for fields in pools]

    assert len(set(jobs)) == len(jobs)
    assert jobs[0] == key_of(objects(arguments(nfd_present=False))["Job"]).name


def test_nodes_that_come_back_are_patched_again() -> None:
    """A CronJob runs the very pods of the Job, one run at a time, each over before the next one starts."""
    made = objects(arguments(provisioning=SELECTED))
    again = made["CronJob"]["spec"]
    run = again["jobTemplate"]["spec"]

    assert run["template"] == made["Job"]["spec"]["template"]
    assert again["schedule"] == f"*/{HEALED_EVERY_MIN} * * * *"
    assert 0 < run["activeDeadlineSeconds"] < HEALED_EVERY_MIN * 60
    assert 10 < again["startingDeadlineSeconds"] < HEALED_EVERY_MIN * 60  # below 10 s it may never start
    assert again["concurrencyPolicy"] == "Forbid"
    assert (again["successfulJobsHistoryLimit"], again["failedJobsHistoryLimit"]) == (1, 1)
    assert "suspend" not in again


def test_jobs_of_a_cron_job_are_not_of_the_inventory() -> None:
    """The CronJob carries the stack's labels; the Jobs and pods that it makes do not, or they would be pruned."""
    made = objects(arguments(provisioning=SELECTED))["CronJob"]
    template = made["spec"]["jobTemplate"]

    assert made["metadata"]["labels"][STACK] == "lab"
    assert set(template) == {"spec"}
    assert template["spec"]["template"]["metadata"]["labels"] == {
        "app.kubernetes.io/name": "node-pool-patch"  # what the network policy opens the API to
    }


def test_a_cron_job_keeps_its_name() -> None:
    """Whatever a pool does, its CronJob is changed in place; the name leaves room for that of its Jobs."""
    pools: list[dict[str, Any]] = [{}, {"racks": 3}, {"labels": {"a.b/c": "d"}}, {"provisioning": SELECTED}]
    made = [objects(arguments(nfd_present=False, **fields))["CronJob"] for fields in pools]
    long = objects(arguments(nfd_present=False, name="p" * 40))["CronJob"]

    assert {(key_of(item).namespace, key_of(item).name) for item in made} == {
        ("aifactory-system", "pool-train")
    }
    assert IMMUTABLE.get("CronJob") is None
    assert len(key_of(long).name) <= 52
