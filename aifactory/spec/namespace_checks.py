"""Checks of who lives in which namespace: each returns every problem it finds, none raises."""

from collections.abc import Iterator

from aifactory.errors import Problem
from aifactory.spec.stack import Stack

RESERVED = ("aifactory-system", "default", "kube-node-lease", "kube-public", "kube-system")
"""Namespaces that the factory or Kubernetes itself lives in."""


def _taken(stack: Stack) -> set[str]:
    operators = stack.operators
    return {
        operators.gpu_operator.namespace,
        operators.dra_driver.namespace,
        operators.node_feature_discovery.namespace,
        operators.device_plugin.namespace,
        stack.network.monitoring_namespace,
        *RESERVED,
    }


def _taken_problem(path: str, namespace: str, taken: set[str], example: str) -> Problem:
    return Problem(
        path,
        f"the namespace '{namespace}' is taken by an operator, monitoring or Kubernetes",
        f"any namespace but {', '.join(sorted(taken))}",
        f"name it after {example}",
    )


def namespaces_apart(stack: Stack) -> Iterator[Problem]:
    """A service does not live with an operator: their pods have other rights and other open flows."""
    taken = _taken(stack)
    for index, service in enumerate(stack.services):
        if service.namespace in taken:
            path, example = f"services.{index}.namespace", f"the service, for example {service.name.value}"
            yield _taken_problem(path, service.namespace, taken, example)


def tenants_apart(stack: Stack) -> Iterator[Problem]:
    """A tenant's namespaces are its own: no operator, no service and no other tenant lives there.

    A service's plane works for every tenant. Members of a tenant with rights in its namespace would reach the
    others' work and data, and one namespace would be declared, closed and counted twice.
    """
    taken = _taken(stack)
    planes = {service.namespace: service.name.value for service in stack.services}
    owners: dict[str, str] = {}
    for index, tenant in enumerate(stack.tenants):
        for number, namespace in enumerate(tenant.namespaces):
            path = f"tenants.{index}.namespaces.{number}"
            if namespace in taken:
                yield _taken_problem(path, namespace, taken, f"the tenant, for example {tenant.name}-work")
            elif namespace in planes:
                yield Problem(
                    path,
                    f"'{namespace}' is the namespace of the service '{planes[namespace]}'",
                    "a service works for every tenant, so that no tenant has rights in its namespace",
                    f"give the tenant its own, for example {tenant.name}-{namespace}",
                )
            elif namespace in owners:
                yield Problem(
                    path,
                    f"'{namespace}' is already a namespace of the tenant '{owners[namespace]}'",
                    "each namespace is named once, by one tenant",
                    "remove it, or give the tenant its own",
                )
            owners.setdefault(namespace, tenant.name)


CHECKS = (namespaces_apart, tenants_apart)
