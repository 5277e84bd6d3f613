"""Probes of the database of a site's training: FATE-Flow's login, and the nodes that eggroll counts there.

FATE-Flow's settings name host, user and password, in its own pod (components.md sections 4.2 and 4.3); the login is
tried there with its own library, so nothing of it leaves the pod and whatever that library lacks is found, too. A
FATE-Flow that MySQL does not let in comes up in no release, so one that is not ready is asked for its log instead.
What may pass (too many connections, one that is lost, no answer in time) is no refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from planner.checks.eggroll_nodes_missing import eggroll_nodes_missing
from planner.checks.mysql_refuses import mysql_refuses
from planner.releases import release_order
from planner.wording import spoken
from renderers.cluster.clock import Deadline
from renderers.cluster.labels import of_site
from renderers.probes.components.asking import FATEFLOW, last_line, place, python
from renderers.probes.probe import Probe, Said, Truth
from renderers.probes.said import judged, probe, unknown
from renderers.probes.sight import Sight

_SETTINGS: Final = ("/data/projects/fate/fate_flow/conf", "/data/projects/fate/conf")
"""Where FATE-Flow's settings are: of FATE 2, and of FATE 1 (components.md section 4.1)."""
_LOGIN: Final = r"""
import json, os, sys
def tell(**words):
    print(json.dumps(words))
    sys.exit(0)
def read(name):
    with open(name) as file:
        text = file.read()
    try:
        import yaml
        return yaml.safe_load(text)
    except ImportError:
        from ruamel.yaml import YAML
        return YAML(typ="safe", pure=True).load(text)
statement = sys.argv[1]
try:
    folder = next(each for each in sys.argv[2:] if os.path.exists(each + "/service_conf.yaml"))
except StopIteration:
    tell(unknown="FATE-Flow's service_conf.yaml is not where it should be")
try:
    conf = read(folder + "/service_conf.yaml")
    if os.path.exists(folder + "/local.service_conf.yaml"):
        conf.update(read(folder + "/local.service_conf.yaml") or {})
    its = conf["database"]
except Exception as error:
    tell(unknown="its service_conf.yaml cannot be read: " + type(error).__name__)
if its.get("engine", "mysql") != "mysql":
    tell(unknown="its database is " + str(its["engine"]) + " and no MySQL")
its = its.get("mysql", its)
if conf.get("encrypt_password") or conf["database"].get("decrypt_key"):
    tell(unknown="its password is encrypted, and only FATE-Flow can read it")
try:
    import pymysql
except ImportError:
    tell(unknown="the Python of its pod has no pymysql")
password = str(its.get("passwd") or "")
try:
    host, port, user, name = str(its["host"]), int(its["port"]), str(its["user"]), str(its["name"])
except Exception as error:
    tell(unknown="its service_conf.yaml has no login for MySQL: " + type(error).__name__)
try:
    link = pymysql.connect(
        host=host, port=port, user=user, password=password, database=name, connect_timeout=8, read_timeout=8)
except Exception as error:
    said = str(error.args[-1]) if error.args else type(error).__name__
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    tell(refused=said.replace(password, "...") if password else said, number=number)
try:
    cursor = link.cursor()
    cursor.execute(statement)
    tell(rows=[[str(each) for each in row] for row in cursor.fetchall()])
except Exception as error:
    tell(failed=str(error.args[-1]) if error.args else type(error).__name__)
"""
"""Logs in as FATE-Flow does, and tells what the statement gives. Arguments: the statement, folders of settings."""
_COMPLAINT: Final = re.compile(
    r"Access denied for user '[^']*'@'[^']*'(?: to database '[^']*')?(?: \(using password: \w+\))?"
    r"|Unknown database '[^']*'"
    r"|Can't connect to MySQL server on '[^']*'(?: \([^)]*\))?"
    r"|Host '[^']*' is (?:not allowed to connect|blocked)"
    r"|'cryptography' package is required for \w+ or \w+ auth methods"
)
"""What PyMySQL and MySQL say when there is no way in, as it stands in FATE-Flow's log."""
_PASSING: Final = "Can't connect"
"""What a FATE-Flow that was started before MySQL has said, and one that has been started since may say no more."""
_NOES: Final = frozenset({1044, 1045, 1049, 1129, 1130, 1698})
"""MySQL's errors by which no later login is let in either: about the user, its password, host or database."""
_NO_CONNECTION: Final = 2003
"""PyMySQL's error for whatever keeps it from a connection, in the words of the system."""
_DEAD_END: Final = re.compile(
    r"connection refused|not known|does not resolve|no address associated|'cryptography' package", re.IGNORECASE
)
"""What is said of a port that nobody has, of a name that nobody has, and of a login that PyMySQL cannot make."""
_LINES: Final = 200

_NODES: Final = (
    "SELECT status, last_heartbeat_at IS NULL, COUNT(*) FROM server_node WHERE node_type = 'NODE_MANAGER' GROUP BY 1, 2"
)
_CLIENT: Final = (
    'export MYSQL_PWD="$MYSQL_PASSWORD"; exec mysql --batch --skip-column-names --user="$MYSQL_USER" '
    '--execute="$1" "$MYSQL_DATABASE"'
)
"""MySQL's client in MySQL's own pod, with the login of that container's environment."""
_REGISTER_THEMSELVES: Final = release_order("v1.11.2")
"""From here on nodemanagers write themselves into the table (components.md section 0, fact 8)."""
_HEART: Final = 12.0
"""Seconds in which a nodemanager that runs has reported: it does so every 10."""
_WORKLOAD: Final = re.compile(r"nodemanager(?:-\d+)?")


def probes(sight: Sight) -> Iterator[Probe]:
    """What is asked of the database of a party."""
    if FATEFLOW in sight.planned.modules:
        where = "the external MySQL" if sight.planned.site.mysql is not None else "MySQL"
        sentence = f"{where} of {sight.folder.label} takes FATE-Flow's login"
        yield probe(sight, "mysql-takes-login", sentence, partial(_takes_login, sight))


def probes_of_eggroll(sight: Sight) -> Iterator[Probe]:
    """What eggroll keeps in the database."""
    if {"clustermanager", "nodemanager"} <= set(sight.planned.modules):
        sentence = f"eggroll of {sight.folder.label} counts a healthy node for each nodemanager"
        yield probe(sight, "eggroll-nodes", sentence, partial(_has_nodes, sight))


# FATE-Flow's login


def _takes_login(sight: Sight, deadline: Deadline) -> Said:
    found = _as_fateflow(sight, "SELECT 1", deadline)
    if isinstance(found, str):
        is_up = bool(sight.inside.spots(FATEFLOW, deadline))
        complaint = "" if is_up else _complaint(sight, deadline)
        if not complaint:
            return unknown(found)
        is_no = not complaint.startswith(_PASSING) or _DEAD_END.search(complaint) is not None
        return _refused(sight, complaint) if is_no else unknown(spoken(complaint))
    if found.get("refused"):
        words, number = str(found["refused"]), found.get("number")
        is_no = number in _NOES or (number in {0, _NO_CONNECTION} and _DEAD_END.search(words) is not None)
        return _refused(sight, words) if is_no else unknown(spoken(words))
    if found.get("rows"):
        return Said()
    return unknown(spoken(str(found.get("unknown") or found.get("failed"))))


def _as_fateflow(sight: Sight, statement: str, deadline: Deadline) -> Mapping[str, Any] | str:
    folders = _SETTINGS if sight.planned.release.module == "osx" else tuple(reversed(_SETTINGS))
    return python(sight, _LOGIN, (statement, *folders), deadline)


def _refused(sight: Sight, words: str) -> Said:
    site = sight.planned.site
    where = place(sight, FATEFLOW if site.mysql is not None else "mysql")
    found = mysql_refuses(where, sight.folder.label, words, is_external=site.mysql is not None)
    return judged((found,))


def _complaint(sight: Sight, deadline: Deadline) -> str:
    """What FATE-Flow wrote about MySQL before it ended, or while it does not become ready; empty for nothing."""
    namespace = sight.folder.namespaces["training"]
    for pod in sight.api.list("v1", "Pod", namespace, deadline, labels=of_site(sight.folder)):
        name = str(pod["metadata"]["name"])
        if not name.startswith(f"{FATEFLOW}-") or pod["metadata"].get("deletionTimestamp"):
            continue
        for status in (pod.get("status") or {}).get("containerStatuses") or ():
            for previous in (False, True) if status.get("restartCount") else (False,):
                log = sight.api.log(namespace, name, str(status["name"]), deadline, lines=_LINES, previous=previous)
                found = _COMPLAINT.findall(log)
                if found and not (previous and found[-1].startswith(_PASSING)):
                    return str(found[-1])
    return ""


# Eggroll's nodes


def _has_nodes(sight: Sight, deadline: Deadline) -> Said:
    """Compare the rows with the nodemanagers that run, or should; twice, where one may just have been started."""
    said = _counted(sight, deadline)
    return _counted(sight, deadline) if said.truth is Truth.FALSE and deadline.wait(_HEART) else said


def _counted(sight: Sight, deadline: Deadline) -> Said:
    rows = _rows(sight, deadline)
    if isinstance(rows, Said):
        return rows
    count = {(status, heart == "1"): int(number) for status, heart, number in rows}
    registers = sight.planned.release.order >= _REGISTER_THEMSELVES
    planned = _nodemanagers(sight, deadline)
    healthy = sum(number for (status, _), number in count.items() if status.upper() == "HEALTHY")
    ghosts = count.get(("HEALTHY", True), 0) if registers else 0
    if ghosts:
        written = "a node that never reported" if ghosts == 1 else f"{ghosts} nodes that never reported"
        hint = "delete from server_node what was written by hand: of this release every nodemanager registers itself"
        return _wrong(sight, f"counts {written} as healthy", hint)
    if healthy < planned:
        noun = "node" if healthy == 1 else "nodes"
        namespace = sight.folder.namespaces["training"]
        hint = (
            f"read the logs of nodemanager and clustermanager: `kubectl --namespace {namespace} logs nodemanager-0`"
            if registers
            else "write a row into server_node for each nodemanager, with the host at which it is reached"
        )
        return _wrong(sight, f"counts {healthy} healthy {noun}, and has {_nodes(planned)}", hint)
    return Said()


def _nodes(number: int) -> str:
    return "1 nodemanager" if number == 1 else f"{number} nodemanagers"


def _wrong(sight: Sight, failure: str, hint: str) -> Said:
    return judged((eggroll_nodes_missing(place(sight, "nodemanager"), sight.folder.label, failure, hint),))


def _rows(sight: Sight, deadline: Deadline) -> Sequence[Sequence[str]] | Said:
    """Status, whether it never reported, and number; of a MySQL of the site's own read there, else as FATE-Flow."""
    if sight.planned.site.mysql is not None:
        found = _as_fateflow(sight, _NODES, deadline)
        if isinstance(found, str):
            return unknown(found)
        if "rows" in found:
            return tuple(found["rows"])
        return _unreadable(sight, str(found.get("failed") or found.get("refused") or found.get("unknown")))
    for spot in sight.inside.spots("mysql", deadline)[:1]:
        ran = sight.inside.run(spot, ("sh", "-c", _CLIENT, "sh", _NODES), deadline)
        if ran.code != 0:
            return _unreadable(sight, last_line(ran.errors) or f"mysql ends with {ran.code}")
        lines = [line.split("\t") for line in ran.output.splitlines()]
        return [line for line in lines if len(line) == len(("status", "heart", "number")) and line[2].isdecimal()]
    return unknown(f"no container of mysql is ready in namespace {sight.folder.namespaces['training']}")


def _unreadable(sight: Sight, words: str) -> Said:
    """No table at all is a fault; whatever else keeps it from being read is another one."""
    if "server_node' doesn't exist" in words:
        hint = (
            "make eggroll's tables: MySQL makes them when it starts on an empty volume, in an external one nobody does"
        )
        return _wrong(sight, "has no table server_node", hint)
    return unknown(f"server_node cannot be read: {spoken(words)}")


def _nodemanagers(sight: Sight, deadline: Deadline) -> int:
    """How many nodemanagers the site has: as planned, or as the release's workloads say (in 1.4 and 1.5 several)."""
    namespace = sight.folder.namespaces["training"]
    documents = [each.document for each in sight.folder.objects if each.reference.kind == "StatefulSet"]
    if not documents:
        for kind in ("StatefulSet", "Deployment"):
            documents += sight.api.list("apps/v1", kind, namespace, deadline, labels=of_site(sight.folder))
    return sum(
        int((each.get("spec") or {}).get("replicas", 1))
        for each in documents
        if _WORKLOAD.fullmatch(str(each["metadata"]["name"]))
    )
