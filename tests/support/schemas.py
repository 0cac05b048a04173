"""Validate objects against the schemas of real CRDs, unknown fields included."""

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from aifactory.lab.places import crd_folder
from aifactory.manifests.model import KubernetesObject, key_of

_META = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}


def crd_dir() -> Path | None:
    """The folder with the real CRDs, from AIFACTORY_CRDS or beside the checkout; None without one."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "crds"
    return crd_folder() or (beside if beside.is_dir() else None)


@cache
def _schemas() -> dict[tuple[str, str], dict[str, Any]]:
    folder = crd_dir()
    found: dict[tuple[str, str], dict[str, Any]] = {}
    if folder is None:
        return found
    for file in sorted(folder.glob("*/*.yaml")):
        if file.parent.name == "gpu-operator" and "computedomain" in file.name:
            continue  # an older copy of the DRA driver's own
        crd = yaml.load(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        for version in crd["spec"]["versions"]:
            key = (f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"])
            found[key] = version.get("schema", {}).get("openAPIV3Schema", {})
    return found


def _strict(schema: Any) -> Any:
    """The structural schema with unknown fields forbidden, as strict field validation has it."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: _strict(value) for key, value in schema.items() if key != "properties"}
    if out.pop("x-kubernetes-int-or-string", False):
        out.pop("type", None)
        out["type"] = ["integer", "string"]
    if out.pop("nullable", False) and isinstance(out.get("type"), str):
        out["type"] = [out["type"], "null"]
    out.pop("format", None)
    if "properties" in schema:
        out["properties"] = {key: _strict(value) for key, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields") and "additionalProperties" not in schema:
            out["additionalProperties"] = False
    return out


def violations(manifest: KubernetesObject) -> list[str]:
    """What the object's CRD has against it, unknown fields included.

    Raises:
        LookupError: If no CRD of that version and kind is at hand.
    """
    key = key_of(manifest)
    schema = _schemas().get((key.api_version, key.kind))
    if schema is None:
        raise LookupError(f"no CRD serves {key.api_version} {key.kind}")
    strict = _strict(schema)
    strict["properties"] = {**strict.get("properties", {}), **_META}
    validator = jsonschema.Draft202012Validator(strict)
    return [
        f"{key}: {'.'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(manifest)
    ]
