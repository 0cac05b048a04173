"""Named configurations of the device plugin."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from aifactory.catalog.load import catalog
from aifactory.manifests.sharing import DEFAULT, config_files, plugin_config
from aifactory.plan.capacity import pool_plan
from aifactory.plan.models import PoolPlan
from aifactory.plan.nodes import PLUGIN_CONFIG_LABEL, pool_labels
from aifactory.spec.pools import Pool


def planned(name: str, system: str = "gb300-nvl72", **fields: JsonValue) -> PoolPlan:
    """A pool of two nodes."""
    pool = Pool.model_validate({"name": name, "system": system, "nodes": 2, "service": "inference", **fields})
    return pool_plan(pool, catalog().systems[system])


def test_whole_gpus_are_not_shared() -> None:
    """A pool without partitioning offers whole GPUs, and its configuration shares nothing."""
    assert plugin_config(planned("whole")) == {"version": "v1", "flags": {"migStrategy": "none"}}


def test_time_slicing_offers_each_gpu_several_times() -> None:
    """Time-slicing renders its replicas for whole GPUs, and refuses a request for several shares."""
    config = plugin_config(planned("sliced", partitioning={"time_slicing": {"replicas": 4}}))

    assert config["sharing"] == {
        "timeSlicing": {
            "renameByDefault": False,
            "failRequestsGreaterThanOne": True,
            "resources": [{"name": "nvidia.com/gpu", "replicas": 4}],
        }
    }


def test_mps_shares_under_another_name() -> None:
    """MPS renders under its own key, and a renamed share uses the only name that the plugin accepts."""
    config = plugin_config(planned("mps", partitioning={"mps": {"replicas": 8, "rename": True}}))

    assert config["sharing"] == {
        "mps": {
            "renameByDefault": True,
            "failRequestsGreaterThanOne": True,
            "resources": [{"name": "nvidia.com/gpu", "replicas": 8}],
        }
    }


@pytest.mark.parametrize("strategy", ["mixed", "single"])
def test_mig_strategy_is_the_pools_own(strategy: str) -> None:
    """Each pool's configuration names the pool's MIG strategy."""
    config = plugin_config(
        planned("mig", partitioning={"mig": {"layout": "all-1g.35gb", "strategy": strategy}})
    )

    assert config["flags"] == {"migStrategy": strategy}


def test_shared_instances_are_named_by_profile() -> None:
    """With strategy mixed every profile of the layout is shared, each under its own name."""
    cut: JsonValue = {"mig": {"layout": "all-balanced"}, "time_slicing": {"replicas": 2}}

    config = plugin_config(planned("balanced", partitioning=cut))

    sharing = config["sharing"]
    assert isinstance(sharing, dict)
    assert isinstance(sharing["timeSlicing"], dict)
    assert sharing["timeSlicing"]["resources"] == [
        {"name": "nvidia.com/mig-1g.35gb", "replicas": 2},
        {"name": "nvidia.com/mig-2g.70gb", "replicas": 2},
        {"name": "nvidia.com/mig-3g.139gb", "replicas": 2},
    ]


def test_storage_straight_to_the_gpu_is_a_flag() -> None:
    """A pool with GPUDirect Storage lets containers have its devices; another pool does not."""
    assert plugin_config(planned("gds", driver={"gds": True}))["flags"] == {
        "migStrategy": "none",
        "gdsEnabled": True,
    }


def test_a_shared_layout_without_instances_is_refused() -> None:
    """A layout that the pool's GPU does not have cannot be shared."""
    cut: JsonValue = {"mig": {"layout": "all-1g.5gb"}, "time_slicing": {"replicas": 2}}

    with pytest.raises(
        ValueError, match=r"^pool old shares MIG instances, but its layout has none on its GPU$"
    ):
        plugin_config(planned("old", partitioning=cut))


def test_a_dra_pool_has_no_configuration() -> None:
    """Asking for the configuration of a DRA pool is an error, and it has no key among the files."""
    claims = planned("claims", allocation="dra")

    with pytest.raises(
        ValueError, match=r"^pool claims allocates through DRA and has no device-plugin configuration$"
    ):
        plugin_config(claims)
    assert list(config_files((claims,))) == [DEFAULT]


def test_a_pool_named_default_is_refused() -> None:
    """The key of all other nodes cannot be a pool's."""
    with pytest.raises(
        ValueError, match=r"^a pool cannot be named 'default': that configuration is for all other nodes$"
    ):
        config_files((planned("default"),))


@given(
    st.lists(
        st.tuples(st.sampled_from(["device-plugin", "dra"]), st.sampled_from([None, 2, 128])), max_size=5
    )
)
def test_every_key_a_node_names_is_there(pools: list[tuple[str, int | None]]) -> None:
    """The keys are those that the pools' nodes name by label, and ``default``; shares are at least two."""
    plans = [
        planned(
            f"p{index}",
            allocation=allocation,
            partitioning={"time_slicing": {"replicas": replicas}} if replicas and allocation != "dra" else {},
        )
        for index, (allocation, replicas) in enumerate(pools)
    ]

    files = config_files(plans)

    named = {pool_labels(plan)[PLUGIN_CONFIG_LABEL] for plan in plans if plan.pool.allocation.value != "dra"}
    assert set(files) == named | {DEFAULT}
    for text in files.values():
        config = yaml.safe_load(text)
        assert config["version"] == "v1"
        shared = config.get("sharing", {}).get("timeSlicing", {}).get("resources", [])
        assert all(resource["replicas"] >= 2 for resource in shared)
