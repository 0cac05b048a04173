"""A workload that rules cannot read is a violation, and never passes for one that breaks no rule."""

from typing import Any

import pytest

from tests.support.policy_objects import DAEMON, POD, broken, daemon, named

ALLOWED = (
    "so that no rule can judge it; a pod is a mapping with a list of containers, each field of the type that the API"
    " server takes; write it as `kubectl explain pod.spec` has it"
)


def container(**fields: Any) -> dict[str, Any]:
    """A pod of one container with some fields replaced."""
    return {"containers": [{**POD["containers"][0], **fields}]}


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (None, "spec is missing"),
        ([], "spec is no mapping"),
        ({}, "spec.template is missing"),
        ({"template": []}, "spec.template is no mapping"),
        ({"template": "x"}, "spec.template is no mapping"),
        ({"template": {}}, "spec.template.spec is missing"),
        ({"template": {"spec": "x"}}, "spec.template.spec is no mapping"),
        ({"template": {"spec": {}}}, "spec.template.spec.containers names no container"),
        ({"template": {"spec": {"containers": []}}}, "spec.template.spec.containers names no container"),
        ({"template": {"spec": {"containers": {"a": 1}}}}, "spec.template.spec.containers is no list"),
        ({"template": {"spec": {"containers": "x"}}}, "spec.template.spec.containers is no list"),
        ({"template": {"spec": {"containers": ["x"]}}}, "spec.template.spec.containers[0] is no mapping"),
    ],
)
def test_a_template_that_is_none_is_found(spec: Any, fault: str) -> None:
    """Without a template, a pod or containers the violation names the place and what is there instead."""
    (found,) = broken("pod-readable", [named("DaemonSet", api="apps/v1", spec=spec)])

    assert found.line() == f"{DAEMON}: pod-readable: {fault}, {ALLOWED}"


@pytest.mark.parametrize(
    ("pod", "fault"),
    [
        ({"initContainers": {}}, "initContainers is no list"),
        ({"volumes": {"hostPath": {"path": "/"}}}, "volumes is no list"),
        ({"volumes": ["/"]}, "volumes[0] is no mapping"),
        ({"tolerations": {"operator": "Exists"}}, "tolerations is no list"),
        ({"hostNetwork": "true"}, "hostNetwork is neither true nor false"),
        ({"securityContext": ["x"]}, "securityContext is no mapping"),
        (container(env={"API_TOKEN": "x"}), "containers[0].env is no list"),
        (container(ports=["80"]), "containers[0].ports[0] is no mapping"),
        (container(resources=[]), "containers[0].resources is no mapping"),
        (
            container(securityContext={"privileged": "true"}),
            "containers[0].securityContext.privileged is neither true nor false",
        ),
        (
            container(securityContext={"capabilities": {"add": "SYS_ADMIN"}}),
            "containers[0].securityContext.capabilities.add is no list",
        ),
    ],
)
def test_a_field_of_another_type_is_found(pod: dict[str, Any], fault: str) -> None:
    """A field that a rule would take for absent, because it is of another type, is named."""
    item = named("Pod", spec={**POD, **pod})

    assert [one.what for one in broken("pod-readable", [item])] == [
        f"spec.{fault}, so that no rule can judge it"
    ]


def test_every_fault_is_told_and_a_right_pod_has_none() -> None:
    """Faults of one object are told together; absent optional fields are none."""
    two = named("Pod", spec={**POD, "volumes": {}, "hostPID": "no"})

    assert len(broken("pod-readable", [two])) == 2
    assert broken("pod-readable", [daemon(), named("Pod", spec={**POD, "volumes": None})]) == []


def test_other_projects_kinds_of_the_same_name_are_not_looked_at() -> None:
    """A Job of another API group has no pod template where Kubernetes' own has it."""
    item = named("Job", api="batch.volcano.sh/v1alpha1", spec={"tasks": []})

    assert broken("pod-readable", [item]) == []
    assert len(broken("pod-readable", [named("Job", api="batch/v1", spec={"tasks": []})])) == 1
