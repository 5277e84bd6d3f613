"""service_conf.yaml of FATE-Flow. Reference components.md sections 4.2 (FATE 1.11.2) and 4.3 (FATE 2.0.0).

It is built as data. Passwords and the pod's own address are places (`@@NAME@@`) that the init container fills in:
FATE-Flow listens on that address only, and is known by it (section 0, fact 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from planner.doors import SERVING_SERVER
from planner.plan import ZOOKEEPER
from planner.subject import engine_triple
from renderers.canonical import block
from renderers.kubernetes.brokers import MANAGEMENT, RABBITMQ_USER
from renderers.kubernetes.database import Database
from renderers.kubernetes.eggroll_properties import nodemanagers, processors
from renderers.kubernetes.installation import Installation
from renderers.kubernetes.quantities import cpu_limit
from renderers.kubernetes.spark import WORKERS

FILE: Final = "service_conf.yaml"
SPARK_HOME: Final = "/data/projects/spark-3.1.3-bin-hadoop3.2/"
_CORES: Final = 4
"""Cores for jobs of a Spark worker, or of FATE-Flow's own pod where that computes, without a limit of its own: as many
as a job asks for where it does not say."""
_TWO_ROLES: Final = 8
"""Cores that a job takes in which one party has two roles, as in the toy example with itself: FATE-Flow 2.0.0 sets four
aside for each role, whatever there is (conf/job_default_config.yaml), and a job that cannot have them waits for ever.
"""
_HEAD: Final = "# FATE-Flow of {label}. Read at start only.\n"
_HOOKS: Final = {
    name: f"fate_flow.hook.flow.{name}" for name in ("client_authentication", "site_authentication", "permission")
}
_MESSAGE_SIZE: Final = 1048576
_TENANT: Final = "fl-tenant"


def service_conf(installation: Installation, database: Database) -> str:
    """The file of a party's FATE-Flow."""
    made = (
        _two(installation, database) if installation.planned.release.module == "osx" else _one(installation, database)
    )
    return _HEAD.format(label=installation.planned.site.label) + block(made)


def service_conf_of_workers(installation: Installation) -> str:
    """The file of the workers: federatedml reads it when it is imported, and uses nothing of it."""
    planned = installation.planned
    made = {"party_id": str(planned.id), "fateflow": {"host": "fateflow", **_flow_ports(installation)}}
    return f"# What federatedml reads in the workers of {planned.site.label}.\n" + block(made)


def engines(installation: Installation) -> Mapping[str, str]:
    """`default_engines`, in FATE-Flow's words: Spark_local is spark."""
    engine = installation.planned.engine
    triple = None if engine is None else engine_triple(engine)
    if triple is None:
        msg = f"{installation.planned.key} has no engine"
        raise ValueError(msg)
    computing, federation, storage = (word.lower() for word in triple)
    return {"computing": computing.removesuffix("_local"), "federation": federation, "storage": storage}


def _one(installation: Installation, database: Database) -> dict[str, Any]:
    planned = installation.planned
    ports = planned.release.ports
    has_eggroll = "clustermanager" in planned.modules
    result: dict[str, Any] = {
        "party_id": planned.id,
        "use_registry": _uses_registry(installation),
        "use_deserialize_safe_module": False,
        "dependent_distribution": False,
        "encrypt_password": False,
        "encrypt_module": "fate_arch.common.encrypt_utils#pwdecrypt",
        "private_key": None,
        "private_key_file": None,
        "hook_module": _HOOKS,
        "authentication": {
            "client": {"switch": False, "http_app_key": None, "http_secret_key": None},
            "site": {"switch": False},
        },
        "permission": {"switch": False, "component": False, "dataset": False},
        "fateflow": {
            "host": "@@POD_IP@@",
            **_flow_ports(installation),
            "nginx": {"host": "fateflow", **_flow_ports(installation)},
            "random_instance_id": False,
            "proxy": "rollsite" if has_eggroll else "nginx",
            "protocol": "default",
            "default_federated_status_collect_type": "PULL",
        },
        "database": {**_mysql(database), "max_connections": 100, "stale_timeout": 30},
        "default_engines": engines(installation),
    }
    if has_eggroll:
        result["fate_on_eggroll"] = {
            "clustermanager": {"cores_per_node": processors(installation), "nodes": nodemanagers(installation)},
            "rollsite": {"host": "rollsite", "port": ports.federation},
        }
    else:
        result["fate_on_spark"] = {
            "spark": {"home": SPARK_HOME, "cores_per_node": _cores(installation), "nodes": _nodes(installation)},
            **({"hdfs": {"name_node": "hdfs://namenode:9000", "path_prefix": None}} if _has_hdfs(installation) else {}),
            **_broker(installation, with_table=True),
            "nginx": {"host": "nginx", "http_port": ports.nginx_http, "grpc_port": ports.nginx_grpc},
        }
    result["fateboard"] = {"host": "fateboard", "port": ports.fateboard}
    result["enable_model_store"] = False
    result |= _serving(installation)
    return result


def _two(installation: Installation, database: Database) -> dict[str, Any]:
    planned = installation.planned
    ports = planned.release.ports
    has_eggroll = "clustermanager" in planned.modules
    return {
        "party_id": str(planned.id),
        "use_registry": _uses_registry(installation),
        "log_level": 20,
        "fateflow": {
            "host": "@@POD_IP@@",
            **_flow_ports(installation),
            "proxy_name": "osx" if has_eggroll else "nginx",
            "nginx": {"host": None, "http_port": None, "grpc_port": None},
        },
        "database": {
            "engine": "mysql",
            "decrypt_key": None,
            "mysql": {**_mysql(database), "max_connections": 100, "stale_timeout": 30},
        },
        "default_engines": engines(installation),
        "default_provider": {"name": "fate", "version": None, "device": "local"},
        "federation": {
            **({"osx": {"host": "osx", "port": ports.federation, "mode": "stream"}} if has_eggroll else {}),
            **_broker(installation, with_table=False),
            **({} if has_eggroll else {"nginx": _nginx(installation)}),
        },
        "computing": _computing(installation),
        "storage": {"hdfs": {"name_node": "hdfs://namenode:9000"}} if _has_hdfs(installation) else {},
        "hook_module": _HOOKS,
        "authentication": {"client": False, "site": False, "permission": False},
        "model_store": {"engine": "file", "file": {"path": None}},
        **_serving(installation),
    }


def _flow_ports(installation: Installation) -> dict[str, int]:
    ports = installation.planned.release.ports
    return {"http_port": ports.fateflow_http, "grpc_port": ports.fateflow_grpc}


def _nginx(installation: Installation) -> dict[str, Any]:
    ports = installation.planned.release.ports
    return {"host": "nginx", "http_port": ports.nginx_http, "grpc_port": ports.nginx_grpc, "protocol": "http"}


def _mysql(database: Database) -> dict[str, Any]:
    return {
        "name": database.name,
        "user": database.user,
        "passwd": "@@MYSQL_PASSWORD@@",
        "host": database.host,
        "port": database.port,
    }


def _computing(installation: Installation) -> dict[str, Any]:
    """FATE 2's engine that computes; `cores` are those of all nodes together, and never too few for any job at all."""
    computing = engines(installation)["computing"]
    if computing == "eggroll":
        nodes = nodemanagers(installation)
        port = installation.planned.release.ports.clustermanager
        cores = max(processors(installation) * nodes, _TWO_ROLES)
        return {"eggroll": {"cores": cores, "nodes": nodes, "host": "clustermanager", "port": port}}
    cores = max(_cores(installation) * _nodes(installation), _TWO_ROLES)
    if computing == "spark":
        return {"spark": {"home": SPARK_HOME, "cores": cores}}
    return {"standalone": {"cores": cores}}


def _cores(installation: Installation) -> int:
    """Cores of one node that computes: of a Spark worker, or of FATE-Flow's own pod."""
    word = "sparkWorker" if "spark" in installation.planned.modules else "python"
    return cpu_limit(installation.settings(word)) or _CORES


def _nodes(installation: Installation) -> int:
    if "spark" not in installation.planned.modules:
        return 1
    return int(installation.settings("sparkWorker").get("replicas", WORKERS))


def _has_hdfs(installation: Installation) -> bool:
    return engines(installation)["storage"] == "hdfs"


def _broker(installation: Installation, *, with_table: bool) -> dict[str, Any]:
    """The party's own broker. FATE 2 looks for the table of the others at a place of its own (section 0, fact 12)."""
    planned = installation.planned
    broker = None if planned.engine is None else planned.engine.broker
    if broker is None:
        return {}
    ports = planned.release.ports
    table = {"route_table": f"conf/{broker}_route_table/{broker}_route_table.yaml"} if with_table else {}
    rest = {**table, "mode": "replication", "max_message_size": _MESSAGE_SIZE}
    if broker == "rabbitmq":
        login = {"user": RABBITMQ_USER, "password": "@@RABBITMQ_PASSWORD@@"}
        return {broker: {"host": "rabbitmq", "mng_port": MANAGEMENT, "port": ports.rabbitmq, **login, **rest}}
    return {
        broker: {
            "host": "pulsar",
            "port": ports.pulsar,
            "mng_port": 8080,
            "topic_ttl": 3,
            "cluster": "standalone",
            "tenant": planned.site.tenant or _TENANT,
            **rest,
        }
    }


def _uses_registry(installation: Installation) -> bool:
    serving = installation.planned.serving
    return serving is not None and serving.settings.use_registry


def _serving(installation: Installation) -> dict[str, Any]:
    """Where models are loaded: the party's own serving-server, found by its address or by the registry (INV-SRV-6)."""
    planned = installation.planned
    serving = planned.serving
    if serving is None or "servingServer" not in serving.modules:
        return {}
    result: dict[str, Any] = {
        "servings": {"hosts": [str(installation.plan.endpoint(planned, planned, SERVING_SERVER))]}
    }
    if serving.settings.use_registry:
        result["zookeeper"] = {
            "hosts": [f"serving-zookeeper.{serving.settings.namespace}:{ZOOKEEPER}"],
            "use_acl": False,
        }
    return result
