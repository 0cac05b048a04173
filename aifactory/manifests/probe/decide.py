"""Which policies decide on a connection, so that whoever reads a table knows where to look."""

from collections.abc import Iterable

from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.probe.evaluate import DIRECTIONS, Evaluator, Opened
from aifactory.manifests.probe.rules import Policy


class Deciders:
    """The policies by what they decide.

    Args:
        evaluator: Reads the policies.
        policies: All policies.
    """

    def __init__(self, evaluator: Evaluator, policies: Iterable[KubernetesObject]) -> None:
        known = [(Policy(one).name, evaluator.opened(one)) for one in policies]
        self._by_pod = {
            (way, index): [(name, opened[way][index]) for name, opened in known if index in opened[way]]
            for way in DIRECTIONS
            for index, one in enumerate(evaluator.endpoints)
            if one.is_pod
        }
        self._bare = {
            (name, direction)
            for name, opened in known
            for direction in DIRECTIONS
            if _opens_nothing(opened[direction])
        }

    def of(self, source: int, destination: int, ports: int) -> tuple[str, ...]:
        """The policies that decide on a connection, as ``<namespace>/<name>``; none where nothing closes it.

        Where both sides let it through, those that do; else, of each side that does not, the policies that
        select the pod and open nothing at all, or every one that selects it where there is none such.

        Args:
            source: Index of the one end.
            destination: Index of the other end.
            ports: The ports, as bits.
        """
        opening: set[str] = set()
        closing: set[str] = set()
        for direction, own, peer in (("Egress", source, destination), ("Ingress", destination, source)):
            selecting = self._by_pod.get((direction, own), [])
            lets = {name for name, masks in selecting if masks[peer] & ports}
            opening |= lets
            if selecting and not lets:
                names = {name for name, _ in selecting}
                closing |= {name for name in names if (name, direction) in self._bare} or names
        return tuple(sorted(closing or opening))


def _opens_nothing(opened: Opened) -> bool:
    return not any(any(masks) for masks in opened.values())
