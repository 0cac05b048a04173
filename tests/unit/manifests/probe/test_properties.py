"""What holds of the evaluator whatever the policies are."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aifactory.manifests.probe.endpoints import Endpoint, NamedPort, PortId
from aifactory.manifests.probe.evaluate import Evaluator
from aifactory.manifests.probe.matrix import Matrix, differing, everything
from tests.support.probes import pod, policy

PORTS = tuple(PortId(number, protocol) for number in (80, 81, 443) for protocol in ("TCP", "UDP"))
NAMED = (NamedPort(name="web", number=80),)
ENDS = (
    pod("a/one", "10.0.0.1", labels={"app": "x"}, named_ports=NAMED),
    pod("a/two", "10.0.0.2", labels={"app": "y"}),
    pod("b/one", "10.0.1.1", labels={"app": "x", "tier": "z"}),
    pod("c/one", "10.0.2.1"),
    Endpoint(name="inside", place="network", address="192.0.2.1"),
    Endpoint(name="beside", place="network", address="192.0.3.1"),
)
labels = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["x", "y", "z"]), max_size=2)
expressions = st.one_of(
    st.builds(
        lambda key, operator, values: {"key": key, "operator": operator, "values": values},
        st.sampled_from(["app", "tier"]),
        st.sampled_from(["In", "NotIn"]),
        st.lists(st.sampled_from(["x", "y"]), min_size=1, max_size=2),
    ),
    st.builds(
        lambda key, operator: {"key": key, "operator": operator},
        st.sampled_from(["app", "tier"]),
        st.sampled_from(["Exists", "DoesNotExist"]),
    ),
)
selectors = st.builds(
    lambda pairs, more: {"matchLabels": pairs, "matchExpressions": more},
    labels,
    st.lists(expressions, max_size=1),
)
spaces = st.sampled_from([{}, {"matchLabels": {"team": "a"}}, {"matchLabels": {"team": "b"}}])
peers = st.one_of(
    st.builds(lambda pods: {"podSelector": pods}, selectors),
    st.builds(lambda space: {"namespaceSelector": space}, spaces),
    st.builds(lambda space, pods: {"namespaceSelector": space, "podSelector": pods}, spaces, selectors),
    st.sampled_from(
        [
            {"ipBlock": {"cidr": "192.0.2.0/24"}},
            {"ipBlock": {"cidr": "192.0.2.0/23", "except": ["192.0.3.0/24"]}},
            {"ipBlock": {"cidr": "10.0.0.0/8"}},
        ]
    ),
)
ports = st.one_of(
    st.sampled_from([{"port": "web"}, {"protocol": "UDP"}]),
    st.builds(
        lambda number, protocol: {"port": number, "protocol": protocol},
        st.sampled_from([80, 81, 443]),
        st.sampled_from(["TCP", "UDP"]),
    ),
    st.just({"port": 80, "endPort": 443}),
)


def rules(side: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rules of one direction."""
    made = st.fixed_dictionaries(
        {}, optional={side: st.lists(peers, max_size=2), "ports": st.lists(ports, max_size=2)}
    )
    return st.lists(made, max_size=2)


types = st.sampled_from([[], ["Ingress"], ["Egress"], ["Ingress", "Egress"]])
specs = st.fixed_dictionaries(
    {"podSelector": selectors, "policyTypes": types},
    optional={"ingress": rules("from"), "egress": rules("to")},
)
policies = st.lists(
    st.builds(lambda spec, space: policy(spec, namespace=space), specs, st.sampled_from(["a", "b"])),
    max_size=4,
)


def matrix(found: list[dict[str, Any]]) -> Matrix:
    """What is open under some policies."""
    return Evaluator(ENDS, PORTS).matrix(found)


def opened(found: list[dict[str, Any]]) -> dict[tuple[int, int], int]:
    """The open ports of every pair."""
    made = matrix(found)
    return {pair: made.open(*pair) for pair in made.pairs()}


def is_subset(less: dict[tuple[int, int], int], more: dict[tuple[int, int], int]) -> bool:
    """Whether everything that is open in one is open in the other."""
    return all(ports & ~more[pair] == 0 for pair, ports in less.items())


@settings(deadline=None, max_examples=150)
@given(policies, st.data())
def test_one_more_rule_never_closes_anything(found: list[dict[str, Any]], data: st.DataObject) -> None:
    """Rules add up: a policy with one more rule in a direction it closes lets through at least what it did."""
    before = [policy({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}, "last"), *found]
    side, direction = data.draw(st.sampled_from([("from", "ingress"), ("to", "egress")]))
    more = policy(
        {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], direction: data.draw(rules(side))}, "last"
    )

    assert is_subset(opened(before), opened([more, *found]))


@settings(deadline=None, max_examples=150)
@given(policies, labels)
def test_a_policy_without_rules_never_opens_anything(
    found: list[dict[str, Any]], picked: dict[str, str]
) -> None:
    """One more policy that has no rules lets through at most what was let through."""
    deny = policy({"podSelector": {"matchLabels": picked}, "policyTypes": ["Ingress", "Egress"]}, "deny")

    assert is_subset(opened([*found, deny]), opened(found))


@settings(deadline=None, max_examples=100)
@given(policies, st.randoms(use_true_random=False))
def test_the_order_of_policies_is_of_no_account(found: list[dict[str, Any]], random: Any) -> None:
    """Shuffled, and each one written twice, policies let through the same."""
    shuffled = [*found, *found]
    random.shuffle(shuffled)

    assert opened(shuffled) == opened(found)


@settings(deadline=None, max_examples=100)
@given(policies)
def test_a_rule_for_everything_beside_each_opens_all(found: list[dict[str, Any]]) -> None:
    """With a policy that opens everything in each namespace nothing else closes anything."""
    rule = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]}
    opening = [policy(rule, "open", space) for space in ("a", "b", "c")]

    assert set(opened([*found, *opening]).values()) == {everything(PORTS)}


@settings(deadline=None, max_examples=100)
@given(policies)
def test_a_namespace_without_policies_stays_open(found: list[dict[str, Any]]) -> None:
    """What only has ends in a namespace without policies, or outside, is open."""
    made = matrix(found)
    plain = [index for index, one in enumerate(ENDS) if one.namespace not in ("a", "b")]

    assert {made.open(one, other) for one in plain for other in plain} == {everything(PORTS)}


@settings(deadline=None, max_examples=100)
@given(policies, policies)
def test_a_difference_is_found_exactly_where_sides_differ(
    found: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    """Differences name each pair once whose sides are not the same, and the ports that are open in one only."""
    one, two = matrix(found), matrix(other)
    named = {(each.source, each.destination): each for each in differing(one, two)}

    for pair in one.pairs():
        ports = one.open(*pair) ^ two.open(*pair)
        assert (named[pair].ports if pair in named else 0) == ports
    assert all(each.ports | each.hidden for each in named.values())
    assert not any(True for _ in differing(one, one))
