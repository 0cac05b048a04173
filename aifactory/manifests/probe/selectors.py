"""Label selectors as Kubernetes reads them."""

from collections.abc import Mapping

from pydantic import JsonValue

from aifactory.errors import AIFactoryError

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def _refused(what: str, allowed: str) -> AIFactoryError:
    return AIFactoryError(f"{what}; {allowed}; correct the policy's selector")


def _expression(expression: JsonValue, labels: Mapping[str, str]) -> bool:
    if not isinstance(expression, dict) or not isinstance(expression.get("key"), str):
        raise _refused(
            f"{expression!r} is no expression of a label selector", "a key and an operator are needed"
        )
    key, operator, values = str(expression["key"]), expression.get("operator"), expression.get("values")
    if operator not in OPERATORS:
        raise _refused(
            f"'{operator}' is no operator of a label selector", f"operators: {', '.join(OPERATORS)}"
        )
    if operator in ("In", "NotIn"):
        if not isinstance(values, list) or not values:
            raise _refused(f"operator {operator} of '{key}' has no values", "at least one is needed")
        return (labels.get(key) in values) is (operator == "In")
    if values:
        raise _refused(f"operator {operator} of '{key}' has values", "it takes none")
    return (key in labels) is (operator == "Exists")


def matches(selector: JsonValue, labels: Mapping[str, str]) -> bool:
    """Whether a label selector picks something with these labels; an empty one picks everything.

    Args:
        selector: A LabelSelector: ``matchLabels`` and ``matchExpressions``, all of which must hold.
        labels: Labels of a pod or a namespace. ``NotIn`` holds where the label is absent.

    Raises:
        AIFactoryError: If it is no selector that the API server would take.
    """
    if not isinstance(selector, dict) or set(selector) - {"matchLabels", "matchExpressions"}:
        raise _refused(f"{selector!r} is no label selector", "matchLabels and matchExpressions are allowed")
    pairs, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    if not isinstance(pairs, dict) or not isinstance(expressions, list):
        raise _refused(f"{selector!r} is no label selector", "matchLabels is a map, matchExpressions a list")
    return all(labels.get(key) == value for key, value in pairs.items()) and all(
        _expression(expression, labels) for expression in expressions
    )
