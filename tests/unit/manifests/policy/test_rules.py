"""Each rule finds what it is for, says so in full, and lets what is right pass."""

import pytest

from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.namespaces import namespace
from aifactory.manifests.policy.images import DIGESTS
from aifactory.manifests.policy.judge import RULES
from tests.support.policy_objects import DAEMON, bare, broken, context, daemon, named, place, policy, role

ELSEWHERE = "that needs a namespace labelled pod-security.kubernetes.io/enforce: privileged"
MOVE = "take it out, or declare the workload in a namespace of a host-level operator"
HOST_PATH = {"volumes": [{"name": "root", "hostPath": {"path": "/"}}]}
ROLE = "rbac.authorization.k8s.io/v1 ClusterRole reader"
FAILING: list[tuple[str, list[KubernetesObject], str]] = [
    (
        "pod-readable",
        [named("DaemonSet", api="apps/v1")],
        f"{DAEMON}: pod-readable: spec is missing, so that no",
    ),
    (
        "pod-privileged",
        [*place(), daemon(securityContext=context(privileged=True))],
        f"{DAEMON}: pod-privileged: the container main is privileged; {ELSEWHERE}; {MOVE}",
    ),
    (
        "pod-host-path",
        [*place(), daemon(HOST_PATH)],
        f"{DAEMON}: pod-host-path: it mounts / of its node; {ELSEWHERE}; {MOVE}",
    ),
    ("pod-host-path", [daemon(HOST_PATH)], "it mounts / of its node"),  # its namespace is not known
    (
        "pod-host-namespaces",
        [*place("baseline"), daemon({"hostNetwork": True, "hostPID": True})],
        "it shares with its node: hostNetwork, hostPID; " + ELSEWHERE,
    ),
    (
        "pod-host-namespaces",
        [*place(), daemon(ports=[{"containerPort": 80, "hostPort": 8080}])],
        "it takes ports of its node: 8080",
    ),
    (
        "pod-capabilities",
        [
            *place(),
            daemon(securityContext=context(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN", "NET_RAW"]})),
        ],
        "the container main adds the capabilities NET_RAW, SYS_ADMIN; NET_BIND_SERVICE alone; more needs a namespace",
    ),
    (
        "pod-restricted",
        [*place(), daemon({"securityContext": {}}, securityContext={})],
        "the container main: allowPrivilegeEscalation is not false, it does not drop all capabilities, runAsNonRoot is"
        " not true, it has no seccompProfile; outside privileged namespaces every container fits the profile"
        " restricted; set allowPrivilegeEscalation: false, capabilities.drop: [ALL], runAsNonRoot: true and a"
        " seccompProfile",
    ),
    (
        "namespace-pod-security",
        [named("Namespace", "open", where=None)],
        "v1 Namespace open: namespace-pod-security: it enforces no Pod Security Standard; every namespace has the label"
        " pod-security.kubernetes.io/enforce: restricted, baseline or privileged; make the namespace with"
        " aifactory.manifests.namespaces.namespace",
    ),
    (
        "image-pinned",
        [daemon(image="registry.example:5000/worker")],
        "the container main runs registry.example:5000/worker, which can change any day; an image has a tag other than"
        " latest, or a digest; pin the image in the catalogue or in the stack file",
    ),
    ("image-pinned", [daemon(image="worker:latest")], "runs worker:latest, which can change any day"),
    ("image-pinned", [daemon(image="")], "runs no image, which can change any day"),
    (
        "requests-set",
        [daemon(resources={"limits": {"cpu": "1"}})],
        "the container main requests no memory; every container requests cpu and memory, so that the scheduler knows"
        " what a node has left; set resources.requests in the template",
    ),
    ("requests-set", [daemon(resources={})], "the container main requests no cpu and no memory"),
    (
        "toleration-narrow",
        [daemon({"tolerations": [{"operator": "Exists", "effect": "NoSchedule"}]})],
        "it tolerates every taint of NoSchedule; a toleration names the key of the taint it is for; name the taint, for"
        " example nvidia.com/gpu with the operator Exists",
    ),
    (
        "toleration-narrow",
        [daemon({"tolerations": [{"operator": "Exists"}]})],
        "every taint of any effect",
    ),
    (
        "default-deny",
        bare("NetworkPolicy"),
        "v1 Namespace place: default-deny: no NetworkPolicy closes it in both directions; every namespace has a"
        " NetworkPolicy with an empty podSelector, both policyTypes and no rule; declare the namespace to the layer"
        " network-policies",
    ),
    ("default-deny", policy(podSelector={}, policyTypes=["Ingress"]), "no NetworkPolicy closes it"),
    (
        "default-deny",
        policy(podSelector={"matchLabels": {"a": "b"}}, policyTypes=["Ingress", "Egress"]),
        "no NetworkPolicy closes it",
    ),
    (
        "default-deny",
        policy(podSelector={}, policyTypes=["Ingress", "Egress"], egress=[{}]),
        "no NetworkPolicy closes it",
    ),
    (
        "quota-present",
        bare("ResourceQuota"),
        "v1 Namespace place: quota-present: people run work in it, and no ResourceQuota limits them; every namespace of"
        " a service or a tenant has a ResourceQuota; give it one in storage.quotas of the stack file, or to its tenant",
    ),
    (
        "secret-with-data",
        [named("Secret", stringData={"b": "x"}, data={"a": "eA=="})],
        "v1 Secret place/worker: secret-with-data: it holds values of a, b; a secret is named, never written:"
        " secretRef, External Secrets or Pulumi's encrypted configuration hold it; take the Secret out of the stack and"
        " let the cluster's secret store provide it",
    ),
    (
        "secret-written-out",
        [daemon(env=[{"name": "API_TOKEN", "value": "x"}])],
        "the container main has the value of API_TOKEN written out; values of secrets come from a Secret; use"
        " valueFrom.secretKeyRef",
    ),
    (
        "secret-written-out",
        [named("ConfigMap", data={"id": "-----BEGIN RSA PRIVATE " + "KEY-----"})],
        "v1 ConfigMap place/worker: secret-written-out: id holds what looks like a key",
    ),
    (
        "rights-narrow",
        [role(apiGroups=[""], resources=["nodes"], verbs=["*"])],
        f"{ROLE}: rights-narrow: it may do everything with nodes; a role names its verbs and its resources, and nobody"
        " is given cluster-admin; list what the workload needs",
    ),
    (
        "rights-narrow",
        [role(apiGroups=["*"], resources=["*"], verbs=["get"])],
        "it may get every resource",
    ),
    (
        "rights-narrow",
        [named("ClusterRoleBinding", where=None, roleRef={"kind": "ClusterRole", "name": "cluster-admin"})],
        "v1 ClusterRoleBinding worker: rights-narrow: it gives cluster-admin",
    ),
]
PASSING: dict[str, list[KubernetesObject]] = {
    "pod-readable": [daemon()],
    "pod-privileged": [*place("privileged"), daemon(securityContext=context(privileged=True))],
    "pod-host-path": [*place("privileged"), daemon(HOST_PATH)],
    "pod-host-namespaces": [*place("privileged"), daemon({"hostNetwork": True})],
    "pod-capabilities": [
        *place(),
        daemon(securityContext=context(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]})),
    ],
    "pod-restricted": [*place(), daemon()],
    "namespace-pod-security": place(),
    "image-pinned": [daemon(), daemon(image="worker@sha256:" + 64 * "0")],
    "requests-set": [daemon(), daemon(resources={"limits": {"cpu": "1", "memory": "1Gi"}})],
    "toleration-narrow": [daemon()],
    "default-deny": place(),
    "quota-present": [*place(), namespace("aifactory-system", "restricted"), namespace("op", "privileged")],
    "secret-with-data": [named("Secret", type="Opaque")],
    "secret-written-out": [
        daemon(env=[{"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]),
        named("ConfigMap", data={"id": "a certificate"}),
    ],
    "rights-narrow": [role(apiGroups=[""], resources=["nodes"], verbs=["get"])],
}


@pytest.mark.parametrize(("rule", "objects", "said"), FAILING)
def test_a_rule_finds_what_it_is_for(rule: str, objects: list[KubernetesObject], said: str) -> None:
    """The violation names the object and the rule, what is wrong, what is allowed and how to fix it."""
    (found,) = broken(rule, objects)

    assert said in found.line()


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_a_rule_lets_pass_what_is_right(rule: str) -> None:
    """Objects as the rule has them are not found; a case of each rule is among the failing ones too."""
    assert broken(rule, PASSING[rule]) == []
    assert rule in {name for name, _, _ in FAILING}


def test_digests_are_asked_for_only_where_that_is_said() -> None:
    """An image with a tag alone is a violation with `digests`, and one with a digest is none."""
    assert broken(DIGESTS.name, [daemon()]) == []
    (found,) = broken(DIGESTS.name, [daemon()], digests=True)
    assert found.line() == (
        f"{DAEMON}: image-digest: the container main runs registry.example:5000/team/worker:v1, which has no digest;"
        " an image has a digest, so that a registry cannot serve another one; write <image>@sha256:<digest>, as"
        " `crane digest` prints it"
    )
    assert broken(DIGESTS.name, [daemon(image="w@sha256:" + 64 * "0")], digests=True) == []


@pytest.mark.parametrize(
    "kind",
    [
        "Pod",
        "Deployment",
        "StatefulSet",
        "ReplicaSet",
        "ReplicationController",
        "PodTemplate",
        "Job",
        "CronJob",
    ],
)
@pytest.mark.parametrize("containers", ["containers", "initContainers", "ephemeralContainers"])
def test_every_kind_of_workload_and_container_is_looked_at(kind: str, containers: str) -> None:
    """A privileged container is found in every kind that makes pods, whatever the container is for."""
    pod = {containers: [{"name": "main", "securityContext": {"privileged": True}}]}
    template = {"template": {"spec": pod}}
    spec = {"Pod": pod, "CronJob": {"jobTemplate": {"spec": template}}}.get(kind, template)
    item = named(kind, template=template["template"]) if kind == "PodTemplate" else named(kind, spec=spec)

    assert len(broken("pod-privileged", [item])) == 1
