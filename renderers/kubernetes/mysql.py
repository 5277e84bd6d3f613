"""MySQL: the metadata of eggroll and FATE-Flow's jobs. Reference components.md section 2.

Eggroll's tables are made when it starts on an empty volume; FATE-Flow makes its own. Root has a password of its own,
and the user of FATE may use one database only. The image makes tables and sets passwords on an empty volume only, so
both are done anew whenever MySQL starts: a password that was changed later, or the tables of a party that came to
eggroll with a volume of Spark's, would never arrive otherwise.
"""

from __future__ import annotations

from typing import Final

from renderers.kubernetes import configure
from renderers.kubernetes.component import Component
from renderers.kubernetes.configure import secret_value
from renderers.kubernetes.database import OWN, SECRET, USER, Database, database
from renderers.kubernetes.eggroll_tables import metadata_sql
from renderers.kubernetes.generation import generation
from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.workloads import Claim, Pod, config_map, container, probes, service, stateful_set

_CONFIG: Final = "mysql-config"
_TABLES: Final = "create-eggroll-meta-tables.sql"
_INIT: Final = "/docker-entrypoint-initdb.d"
_PASSWORD: Final = "password.sql"  # noqa: S105 - the name of a file
_RENEW: Final = f"""\
command -v mysqladmin >/dev/null || exit 0
tries=0
until mysqladmin ping -h 127.0.0.1 --silent; do
  tries=$((tries + 1))
  [ "$tries" -lt 120 ] || exit 0
  sleep 2
done
export MYSQL_PWD="$MYSQL_ROOT_PASSWORD"
mysql -u root <{configure.FILES}/{_PASSWORD} || exit 0
if [ -f {_INIT}/{_TABLES} ]; then mysql -u root "$MYSQL_DATABASE" <{_INIT}/{_TABLES} || exit 0; fi
"""
"""Runs beside MySQL when it starts. The password is in no command line: the statement is in a file in memory.

The statements that make the tables do no harm to tables that are there.
"""
_NATIVE: Final = "mysql_native_password"
_STARTUP_SECONDS: Final = 300
_UID: Final = 999
_TABLE_VOLUME: Final[Manifest] = {
    "name": "tables",
    "configMap": {"name": _CONFIG, "items": [{"key": _TABLES, "path": _TABLES}]},
}


def mysql(installation: Installation) -> Component:
    """The StatefulSet and its Service; with eggroll, the statements that make eggroll's tables."""
    planned = installation.planned
    its = database(installation)
    plugin = "" if generation(planned.release).has_cryptography else f" WITH {_NATIVE}"  # also for a user kept from 1.x
    data = {_PASSWORD: f"ALTER USER IF EXISTS '{USER}'@'%' IDENTIFIED{plugin} BY \"@@MYSQL_PASSWORD@@\";\n"}
    if "clustermanager" in planned.modules:
        data[_TABLES] = metadata_sql(generation(planned.release).eggroll)
    image = installation.image("mysql")
    pod = Pod(
        component="mysql",
        word="mysql",
        role="database",
        container=_container(installation, image, its, has_tables=_TABLES in data),
        init=(configure.configure(installation, image, {"MYSQL_PASSWORD": its.password.value_from}),),
        volumes=(*configure.volumes(_CONFIG, (_PASSWORD,)), *([_TABLE_VOLUME] if _TABLES in data else [])),
        user=_UID,
        claims=(Claim("data", {"/var/lib/mysql": "mysql"}, "5Gi"),),
        grace_seconds=60,
    )
    objects = (
        config_map(installation, pod, _CONFIG, data),
        stateful_set(installation, pod, "mysql"),
        service(installation, pod, "mysql", {"tcp-mysql": (planned.release.ports.mysql, "tcp-mysql")}),
    )
    return Component(10, "mysql", objects, its.secrets)


def _container(installation: Installation, image: str, its: Database, *, has_tables: bool) -> Manifest:
    """The container. Its probe asks over TCP, which answers only once the tables are made."""
    release = installation.planned.release
    parts: Manifest = {
        "volumeMounts": [{"name": configure.FILE_VOLUME, "mountPath": configure.FILES, "readOnly": True}]
    }
    if not generation(release).has_cryptography:
        # FATE-Flow's image lacks what PyMySQL needs for MySQL's own choice, and nothing is downloaded at start.
        parts["args"] = [f"--default-authentication-plugin={_NATIVE}"]
    if has_tables:
        parts["volumeMounts"].append({"name": "tables", "mountPath": _INIT, "readOnly": True})
    return container(
        installation,
        "mysql",
        image,
        {"tcp-mysql": release.ports.mysql},
        env=[
            {"name": "MYSQL_ROOT_PASSWORD", "valueFrom": secret_value(SECRET, "root-password")},
            {"name": "MYSQL_DATABASE", "value": OWN},
            {"name": "MYSQL_USER", "valueFrom": secret_value(SECRET, "user")},
            {"name": "MYSQL_PASSWORD", "valueFrom": its.password.value_from},
        ],
        lifecycle={"postStart": {"exec": {"command": ["sh", "-c", _RENEW]}}},
        resources={"requests": {"cpu": "100m", "memory": "512Mi"}},
        **probes({"exec": {"command": ["mysqladmin", "ping", "-h", "127.0.0.1"]}}, _STARTUP_SECONDS),
        **parts,
    )
