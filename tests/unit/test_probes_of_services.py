"""Probes of a site's own components: what is asked of whom, and what is made of the answers of real programs.

The answers of RabbitMQ (3.10.8), MariaDB's client (10.11) and PyMySQL were recorded from them; those of FATE-Flow are
what its sources say (version_app.py of 1.x, provider_manager.py of 2.0.0).
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, cast

import pytest

from planner.channels import Channel
from planner.lookup import Endpoint
from planner.plan import Plan
from planner.probes import BY_ID
from planner.site_json import Dial
from renderers.cluster.api import Api, Ran
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.places import Places
from renderers.cluster.references import Document
from renderers.probes.components import mysql, pulsar, rabbitmq
from renderers.probes.components.area import probes
from renderers.probes.pods.inside import Dialled, HttpAnswer, Inside, Reached, Spot
from renderers.probes.probe import Said, Truth
from renderers.probes.sight import Sight
from tests.conftest import plan_text
from tests.unit.cluster_double import Cluster, Time, folder_from, thing

TEXT: Final = """\
version: 1
name: demo
release: {release}
topology: {topology}
clusters:
  - {{name: bank, address: 192.168.9.1}}
  - {{name: shop, address: 192.168.10.1}}
{exchanges}
parties:
  - {{id: 9999, cluster: bank, target: {target}, namespace: fate-9999, {more}}}
  - {{id: 10000, cluster: shop, target: {target}, namespace: fate-10000}}
defaults: {{engine: {engine}}}
"""
ONE: Final = {"data": {"API": "v1", "FATE": "1.11.2"}, "retcode": 0, "retmsg": "success"}
OPEN: Final = Dialled(Reached.OPEN)
WHO: Final = ("python", "nginx", "rabbitmq", "pulsar", "mysql", "rollsite", "osx", "traffic-server")


@functools.cache
def written(release: str, engine: str, target: str, more: str, kind: str) -> tuple[Plan, Mapping[str, SiteFolder]]:
    """The plan of two parties, and the folders of its sites; with an exchange of a kind there is a star."""
    text = TEXT.format(
        release=release,
        topology="star" if kind else "mesh",
        exchanges=f"exchanges: [{{name: hub, cluster: shop, kind: {kind}, target: {target}}}]" if kind else "",
        target=target,
        more=more,
        engine=engine,
    )
    planned = plan_text(text)
    return planned.plan, {key: folder_from(files, key) for key, files in planned.files().items()}


@dataclass
class Pods:
    """Pods as tests want them: which components are ready, and how connections, requests and commands end."""

    ready: Sequence[str] = WHO
    dials: Mapping[str, Dialled] = field(default_factory=dict)
    ask_of: Callable[[str, str, Mapping[str, str]], HttpAnswer] = lambda _url, _body, _headers: answer(200, ONE)
    run_of: Callable[[str, Sequence[str]], Ran] = lambda _pod, _command: Ran(0, "", "")
    asked: list[tuple[str, str]] = field(default_factory=list)

    def spots(self, component: str, _: Deadline, *, serving: bool = False) -> tuple[Spot, ...]:
        assert not serving
        named = {"python": "fateflow"}.get(component, component)
        return (Spot("fate-9999", f"{component}-0", named, component, "10.0.0.7"),) if component in self.ready else ()

    def dial(self, spot: Spot, endpoint: Endpoint, _: Deadline) -> Dialled:
        self.asked.append((spot.component, str(endpoint)))
        return self.dials.get(str(endpoint)) or self.dials.get(spot.component) or OPEN

    def ask(
        self,
        spot: Spot,
        method: str,
        url: str,
        _: Deadline,
        *,
        body: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        self.asked.append((spot.component, f"{method} {url}"))
        if spot.component in self.dials:
            return HttpAnswer(self.dials[spot.component])
        return self.ask_of(url, body, headers or {})

    def run(self, spot: Spot, command: Sequence[str], _: Deadline) -> Ran:
        return self.run_of(spot.pod, command)


@dataclass
class Server(Cluster):
    """An API server with a clock that nobody waits for."""

    clock: Clock = field(default_factory=Time)
    logs: Mapping[str, str] = field(default_factory=dict)

    def log(
        self, namespace: str, pod: str, container: str, _: Deadline, *, lines: int = 20, previous: bool = False
    ) -> str:
        assert (namespace, lines) == ("fate-9999", 200)
        return self.logs.get(f"{pod}/{container}{'/previous' if previous else ''}", "")


def answer(status: int, content: object) -> HttpAnswer:
    """An answer over HTTP."""
    return HttpAnswer(OPEN, status, content if isinstance(content, str) else json.dumps(content))


def sight(
    pods: Pods | None = None,
    server: Cluster | None = None,
    *,
    release: str = "v1.11.2",
    engine: str = "eggroll",
    target: str = "kubernetes",
    more: str = "",
    kind: str = "",
    site: str = "party-9999",
) -> Sight:
    """A site as planned, with pods as a test wants them."""
    plan, folders = written(release, engine, target, more, kind)
    folder = folders[site]
    inside = cast("Inside", pods or Pods())
    return Sight(plan, plan.by_key[site], folder, Places(folder), cast("Api", server or Server()), inside)


def said(seen: Sight, sort: str, word: str = "") -> Said:
    """What the probe of a sort says whose sentence has a word; nobody waits in vain."""
    (found,) = [each for each in probes(seen) if each.sort.id == sort and word in each.sentence]
    return found.ask(Deadline(found.sort.seconds, Time()))


def fault(found: Said) -> tuple[str, str]:
    """The code of the one finding, and its message."""
    assert found.truth is Truth.FALSE, found
    (diagnostic,) = found.diagnostics
    assert found.reason == diagnostic.message
    return diagnostic.fault.code, diagnostic.message


# What is asked


def asked(seen: Sight) -> list[str]:
    """The sorts of a site's probes, with the component where one is named."""
    return [
        f"{each.sort.id} {each.sentence.split()[0]}" if each.sort.id == "components-answer" else each.sort.id
        for each in probes(seen)
    ]


ALWAYS: Final = ["mysql-takes-login", "fateflow-answers", "fateflow-version"]


@pytest.mark.parametrize(
    ("engine", "more", "expected"),
    [
        (
            "eggroll",
            "",
            ["components-answer rollsite", "components-answer clustermanager", "table-read", "eggroll-nodes"],
        ),
        (
            "spark_rabbitmq",
            "",
            [
                *("components-answer nginx", "components-answer rabbitmq", "table-read", "table-read"),
                *("nginx-finds-fateflow", "broker-links"),
            ],
        ),
        (
            "spark_pulsar",
            "",
            [
                *("components-answer nginx", "components-answer pulsar", "table-read", "table-read"),
                *("nginx-finds-fateflow", "pulsar-peers"),
            ],
        ),
    ],
)
@pytest.mark.parametrize("target", ["kubernetes", "helm", "kubefate"])
def test_only_what_a_party_has_is_asked(engine: str, more: str, target: str, expected: list[str]) -> None:
    """By its modules, whatever it is installed with; nothing is asked before it is."""
    pods = Pods()
    assert asked(sight(pods, engine=engine, target=target, more=more)) == [*ALWAYS, *expected]
    assert pods.asked == []


@pytest.mark.parametrize(
    ("release", "engine", "kind", "expected"),
    [
        ("v1.11.2", "eggroll", "rollsite", ["components-answer rollsite", "table-read"]),
        ("v2.0.0", "eggroll", "osx", ["components-answer osx", "table-read"]),
        (
            "v1.11.2",
            "spark_pulsar",
            "trafficServer",
            ["components-answer nginx", "components-answer traffic-server", "table-read", "table-read"],
        ),
    ],
)
def test_an_exchange_has_routers_alone(release: str, engine: str, kind: str, expected: list[str]) -> None:
    """It has neither FATE-Flow nor a database."""
    assert asked(sight(release=release, engine=engine, kind=kind, site="exchange-hub")) == expected


# FATE-Flow


def test_fateflow_is_asked_at_its_services_and_its_pod() -> None:
    """In the words of its generation."""
    pods = Pods()
    assert said(sight(pods), "fateflow-answers") == Said()
    path = "9380/v1/version/get"
    hosts = ("fateflow", "fateflow-client", "10.0.0.7")
    assert pods.asked == [("nginx", f"POST http://{host}:{path}") for host in hosts]
    pods = Pods(ask_of=lambda *_: answer(200, {"code": 0, "message": "success", "data": []}))
    assert said(sight(pods, release="v2.0.0"), "fateflow-answers") == Said()
    assert pods.asked[0] == ("nginx", "GET http://fateflow:9380/v2/server/fateflow")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (HttpAnswer(Dialled(Reached.REFUSED)), "the connection is refused"),
        (HttpAnswer(Dialled(Reached.SILENT)), "nobody answers in time"),
        (HttpAnswer(Dialled(Reached.NO_NAME)), "there is no such name, or no pod behind it is ready"),
        (HttpAnswer(OPEN, 0, "SSH-2.0"), "what answers there does not speak HTTP"),
        (HttpAnswer(OPEN), "it takes the connection and does not answer in time"),
        (answer(502, "<html>"), "the answer is 502"),
        (answer(200, "<html>welcome</html>"), "what answers there is no FATE-Flow"),
        (answer(200, ["retcode"]), "what answers there is no FATE-Flow"),
    ],
)
def test_a_fateflow_that_does_not_answer(given: HttpAnswer, words: str) -> None:
    """The address that fails is named, and how."""
    pods = Pods(ask_of=lambda url, *_: given if "client" in url else answer(200, ONE))
    code, message = fault(said(sight(pods), "fateflow-answers"))
    assert code == "FED986"
    assert message == f"FATE-Flow of party 9999 does not answer at fateflow-client:9380: {words}"


NOT_TRIED: Final = Dialled(Reached.NOT_TRIED, "Temporary failure in name resolution")


@pytest.mark.parametrize("sort", ["fateflow-answers", "nginx-finds-fateflow", "components-answer"])
def test_what_the_pod_could_not_try_is_unknown(sort: str) -> None:
    """A pod at its limit, or a DNS that gives no answer, says nothing of a component."""
    pods = Pods(dials=dict.fromkeys(WHO, NOT_TRIED))
    found = said(sight(pods, engine="spark_rabbitmq"), sort, "rabbitmq" if sort == "components-answer" else "")
    assert found == Said(Truth.UNKNOWN, NOT_TRIED.words)


def test_others_ask_where_fateflow_is_not_ready() -> None:
    """A FATE-Flow that is down is found by those who may dial it; without any, nothing is known."""
    pods = Pods(ready=("rollsite", "mysql"), ask_of=lambda *_: HttpAnswer(Dialled(Reached.REFUSED)))
    assert fault(said(sight(pods), "fateflow-answers"))[0] == "FED986"
    assert {component for component, _ in pods.asked} == {"rollsite"}
    pods = Pods(ready=("clustermanager", "rollsite"), dials={"clustermanager": Dialled(Reached.NO_TOOL, "no tool")})
    assert said(sight(pods), "fateflow-answers") == Said()
    found = said(sight(Pods(ready=("mysql", "nodemanager"))), "fateflow-answers")
    assert found.truth is Truth.UNKNOWN
    assert found.reason == "no container of client or clustermanager or rollsite or python is ready that could ask"


@pytest.mark.parametrize(
    ("told", "more", "truth"),
    [
        (ONE, "", Truth.TRUE),
        ({"data": {"FATE": "1.11.1"}, "retcode": 0}, "", Truth.FALSE),
        ({"data": {"FATE": "1.11.1"}, "retcode": 0}, "components: {python: {imageTag: 1.11.1-release}}", Truth.TRUE),
        ({"data": {"FATE": "1.10.0"}, "retcode": 0}, "components: {python: {imageTag: 1.10.0-release}}", Truth.FALSE),
        ({"retcode": 100, "retmsg": "not authorized"}, "", Truth.UNKNOWN),
        ({"data": {"null": None}, "retcode": 0}, "", Truth.UNKNOWN),
    ],
)
def test_the_version_of_fate_1(told: object, more: str, truth: Truth) -> None:
    """It must be the planned one; with an image of somebody's own choice, of the same minor release."""
    pods = Pods(ask_of=lambda *_: answer(200, told))
    assert said(sight(pods, more=more), "fateflow-version").truth is truth


def test_a_version_that_is_not_planned_is_told() -> None:
    """Which one it is, and which should be there."""
    pods = Pods(ask_of=lambda *_: answer(200, {"data": {"FATE": "1.10.0"}, "retcode": 0}))
    assert fault(said(sight(pods), "fateflow-version")) == (
        "FED987",
        "FATE-Flow of party 9999 is of FATE 1.10.0, and v1.11.2 is planned",
    )


def provider(version: str, time: int | None) -> dict[str, Any]:
    """A row of FATE-Flow 2's providers."""
    return {"name": "fate_flow", "version": version, "device": "local", "update_time": time}


@pytest.mark.parametrize(
    ("rows", "truth"),
    [
        ([provider("2.0.0", None)], Truth.TRUE),
        ([provider("2.2.0", None)], Truth.FALSE),
        ([provider("2.2.0", 1700000000000), provider("2.0.0", 1700000001000)], Truth.TRUE),
        ([provider("2.0.0", 1700000000000), provider("2.2.0", 1700000001000)], Truth.FALSE),
        ([provider("2.0.0", None), provider("2.2.0", None)], Truth.UNKNOWN),
        ([], Truth.UNKNOWN),
    ],
)
def test_the_version_of_fate_2(rows: list[Any], truth: Truth) -> None:
    """The one that was written down last: rows of earlier releases stay in its database."""
    pods = Pods(ask_of=lambda *_: answer(200, {"code": 0, "data": rows}))
    assert said(sight(pods, release="v2.0.0"), "fateflow-version").truth is truth


# nginx


def test_nginx_is_asked_for_its_own_party() -> None:
    """With the headers that FATE-Flow sends."""
    told: list[Mapping[str, str]] = []

    def ask_of(url: str, _body: str, headers: Mapping[str, str]) -> HttpAnswer:
        assert url.startswith("http://nginx:9300/")
        told.append(headers)
        return answer(200, ONE)

    assert said(sight(Pods(ask_of=ask_of), engine="spark_rabbitmq"), "nginx-finds-fateflow") == Said()
    assert (told[0]["dest-party-id"], told[0]["service"]) == ("9999", "fateflow")


def pod(name: str, made: str) -> Document:
    """A pod that was made at a time."""
    return thing("Pod", name, metadata={"creationTimestamp": made})


@pytest.mark.parametrize(("nginx", "notes"), [("11:50:01", 1), ("12:30:00", 0)])
def test_an_nginx_that_knows_an_earlier_fateflow(nginx: str, notes: int) -> None:
    """Where FATE-Flow's pod is the younger one, that is probably why."""
    server = Server((pod("python-0", "2026-03-01T12:04:07Z"), pod("nginx-0", f"2026-03-01T{nginx}Z")))
    pods = Pods(ask_of=lambda *_: answer(502, "Bad Gateway"))
    found = said(sight(pods, server, engine="spark_rabbitmq"), "nginx-finds-fateflow")
    assert fault(found) == (
        "FED964",
        "nginx of party 9999 does not lead to its FATE-Flow: the answer is 502",
    )
    assert len(found.diagnostics[0].notes) == notes
    assert all("12:04:07 UTC, after nginx's at 11:50:01 UTC" in note.message for note in found.diagnostics[0].notes)


def test_an_nginx_that_waits() -> None:
    """For an address that swallows packets: it takes the connection, and has no answer."""
    found = said(sight(Pods(ask_of=lambda *_: HttpAnswer(OPEN)), engine="spark_rabbitmq"), "nginx-finds-fateflow")
    why = "it takes the connection and does not answer in time; nginx may wait for an address that does not answer"
    assert fault(found) == ("FED964", f"nginx of party 9999 does not lead to its FATE-Flow: {why}")


def test_an_nginx_that_leads_to_somebody_else() -> None:
    """FATE-Flow 2 tells whose it is."""
    told = {"code": 0, "data": {"party_id": "10000"}}
    pods = Pods(ask_of=lambda *_: answer(200, told))
    found = said(sight(pods, release="v2.0.0", engine="spark_rabbitmq"), "nginx-finds-fateflow")
    assert fault(found)[1].endswith("does not lead to its FATE-Flow: who answers there is party 10000")
    told["data"] = {"party_id": "9999"}
    assert said(sight(pods, release="v2.0.0", engine="spark_rabbitmq"), "nginx-finds-fateflow") == Said()


# Routers and brokers


def test_every_port_of_a_component_is_dialled() -> None:
    """From FATE-Flow's pod; those of an exchange from the router's own, which asks itself."""
    pods = Pods()
    assert said(sight(pods, engine="spark_rabbitmq"), "components-answer", "rabbitmq").truth is Truth.TRUE
    assert pods.asked == [("python", "rabbitmq:5672"), ("python", "rabbitmq:15672")]
    pods = Pods(ready=("traffic-server", "nginx"))
    seen = sight(pods, engine="spark_pulsar", kind="trafficServer", site="exchange-hub")
    assert said(seen, "components-answer", "traffic-server").truth is Truth.TRUE
    assert pods.asked == [("traffic-server", "10.0.0.7:443")]


def test_a_port_that_peers_alone_dial_is_asked_by_its_own_pod() -> None:
    """NetworkPolicies let FATE-Flow dial Pulsar, and not at the port of TLS, which is for peers."""
    pods = Pods()
    assert said(sight(pods, engine="spark_pulsar", kind="trafficServer"), "components-answer", "pulsar") == Said()
    dialled = [("python", "pulsar:6650"), ("pulsar", "10.0.0.7:6651"), ("python", "pulsar:8080")]
    assert pods.asked[:3] == dialled


def test_a_component_is_not_asked_by_strangers() -> None:
    """NetworkPolicies would keep them away, which is no fault."""
    pods = Pods(ready=("mysql", "nginx"))
    found = said(sight(pods, engine="spark_rabbitmq"), "components-answer", "rabbitmq")
    assert (found.truth, pods.asked) == (Truth.UNKNOWN, [])
    assert found.reason == "no container of python or rabbitmq is ready that could ask"


def test_a_component_that_does_not_answer() -> None:
    """The port that fails is named."""
    pods = Pods(dials={"rabbitmq:15672": Dialled(Reached.SILENT)})
    assert fault(said(sight(pods, engine="spark_rabbitmq"), "components-answer", "rabbitmq")) == (
        "FED988",
        "rabbitmq of party 9999 does not answer at rabbitmq:15672: nobody answers in time",
    )


@pytest.mark.parametrize(
    ("ran", "truth"),
    [
        (Ran(0, "", ""), Truth.TRUE),
        (Ran(69, "", "Error:\nMemory alarm on node rabbit@rabbitmq-0\n"), Truth.FALSE),
        (Ran(69, "", "Error:\nFailed to connect and authenticate to rabbit@rabbitmq-0 in 60000 ms\n"), Truth.TRUE),
        (Ran(64, "", "Error: this command requires the 'rabbit' app to be running on the target node.\n"), Truth.FALSE),
        (Ran(127, "", "rabbitmq-diagnostics: not found"), Truth.TRUE),
        (Ran(126, "", "permission denied"), Truth.TRUE),
        (Ran(None, "", ""), Truth.TRUE),
    ],
)
def test_rabbitmq_is_asked_for_its_health(ran: Ran, truth: Truth) -> None:
    """An image without the program is no illness, nor is one that may not ask a broker whose ports answer."""
    pods = Pods(run_of=lambda *_: ran)
    found = said(sight(pods, engine="spark_rabbitmq"), "components-answer", "rabbitmq")
    assert found.truth is truth
    if "Memory" in ran.errors:
        assert found.reason == "rabbitmq of party 9999 takes no messages: Memory alarm on node rabbit@rabbitmq-0"


@pytest.mark.parametrize(("status", "truth"), [(200, Truth.TRUE), (404, Truth.TRUE), (503, Truth.FALSE)])
def test_pulsar_is_asked_for_its_health(status: int, truth: Truth) -> None:
    """It sends itself a message."""
    pods = Pods(ask_of=lambda *_: answer(status, "ok"))
    found = said(sight(pods, engine="spark_pulsar"), "components-answer", "pulsar")
    assert found.truth is truth
    assert pods.asked[-1] == ("python", "GET http://pulsar:8080/admin/v2/brokers/health")


# MySQL

PYMYSQL: Final = '''\
"""Answers as PyMySQL 1.1 does."""
import os
class OperationalError(Exception): pass
class Cursor:
    def execute(self, statement): self.statement = statement
    def fetchall(self): return [(1,)] if self.statement == "SELECT 1" else [("HEALTHY", 0, 2)]
class Connection:
    def cursor(self): return Cursor()
def connect(host, port, user, password, database, connect_timeout, read_timeout):
    if password == "busy":
        raise OperationalError(1040, "Too many connections")
    if password != os.environ["RIGHT"]:
        words = "Access denied for user 'fate'@'10.0.0.7' (using password: YES)"
        raise OperationalError(1045, words + os.environ["ADD"])
    assert (host, port, user, database) == ("mysql", 3306, "fate", "eggroll_meta")
    return Connection()
'''
DATABASE: Final = "name: eggroll_meta, user: fate, passwd: s3cr3t, host: mysql, port: 3306"


def log_in(folder: Path, text: str, statement: str = "SELECT 1", *, right: str = "s3cr3t", add: str = "") -> Any:
    """What the program tells that logs in as FATE-Flow does."""
    (folder / "conf").mkdir(exist_ok=True)
    (folder / "conf/service_conf.yaml").write_text(text, encoding="utf-8")
    (folder / "pymysql.py").write_text(PYMYSQL, encoding="utf-8")
    environment = {"PYTHONPATH": str(folder), "RIGHT": right, "ADD": add}
    command = [sys.executable, "-c", mysql._LOGIN, statement, str(folder / "nowhere"), str(folder / "conf")]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "s3cr3t" not in told.stdout + told.stderr
    return json.loads(told.stdout)


@pytest.mark.parametrize(
    "text", [f"database: {{{DATABASE}}}", f"database: {{engine: mysql, mysql: {{{DATABASE}}}}}"], ids=["1", "2"]
)
def test_the_login_is_tried_with_what_fateflow_has(text: str, tmp_path: Path) -> None:
    """In the shape of either generation; the password is nowhere in what comes out, even if MySQL repeats it."""
    assert log_in(tmp_path, text) == {"rows": [["1"]]}
    found = log_in(tmp_path, text, right="another", add=" s3cr3t")
    words = "Access denied for user 'fate'@'10.0.0.7' (using password: YES) ..."
    assert found == {"refused": words, "number": 1045}
    busy = {"refused": "Too many connections", "number": 1040}
    assert log_in(tmp_path, text.replace("s3cr3t", "busy")) == busy


def test_settings_that_say_no_login(tmp_path: Path) -> None:
    """What only FATE-Flow can read, another engine, or nothing to read: then nothing is known."""
    for text, words in (
        (f"encrypt_password: true\ndatabase: {{{DATABASE}}}", "its password is encrypted, and only FATE-Flow can"),
        ("database: {engine: sqlite}", "its database is sqlite and no MySQL"),
        (f"database: {{engine: mysql, decrypt_key: k, mysql: {{{DATABASE}}}}}", "its password is encrypted, and only"),
        ("party_id: 9999", "its service_conf.yaml cannot be read: KeyError"),
        ("database: {user: fate}", "its service_conf.yaml has no login for MySQL: KeyError"),
    ):
        assert log_in(tmp_path, text)["unknown"].startswith(words)
    (tmp_path / "conf/local.service_conf.yaml").write_text(f"database: {{{DATABASE}}}", encoding="utf-8")
    assert log_in(tmp_path, "database: {engine: sqlite}") == {"rows": [["1"]]}


def ran_in_fateflow(told: object) -> Pods:
    """Pods of which FATE-Flow's runs a program that tells this."""

    def run_of(name: str, command: Sequence[str]) -> Ran:
        assert name == "python-0"
        assert command[:2] == ("sh", "-c")
        return Ran(0, f"a warning\n{json.dumps(told)}\n", "")

    return Pods(run_of=run_of)


def test_what_mysql_says_to_the_login() -> None:
    """It is told in MySQL's words, and where to mend it by whose MySQL it is."""
    refused = {"refused": "Access denied for user 'fate'@'10.0.0.7' (using password: YES)", "number": 1045}
    assert said(sight(ran_in_fateflow({"rows": [["1"]]})), "mysql-takes-login") == Said()
    found = said(sight(ran_in_fateflow(refused)), "mysql-takes-login")
    assert fault(found) == ("FED996", f"MySQL of party 9999 refuses FATE-Flow: {refused['refused']}")
    assert "the same login" in found.diagnostics[0].hint
    external = "mysql: {host: 10.1.1.1, database: fate, user: fate, password: env:PASSWORD}"
    found = said(sight(ran_in_fateflow(refused), more=external), "mysql-takes-login")
    assert "whoever runs that MySQL" in found.diagnostics[0].hint
    found = said(sight(ran_in_fateflow({"unknown": "the Python of its pod has no pymysql"})), "mysql-takes-login")
    assert (found.truth, found.reason) == (Truth.UNKNOWN, "the Python of its pod has no pymysql")


CANNOT: Final = "Can't connect to MySQL server on 'mysql' "


@pytest.mark.parametrize(
    ("number", "words", "truth"),
    [
        (1044, "Access denied for user 'fate'@'%' to database 'eggroll_meta'", Truth.FALSE),
        (1045, "Zugriff verweigert", Truth.FALSE),
        (1049, "Unknown database 'eggroll_meta'", Truth.FALSE),
        (1129, "Host '10.0.0.7' is blocked because of many connection errors", Truth.FALSE),
        (1130, "Host '10.0.0.7' is not allowed to connect to this MySQL server", Truth.FALSE),
        (2003, f"{CANNOT}([Errno 111] Connection refused)", Truth.FALSE),
        (2003, f"{CANNOT}([Errno -2] Name or service not known)", Truth.FALSE),
        (2003, f"{CANNOT}([Errno -2] Name does not resolve)", Truth.FALSE),
        (0, "'cryptography' package is required for sha256_password", Truth.FALSE),
        (2003, f"{CANNOT}([Errno -3] Temporary failure in name resolution)", Truth.UNKNOWN),
        (2003, f"{CANNOT}(timed out)", Truth.UNKNOWN),
        (2003, f"{CANNOT}([Errno 113] No route to host)", Truth.UNKNOWN),
        (2013, "Lost connection to MySQL server during query (timed out)", Truth.UNKNOWN),
        (1040, "Too many connections", Truth.UNKNOWN),
        (1203, "User fate already has more than 'max_user_connections' active connections", Truth.UNKNOWN),
        (0, "ValueError", Truth.UNKNOWN),
    ],
)
def test_what_may_pass_is_no_refusal(number: int, words: str, truth: Truth) -> None:
    """Only a no that stays one is told with a hint to change the login; anything else is unknown, in MySQL's words."""
    found = said(sight(ran_in_fateflow({"refused": words, "number": number})), "mysql-takes-login")
    assert found.truth is truth
    if truth is Truth.UNKNOWN:
        assert found == Said(truth, words)


def test_a_login_is_tried_twice() -> None:
    """What passes within a second is not told at all."""
    assert BY_ID["mysql-takes-login"].tries == 2


@pytest.mark.parametrize(
    ("why", "truth"), [("[Errno 111] Connection refused", Truth.FALSE), ("timed out", Truth.UNKNOWN)]
)
def test_why_a_log_tells_of_no_connection(why: str, truth: Truth) -> None:
    """A FATE-Flow that is not ready and waits for MySQL has not been refused."""
    statuses = [{"name": "fateflow", "ready": False, "restartCount": 0}]
    server = Server((thing("Pod", "python-0", status={"containerStatuses": statuses}),))
    server.logs = {"python-0/fateflow": f'pymysql.err.OperationalError: (2003, "{CANNOT}({why})")'}
    found = said(sight(Pods(ready=("mysql",)), server), "mysql-takes-login")
    assert found.truth is truth
    assert found.reason.endswith(f"{CANNOT}({why})")


@pytest.mark.parametrize(
    ("log", "truth"),
    [
        (
            "peewee.OperationalError: (1045, \"Access denied for user 'fate'@'10.0.0.7' (using password: YES)\")",
            "FED996",
        ),
        (
            "RuntimeError: 'cryptography' package is required for sha256_password or caching_sha2_password auth methods",  # noqa: E501 - the words of PyMySQL
            "FED996",
        ),
        ("ImportError: no module named fate_arch", ""),
    ],
)
def test_a_fateflow_that_never_comes_up_has_said_why(log: str, truth: str) -> None:
    """Its container is not ready, so its log of before is read."""
    statuses = [{"name": "fateflow", "ready": False, "restartCount": 2}]
    server = Server((thing("Pod", "python-0", status={"containerStatuses": statuses}),))
    server.logs = {"python-0/fateflow": "starting", "python-0/fateflow/previous": log}
    found = said(sight(Pods(ready=("mysql",)), server), "mysql-takes-login")
    if truth:
        assert fault(found)[0] == truth
    else:
        assert (found.truth, found.reason) == (
            Truth.UNKNOWN,
            "no container of FATE-Flow is ready in namespace fate-9999",
        )


@pytest.mark.parametrize("words", ["Access denied for user 'fate'@'10.0.0.7'", "Can't connect to MySQL server on 'm'"])
def test_what_a_log_says_of_a_time_that_is_over(words: str) -> None:
    """A FATE-Flow that is ready has been let in since; one that has been started again may find a MySQL that is up."""
    ready = [{"name": "fateflow", "ready": True, "restartCount": 1}]
    server = Server((thing("Pod", "python-0", status={"containerStatuses": ready}),))
    server.logs = {"python-0/fateflow": words, "python-0/fateflow/previous": words}
    assert said(sight(Pods(run_of=lambda *_: Ran(127, "", "")), server), "mysql-takes-login").truth is Truth.UNKNOWN
    server.logs = {"python-0/fateflow/previous": words}
    found = said(sight(Pods(ready=("mysql",)), server), "mysql-takes-login")
    assert found.truth is (Truth.UNKNOWN if "connect" in words else Truth.FALSE)


@pytest.mark.parametrize(
    ("number", "words", "hint"),
    [
        (2003, f"{CANNOT}([Errno 111] Connection refused)", "whether MySQL runs at that address"),
        (1129, "Host '10.0.0.7' is blocked because of many connection errors", "FLUSH HOSTS"),
        (0, "'cryptography' package is required for sha256_password", "mysql_native_password"),
    ],
)
def test_what_no_password_would_mend(number: int, words: str, hint: str) -> None:
    """The way out is another one."""
    found = said(sight(ran_in_fateflow({"refused": words, "number": number})), "mysql-takes-login")
    assert hint in found.diagnostics[0].hint


# Eggroll's nodes


@pytest.mark.parametrize(
    ("release", "rows", "expected"),
    [
        ("v1.11.2", "HEALTHY\t0\t2\nLOSS\t0\t1\n", ""),
        ("v1.11.2", "HEALTHY\t0\t1\nLOSS\t0\t1\n", "counts 1 healthy node, and has 2 nodemanagers"),
        ("v1.11.2", "", "counts 0 healthy nodes, and has 2 nodemanagers"),
        ("v1.11.2", "HEALTHY\t0\t2\nHEALTHY\t1\t1\n", "counts a node that never reported as healthy"),
        ("v1.10.0", "HEALTHY\t1\t2\n", ""),
        ("v1.10.0", "HEALTHY\t1\t1\n", "counts 1 healthy node, and has 2 nodemanagers"),
    ],
)
def test_nodes_that_eggroll_counts(release: str, rows: str, expected: str) -> None:
    """Each nodemanager is one; from 1.11.2 on one that never reported was written by hand, before all were."""
    target = "kubernetes" if release == "v1.11.2" else "helm"
    server = Server(
        (thing("StatefulSet", "nodemanager", "apps/v1", labels={"name": "fate-9999"}, spec={"replicas": 2}),)
    )
    pods = Pods(run_of=lambda *_: Ran(0, rows, ""))
    more = "components: {nodemanager: {replicas: 2}}" if target == "kubernetes" else ""
    seen = sight(pods, server, release=release, target=target, more=more)
    found = said(seen, "eggroll-nodes")
    if expected:
        assert fault(found) == ("FED991", f"eggroll of party 9999 {expected}")
    else:
        assert found == Said()


def test_a_nodemanager_that_has_just_been_started() -> None:
    """It reports within some seconds, for which eggroll is given time."""
    looks = iter(["HEALTHY\t0\t1\nHEALTHY\t1\t1\n", "HEALTHY\t0\t2\n"])
    pods = Pods(run_of=lambda *_: Ran(0, next(looks), ""))
    assert said(sight(pods, more="components: {nodemanager: {replicas: 2}}"), "eggroll-nodes") == Said()


def test_a_table_of_nodes_that_cannot_be_read() -> None:
    """One that is not there is a fault; a login that MySQL refuses is told elsewhere."""
    query = "-----\nSELECT ...\n-----\n\n"
    missing = Ran(1, "", f"{query}ERROR 1146 (42S02) at line 1: Table 'eggroll_meta.server_node' doesn't exist\n")
    assert fault(said(sight(Pods(run_of=lambda *_: missing)), "eggroll-nodes"))[0] == "FED991"
    refused = Ran(1, "", "ERROR 1045 (28000): Access denied for user 'fate'@'localhost' (using password: YES)\n")
    assert said(sight(Pods(run_of=lambda *_: refused)), "eggroll-nodes").truth is Truth.UNKNOWN
    assert said(sight(Pods(ready=("python",))), "eggroll-nodes").truth is Truth.UNKNOWN


def test_nodes_in_an_external_mysql() -> None:
    """They are read with FATE-Flow's login."""
    external = "mysql: {host: 10.1.1.1, database: fate, user: fate, password: env:PASSWORD}"
    pods = ran_in_fateflow({"rows": [["HEALTHY", "0", "2"]]})
    assert said(sight(pods, more=external), "eggroll-nodes") == Said()


# RabbitMQ's links

LINK: Final = {
    "consumer_tag": "federation-link-upstream-receive-x",
    "error": "",
    "id": "9a1ac493",
    "last_changed": "2026-11-22 15:31:33",
    "queue": "receive-x",
    "status": "running",
    "uri": "amqp://192.168.10.1:30095",
    "vhost": "202611221530-guest-9999-host-10000",
}
CHARS: Final = [ord(each) for each in "ACCESS_REFUSED - Login was refused"]


def tell(*looks: Sequence[Mapping[str, Any]]) -> Pods:
    """A broker that tells these links, look by look; the last ones again and again."""
    left = list(looks)

    def run_of(name: str, command: Sequence[str]) -> Ran:
        assert (name, tuple(command)) == ("rabbitmq-0", rabbitmq._STATUS)
        found = left.pop(0) if len(left) > 1 else left[0]
        return Ran(0, json.dumps([{**LINK, **each} for each in found]), "")

    return Pods(run_of=run_of)


@pytest.mark.parametrize(
    ("first", "then", "words"),
    [
        ({"status": "error", "error": "econnrefused"}, None, "the connection is refused"),
        ({"status": "error", "error": "unknown_host"}, None, "there is no such name"),
        ({"status": "error", "error": "ehostunreach"}, {"status": "starting"}, "no way leads there"),
        ({"status": "error", "error": ["auth_failure", CHARS]}, None, "the broker there does not know this job: it is"),
        ({"status": "error", "error": "badarg"}, None, "the broker says badarg"),
        ({"status": "starting"}, None, "nobody answers"),
    ],
)
def test_a_broken_link_names_peer_address_and_reason(
    first: Mapping[str, Any], then: Mapping[str, Any] | None, words: str
) -> None:
    """FATE itself would say nothing at all."""
    seen = sight(
        tell([{**first, "uri": "amqp://192.168.10.1:5699"}], [{**(then or first), "uri": "amqp://192.168.10.1:5699"}]),
        engine="spark_rabbitmq",
    )
    found = said(seen, "broker-links")
    code, message = fault(found)
    assert code == "FED998"
    assert message.startswith(f"RabbitMQ of party 9999 cannot fetch from party 10000 at 192.168.10.1:5699: {words}")
    assert [note.message for note in found.diagnostics[0].notes] == ["the plan has 192.168.10.1:30094 for it"]
    (link,) = rabbitmq.broken_links(seen, Deadline(30, Time()))
    assert (link.peer, link.endpoint) == ("party-10000", Endpoint("192.168.10.1", 5699))


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("2026_secure_add_0_0-guest-9999-host-10000", "party-10000"),
        ("2026-1-guest-10000-host-9999", "party-10000"),
        ("2026-9999-10000", "party-10000"),
        ("2026-guest-9999-host-9999", ""),
        ("2026-guest-9999-host-31415", ""),
        ("/", ""),
    ],
)
def test_the_peer_of_a_link(host: str, peer: str) -> None:
    """It stands in the name of the job's virtual host; somebody of whom the plan knows nothing has no name."""
    seen = sight(tell([{"status": "error", "error": "econnrefused", "vhost": host}]), engine="spark_rabbitmq")
    assert [each.peer for each in rabbitmq.broken_links(seen, Deadline(30, Time()))] == [peer]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({}, {}),
        ({"status": "error", "error": "econnrefused"}, {}),
        ({"status": "starting"}, {"status": "starting", "last_changed": "2026-11-22 15:31:39"}),
        ({"status": "error", "error": ["auth_failure", CHARS]}, {"vhost": "another-guest-9999-host-10000"}),
    ],
)
def test_links_that_are_up_or_come_up(first: Mapping[str, Any], then: Mapping[str, Any]) -> None:
    """A job that has just begun makes its user on one broker first; a link tries again by itself."""
    assert said(sight(tell([first], [then]), engine="spark_rabbitmq"), "broker-links") == Said()


def test_a_link_that_is_looked_at_once_alone() -> None:
    """Nothing is known of one that may come up yet."""
    broken = Ran(0, json.dumps([{**LINK, "status": "error", "error": "timeout"}]), "")
    looks = [broken, Ran(69, "", "Error: unable to perform an operation on node 'rabbit@rabbitmq-0'.\n")]
    seen = sight(Pods(run_of=lambda *_: looks.pop(0)), engine="spark_rabbitmq")
    assert said(seen, "broker-links").truth is Truth.UNKNOWN


def test_a_broker_that_comes_up_is_not_one_without_its_plugin() -> None:
    """Its process for links is there a few seconds after the others."""
    looks = [Ran(69, "", "Error:\n{:noproc, {:gen_server, :call, []}}\n"), Ran(0, "[]", "")]
    assert said(sight(Pods(run_of=lambda *_: looks.pop(0)), engine="spark_rabbitmq"), "broker-links") == Said()


def test_what_rabbitmqctl_adds_to_an_error_is_not_told() -> None:
    """It ends with the hash of its cookie, by which it logs in (RabbitMQ 3.10.8)."""
    words = "Error: unable to perform an operation on node 'rabbit@rabbitmq-0'. Please see below.\n\nMost common\n"
    ran = Ran(69, "", f"{words} * effective user's home directory: /root\n * Erlang cookie hash: 98Yz7NDn0q1uFse8==\n")
    found = said(sight(Pods(run_of=lambda *_: ran), engine="spark_rabbitmq"), "broker-links")
    assert found.reason.endswith(
        "does not tell: unable to perform an operation on node 'rabbit@rabbitmq-0'. Please see below"
    )


def test_brokers_without_links() -> None:
    """Links are there only while a job runs."""
    assert said(sight(tell([]), engine="spark_rabbitmq"), "broker-links") == Said()


def test_a_login_in_the_address_of_a_link_is_not_told() -> None:
    """RabbitMQ leaves it out; should it not, it still goes nowhere. A virtual host of somebody else names no peer."""
    row = {"status": "error", "error": "timeout", "uri": "amqp://user:s3cr3t@192.168.10.1", "vhost": "/"}
    found = rabbitmq.broken_links(sight(tell([row]), engine="spark_rabbitmq"), Deadline(30, Time()))
    assert found == (rabbitmq.BrokenLink("", Endpoint("192.168.10.1", 5672), "nobody answers"),)


@pytest.mark.parametrize(
    ("ran", "truth"),
    [
        (
            Ran(69, "", "Error:\n{:noproc, {:gen_server, :call, [:rabbit_federation_status, :status, :infinity]}}\n"),
            Truth.FALSE,
        ),
        (Ran(64, "", 'Command "federation_status" not found\n'), Truth.FALSE),
        (Ran(127, "", "rabbitmqctl: not found"), Truth.UNKNOWN),
        (Ran(69, "", "Error: unable to perform an operation on node 'rabbit@rabbitmq-0'.\n"), Truth.UNKNOWN),
        (Ran(None, "", ""), Truth.UNKNOWN),
    ],
)
def test_a_broker_that_tells_no_links(ran: Ran, truth: Truth) -> None:
    """Without its plugin it fetches nothing from anybody, and jobs hang in silence."""
    seen = sight(Pods(run_of=lambda *_: ran), engine="spark_rabbitmq")
    found = said(seen, "broker-links")
    assert found.truth is truth
    assert rabbitmq.broken_links(seen, Deadline(30, Time())) == ()
    if truth is Truth.FALSE:
        assert fault(found) == (
            "FED998",
            "RabbitMQ of party 9999 fetches from nobody: its plugin rabbitmq_federation is off",
        )
        assert found.peers == ("party-10000",)


# Pulsar's peers


def peers_of(**rows: Mapping[str, Any]) -> Pods:
    """A broker that knows these clusters."""
    return ran_in_fateflow({"peers": {name.removeprefix("p"): row for name, row in rows.items()}})


@pytest.mark.parametrize(
    ("row", "dialled"),
    [
        (
            {
                "brokerServiceUrl": "pulsar://192.168.10.1:30094",
                "brokerServiceUrlTls": "pulsar+ssl://192.168.10.1:6651",
            },
            "",
        ),
        ({"brokerServiceUrl": "192.168.10.1:30094"}, ""),
        ({"brokerServiceUrl": "pulsar://10.1.1.1:30097", "brokerServiceUrlTls": ""}, "10.1.1.1:30097"),
        ({"brokerServiceUrl": "192.168.10.1:30098"}, "192.168.10.1:30098"),
        (
            {"brokerServiceUrl": "pulsar://192.168.10.1:30094", "proxyServiceUrl": "pulsar+ssl://10.5.5.5:443"},
            "10.5.5.5:443",
        ),
        ({"brokerServiceUrl": "", "brokerServiceUrlTls": None}, ""),
    ],
)
def test_the_address_that_a_broker_holds(row: Mapping[str, Any], dialled: str) -> None:
    """It is the planned one, or a finding says where the broker dials instead, and how to make it forget."""
    stranger = {"brokerServiceUrl": "pulsar://10.9.9.9:1"}
    pods = peers_of(p10000=row, p9999=stranger, p31415=stranger)
    found = said(sight(pods, engine="spark_pulsar"), "pulsar-peers")
    if not dialled:
        assert found == Said()
        return
    assert fault(found) == (
        "FED992",
        f"Pulsar of party 9999 dials party 10000 at {dialled}, not at 192.168.10.1:30094",
    )
    assert "exec pulsar-0 -- bin/pulsar-admin clusters delete 10000" in found.diagnostics[0].hint
    assert found.peers == ("party-10000",)


def test_a_peer_behind_an_exchange() -> None:
    """It is dialled at the exchange, whatever its name is; one that has a way of its own, by that alone."""
    row = {
        "brokerServiceUrlTls": "pulsar+ssl://10000.fate.org:6651",
        "proxyServiceUrl": "pulsar+ssl://192.168.10.1:30011",
    }
    seen = sight(peers_of(p10000=row), engine="spark_pulsar", kind="trafficServer")
    (exchange,) = {f"{each.host}:{each.port}" for each in seen.folder.dials if each.channel == "pulsar"}
    row["proxyServiceUrl"] = f"pulsar+ssl://{exchange}"
    assert said(replace(seen, inside=cast("Inside", peers_of(p10000=row))), "pulsar-peers") == Said()
    row["proxyServiceUrl"] = "pulsar+ssl://10.1.1.1:443"
    assert fault(said(replace(seen, inside=cast("Inside", peers_of(p10000=row))), "pulsar-peers"))[0] == "FED992"
    direct = Dial(Channel.PULSAR, "party-10000", "10.1.1.1", 443)
    near = replace(seen, folder=replace(seen.folder, dials=(*seen.folder.dials, direct)))
    assert said(replace(near, inside=cast("Inside", peers_of(p10000=row))), "pulsar-peers") == Said()
    row["proxyServiceUrl"] = f"pulsar+ssl://{exchange}"
    assert fault(said(replace(near, inside=cast("Inside", peers_of(p10000=row))), "pulsar-peers"))[0] == "FED992"


def test_a_name_is_the_same_in_large_letters() -> None:
    """As the plan has it, and as FATE has written it down."""
    row = {"brokerServiceUrl": "pulsar://Broker.Shop.org:6650"}
    seen = sight(peers_of(p10000=row), engine="spark_pulsar")
    named = replace(seen.folder, dials=(Dial(Channel.PULSAR, "party-10000", "Broker.Shop.org", 6650),))
    assert said(replace(seen, folder=named), "pulsar-peers") == Said()
    link = {"status": "error", "error": "timeout", "uri": "amqp://Broker.Shop.org:5672"}
    seen = sight(tell([link]), engine="spark_rabbitmq")
    named = replace(seen.folder, dials=(Dial(Channel.RABBITMQ, "party-10000", "Broker.Shop.org", 5672),))
    assert said(replace(seen, folder=named), "broker-links").diagnostics[0].notes == ()


def test_all_clusters_are_read_at_once() -> None:
    """By a program in FATE-Flow's pod; here it asks a server that answers as Pulsar's administration does."""

    class Administration(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so there
            """Say nothing."""

        def do_GET(self) -> None:
            content = (
                {"brokerServiceUrl": f"pulsar://{self.path}"} if self.path[-1].isdigit() else ["10000", "standalone"]
            )
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Administration) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        command = [sys.executable, "-ISc", pulsar._PEERS, url]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        server.shutdown()
    assert json.loads(told) == {"peers": {"10000": {"brokerServiceUrl": "pulsar:///admin/v2/clusters/10000"}}}
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "refused" in json.loads(told)["failure"]


# Tables in pods


def with_table(text: str, *, sub: bool = False, begun: str = "2026-03-01T12:00:00Z") -> Server:
    """A cluster with rollsite's table, and a pod that mounts it: as a folder, or the file by itself."""
    mount = {"name": "routes", "mountPath": "/conf/route_table"}
    if sub:
        mount = {"name": "routes", "mountPath": "/conf/route_table.json", "subPath": "route_table.json"}
    spec = {
        "volumes": [{"name": "routes", "configMap": {"name": "rollsite-config"}}],
        "containers": [{"name": "rollsite", "volumeMounts": [mount]}],
    }
    status = {"containerStatuses": [{"name": "rollsite", "ready": True, "state": {"running": {"startedAt": begun}}}]}
    table = thing("ConfigMap", "rollsite-config", data={"route_table.json": text})
    return Server((thing("Pod", "rollsite-0", spec=spec, status=status), table))


def showing(*looks: str, path: str = "/conf/route_table/route_table.json") -> Pods:
    """Pods whose file has these texts, look by look."""
    left = list(looks)

    def run_of(name: str, command: Sequence[str]) -> Ran:
        assert (name, tuple(command)) == ("rollsite-0", ("cat", path))
        return Ran(0, left.pop(0) if len(left) > 1 else left[0], "")

    return Pods(run_of=run_of)


def test_a_table_that_is_the_live_one_or_becomes_it() -> None:
    """The kubelet takes up to two minutes, for which it is given time."""
    assert said(sight(showing("new"), with_table("new")), "table-read") == Said()
    assert said(sight(showing("old", "old", "new"), with_table("new")), "table-read") == Said()


def test_a_table_that_stays_another_one() -> None:
    """After two minutes it is a fault; with less time nothing is known."""
    (probe,) = [each for each in probes(sight(showing("old"), with_table("new"))) if each.sort.id == "table-read"]
    assert fault(probe.ask(Deadline(130, Time()))) == (
        "FED990",
        "pod rollsite-0 has another route_table.json than ConfigMap rollsite-config",
    )
    assert probe.ask(Deadline(60, Time())).truth is Truth.UNKNOWN
    assert probe.sort.seconds >= 130


def test_a_file_that_is_mounted_by_itself_is_never_refreshed() -> None:
    """Nobody needs to wait for it."""
    pods = showing("old", "new", path="/conf/route_table.json")
    assert fault(said(sight(pods, with_table("new", sub=True)), "table-read"))[0] == "FED990"


def test_tables_of_which_nothing_is_known() -> None:
    """No such ConfigMap, no such mount, no pod, no cat."""
    other = with_table("new")
    other.documents = [each for each in other.documents if each["kind"] == "Pod"]
    for pods, server in (
        (showing("new"), other),
        (showing("new"), Server((thing("Pod", "rollsite-0"),))),
        (Pods(ready=("python",)), with_table("new")),
        (Pods(run_of=lambda *_: Ran(127, "", "cat: not found")), with_table("new")),
    ):
        assert said(sight(pods, server), "table-read").truth is Truth.UNKNOWN


@pytest.mark.parametrize(("written_at", "truth"), [(1772366400 - 60, Truth.TRUE), (1772366400 + 60, Truth.FALSE)])
def test_who_reads_a_table_at_its_start_alone(written_at: int, truth: Truth) -> None:
    """Traffic Server must have been started after its file was written."""
    spec = {
        "volumes": [{"name": "sni", "configMap": {"name": "traffic-server-sni"}}],
        "containers": [{"name": "traffic-server", "volumeMounts": [{"name": "sni", "mountPath": "/sni"}]}],
    }
    running = {"running": {"startedAt": "2026-03-01T12:00:00Z"}}
    status = {"containerStatuses": [{"name": "traffic-server", "state": running}]}
    seen = sight(engine="spark_pulsar", kind="trafficServer", site="exchange-hub")
    namespace = seen.folder.home
    where = {"namespace": namespace}
    table = thing("ConfigMap", "traffic-server-sni", data={"sni.yaml": "sni: []\n"}, **where)
    server = Server((thing("Pod", "traffic-server-0", spec=spec, status=status, **where), table))

    def run_of(_: str, command: Sequence[str]) -> Ran:
        return Ran(0, f"{written_at}\n" if command[0] == "stat" else "sni: []\n", "")

    pods = Pods(run_of=run_of)
    pods.spots = lambda component, *_, **__: (Spot(namespace, f"{component}-0", component, component),)  # type: ignore[method-assign]
    seen = replace(seen, inside=cast("Inside", pods), api=cast("Api", server))
    assert said(seen, "table-read", "traffic-server").truth is truth
