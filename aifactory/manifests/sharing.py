"""Named configurations of the device plugin: how each pool's GPUs are offered to pods.

The file format is version ``v1`` of k8s-device-plugin v0.20.0 (api/config/v1); a node chooses its
configuration by the label ``nvidia.com/device-plugin.config``.
"""

from collections.abc import Iterable

import yaml
from pydantic import JsonValue

from aifactory.plan import nodes
from aifactory.plan.capacity import GPU, mig_resources
from aifactory.plan.models import PoolPlan

DEFAULT = "default"
"""Key of the configuration of nodes that choose none: whole GPUs."""


def plugin_config(planned: PoolPlan) -> dict[str, JsonValue]:
    """The configuration file of a pool, as the device plugin and GPU feature discovery read it.

    - Sharing lists every resource of the node, so that all of its GPUs or instances are offered alike.
    - A pod that asks for more than one share is refused: shares add neither memory nor time.
    - Shares are renamed to ``<resource>.shared`` or not at all; the plugin accepts no other name.

    Args:
        planned: A pool whose GPUs the device plugin offers.

    Raises:
        ValueError: If the pool's GPUs are allocated through DRA, or its MIG layout has no instances.
    """
    if nodes.plugin_config(planned) is None:
        raise ValueError(f"pool {planned.name} allocates through DRA and has no device-plugin configuration")
    pool = planned.pool
    flags: dict[str, JsonValue] = {
        "migStrategy": pool.partitioning.mig.strategy if pool.partitioning.mig else "none"
    }
    if pool.driver.gds:
        flags["gdsEnabled"] = True
    config: dict[str, JsonValue] = {"version": "v1", "flags": flags}
    sharing = _sharing(planned)
    if sharing:
        config["sharing"] = sharing
    return config


def default_config() -> dict[str, JsonValue]:
    """The configuration of a node that chooses none: whole GPUs, not shared."""
    return {"version": "v1", "flags": {"migStrategy": "none"}}


def config_files(pools: Iterable[PoolPlan]) -> dict[str, str]:
    """Configuration files by key, as a ConfigMap holds them: one a pool, and ``default``.

    Pools that allocate through DRA have none and are left out.

    Args:
        pools: Pools of one device plugin.

    Raises:
        ValueError: If a pool is named ``default``, or as :func:`plugin_config`.
    """
    files = {DEFAULT: _text(default_config())}
    for planned in pools:
        key = nodes.plugin_config(planned)
        if key is None:
            continue
        if key == DEFAULT:
            raise ValueError(f"a pool cannot be named '{DEFAULT}': that configuration is for all other nodes")
        files[key] = _text(plugin_config(planned))
    return files


def _sharing(planned: PoolPlan) -> dict[str, JsonValue]:
    cut = planned.pool.partitioning
    shared = cut.time_slicing or cut.mps
    if shared is None:
        return {}
    names = sorted(mig_resources(planned.system, cut)) if cut.mig is not None else [GPU]
    if not names:
        raise ValueError(f"pool {planned.name} shares MIG instances, but its layout has none on its GPU")
    resources: list[JsonValue] = [{"name": name, "replicas": shared.replicas} for name in names]
    return {
        "mps" if cut.mps is not None else "timeSlicing": {
            "renameByDefault": shared.rename,
            "failRequestsGreaterThanOne": True,
            "resources": resources,
        }
    }


def _text(config: dict[str, JsonValue]) -> str:
    return yaml.safe_dump(config, sort_keys=False)
