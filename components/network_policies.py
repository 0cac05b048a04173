"""NetworkPolicies: default deny in every namespace of the factory, and the flows that are open."""

import pulumi

from aifactory.manifests import network_policies
from aifactory.manifests.network_policies import NetworkPoliciesArgs
from components.base import FactoryComponent


class NetworkPolicies(FactoryComponent):
    """Every namespace of the factory is closed in both directions, but for the flows of one table.

    A unit because the flows cross namespaces: both ends of a connection are opened together.

    Creates:
        NetworkPolicy ``default-deny`` and ``allow-dns`` in every namespace, one NetworkPolicy a flow, and,
        where the cluster serves it, one ClusterNetworkPolicy ``aifactory-isolation-<namespace>`` a service
        namespace.

    Args:
        name: Name of the component.
        args: The address plan, the profile and the namespaces.
        opts: Pulumi options; give the provider of the cluster here.

    Attributes:
        namespaces: Names of the namespaces that are closed, sorted; known at preview.
        policies: The policies as ``<namespace>/<name>``, cluster-wide ones as ``<name>``, sorted; known at
            preview.
        profile: How much is opened, ``pilot`` or ``production``; known at preview.

    Example:
        >>> args = NetworkPoliciesArgs(service_namespaces=("training",))
        >>> NetworkPolicies("network-policies", args)  # doctest: +SKIP
    """

    kind = "NetworkPolicies"
    namespaces: pulumi.Output[list[str]]
    policies: pulumi.Output[list[str]]
    profile: pulumi.Output[str]

    def __init__(
        self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        layers = network_policies.layers(args)
        super().__init__(name, layers, opts)
        self.namespaces = pulumi.Output.from_input(list(args.homes()))
        self.policies = pulumi.Output.from_input(network_policies.policy_names(layers))
        self.profile = pulumi.Output.from_input(args.profile.value)
        self.publish(namespaces=self.namespaces, policies=self.policies, profile=self.profile)


__all__ = ["NetworkPolicies", "NetworkPoliciesArgs"]
