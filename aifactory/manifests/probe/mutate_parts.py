"""Mistakes in the parts of a policy: its selectors, ports and address blocks."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

Slip = tuple[str, Any]


def selector_slips(selector: dict[str, Any]) -> Iterator[Slip]:
    """A label's key or value misspelt, a value gone or one too many, an operator changed."""
    for key, value in selector.get("matchLabels", {}).items():
        yield f"key {key} is misspelt", {"matchLabels": {f"{key}-x": value}}
        yield f"value of {key} is misspelt", {"matchLabels": {key: f"{value}-x"}}
        yield f"any value of {key}", {"matchExpressions": [{"key": key, "operator": "Exists"}]}
    for expression in selector.get("matchExpressions", []):
        for what, changed in _expression_slips(expression):
            yield what, {"matchExpressions": [changed]}


def _expression_slips(expression: dict[str, Any]) -> Iterator[Slip]:
    key, operator, values = expression["key"], expression["operator"], expression.get("values", [])
    yield f"key {key} is misspelt", {**expression, "key": f"{key}-x"}
    opposite = {"In": "NotIn", "NotIn": "In", "Exists": "DoesNotExist", "DoesNotExist": "Exists"}[operator]
    yield f"{opposite} instead of {operator}", {**expression, "operator": opposite}
    if operator == "In":
        yield f"any value of {key}", {"key": key, "operator": "Exists"}
    for index, value in enumerate(values):
        rest = [*values[:index], *values[index + 1 :]]
        yield f"value {value} is misspelt", {**expression, "values": [*rest, f"{value}-x"]}
        if rest:
            yield f"value {value} is gone", {**expression, "values": rest}


def port_slips(port: dict[str, Any]) -> Iterator[Slip]:
    """The next port or the one before, another protocol, every port up to a higher one."""
    number, protocol = port["port"], port["protocol"]
    label = f"{number}/{protocol}"
    other = "UDP" if protocol == "TCP" else "TCP"
    yield f"{label} is {number + 1}", {**port, "port": number + 1}
    yield f"{label} is {number - 1}", {**port, "port": number - 1}
    yield f"{label} is {other}", {**port, "protocol": other}
    yield f"{label} ends at {number + 1}", {**port, "endPort": number + 1}
    yield f"{label} is every port", {"protocol": protocol}


def block_slips(block: dict[str, Any]) -> Iterator[Slip]:
    """A network that is wider, half as wide or elsewhere, and exceptions that are gone, wider or narrower."""
    beside = block.get("except", [])
    for what, cidr in _network_slips(block["cidr"]):
        inside = [one for one in beside if ip_network(one).subnet_of(ip_network(cidr))]  # type: ignore[arg-type]
        yield f"{block['cidr']} {what}", {"cidr": cidr, **({"except": inside} if inside else {})}
    if beside:
        yield "has lost its except", {"cidr": block["cidr"]}
    for index, one in enumerate(beside):
        rest = [*beside[:index], *beside[index + 1 :]]
        yield f"has lost the exception {one}", {**block, "except": rest}
        for what, cidr in _network_slips(one):
            yield f"exception {one} {what}", {**block, "except": [*rest, cidr]}


def _network_slips(cidr: str) -> Iterator[tuple[str, str]]:
    network = ip_network(cidr)
    if network.prefixlen > 0:
        yield "is twice as wide", str(network.supernet())
    if network.prefixlen < network.max_prefixlen:
        lower, upper = network.subnets()
        yield "has lost its upper half", str(lower)
        yield "has lost its lower half", str(upper)
    if network.prefixlen > 0:
        beside = network.supernet()
        other = next(half for half in beside.subnets() if half != network)
        yield "is the network beside it", str(other)
