"""The components that a site is made of: which functions write them, and in which half they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from planner.plan import Plan, PlannedSite
from renderers.kubernetes.brokers import pulsar, rabbitmq
from renderers.kubernetes.component import Component
from renderers.kubernetes.eggroll import clustermanager, nodemanager, rollsite
from renderers.kubernetes.fateflow import python
from renderers.kubernetes.hdfs import datanode, namenode
from renderers.kubernetes.installation import Installation, serving, training
from renderers.kubernetes.interfaces import client, fateboard
from renderers.kubernetes.mysql import mysql
from renderers.kubernetes.nginx import nginx
from renderers.kubernetes.osx import osx
from renderers.kubernetes.serving import (
    serving_admin,
    serving_proxy,
    serving_redis,
    serving_server,
    serving_zookeeper,
)
from renderers.kubernetes.spark import spark_master, spark_worker
from renderers.kubernetes.traffic_server import traffic_server

Writer = Callable[[Installation], Component]


TRAINING: Final[Mapping[str, tuple[Writer, ...]]] = MappingProxyType(
    {
        "mysql": (mysql,),
        "clustermanager": (clustermanager,),
        "nodemanager": (nodemanager,),
        "rollsite": (rollsite,),
        "osx": (osx,),
        "hdfs": (namenode, datanode),
        "spark": (spark_master, spark_worker),
        "rabbitmq": (rabbitmq,),
        "pulsar": (pulsar,),
        "trafficServer": (traffic_server,),
        "python": (python,),
        "nginx": (nginx,),
        "fateboard": (fateboard,),
        "client": (client,),
    }
)
"""The components of training by FATE's module words, those of exchanges too."""
SERVING: Final[Mapping[str, tuple[Writer, ...]]] = MappingProxyType(
    {
        "servingRedis": (serving_redis,),
        "servingZookeeper": (serving_zookeeper,),
        "servingServer": (serving_server,),
        "servingProxy": (serving_proxy,),
        "servingAdmin": (serving_admin,),
    }
)
"""The components of FATE-Serving by its module words."""


def halves(plan: Plan, planned: PlannedSite) -> tuple[Installation, ...]:
    """The halves of a site: training, serving, or both."""
    found: list[Installation] = []
    if planned.kind != "servingProxy":
        found.append(training(plan, planned))
    if planned.serving is not None:
        found.append(serving(plan, planned))
    return tuple(found)


def components(half: Installation) -> tuple[Component, ...]:
    """The components of a half of a site, in apply order."""
    planned = half.planned
    if half.part == "serving":
        modules, writers = planned.serving.modules if planned.serving is not None else (), SERVING
    else:
        modules, writers = planned.modules, TRAINING
    found = [write(half) for module in modules for write in writers[module]]
    return tuple(sorted(found, key=lambda component: component.order))
