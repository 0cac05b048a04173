"""NetworkPolicies as Kubernetes reads them."""

from typing import Any

import pytest

from aifactory.errors import AIFactoryError
from aifactory.manifests.probe.decide import Deciders
from aifactory.manifests.probe.endpoints import Endpoint, NamedPort, PortId
from aifactory.manifests.probe.evaluate import Evaluator, policies_of
from aifactory.manifests.probe.selectors import matches
from tests.support.probes import open_ports, pod, policy

PORTS = [PortId(80, "TCP"), PortId(81, "TCP"), PortId(80, "UDP"), PortId(443, "TCP")]
ALL = ["80/TCP", "81/TCP", "80/UDP", "443/TCP"]
CLIENT = pod("b/client", "10.0.1.1", labels={"app": "client"})
SERVER = pod(
    "a/server", "10.0.0.1", labels={"app": "server"}, named_ports=(NamedPort(name="web", number=80),)
)
OUTSIDE = Endpoint(name="outside", place="outside", address="192.0.2.7")
ANY: dict[str, Any] = {"podSelector": {}}


def reached(spec: dict[str, Any], source: Endpoint = CLIENT) -> list[str]:
    """Ports of the server that a source reaches under one policy of the server's namespace."""
    return open_ports([policy(spec)], source, SERVER, PORTS)


def ingress(*rules: dict[str, Any]) -> dict[str, Any]:
    """A policy for every pod with these rules for ingress."""
    return {**ANY, "policyTypes": ["Ingress"], "ingress": list(rules)}


def test_without_a_policy_everything_is_open() -> None:
    """A pod that no policy selects is open, and so is one whose namespace has policies for other pods."""
    assert open_ports([], CLIENT, SERVER, PORTS) == ALL
    assert reached({"podSelector": {"matchLabels": {"app": "other"}}, "policyTypes": ["Ingress"]}) == ALL


@pytest.mark.parametrize(
    ("spec", "inward", "outward"),
    [
        ({**ANY}, [], ALL),
        ({**ANY, "policyTypes": []}, [], ALL),
        ({**ANY, "policyTypes": ["Egress"]}, ALL, []),
        ({**ANY, "policyTypes": ["Ingress", "Egress"]}, [], []),
        ({**ANY, "egress": [{}]}, [], ALL),
        ({**ANY, "egress": [{"to": [{"podSelector": {}}]}]}, [], []),
        ({**ANY, "policyTypes": ["Ingress"], "egress": [{"to": [{"podSelector": {}}]}]}, [], ALL),
        ({**ANY, "policyTypes": ["Egress"], "ingress": [{}]}, ALL, []),
    ],
)
def test_types_that_are_not_named_have_defaults(
    spec: dict[str, Any], inward: list[str], outward: list[str]
) -> None:
    """Without policyTypes ingress is closed, and egress where there are such rules; rules of others do nothing."""
    assert reached(spec) == inward
    assert open_ports([policy(spec)], SERVER, CLIENT, PORTS) == outward


@pytest.mark.parametrize(
    ("peers", "inside"),
    [
        ({}, True),
        ({"from": []}, True),
        ({"from": [{"podSelector": {}}]}, False),
        ({"from": [{"namespaceSelector": {}}]}, True),
        ({"from": [{"namespaceSelector": {"matchLabels": {"team": "b"}}}]}, True),
        ({"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]}, False),
        ({"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "client"}}}]}, True),
        ({"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "x"}}}]}, False),
        ({"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, True),
        ({"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.1.0/24"]}}]}, False),
        ({"from": [{"ipBlock": {"cidr": "10.0.2.0/24"}}, {"namespaceSelector": {}}]}, True),
        ({"from": [{"ipBlock": {"cidr": "fd00::/8"}}]}, False),
    ],
)
def test_peers_are_everyone_or_any_that_is_named(peers: dict[str, Any], inside: bool) -> None:
    """No peers means everyone; a podSelector alone is of the policy's namespace; both selectors must hold."""
    assert reached(ingress(peers)) == (ALL if inside else [])


def test_selectors_pick_no_addresses() -> None:
    """An address outside is a peer by an ipBlock or where there are no peers, never by a selector."""
    assert reached(ingress({"from": [{"namespaceSelector": {}}]}), OUTSIDE) == []
    assert reached(ingress({"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}), OUTSIDE) == ALL
    assert reached(ingress({}), OUTSIDE) == ALL


@pytest.mark.parametrize(
    ("ports", "opened"),
    [
        ([], ALL),
        ([{"port": 80}], ["80/TCP"]),
        ([{"port": 80, "protocol": "UDP"}], ["80/UDP"]),
        ([{"protocol": "TCP"}], ["80/TCP", "81/TCP", "443/TCP"]),
        ([{"port": 80, "endPort": 100}], ["80/TCP", "81/TCP"]),
        ([{"port": "web"}], ["80/TCP"]),
        ([{"port": "web", "protocol": "UDP"}], []),
        ([{"port": "other"}], []),
        ([{"port": 81}, {"port": 443}], ["81/TCP", "443/TCP"]),
    ],
)
def test_ports_are_all_or_those_that_are_named(ports: list[dict[str, Any]], opened: list[str]) -> None:
    """No ports means all; TCP is the default; a range has both ends; a name is that of the destination's port."""
    assert reached(ingress({"ports": ports})) == opened


def test_a_named_port_is_the_destinations_in_egress_too() -> None:
    """An egress rule that names a port opens the number that the destination calls so."""
    spec = {**ANY, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": "web"}]}]}

    assert open_ports([policy(spec, namespace="b")], CLIENT, SERVER, PORTS) == ["80/TCP"]
    assert open_ports([policy(spec, namespace="a")], SERVER, CLIENT, PORTS) == []


def test_both_sides_must_let_it_through() -> None:
    """A connection is open where the source's egress and the destination's ingress both allow it; rules add up."""
    inward = policy(ingress({"ports": [{"port": 80}, {"port": 81}]}))
    more = policy(ingress({"ports": [{"port": 443}]}), "more")
    spec = {**ANY, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 81}, {"port": 443}]}]}

    assert open_ports([inward, policy(spec, namespace="b")], CLIENT, SERVER, PORTS) == ["81/TCP"]
    assert open_ports([inward, more, policy(spec, namespace="b")], CLIENT, SERVER, PORTS) == [
        "81/TCP",
        "443/TCP",
    ]


def test_who_decides_is_named() -> None:
    """The policies that open a connection are named, or else the bare denials of the sides that close it."""
    deny = policy({**ANY, "policyTypes": ["Ingress", "Egress"]}, "deny")
    web = policy(ingress({"ports": [{"port": 80}]}), "web")
    evaluator = Evaluator([CLIENT, SERVER], PORTS)
    deciders = Deciders(evaluator, [deny, web])

    assert deciders.of(0, 1, 0b0001) == ("a/web",)
    assert deciders.of(0, 1, 0b0010) == ("a/deny",)
    assert deciders.of(1, 0, 0b0001) == ("a/deny",)
    assert Deciders(evaluator, [web]).of(0, 1, 0b0010) == ("a/web",)
    assert Deciders(evaluator, []).of(0, 1, 1) == ()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {**ANY, "policyTypes": ["Inwards"]},
            "policyTypes of a/p has 'Inwards'; Ingress and Egress are allowed; correct the policy",
        ),
        (
            ingress({"from": [{}]}),
            "a peer of a/p names nothing; ipBlock, namespaceSelector and podSelector are allowed;"
            " name one, or leave the list of peers out for everyone",
        ),
        (ingress({"from": "x"}), "from of a/p is 'x'; a list is needed; correct the policy"),
        (
            ingress({"ports": [{"port": 1.5}]}),
            "port 1.5 of a policy; a number or a name is needed; correct the policy",
        ),
    ],
)
def test_a_policy_that_the_api_server_refuses_is_refused(spec: dict[str, Any], message: str) -> None:
    """What is no NetworkPolicy is an error and not closed."""
    with pytest.raises(AIFactoryError) as caught:
        reached(spec)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("expression", "picked"),
    [
        ({"key": "app", "operator": "In", "values": ["client", "x"]}, True),
        ({"key": "app", "operator": "In", "values": ["x"]}, False),
        ({"key": "app", "operator": "NotIn", "values": ["x"]}, True),
        ({"key": "none", "operator": "NotIn", "values": ["x"]}, True),
        ({"key": "app", "operator": "NotIn", "values": ["client"]}, False),
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "none", "operator": "Exists"}, False),
        ({"key": "none", "operator": "DoesNotExist"}, True),
    ],
)
def test_expressions_mean_what_kubernetes_means(expression: dict[str, Any], picked: bool) -> None:
    """Each operator of a label selector; NotIn holds where the label is absent."""
    assert matches({"matchExpressions": [expression]}, CLIENT.labels) is picked
    assert (
        matches({"matchLabels": {"app": "other"}, "matchExpressions": [expression]}, CLIENT.labels) is False
    )


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ({"app": "x"}, "{'app': 'x'} is no label selector; matchLabels and matchExpressions are allowed"),
        ({"matchLabels": ["x"]}, "{'matchLabels': ['x']} is no label selector; matchLabels is a map, "
         "matchExpressions a list"),
        ({"matchExpressions": ["x"]}, "'x' is no expression of a label selector; a key and an operator are needed"),
        ({"matchExpressions": [{"key": "a", "operator": "Is"}]}, "'Is' is no operator of a label selector; "
         "operators: In, NotIn, Exists, DoesNotExist"),
        ({"matchExpressions": [{"key": "a", "operator": "In"}]}, "operator In of 'a' has no values; "
         "at least one is needed"),
        ({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["x"]}]},
         "operator Exists of 'a' has values; it takes none"),
    ],
)  # fmt: skip
def test_a_selector_that_is_none_is_refused(selector: dict[str, Any], message: str) -> None:
    """What is no label selector is named with what is allowed."""
    with pytest.raises(AIFactoryError) as caught:
        matches(selector, {})

    assert str(caught.value) == f"{message}; correct the policy's selector"


def test_only_network_policies_are_read() -> None:
    """Objects of other kinds, and NetworkPolicies of other APIs, are left out."""
    other: dict[str, Any] = {"apiVersion": "cilium.io/v2", "kind": "NetworkPolicy", "metadata": {"name": "x"}}

    assert policies_of([other, policy({**ANY}), {"kind": "Pod"}]) == [policy({**ANY})]
