"""Probes of FATE-Serving: what pods are asked, of real servers on this machine, and how an inference is judged."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any, cast

import pytest

from planner.pipeline import check
from planner.plan import Plan
from renderers.cluster.api import Api, Ran
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.places import Places
from renderers.kubernetes.component import Component
from renderers.kubernetes.fateflow import python as fateflow
from renderers.kubernetes.installation import serving
from renderers.kubernetes.installation import training as training_half
from renderers.kubernetes.serving import serving_proxy, serving_server
from renderers.probes.pods.inside import Dialled, HttpAnswer, Inside, Reached
from renderers.probes.probe import Said, Truth
from renderers.probes.serving.area import probes
from renderers.probes.serving.inference import Inference, read
from renderers.probes.serving.inference_answer import judge
from renderers.probes.sight import Sight
from tests.cluster.standins import serving as standins
from tests.unit.cluster_double import folder_of

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
  - {{id: 9999, cluster: bank, serving: {{{serving}}}}}
  - {{id: 10000, cluster: shop, serving: {{}}}}
  - {{id: 10001, cluster: shop}}
defaults:
  target: kubernetes
"""
HUB = """exchanges:
  - {name: hub, cluster: hub, kind: rollsite}
  - {name: serve, cluster: hub, kind: servingProxy, namespace: fate-serve}
"""
REQUEST = {
    "head": {"serviceId": "credit"},
    "body": {"featureData": {"x0": 0.731, "name": "Ada"}, "sendToRemoteFeatureData": {"phone": "5551234"}},
}
GOOD = {"retcode": 0, "retmsg": "", "data": {"score": 0.5}, "flag": 0}


@functools.cache
def plan_of(**settings: str) -> Plan:
    """The plan of a small federation; `settings` are parts of its text."""
    parts = {"release": "v1.11.2", "topology": "mesh", "top": "", "serving": "", **settings}
    checked = check(FEDERATION.format(**parts).encode())
    assert checked.plan is not None, [each.message for each in checked.diagnostics]
    return checked.plan


def asked(plan: Plan, key: str, inference: Inference | None = None) -> list[tuple[str, str]]:
    """The sorts and sentences of a site's probes."""
    nothing = cast("Any", None)
    sight = Sight(plan, plan.by_key[key], nothing, nothing, nothing, nothing)
    return [(each.sort.id, each.sentence) for each in probes(sight, inference)]


# What is asked


def test_what_is_asked_of_a_party() -> None:
    """Its peers' proxies, both ways between training and serving, the registry, and an inference where one is named."""
    request = Inference("credit", 9999, b"{}")
    assert asked(plan_of(), "party-9999", request) == [
        ("serving-peers", "the serving proxy of party 10000 answers that of party 9999 at 192.168.10.1:30096"),
        ("serving-finds-fateflow", "the serving server of party 9999 reaches its FATE-Flow"),
        ("serving-finds-fateflow", "FATE-Flow of party 9999 reaches its serving server"),
        ("serving-finds-fateflow", "serving-proxy of party 9999 reaches its registry"),
        ("serving-finds-fateflow", "serving-server of party 9999 reaches its registry"),
        ("inference-answers", "service credit gives a federated answer at party 9999"),
    ]
    assert asked(plan_of(), "party-10000", request)[-1][0] != "inference-answers"
    assert asked(plan_of(), "party-10001", request) == []


def test_what_is_asked_around_an_exchange_of_serving() -> None:
    """Parties ask the exchange, which asks each party; the exchange of training is asked nothing."""
    plan = plan_of(topology="star", top=HUB)
    assert asked(plan, "exchange-hub") == []
    assert asked(plan, "exchange-serve") == [
        ("serving-peers", "the serving proxy of party 10000 answers that of exchange serve at 192.168.10.1:30096"),
        ("serving-peers", "the serving proxy of party 9999 answers that of exchange serve at 192.168.9.1:30096"),
    ]
    assert asked(plan, "party-9999")[0] == (
        "serving-peers",
        "the serving proxy of exchange serve answers that of party 9999 at 192.168.1.1:30016",
    )


# The request


def file_of(folder: Path, content: object) -> Path:
    """A file of --inference."""
    file = folder / "request.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


def test_a_request_is_posted_at_the_party_that_is_named(tmp_path: Path) -> None:
    """What is posted is what stands in the file; no representation of it shows features."""
    found = read(file_of(tmp_path, REQUEST), plan_of(), (9999,))
    assert isinstance(found, Inference)
    assert (found.service, found.guest, json.loads(found.body)) == ("credit", 9999, REQUEST)
    assert "Ada" not in repr(found)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is no JSON (line 1, column 2)"),
        ('{"head": NaN}', "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no inference request: it is no JSON object with head and body"),
        (
            {"head": {"serviceId": 7}, "body": {}},
            "is no inference request: head.serviceId must name the service that the model is bound to",
        ),
        (
            {"head": {"serviceId": "credit"}, "body": {"featureData": [1]}},
            "is no inference request: body.featureData must be an object, the guest's features by name",
        ),
        (
            {"head": {"serviceId": "credit"}, "body": {"featureData": {}, "sendToRemoteFeatureData": "1"}},
            "is no inference request: body.sendToRemoteFeatureData must be an object, by which",
        ),
        ('{"head": {}, "head": {}}', "is no inference request: something stands twice in one object"),
        ("1" * 300_000, "is larger than"),
        ('{"head": {"serviceId": "credit"}, "body": {"featureData": {"x0": 1e999}}}', "is no JSON"),
    ],
)
def test_a_file_that_is_no_request(tmp_path: Path, content: object, reason: str) -> None:
    """It is said what is wrong with it, without repeating what stands there."""
    found = read(file_of(tmp_path, content), plan_of(), (9999,))
    assert isinstance(found, str)
    assert found.startswith(f'--inference: "request.json" {reason}')


def test_features_that_lie_deep(tmp_path: Path) -> None:
    """A request is refused or judged, however deep: what Python reads it can still write and search."""
    for depth in (900, 990, 5000):
        features = '{"x": ' * depth + "731" + "}" * depth
        text = f'{{"head": {{"serviceId": "credit"}}, "body": {{"featureData": {features}}}}}'
        found = read(file_of(tmp_path, text), plan_of(), (9999,))
        if isinstance(found, str):
            assert found == '--inference: "request.json" is no JSON'
            continue
        flaw = judge(HttpAnswer(Dialled(Reached.OPEN), 200, '{"retcode": 113, "retmsg": "731"}'), found)
        assert flaw is not None
        assert flaw.reason == "113: ..."


def test_a_file_with_a_mark_of_its_encoding(tmp_path: Path) -> None:
    """It is taken as it is without; what is not UTF-8 is no JSON."""
    file = tmp_path / "request.json"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(REQUEST).encode())
    assert isinstance(read(file, plan_of(), (9999,)), Inference)
    file.write_bytes(json.dumps(REQUEST).encode("utf-16"))
    assert read(file, plan_of(), (9999,)) == '--inference: "request.json" is no JSON'


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    assert str(read(tmp_path / "request.json", plan_of(), ())) == '--inference: "request.json" does not exist'


def test_who_is_the_guest(tmp_path: Path) -> None:
    """Where several could be meant, the user says which; one that has no serving cannot answer."""
    file = file_of(tmp_path, REQUEST)
    wanted = "name the guest of the model, and no other, with --party: parties 9999, 10000 could be it"
    assert read(file, plan_of(), ()) == f"--inference: {wanted}"
    assert read(file, plan_of(), (9999, 10000)) == f"--inference: {wanted}"
    one = read(file, plan_of(), (9999, 10001))
    assert isinstance(one, Inference)
    assert one.guest == 9999
    assert read(file, plan_of(), (10001,)) == (
        "--inference: party 10001 cannot answer: that takes a serving-proxy and a serving-server"
    )


# The answer


def judged(answer: object, status: int = 200) -> tuple[str, str] | None:
    """What is said against an answer, and the first words of the way out."""
    body = answer if isinstance(answer, str) else json.dumps(answer)
    request = Inference("credit", 9999, json.dumps(REQUEST).encode())
    flaw = judge(HttpAnswer(Dialled(Reached.OPEN), status, body), request)
    return None if flaw is None else (flaw.reason, flaw.hint.split(":")[0].split("(")[0].strip())


@pytest.mark.parametrize("answer", [GOOD, {**GOOD, "retcode": "0"}, {"retcode": 0, "data": {"prob": 0.1}}])
def test_a_federated_answer(answer: object) -> None:
    """It has retcode 0, as a number or a text by release, and data."""
    assert judged(answer) is None


@pytest.mark.parametrize(
    ("answer", "reason", "hint"),
    [
        ({**GOOD, "retcode": 104, "retmsg": "no model"}, "104: no model", "load and bind the model again"),
        ({**GOOD, "retcode": "2104", "retmsg": "m"}, "2104 from the host: m", "load and bind the model again"),
        ({**GOOD, "retcode": 2113}, "2113 from the host", "ask for a row that each party has"),
        ({**GOOD, "retcode": 1102}, "1102 from the guest", "ask for a row that each party has"),
        ({**GOOD, "retcode": 3105}, "3105 from the host", "see what `invoke verify --live --only serving` tells"),
        ({**GOOD, "retcode": 122}, "122", "bind the model to the service again"),
        ({**GOOD, "retcode": 777}, "777", "read the logs"),
        ({**GOOD, "flag": 1}, "its flag is 1, so the host had no part in it", "see what"),
        ({**GOOD, "data": {}}, "it succeeds without data, so no model has answered", "load and bind"),
        ("<html>", "what answers with 200 is no serving-proxy", "read the logs"),
        ({"status": "up"}, "what answers with 200 is no serving-proxy", "read the logs"),
    ],
)
def test_an_answer_that_is_not_good(answer: object, reason: str, hint: str) -> None:
    """Its code is told with FATE-Serving's words, and leads to what to do."""
    found = judged(answer)
    assert found is not None
    assert found[0] == reason
    assert found[1].startswith(hint)


def test_an_answer_that_is_not_there() -> None:
    """A service that is not found is not bound."""
    assert judged("", 404) == ("it is not found (404)", "bind the model to the service again")
    assert judged("", 0) == (
        "serving-proxy does not answer",
        "read the logs of serving-server and serving-proxy of both parties",
    )


def test_words_that_repeat_the_request() -> None:
    """FATE-Serving may say what it was sent; nobody is shown that."""
    found = judged({**GOOD, "retcode": 2113, "retmsg": "no phone=5551234 for Ada (x0 0.731) at host 10000"})
    assert found is not None
    assert found[0] == "2113 from the host: no phone=... for ... (x0 ...) at host 10000"


@pytest.mark.parametrize(
    ("features", "words", "told"),
    [
        ({"id": "13800000000"}, "not found 13800000000.", "not found ...."),
        ({"id": "13800000000"}, "no row phone_13800000000 or x13800000000y", "no row phone_... or x...y"),
        ({"id": 13800000000}, "no row of 1.38E10", "no row of ..."),
        ({"x": 0.00001}, "bad 1.0E-5, or 1e-05", "bad ..., or ..."),
        ({"name": "Lovelace"}, "no LOVELACE", "no ..."),
        ({"x": 1, "y": "a"}, "a bad value 1: a of 10 parties has 1.5", "... bad value ...: ... of 10 parties has 1.5"),
        ({"x": "credit"}, "credit is not bound", "... is not bound"),
        ({"x": "Ada"}, "x" * 5000 + " Ada", ""),
    ],
)
def test_what_is_told_of_features(features: Mapping[str, Any], words: str, told: str) -> None:
    """A long value nowhere, in no way to write it; a short one not by itself, so that the words stay words."""
    request = {"head": {"serviceId": "credit"}, "body": {"featureData": features}}
    asked_for = Inference("credit", 9999, json.dumps(request).encode())
    body = json.dumps({"retcode": 2113, "retmsg": words})
    flaw = judge(HttpAnswer(Dialled(Reached.OPEN), 200, body), asked_for)
    assert flaw is not None
    assert flaw.reason == (f"2113 from the host: {told}" if told else "2113 from the host")


def test_what_else_is_told_of_a_request() -> None:
    """Nothing of its head but the service, and nothing that stands where a number should."""
    request = {"head": {"serviceId": "credit", "sign": "f00dfeed"}, "body": {"featureData": {"name": "Ada"}}}
    asked_for = Inference("credit", 9999, json.dumps(request).encode())
    for answer, reason in (
        ({"retcode": 129, "retmsg": "credit: no sign f00dfeed"}, "129: credit: no sign ..."),
        ({**GOOD, "flag": "Ada"}, "its flag is no number, so the host had no part in it"),
    ):
        flaw = judge(HttpAnswer(Dialled(Reached.OPEN), 200, json.dumps(answer)), asked_for)
        assert flaw is not None
        assert flaw.reason == reason


def test_a_service_of_an_odd_name() -> None:
    """It stands in a sentence on one line, safe to print."""
    assert asked(plan_of(), "party-9999", Inference("a\nb\ud800", 9999, b"{}"))[-1][1] == (
        "service a b\\ud800 gives a federated answer at party 9999"
    )


# In pods, which are played by this machine


@dataclass
class Machine:
    """A cluster whose pods are programs of this machine: `ways` maps what they dial to ports of it."""

    root: Path
    ways: dict[tuple[str, int], int] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    commands: list[Sequence[str]] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    def list(self, *_: object, **__: object) -> Sequence[dict[str, Any]]:
        containers = {"serving-proxy-5d-x": "serving-proxy", "serving-server-5d-x": "serving-server"}
        listed = {**containers, "python-0": "fateflow"}
        return [pod(name, container) for name, container in listed.items() if container not in self.away]

    def run(self, _: str, __: str, ___: str, command: Sequence[str], ____: Deadline, *, given: bytes = b"") -> Ran:
        self.commands.append(command)
        words = [each.replace("/data/projects", str(self.root)) for each in command]
        for at, (host, port) in enumerate(pairwise(words)):
            if port.isdecimal() and (host, int(port)) in self.ways:
                words[at : at + 2] = ["127.0.0.1", str(self.ways[host, int(port)])]
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": str(self.root / "bin")},
            start_new_session=True,  # as a command in a container
        )
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(given)
            process.stdin.flush()  # left open, for the input of a command in a pod never ends
        with process.stdout:
            output = process.stdout.read().decode()
        code = process.wait(10)
        with suppress(BrokenPipeError):
            process.stdin.close()
        self.outputs.append(output)
        return Ran(code, output, "")


def pod(name: str, container: str) -> dict[str, Any]:
    """A pod whose container is ready."""
    return {
        "metadata": {"name": name, "namespace": "fate-9999"},
        "spec": {"containers": [{"name": container}]},
        "status": {"containerStatuses": [{"name": container, "ready": True}]},
    }


class Site:
    """Party 9999 on this machine, with the files that target kubernetes writes for it."""

    def __init__(self, root: Path, plan: Plan) -> None:
        if not BUSYBOX.is_absolute():
            pytest.skip("busybox is not installed, which plays the images on Alpine")
        self.root, self.plan = root, plan
        self.machine = Machine(root)
        (root / "bin").mkdir()
        for name in ("cat", "grep", "head", "nc", "od", "sed", "sh", "sleep"):
            (root / "bin" / name).symlink_to(BUSYBOX)
        half = serving(plan, plan.by_key["party-9999"])
        proxy, server = (config_of(write(half)) for write in (serving_proxy, serving_server))
        self.write("fate-serving/serving-proxy/conf/application.properties", proxy["application.properties"])
        self.write("fate-serving/serving-proxy/conf/route_table/route_table.json", proxy["route_table.json"])
        self.write("fate-serving/serving-server/conf/serving-server.properties", server["serving-server.properties"])
        training = config_of(fateflow(training_half(plan, plan.by_key["party-9999"])))
        self.write("fate/conf/service_conf.yaml", training["service_conf.yaml"])

    def write(self, place: str, text: str) -> None:
        """Write a file of a pod."""
        file = self.root / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("/data/projects", str(self.root)), encoding="utf-8")

    def change(self, place: str, old: str, new: str) -> None:
        """Change a file of a pod."""
        text = (self.root / place).read_text(encoding="utf-8")
        assert old in text, text
        (self.root / place).write_text(text.replace(old, new), encoding="utf-8")

    def said(self, sentence: str, inference: Inference | None = None, seconds: float = 30) -> Said:
        """What is said to the one probe whose sentence has these words."""
        folder: SiteFolder = folder_of()
        api = cast("Api", self.machine)
        sight = Sight(self.plan, self.plan.by_key["party-9999"], folder, Places(folder), api, Inside(api, folder))
        (found,) = [each for each in probes(sight, inference) if sentence in each.sentence]
        return found.ask(Deadline(seconds))


def config_of(component: Component) -> dict[str, str]:
    """The texts of a component's ConfigMaps."""
    maps = [each["data"] for each in component.objects if each["kind"] == "ConfigMap"]
    return {key: text for data in maps for key, text in data.items()}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Party 9999, whose pods have what images on Alpine have, as those of FATE-Serving are."""
    return Site(tmp_path, plan_of())


BUSYBOX = Path(shutil.which("busybox") or "busybox")
PEER, FATEFLOW = ("192.168.10.1", 30096), ("192.168.9.1", 30097)
SERVER, REGISTRY = ("192.168.9.1", 30095), ("serving-zookeeper", 2181)
CLOSED = 1
"""A port of this machine at which nobody listens."""


@contextmanager
def listening(handler: Callable[..., BaseRequestHandler]) -> Iterator[int]:
    """A server on this machine; its port."""
    with ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def grpc(answer: Mapping[str, Any] | None = None) -> type[BaseRequestHandler]:
    """A server that greets a client of HTTP/2, as the stand-ins on the real node do."""
    return standins.handler(lambda _, __: dict(answer or {}))


def saying(words: bytes) -> type[BaseRequestHandler]:
    """A server that always says the same, and ends the connection."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(words)

    return Handler


def http(body: str) -> type[BaseRequestHandler]:
    """A server of HTTP that always says the same."""
    return saying(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())


@pytest.mark.parametrize(
    ("words", "way", "server"),
    [
        ("answers that of party 9999", PEER, grpc()),
        ("serving server of party 9999 reaches its FATE-Flow", FATEFLOW, http('{"retcode": 0}')),
        ("FATE-Flow of party 9999 reaches its serving server", SERVER, grpc()),
        ("serving-proxy of party 9999 reaches its registry", REGISTRY, standins.Registry),
        ("serving-server of party 9999 reaches its registry", REGISTRY, standins.Registry),
    ],
)
def test_a_sentence_is_true_while_somebody_answers(
    site: Site, words: str, way: tuple[str, int], server: type[BaseRequestHandler]
) -> None:
    """It is true with a server of the right sort, false without, and unknown where no pod is there to try it."""
    with listening(server) as port:
        site.machine.ways[way] = port
        assert site.said(words) == Said()
    site.machine.ways[way] = CLOSED
    said = site.said(words)
    (found,) = said.diagnostics
    assert (said.truth, found.fault.code) == (Truth.FALSE, "FED507" if way == PEER else "FED508")
    assert f"{way[0]}:{way[1]}: the connection is refused" in found.message
    assert "party 9999" in found.message or "9999" in found.hint or way == PEER
    site.machine.away |= {"serving-proxy", "serving-server", "fateflow"}
    said = site.said(words)
    assert said.truth is Truth.UNKNOWN
    assert said.reason.endswith("is ready")


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (http("<html>"), "what listens there is no serving proxy"),
        (saying(b""), "it takes the connection, and says nothing"),
        (saying(bytes([21, 3, 3, 0, 2, 2, 40])), "it speaks TLS, and the plan has none for serving"),
    ],
)
def test_somebody_else_listens_at_the_peers_port(site: Site, server: type[BaseRequestHandler], reason: str) -> None:
    """A port that takes connections is not enough: a serving proxy greets a client of HTTP/2."""
    with listening(server) as port:
        site.machine.ways[PEER] = port
        said = site.said("answers that of")
    assert (said.truth, said.reason) == (Truth.FALSE, reason)


def test_a_port_that_is_open_once_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens there has not been heard, so nothing is known."""
    monkeypatch.setattr(Inside, "dial", lambda *_: Dialled(Reached.OPEN))
    site.machine.ways[PEER] = CLOSED
    said = site.said("answers that of")
    assert (said.truth, said.reason) == (Truth.UNKNOWN, "the connection is refused")


@pytest.mark.parametrize("server", [http("<html>"), http("[]"), saying(b"\0\0\6\4")])
def test_who_answers_for_fateflow_is_none(site: Site, server: type[BaseRequestHandler]) -> None:
    """FATE-Flow answers with a JSON object; a port of something else does not count."""
    with listening(server) as port:
        site.machine.ways[FATEFLOW] = port
        said = site.said("reaches its FATE-Flow")
    assert said.truth is Truth.FALSE
    assert said.reason.endswith("at 192.168.9.1:30097: what answers there is no FATE-Flow")


def test_a_fateflow_that_takes_the_connection_alone(site: Site) -> None:
    """Nobody can tell from that what it is."""
    with listening(saying(b"")) as port:
        site.machine.ways[FATEFLOW] = port
        said = site.said("reaches its FATE-Flow")
    assert said.truth is Truth.FALSE
    assert said.reason.endswith("at 192.168.9.1:30097: it takes the connection and does not answer in time")


@pytest.mark.parametrize("words", ["that of party", "its FATE-Flow", "its serving server"])
def test_what_the_pod_could_not_try_is_unknown(site: Site, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """A pod at its limit says nothing of whom it should have dialled."""
    lack = Dialled(Reached.NOT_TRIED, "Cannot allocate memory")
    monkeypatch.setattr(Inside, "dial", lambda *_: lack)
    monkeypatch.setattr(Inside, "ask", lambda *_, **__: HttpAnswer(lack))
    assert site.said(words) == Said(Truth.UNKNOWN, lack.words)


def test_the_registry_says_nothing(site: Site) -> None:
    """ZooKeeper has an answer to `ruok`, whether it is allowed or not."""
    for words, truth in ((b"", Truth.FALSE), (b"ruok is not executed because it is not in the whitelist.", Truth.TRUE)):
        with listening(saying(words)) as port:
            site.machine.ways[REGISTRY] = port
            assert site.said("serving-proxy of party 9999 reaches its registry").truth is truth


def test_the_table_in_the_pod_leads_elsewhere(site: Site) -> None:
    """What serving-proxy reads counts: the planned endpoint is not even dialled."""
    site.change("fate-serving/serving-proxy/conf/route_table/route_table.json", "30096", "30099")
    said = site.said("answers that of")
    (found,) = said.diagnostics
    assert (said.truth, found.fault.code) == (Truth.FALSE, "FED507")
    assert found.message == (
        "the table that serving-proxy reads leads to 192.168.10.1:30099 for party 10000, not to 192.168.10.1:30096"
    )
    site.change("fate-serving/serving-proxy/conf/route_table/route_table.json", '"10000"', '"10009"')
    (found,) = site.said("answers that of").diagnostics
    assert found.message == (
        "the table that serving-proxy reads does not lead for party 10000, not to 192.168.10.1:30096"
    )


def test_an_address_in_a_pod_is_not_the_planned_one(site: Site) -> None:
    """FATE-Flow and serving-server are looked for where the plan has them, or it is said."""
    site.change("fate-serving/serving-server/conf/serving-server.properties", "30097", "30107")
    said = site.said("reaches its FATE-Flow")
    at = "192.168.9.1:30097 or fateflow-client.fate-9999:9380"
    assert said.reason == f"serving-server fetches models at 192.168.9.1:30107, not at {at}"
    assert said.diagnostics[0].fault.code == "FED508"
    site.change("fate-serving/serving-server/conf/serving-server.properties", "30107", "301079")
    said = site.said("reaches its FATE-Flow")
    assert said.reason.startswith("serving-server fetches models at 192.168.9.1:301079, not at")
    site.change("fate/conf/service_conf.yaml", "30095", "30105")
    said = site.said("reaches its serving server")
    at = "192.168.9.1:30095 or serving-server.fate-serving-9999:8000"
    assert said.reason == f"FATE-Flow loads models at 192.168.9.1:30105, not at {at}"


def test_fateflow_looks_in_the_registry(tmp_path: Path) -> None:
    """Where FATE-Flow is told by the registry, it is the registry that must answer."""
    site = Site(tmp_path, plan_of(serving="useRegistry: true"))
    own = ("serving-zookeeper.fate-serving-9999", 2181)
    with listening(standins.Registry) as port:
        site.machine.ways[own] = port
        assert site.said("FATE-Flow of party 9999 reaches its serving server") == Said()
    site.machine.ways[own] = CLOSED
    said = site.said("FATE-Flow of party 9999 reaches its serving server")
    assert said.reason == (
        "FATE-Flow does not reach ZooKeeper at serving-zookeeper.fate-serving-9999:2181: the connection is refused"
    )


def test_files_as_charts_write_them(site: Site) -> None:
    """Old charts name another folder and put blanks around the equals sign, and FATE 1.5 lists its servings plainly."""
    shutil.rmtree(site.root / "fate-serving")
    site.write(
        "fate/serving-server/conf/serving-server.properties",
        (
            "# model.transfer.url=http://127.0.0.1:9380/v1/model/transfer\n"
            "redis.password=fate_dev\n  model.transfer.url = http://192.168.9.1:30097/v1/model/transfer\n"
            "useRegister=false\nuseZkRouter : false\nzk.url=zookeeper://localhost:2181\n"
        ),
    )
    site.write(
        "fate/serving-proxy/conf/application.properties", "coordinator=9999\nuseZkRouter=false\nuseRegister=false"
    )
    rows = {"10000": {"default": [{"ip": "192.168.10.1", "port": "30096"}]}}
    site.write("fate/serving-proxy/conf/route_table.json", json.dumps({"route_table": rows}))
    site.write(
        "fate/conf/service_conf.yaml",
        (
            "use_registry: false\ndatabase:\n  passwd: fate_dev:30095\nservings:\n  - 192.168.9.1:30095\n"
            "zookeeper:\n  hosts:\n    - serving-zookeeper.fate-serving-9999:2181\n"
        ),
    )
    site.machine.ways = dict.fromkeys((PEER, FATEFLOW, SERVER, REGISTRY), CLOSED)
    assert [
        site.said(words).reason.partition(": ")[0] for words in ("that of party", "its FATE-Flow", "its serving server")
    ] == [
        "the connection is refused",
        "serving-server does not reach FATE-Flow at 192.168.9.1:30097",
        "FATE-Flow does not reach serving-server at 192.168.9.1:30095",
    ]
    assert site.said("serving-proxy of party 9999 reaches its registry") == Said()
    assert not [output for output in site.machine.outputs if "fate_dev" in output]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("servings:\n  hosts:\n  - ':'\n", "FATE-Flow is told no address of serving-server"),
        ("servings: []\n", "FATE-Flow is told no address of serving-server"),
        (
            "use_registry: true\nservings:\n- 192.168.9.1:30095\nzookeeper:\n  hosts: ''\n",
            "FATE-Flow is told no address of the registry",
        ),
        ("servings: ['192.168.9.1:30095']\n", "FATE-Flow does not reach serving-server at 192.168.9.1:30095"),
        ('servings:\n  hosts: ["192.168.9.1:30095"]\n', "FATE-Flow does not reach serving-server at 192.168.9.1:30095"),
        (
            'servings:\n- "192.168.9.1:30095"\nfateboard:\n- 1.1.1.1:1\n',
            "FATE-Flow does not reach serving-server at 192.168.9.1:30095",
        ),
        (
            "servings:\n- 1.1.1.1:3\n",
            "FATE-Flow loads models at 1.1.1.1:3, not at 192.168.9.1:30095 or serving-server.fate-serving-9999:8000",
        ),
    ],
)
def test_ways_to_write_where_models_are_loaded(site: Site, text: str, reason: str) -> None:
    """service_conf.yaml may list its servings in each of YAML's ways; without any the next load fails."""
    site.write("fate/conf/service_conf.yaml", text)
    site.machine.ways[SERVER] = CLOSED
    assert site.said("reaches its serving server").reason.partition(": ")[0] == reason


def test_files_that_are_not_there(site: Site) -> None:
    """What a pod's files do not say is taken from the plan."""
    for name in ("fate-serving", "fate"):
        shutil.rmtree(site.root / name)
    site.machine.ways = dict.fromkeys((PEER, FATEFLOW, SERVER, REGISTRY), CLOSED)
    assert "serving-zookeeper:2181" in site.said("serving-proxy of party 9999 reaches its registry").reason
    assert "192.168.10.1:30096" in site.said("answers that of").diagnostics[0].message
    assert "192.168.9.1:30097" in site.said("reaches its FATE-Flow").reason
    assert "192.168.9.1:30095" in site.said("reaches its serving server").reason


def test_an_inference(site: Site) -> None:
    """The request arrives as it stands in the file, and no command line has any of it."""
    request = Inference("credit", 9999, json.dumps(REQUEST).encode())
    heard: list[tuple[str, Any]] = []

    def answer(path: str, message: dict[str, Any]) -> dict[str, Any]:
        heard.append((path, message))
        return {**GOOD, "retcode": len(heard) - 1, "retmsg": "no Ada"}

    with listening(standins.handler(answer)) as port:
        site.machine.ways["127.0.0.1", 8059] = port
        assert site.said("service credit", request) == Said()
        said = site.said("service credit", request)
    assert heard == [("/federation/v1/inference", REQUEST)] * 2
    assert (said.truth, said.diagnostics[0].fault.code) == (Truth.FALSE, "FED509")
    assert said.diagnostics[0].message == "service credit gives no federated answer: 1: no ..."
    assert not [word for command in site.machine.commands for word in command if "Ada" in word or "5551234" in word]
    site.machine.ways["127.0.0.1", 8059] = CLOSED
    assert site.said("service credit", request).reason == "serving-proxy does not answer"


def test_an_inference_that_is_never_answered(site: Site) -> None:
    """The command in the pod ends before anybody stops waiting for it, and leaves nothing behind."""

    class Silent(BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(4096):
                pass
            gone.wait(300)

    gone = threading.Event()
    with listening(Silent) as port:
        site.machine.ways["127.0.0.1", 8059] = port
        said = site.said("service credit", Inference("credit", 9999, b"{}"), 3)
        assert (said.truth, said.reason) == (Truth.FALSE, "serving-proxy does not answer")
        gone.set()


def test_an_inference_without_a_tool(site: Site) -> None:
    """Where the proxy's image has no nc, nothing is known."""
    (site.root / "bin" / "nc").unlink()
    said = site.said("service credit", Inference("credit", 9999, b"{}"))
    reason = "the image of serving-proxy has no nc to post the request with"
    assert (said.truth, said.reason) == (Truth.UNKNOWN, reason)
