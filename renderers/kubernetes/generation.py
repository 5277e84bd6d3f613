"""What differs between FATE 1.11.2 and 2.0.0 inside their images: programs, paths, and what each reads where.

Sources: reference components.md sections 0, 2, 3.1, 3.2 and 4.1; FATE-Flow 2.0.0's data folder for standalone
computing: its `runtime/system_settings.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from planner.releases import Release

EGGROLL: Final = "/data/projects/fate/eggroll"
"""EGGROLL_HOME in every image that has it."""
CONF: Final = "/data/projects/fate/conf"
"""Where FATE 1.x, and federatedml in the workers of both, look for service_conf.yaml."""


@dataclass(frozen=True, slots=True)
class Generation:
    """The facts of one generation of FATE.

    `eggroll` is the version of eggroll's metadata. `clustermanager` and `nodemanager` are main class and arguments,
    `logging` the file of Log4j's settings, `egg` the program of an egg. `flow` is FATE-Flow's folder, `server` its
    program, `service_conf` the folder of its settings, `data` maps its folders to those of its volume.
    `has_cryptography` says whether its image can log in to MySQL by caching_sha2_password.
    """

    eggroll: str
    clustermanager: tuple[str, ...]
    nodemanager: tuple[str, ...]
    logging: str
    egg: str
    flow: str
    server: str
    service_conf: str
    data: Mapping[str, str]
    has_cryptography: bool


def _bootstrap(kind: str, port: int) -> tuple[str, ...]:
    return (
        "com.webank.eggroll.core.Bootstrap",
        "--bootstraps",
        f"com.webank.eggroll.core.resourcemanager.{kind}Bootstrap",
        "-c",
        f"{EGGROLL}/conf/eggroll.properties",
        "-p",
        str(port),
        "-s",
        "EGGROLL_DEAMON",
    )


_FLOW_1: Final = "/data/projects/fate/fateflow"
_FLOW_2: Final = "/data/projects/fate/fate_flow"
ONE: Final = Generation(
    eggroll="2.5.1",
    clustermanager=_bootstrap("ClusterManager", 4670),
    nodemanager=_bootstrap("NodeManager", 4671),
    logging="log4j2.properties",
    egg="python/eggroll/roll_pair/egg_pair.py",
    flow=_FLOW_1,
    server="fateflow/python/fate_flow/fate_flow_server.py",
    service_conf=CONF,
    data=MappingProxyType(
        {
            f"{_FLOW_1}/logs": "logs",
            f"{_FLOW_1}/jobs": "jobs",
            f"{_FLOW_1}/model_local_cache": "model-local-cache",
            "/data/projects/fate/llm": "llm",
        }
    ),
    has_cryptography=True,
)
TWO: Final = Generation(
    eggroll="3.0.0",
    clustermanager=("org.fedai.eggroll.clustermanager.Bootstrap", "-p", "4670", "-s", "EGGROLL_DAEMON"),
    nodemanager=("org.fedai.eggroll.nodemanager.Bootstrap", "-p", "4671", "-s", "EGGROLL_DAEMON"),
    logging="log4j2.xml",
    egg="python/eggroll/computing/egg_pair/egg_pair.py",
    flow=_FLOW_2,
    server="fate_flow/python/fate_flow/fate_flow_server.py",
    service_conf=f"{_FLOW_2}/conf",
    data=MappingProxyType(
        {
            f"{_FLOW_2}/logs": "logs",
            f"{_FLOW_2}/jobs": "jobs",
            f"{_FLOW_2}/model": "model",
            f"{_FLOW_2}/data": "data",
            "/data/projects/fate/llm": "llm",
        }
    ),
    has_cryptography=False,
)


def generation(release: Release) -> Generation:
    """The generation of a release: the one with OSX is the second."""
    return TWO if release.module == "osx" else ONE
