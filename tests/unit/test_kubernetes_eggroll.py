"""Target kubernetes: MySQL, eggroll, its routers and their exchanges, as federation.yaml asks for them."""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from planner.kubernetes_target import CONFIG_MARK
from planner.pipeline import check
from planner.plan import Plan
from planner.secret_references import GENERATE
from renderers.kubernetes.component import Component
from renderers.kubernetes.eggroll import clustermanager, nodemanager, rollsite
from renderers.kubernetes.eggroll_tables import metadata_sql
from renderers.kubernetes.installation import Installation, Manifest, training
from renderers.kubernetes.mysql import mysql
from renderers.kubernetes.osx import osx
from renderers.kubernetes.quantities import cpu_limit

FEDERATION = """\
version: 1
name: demo
release: {release}
topology: {topology}
clusters:
  - {{name: bank, address: 192.168.9.1}}
  - {{name: shop, address: 192.168.10.1}}
  - {{name: hub, address: 192.168.1.1}}
{top}
parties:
  - {{id: 9999, cluster: bank{party}}}
  - {{id: 10000, cluster: shop{peer}}}
defaults:
  engine: {engine}
  target: kubernetes
"""
HUB = "exchanges: [{name: hub, id: 1, cluster: hub}]"
EXTERNAL = ", mysql: {host: db.bank, port: 3307, database: fate_one, user: 'flow\\x', password: '%s'}"


@functools.cache
def planned(
    release: str = "v1.11.2",
    *,
    engine: str = "eggroll",
    topology: str = "mesh",
    top: str = "",
    party: str = "",
    peer: str = "",
) -> Plan:
    """The plan of a small federation of this target."""
    text = FEDERATION.format(release=release, engine=engine, topology=topology, top=top, party=party, peer=peer)
    checked = check(text.encode())
    assert checked.plan is not None, [diagnostic.message for diagnostic in checked.diagnostics if diagnostic.is_error]
    return checked.plan


def half(plan: Plan, site: str = "party-9999") -> Installation:
    """The training half of one of its sites."""
    return training(plan, plan.by_key[site])


def star(release: str = "v1.11.2", **parts: str) -> Plan:
    """A star around one exchange."""
    return planned(release, topology="star", top=HUB, **parts)


def one(component: Component, kind: str, name: str | None = None) -> Manifest:
    """The object of a kind, the only one or the one of this name."""
    found = [each for each in component.objects if each["kind"] == kind]
    found = [each for each in found if name in {None, each["metadata"]["name"]}]
    assert len(found) == 1, (kind, name)
    return found[0]


def pod_of(component: Component) -> dict[str, Any]:
    """The pod of a component's workload."""
    workload = next(each for each in component.objects if each["kind"] in {"Deployment", "StatefulSet"})
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def digest(component: Component) -> str:
    """What restarts its pods when it changes."""
    workload = next(each for each in component.objects if each["kind"] in {"Deployment", "StatefulSet"})
    found: str = workload["spec"]["template"]["metadata"]["annotations"][CONFIG_MARK]
    return found


def settings(text: str) -> dict[str, str]:
    """Properties as Java reads them, as far as these files go."""
    lines = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in lines}


def properties(component: Component, name: str) -> dict[str, str]:
    """eggroll.properties of a ConfigMap."""
    return settings(one(component, "ConfigMap", name)["data"]["eggroll.properties"])


def env(container: Manifest) -> dict[str, Any]:
    """The environment of a container: texts, and the keys of Secrets."""
    result = {}
    for each in container.get("env", []):
        reference = each.get("valueFrom", {}).get("secretKeyRef")
        result[each["name"]] = each.get("value") or (reference and (reference["name"], reference["key"]))
    return result


# --- MySQL ----------------------------------------------------------------------------------------------------------


def test_root_has_a_password_of_its_own() -> None:
    """No login is left open, and none has a default (components.md section 12, numbers 8 and 9)."""
    made = mysql(half(planned()))
    container = pod_of(made)["containers"][0]
    assert env(container) == {
        "MYSQL_ROOT_PASSWORD": ("mysql", "root-password"),
        "MYSQL_DATABASE": "eggroll_meta",
        "MYSQL_USER": ("mysql", "user"),
        "MYSQL_PASSWORD": ("mysql", "password"),
    }
    (secret,) = made.secrets
    assert dict(secret.values) == {"root-password": GENERATE, "user": "fate", "password": GENERATE}
    assert "args" not in container
    assert container["startupProbe"]["exec"]["command"] == ["mysqladmin", "ping", "-h", "127.0.0.1"]
    assert pod_of(made)["securityContext"]["runAsUser"] == 999


def test_fate_2_logs_in_without_further_packages() -> None:
    """FATE-Flow 2.0.0 lacks a package for MySQL's own way to log in, and nothing is downloaded."""
    container = pod_of(mysql(half(planned("v2.0.0"))))["containers"][0]
    assert container["args"] == ["--default-authentication-plugin=mysql_native_password"]
    statement = one(mysql(half(planned("v2.0.0"))), "ConfigMap")["data"]["password.sql"]
    assert " IDENTIFIED WITH mysql_native_password BY " in statement  # a user that FATE 1 made has another way


def test_referenced_passwords() -> None:
    """A reference becomes a place; a Secret of the own namespace is read by the pods themselves."""
    made = mysql(half(planned(party=", credentials: {mysql: 'env:PW'}")))
    assert made.secrets[0].values["password"] == "${secret:env:PW}"
    made = mysql(half(planned(party=", credentials: {mysql: 'secret:fate-9999/db#pw'}")))
    assert env(pod_of(made)["containers"][0])["MYSQL_PASSWORD"] == ("db", "pw")
    assert "password" not in made.secrets[0].values
    made = mysql(half(planned(party=", credentials: {mysql: 'secret:vault/db#pw'}")))
    assert made.secrets[0].values["password"] == "${secret:secret:vault/db#pw}"


def test_spark_needs_no_tables_of_eggroll() -> None:
    """Only eggroll's metadata is made by us: FATE-Flow makes its own tables."""
    made = mysql(half(planned(engine="spark_rabbitmq")))
    assert list(one(made, "ConfigMap")["data"]) == ["password.sql"]
    paths = [mount["mountPath"] for mount in pod_of(made)["containers"][0]["volumeMounts"]]
    assert paths == ["/etc/fedplan/files", "/var/lib/mysql"]


def test_a_changed_password_arrives() -> None:
    """MySQL's image sets passwords on an empty volume only, so each start sets that of FATE's user again."""
    made = mysql(half(planned()))
    (statement,) = one(made, "ConfigMap")["data"]["password.sql"].splitlines()
    assert statement == """ALTER USER IF EXISTS 'fate'@'%' IDENTIFIED BY "@@MYSQL_PASSWORD@@";"""
    script = pod_of(made)["containers"][0]["lifecycle"]["postStart"]["exec"]["command"][2]
    assert "mysql -u root </etc/fedplan/files/password.sql" in script
    tables = next(volume for volume in pod_of(made)["volumes"] if volume["name"] == "tables")
    assert [item["key"] for item in tables["configMap"]["items"]] == ["create-eggroll-meta-tables.sql"]


@pytest.mark.parametrize("engine", ["eggroll", "spark_rabbitmq"])
def test_a_volume_that_is_not_empty_gets_the_tables_too(engine: str, tmp_path: Path) -> None:
    """A party may come to eggroll with a volume of Spark's, for which the image makes nothing any more."""
    made = mysql(half(planned(engine=engine)))
    script = pod_of(made)["containers"][0]["lifecycle"]["postStart"]["exec"]["command"][2]
    for folder in ("/etc/fedplan/files", "/docker-entrypoint-initdb.d"):
        script = script.replace(folder, str(tmp_path))
    for name, text in one(made, "ConfigMap")["data"].items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name, line in (("mysqladmin", ""), ("mysql", 'echo "$MYSQL_PWD: $*: $(head -n 1)"')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "MYSQL_ROOT_PASSWORD": "a b", "MYSQL_DATABASE": "eggroll_meta"}
    done = subprocess.run(["sh", "-c", script], env=env, check=True, capture_output=True, text=True)
    first, *more = done.stdout.splitlines()
    assert first.startswith("a b: -u root: ALTER USER")
    assert more == (["a b: -u root eggroll_meta: -- Metadata of eggroll 2.5.1."] if engine == "eggroll" else [])


@pytest.mark.parametrize(("release", "version"), [("v1.11.2", "2.5.1"), ("v2.0.0", "3.0.0")])
def test_tables_are_those_of_the_release(release: str, version: str) -> None:
    """The statements can be run twice, and make no nodemanager up (components.md section 0, fact 8)."""
    made = mysql(half(planned(release)))
    sql = one(made, "ConfigMap")["data"]["create-eggroll-meta-tables.sql"]
    assert sql == metadata_sql(version)
    assert sql.count("CREATE TABLE IF NOT EXISTS") == sql.count("CREATE") == 10
    assert "INSERT" not in sql
    assert ("serdes` VARCHAR(2000)" in sql) is (version == "2.5.1")
    assert ("`status_reason` VARCHAR(255)" in sql) is (version == "3.0.0")


# --- clustermanager and nodemanagers --------------------------------------------------------------------------------


def test_clustermanager_waits_for_mysql_and_gets_its_password_at_start() -> None:
    """The file in the ConfigMap holds a place, the Secret is read by the init container alone."""
    made = clustermanager(half(planned()))
    wait, fill = pod_of(made)["initContainers"]
    assert env(wait) == {"HOST": "mysql", "PORT": "3306"}
    assert "trap 'exit 143' TERM" in wait["command"][2]  # else its pod takes its whole grace period to go
    assert env(fill)["MYSQL_PASSWORD"] == ("mysql", "password")
    written = properties(made, "eggroll-config")
    assert written["eggroll.resourcemanager.clustermanager.jdbc.password"] == "@@MYSQL_PASSWORD@@"
    assert written["eggroll.resourcemanager.clustermanager.jdbc.url"].startswith(
        "jdbc:mysql://mysql:3306/eggroll_meta?"
    )
    assert "MYSQL_PASSWORD" not in env(pod_of(made)["containers"][0])


def test_external_mysql() -> None:
    """Host, database and user are the file's; of Secret `mysql` the password alone is needed."""
    plan = planned(party=EXTERNAL % "env:PW")
    made = clustermanager(half(plan))
    assert env(pod_of(made)["initContainers"][0]) == {"HOST": "db.bank", "PORT": "3307"}
    written = properties(made, "eggroll-config")
    assert written["eggroll.resourcemanager.clustermanager.jdbc.url"].startswith("jdbc:mysql://db.bank:3307/fate_one?")
    assert written["eggroll.resourcemanager.clustermanager.jdbc.username"] == "flow\\\\x"
    assert [dict(secret.values) for secret in made.secrets] == [{"password": "${secret:env:PW}"}]
    assert clustermanager(half(planned(party=EXTERNAL % "secret:fate-9999/db#pw"))).secrets == ()


@pytest.mark.parametrize("release", ["v1.11.2", "v2.0.0"])
def test_nodemanagers_register_themselves(release: str) -> None:
    """No host is written for them: two would register as one (components.md section 0, fact 9)."""
    made = nodemanager(half(planned(release)))
    written = properties(made, "nodemanager-config")
    assert "eggroll.resourcemanager.nodemanager.host" not in written
    assert written.get("eggroll.resourcemanager.nodemanager.net.device") == ("eth0" if release == "v2.0.0" else None)
    assert not [key for key in written if "jdbc" in key]
    text = one(made, "ConfigMap")["data"]["eggroll.properties"]
    assert text.startswith("[eggroll]\n")
    assert one(made, "Service")["spec"]["clusterIP"] == "None"
    assert pod_of(made)["containers"][0]["command"][:2] == ["/tini", "--"]
    assert not made.secrets


def test_nodemanagers_scale() -> None:
    """Processors, replicas, limits and the budget for disruptions follow federation.yaml."""
    one_only = nodemanager(half(planned()))
    assert one(one_only, "StatefulSet")["spec"]["replicas"] == 1
    assert not [each for each in one_only.objects if each["kind"] == "PodDisruptionBudget"]
    asked = "{replicas: 3, sessionProcessorsPerNode: 8, resources: {limits: {cpu: '10500m'}}}"
    made = nodemanager(half(planned(party=f", components: {{nodemanager: {asked}}}")))
    assert one(made, "StatefulSet")["spec"]["replicas"] == 3
    assert one(made, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    written = properties(made, "nodemanager-config")
    assert written["eggroll.session.processors.per.node"] == "8"
    assert written["eggroll.resourcemanager.nodemanager.cpu.vcores"] == "11"
    assert pod_of(made)["containers"][0]["resources"] == {"limits": {"cpu": "10500m"}}


def test_a_session_fits_into_a_nodemanager() -> None:
    """A limit below what one session may ask for would let none start."""
    asked = "{sessionProcessorsPerNode: 4, resources: {limits: {cpu: 2}}}"
    made = nodemanager(half(planned(party=f", components: {{nodemanager: {asked}}}")))
    assert properties(made, "nodemanager-config")["eggroll.resourcemanager.nodemanager.cpu.vcores"] == "4"


@pytest.mark.parametrize(
    ("written", "cores"), [(2, 2), ("0.5", 1), ("1500m", 2), ("3", 3), ("2k", 2000), ("1Ki", 1024), (None, None)]
)
def test_cpu_limits(written: object, cores: int | None) -> None:
    """Quantities of Kubernetes in whole cores."""
    assert cpu_limit({"resources": {"limits": {} if written is None else {"cpu": written}}}) == cores


# --- rollsite -------------------------------------------------------------------------------------------------------


def table_of(component: Component) -> dict[str, Any]:
    """The route table of a rollsite or an OSX."""
    loaded: dict[str, Any] = json.loads(one(component, "ConfigMap")["data"]["route_table.json"])
    return loaded


def test_rollsite_knows_itself_and_its_peers() -> None:
    """The own entry repeats host and port to the letter, and there is no default (section 0, fact 6; section 3.3)."""
    plan = planned()
    made = rollsite(half(plan))
    assert table_of(made) == {
        "route_table": {
            "10000": {"default": [{"ip": "192.168.10.1", "port": plan.by_key["party-10000"].ports["rollsite"]}]},
            "9999": {
                "fateflow": [{"ip": "fateflow", "port": 9360}],
                "default": [{"ip": "rollsite", "port": 9370}],
            },
        },
        "permission": {"default_allow": True},
    }
    written = properties(made, "rollsite-config")
    assert (written["eggroll.rollsite.host"], written["eggroll.rollsite.port"]) == ("rollsite", "9370")
    assert written["eggroll.rollsite.party.id"] == "9999"
    service = one(made, "Service")["spec"]
    assert service["type"] == "NodePort"
    assert service["ports"][0]["nodePort"] == plan.by_key["party-9999"].ports["rollsite"]


def test_rollsite_of_a_star() -> None:
    """A party knows the exchange only; the exchange knows every party, and has nothing of eggroll behind it."""
    plan = star()
    port = plan.by_key["exchange-hub"].ports["rollsite"]
    table = table_of(rollsite(half(plan)))["route_table"]
    assert table["default"] == {"default": [{"ip": "192.168.1.1", "port": port}]}
    assert set(table) == {"default", "9999"}
    made = rollsite(half(plan, "exchange-hub"))
    assert set(table_of(made)["route_table"]) == {"9999", "10000"}
    written = properties(made, "rollsite-config")
    assert not [key for key in written if "resourcemanager" in key]
    assert written["eggroll.rollsite.party.id"] == "1"


def test_the_table_can_be_replaced_only_with_a_key() -> None:
    """The operation that sets a table from outside is guarded by a key that nobody knows."""
    made = rollsite(half(planned()))
    assert properties(made, "rollsite-config")["eggroll.rollsite.route.table.key"] == "@@ROUTE_TABLE_KEY@@"
    assert [dict(secret.values) for secret in made.secrets] == [{"route-table-key": GENERATE}]
    assert env(pod_of(made)["initContainers"][0])["ROUTE_TABLE_KEY"] == ("rollsite", "route-table-key")


def test_polling() -> None:
    """The server has an entry without an address for its client, the client a default to its server (INV-EGG-11)."""
    plan = star(party=", polling: hub")
    server = rollsite(half(plan, "exchange-hub"))
    assert table_of(server)["route_table"]["9999"] == {"default": [{"ip": "", "port": -1, "is_polling": True}]}
    assert properties(server, "rollsite-config")["eggroll.rollsite.polling.server.enabled"] == "true"
    client = rollsite(half(plan))
    assert properties(client, "rollsite-config")["eggroll.rollsite.polling.client.enabled"] == "true"
    assert table_of(client)["route_table"]["default"]["default"][0]["ip"] == "192.168.1.1"
    neither = properties(rollsite(half(plan, "party-10000")), "rollsite-config")
    assert not [key for key in neither if "polling" in key]


def test_a_new_route_restarts_nothing() -> None:
    """The table is seen in a folder and read every minute; other settings are read at start only."""
    before, moved = half(planned()), half(planned(peer=", ports: {rollsite: 30999}"))
    assert table_of(rollsite(before)) != table_of(rollsite(moved))
    assert digest(rollsite(before)) == digest(rollsite(moved))
    (hot,) = rollsite(before).hot_tables
    folder, _, file = hot.path.rpartition("/")
    assert (file, hot.key, hot.seconds) == ("route_table.json", "route_table.json", 60)
    mounts = {mount["mountPath"]: mount for mount in pod_of(rollsite(before))["containers"][0]["volumeMounts"]}
    assert "subPath" not in mounts[folder]


def test_only_those_restart_that_read_a_setting() -> None:
    """More processors of a session are news to clustermanager and nodemanagers, not to rollsite."""
    before = half(planned())
    after = half(planned(party=", components: {nodemanager: {sessionProcessorsPerNode: 6}}"))
    assert digest(clustermanager(before)) != digest(clustermanager(after))
    assert digest(nodemanager(before)) != digest(nodemanager(after))
    assert digest(rollsite(before)) == digest(rollsite(after))


# --- OSX ------------------------------------------------------------------------------------------------------------


def test_osx_of_a_mesh() -> None:
    """An OSX names its own id, its peers, and its FATE-Flow; clustermanager is its own (components.md section 3.4)."""
    plan = planned("v2.0.0")
    made = osx(half(plan))
    port = plan.by_key["party-10000"].ports["osx"]
    assert table_of(made) == {
        "route_table": {
            "10000": {"default": [{"ip": "192.168.10.1", "port": port}]},
            "9999": {"fateflow": [{"ip": "fateflow", "port": 9360}]},
        },
        "self_party": ["9999"],
    }
    written = settings(one(made, "ConfigMap")["data"]["broker.properties"])
    assert written["open.http.server"] == "false"
    assert written["eggroll.cluster.manager.ip"] == "clustermanager"


def test_osx_of_a_star() -> None:
    """A party's table ends at the exchange, and the exchange answers for nobody."""
    plan = star("v2.0.0")
    assert set(table_of(osx(half(plan)))["route_table"]) == {"default", "9999"}
    made = osx(half(plan, "exchange-hub"))
    assert table_of(made)["self_party"] == ["default"]
    assert set(table_of(made)["route_table"]) == {"9999", "10000"}
    assert "eggroll.cluster.manager.ip" not in settings(one(made, "ConfigMap")["data"]["broker.properties"])
    assert one(made, "Service")["spec"]["ports"][0]["nodePort"] == plan.by_key["exchange-hub"].ports["osx"]


def test_osx_reads_its_table_again() -> None:
    """Both files are in one folder, but only the settings restart the pod."""
    before, moved = osx(half(planned("v2.0.0"))), osx(half(planned("v2.0.0", peer=", ports: {osx: 30999}")))
    assert table_of(before) != table_of(moved)
    assert digest(before) == digest(moved)
    assert before.hot_tables[0].seconds == 3


# --- settings that every component takes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "write", "release"),
    [
        ("mysql", mysql, "v1.11.2"),
        ("clustermanager", clustermanager, "v1.11.2"),
        ("nodemanager", nodemanager, "v1.11.2"),
        ("rollsite", rollsite, "v1.11.2"),
        ("osx", osx, "v2.0.0"),
    ],
)
def test_settings_arrive(word: str, write: Any, release: str) -> None:
    """Resources, placement and image of every component; its pods' Secrets to pull images with, and where from."""
    asked = "{resources: {limits: {memory: 9Gi}}, nodeSelector: {disk: ssd}, image: mine/it, imageTag: '7'}"
    more = ", registry: reg.bank:5000, imagePullSecrets: [pull]"
    made = write(half(planned(release, party=f", components: {{{word}: {asked}}}{more}")))
    pod = pod_of(made)
    assert pod["containers"][0]["resources"] == {"limits": {"memory": "9Gi"}}
    assert pod["nodeSelector"] == {"disk": "ssd"}
    images = {each["image"] for each in (*pod["containers"], *pod.get("initContainers", []))}
    assert images == {"reg.bank:5000/mine/it:7"}
    assert pod["imagePullSecrets"] == [{"name": "pull"}]
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] == "fate-9999"


def test_data_is_kept_where_asked() -> None:
    """With persistence, MySQL and each nodemanager have claims of their own, of the class and size asked for."""
    more = ", persistence: {storageClass: fast}, components: {nodemanager: {storage: {size: 40Gi}}}"
    installation = half(planned(party=more))
    (claim,) = one(nodemanager(installation), "StatefulSet")["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"] == {"requests": {"storage": "40Gi"}}
    assert claim["spec"]["storageClassName"] == "fast"
    (claim,) = one(mysql(installation), "StatefulSet")["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data"


def test_unknown_eggroll() -> None:
    """The tables of an eggroll that is not offered are never guessed."""
    with pytest.raises(KeyError):
        metadata_sql("2.2.1")
