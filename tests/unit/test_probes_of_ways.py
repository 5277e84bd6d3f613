"""Probes of ways: commands run for real in pods that are folders of programs, and whom they dial is on this machine."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from planner.channels import Channel
from planner.lookup import Endpoint
from planner.plan import Plan
from planner.releases import RELEASE_NAMES, load
from renderers.cluster.api import Api, Ran
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.places import Places
from renderers.probes.certificate_chain import UndecidedError, certificates, is_for
from renderers.probes.pods.inside import Dialled, HttpAnswer, Inside, Reached
from renderers.probes.probe import Said, Truth
from renderers.probes.sight import Sight
from renderers.probes.ways.answers import judged
from renderers.probes.ways.area import probes
from renderers.probes.ways.dialling import DIALLERS
from tests.authority import Authority, Issued
from tests.conftest import plan_text
from tests.unit.cluster_double import folder_from
from tests.unit.pods_double import Pods, box, by_tls, listening, pod, saying

TEXT = """\
version: 1
name: demo
release: {release}
topology: {topology}
clusters:
  - {{name: bank, address: 192.168.9.1, nodePorts: 30100-30199}}
  - {{name: shop, address: 192.168.10.1, nodePorts: 30100-30199}}
{exchanges}
parties:
  - {{id: 9999, cluster: bank, namespace: fate-9999, target: {target}, {more}}}
  - {{id: 10000, cluster: shop, target: {target}, {more}}}
defaults: {{engine: {engine}}}
"""
Answer = Callable[[socket.socket], None]
NOW = datetime.now(UTC)


class Hasty(Clock):
    """A clock that nobody sleeps by."""

    def sleep(self, seconds: float) -> None:
        """Go on at once."""


@cache
def planned(text: str, site: str) -> tuple[Plan, SiteFolder]:
    """The plan of a federation, and the folder of one of its sites."""
    found = plan_text(text)
    return found.plan, folder_from(found.files()[site], site)


class Land:
    """Party 9999 (or an exchange) with its pods, and what stands for those that it dials."""

    def __init__(self, folder: Path, boxes: Mapping[str, str], site: str = "party-9999", **given: str) -> None:
        """Plan, and have pods by name with the tools of a box."""
        engine = given.get("engine", "eggroll")
        has_exchange = "pulsar" in engine
        text = TEXT.format(
            release=given.get("release", "v1.11.2"),
            topology="star" if has_exchange else "mesh",
            exchanges="exchanges: [{name: hub, cluster: shop, target: kubernetes}]" if has_exchange else "",
            target=given.get("target", "kubernetes"),
            engine=engine,
            more=given.get("more", "persistence: false"),
        )
        plan, read = planned(text, site)
        self.api = Pods({name: box(folder, tools) for name, tools in boxes.items()})
        api = cast("Api", self.api)
        self.sight = Sight(plan, plan.by_key[site], read, Places(read), api, Inside(api, read))
        self.endpoints = {(dial.peer, dial.channel.value): Endpoint(dial.host, dial.port) for dial in read.dials}

    def answer(self, stack: ExitStack, peer: str, channel: str, answer: Answer | None = None) -> None:
        """Let somebody listen at an endpoint that the site dials."""
        self.api.really[self.endpoints[peer, channel]] = stack.enter_context(listening(answer))

    def said(self, sort: str, seconds: float = 3) -> dict[str, Said]:
        """What the probes of a sort say, by their sentences."""
        return {
            each.sentence: each.ask(Deadline(seconds, Hasty())) for each in probes(self.sight) if each.sort.id == sort
        }

    def one(self, sort: str, seconds: float = 3) -> Said:
        """What the only probe of a sort says."""
        (said,) = self.said(sort, seconds).values()
        return said


def code(said: Said) -> str:
    (found,) = said.diagnostics
    return found.fault.code


# What is asked


@pytest.mark.parametrize(
    ("engine", "release", "site", "expected"),
    [
        ("eggroll", "v1.11.2", "party-9999", ["rollsite of party 10000"]),
        ("eggroll", "v1.4.0", "party-9999", ["rollsite of party 10000"]),
        ("eggroll", "v2.0.0", "party-9999", ["OSX of party 10000"]),
        ("spark_rabbitmq", "v1.11.2", "party-9999", ["nginx of party 10000", "RabbitMQ of party 10000"]),
        ("spark_rabbitmq", "v2.0.0", "party-9999", ["nginx of party 10000", "RabbitMQ of party 10000"]),
        ("spark_pulsar", "v1.11.2", "party-9999", ["nginx of exchange hub", "trafficServer of exchange hub"]),
        ("spark_pulsar", "v1.11.2", "exchange-hub", [
            "nginx of party 9999", "nginx of party 10000", "Pulsar of party 9999", "Pulsar of party 10000",
        ]),
    ],
)  # fmt: skip
def test_every_site_that_is_dialled_is_asked_for(
    tmp_path: Path, engine: str, release: str, site: str, expected: list[str]
) -> None:
    """Once for each channel; of nginx's two ports for the one that FATE-Flow uses."""
    target = "helm" if release == "v1.4.0" else "kubernetes"
    land = Land(tmp_path, {}, site, engine=engine, release=release, target=target)
    accepting = [each for each in probes(land.sight) if each.sort.id == "peer-accepts"]
    assert sorted(each.sentence.partition(" accepts ")[0] for each in accepting) == sorted(expected)
    assert {each.endpoint for each in accepting} <= set(land.endpoints.values())
    assert all(f"at {each.endpoint}" in each.sentence for each in accepting)


def test_the_router_of_every_release_dials() -> None:
    """Also the one that was called proxy."""
    assert {release.module for name in RELEASE_NAMES if (release := load(name))} <= set(DIALLERS[Channel.ROLLSITE])


# Connections


def test_an_endpoint_that_accepts(tmp_path: Path) -> None:
    """From the router's own pod, of which nothing more is said."""
    land = Land(tmp_path, {"rollsite-1-a": "bash", "python-0": "python"})
    with ExitStack() as stack:
        land.answer(stack, "party-10000", "rollsite")
        assert land.one("peer-accepts") == Said()
    assert {name for name, _ in land.api.ran} == {"rollsite-1-a"}


def test_an_endpoint_that_refuses(tmp_path: Path) -> None:
    """It is dialled twice, and the finding names the hop, who tried, and whose matter it is."""
    land = Land(tmp_path, {"rollsite-1-a": "bash"})
    said = land.one("peer-accepts")
    assert (said.truth, code(said), len(land.api.ran)) == (Truth.FALSE, "FED983", 2)
    (found,) = said.diagnostics
    endpoint = land.endpoints["party-10000", "rollsite"]
    assert found.message == f"party 9999: rollsite of party 10000 refuses connections at {endpoint}"
    assert [note.message for note in found.notes] == ["tried from pod fate-9999/rollsite-1-a: Connection refused"]
    assert found.hint.startswith("see that rollsite of party 10000 runs")
    held = land.one("peer-speaks-tls")
    assert (held.truth, held.reason) == (
        Truth.HELD,
        f"not asked, since it is not true that rollsite of party 10000 accepts connections at {endpoint}",
    )


def test_an_endpoint_that_comes_up_meanwhile(tmp_path: Path) -> None:
    """What refuses at first and accepts a second later is open."""
    land = Land(tmp_path, {"rollsite-1-a": "bash"})
    with listening() as port, pytest.MonkeyPatch.context() as patch:

        def wait(deadline: Deadline, _seconds: float) -> bool:
            land.api.really[land.endpoints["party-10000", "rollsite"]] = port
            return not deadline.is_over

        patch.setattr(Deadline, "wait", wait)
        assert land.one("peer-accepts") == Said()


def test_an_endpoint_that_swallows_packets(tmp_path: Path) -> None:
    """The hint then names firewalls, and the list of their lines."""
    land = Land(tmp_path, {"rollsite-1-a": "python"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pods, "run", lambda *_: Ran(137, "0 begun\nlate\nend\n", ""))
        said = land.one("peer-accepts")
    (found,) = said.diagnostics
    assert (said.truth, found.fault.code) == (Truth.FALSE, "FED983")
    assert "does not answer at 192.168.10.1:" in found.message
    assert "FIREWALL.md of `invoke bundle`" in found.hint


def test_an_endpoint_that_the_pod_could_not_try(tmp_path: Path) -> None:
    """A pod at its limit says nothing of a peer, nor does a DNS that gives no answer; TLS is as unknown."""
    fork, dns = "bash: fork: Resource temporarily unavailable", "Temporary failure in name resolution"
    for output, errors, words in (("end\n", fork, fork), (f"0 begun\n0 bash: x: {dns}\nend\n", "", dns)):
        land = Land(tmp_path, {"rollsite-1-a": "bash"})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Pods, "run", lambda *_: Ran(0, output, errors))  # noqa: B023 - called at once
            for sort in ("peer-accepts", "peer-speaks-tls"):
                said = land.one(sort)
                assert (said.truth, said.diagnostics) == (Truth.UNKNOWN, ())
                assert said.reason.endswith(words)


@pytest.mark.parametrize("is_planned", [True, False])
@pytest.mark.parametrize("tls", ["", ", tls: true"])
def test_a_sidecar_of_istio_proves_nothing(tmp_path: Path, tls: str, is_planned: bool) -> None:
    """It takes connections itself and ends them where nobody is; with `istio: true`, or where a pod shows it."""
    more = f"istio: {str(is_planned).lower()}{tls}"
    land = Land(tmp_path, {"rollsite-1-a": "python"}, target="helm", more=more)
    listed = pod("rollsite-1-a", "fate-9999", "rollsite", *(() if is_planned else ("istio-proxy",)))
    reason = "the site's Istio sidecar takes connections itself, whoever is there"
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pods, "list", lambda *_, **__: [listed])
        land.answer(stack, "party-10000", "rollsite", saying(b""))
        assert land.one("peer-accepts") == Said(Truth.UNKNOWN, reason)
        said = land.one("peer-speaks-tls")
        assert (said.truth, said.reason) == (Truth.UNKNOWN, "it ends the connection without a word")


def test_words_through_a_sidecar_are_those_of_the_peer(tmp_path: Path) -> None:
    """Whoever says something is there, and tells whether that is TLS."""
    land = Land(tmp_path, {"rollsite-1-a": "python"}, target="helm", more="istio: true")
    with ExitStack() as stack:
        land.answer(stack, "party-10000", "rollsite", saying(b"\0\0\0\4\0\0\0\0\0"))
        assert land.one("peer-speaks-tls") == Said()


def test_what_is_refused_through_a_sidecar_is_closed(tmp_path: Path) -> None:
    """A connection that is not even taken stays a closed one."""
    land = Land(tmp_path, {"rollsite-1-a": "python"}, target="helm", more="istio: true")
    assert land.one("peer-accepts").truth is Truth.FALSE


def test_fateflow_dials_for_a_router_without_tools(tmp_path: Path) -> None:
    """And says so, whether it is open or not."""
    land = Land(tmp_path, {"rollsite-1-a": "nothing", "python-0": "python"})
    with ExitStack() as stack:
        land.answer(stack, "party-10000", "rollsite")
        said = land.one("peer-accepts")
    words = "tried from pod fate-9999/python-0, because the image of rollsite has no tool for it"
    assert said == Said(reason=words)
    assert words in land.one("peer-accepts").reason


def test_fateflow_is_no_proof_where_policies_close_its_pod(tmp_path: Path) -> None:
    """The site's own NetworkPolicies let only the router dial: what FATE-Flow meets tells nothing of it."""
    more = "networkPolicies: true"
    land = Land(tmp_path, {"rollsite-1-a": "nothing", "python-0": "python"}, more=more)
    said = land.one("peer-accepts")
    assert said.truth is Truth.UNKNOWN
    assert "NetworkPolicies" in said.reason


def test_without_a_pod_nothing_is_known(tmp_path: Path) -> None:
    """Neither of the connection nor of TLS."""
    for boxes, reason in (
        ({}, "no container of rollsite is ready"),
        ({"rollsite-1-a": "nothing"}, "the image of rollsite has no tool for it"),
    ):
        land = Land(tmp_path, boxes)
        assert land.one("peer-accepts") == Said(Truth.UNKNOWN, reason)
        assert land.one("peer-speaks-tls") == Said(Truth.UNKNOWN, reason)


# TLS


def test_plain_words_where_no_tls_is_planned(tmp_path: Path) -> None:
    """That is as it should be, whatever the peer says to a hello."""
    for answer in (saying(b"HTTP/1.1 400 Bad Request\r\n"), None):
        land = Land(tmp_path, {"rollsite-1-a": "bash"})
        with ExitStack() as stack:
            land.answer(stack, "party-10000", "rollsite", answer)
            assert land.one("peer-speaks-tls") == Said()


def test_tls_that_nobody_planned(tmp_path: Path) -> None:
    """Something stands before the peer."""
    issued = Authority().issue("a")
    land = Land(tmp_path, {"rollsite-1-a": "bash"})
    with ExitStack() as stack:
        land.answer(stack, "party-10000", "rollsite", by_tls(tmp_path, issued.certificate, issued.key))
        said = land.one("peer-speaks-tls")
    assert (said.truth, code(said)) == (Truth.FALSE, "FED984")
    assert "speaks TLS" in said.reason
    assert "of which the plan says nothing" in said.reason


def test_tls_of_charts_that_encrypts_nothing(tmp_path: Path) -> None:
    """`tls` is asked for, and rollsite speaks plain: what FED803 warns of is seen on the wire."""
    land = Land(tmp_path, {"rollsite-1-a": "bash"}, target="helm", more="tls: true")
    with ExitStack() as stack:
        land.answer(stack, "party-10000", "rollsite", saying(b"\0\0\0\4\0\0\0\0\0"))
        said = land.one("peer-speaks-tls")
        unseen = land.one("peer-certificate")
    assert (said.truth, code(said)) == (Truth.FALSE, "FED984")
    assert "FED803" in said.diagnostics[0].hint
    assert unseen.truth is Truth.UNKNOWN


# Certificates


@pytest.fixture(scope="module")
def authority() -> Authority:
    """That of all sites behind the exchange."""
    return Authority()


def hub(folder: Path, stack: ExitStack, authority: Authority, issued: Issued, **settings: Any) -> Land:
    """A party behind an exchange of Pulsar, which shows a certificate."""
    land = Land(folder, {"pulsar-0": "bash", "nginx-1-a": "bash"}, engine="spark_pulsar")
    mounted = {"ca.cert.pem": base64.b64encode(authority.certificate).decode()}
    land.api.secrets = {"pulsar-cert": {"data": mounted}}
    land.answer(stack, "exchange-hub", "pulsar", by_tls(folder, issued.certificate, issued.key, **settings))
    land.answer(stack, "exchange-hub", "nginx http")
    return land


THROUGH = "through exchange hub"


def test_certificates_as_expected(tmp_path: Path, authority: Authority) -> None:
    """The exchange's own, and behind it that of every party's broker, each asked for by its name."""
    asked: list[str] = []
    issued = authority.issue("10000.fate.org")
    with ExitStack() as stack:
        note = lambda _socket, name, _context: asked.append(name)  # noqa: E731 - a callback of ssl
        land = hub(tmp_path, stack, authority, issued, sni_callback=note)
        assert set(land.said("peer-speaks-tls").values()) == {Said()}
        said = land.said("peer-certificate")
    assert set(said.values()) == {Said()}
    assert [THROUGH in sentence for sentence in said] == [False, True]
    assert [each for each in asked if each] == ["10000.fate.org"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _: Authority("other").issue("10000.fate.org"), "is not of the authority that this site mounts"),
        (
            lambda authority: authority.issue("10000.fate.org", ends=datetime.now(UTC) - timedelta(hours=1)),
            "is out of date: it ended on",
        ),
        (lambda authority: authority.issue("9998.fate.org"), "is not for 10000.fate.org, but for 9998.fate.org"),
    ],
)
def test_certificates_that_are_not_expected(
    tmp_path: Path, authority: Authority, make: Callable[[Authority], Issued], words: str
) -> None:
    """Of another authority, out of date, of another party; the exchange's own name is not looked at."""
    with ExitStack() as stack:
        land = hub(tmp_path, stack, authority, make(authority))
        said = land.said("peer-certificate")
    found = next(each for sentence, each in said.items() if THROUGH in sentence)
    assert (found.truth, code(found)) == (Truth.FALSE, "FED985")
    assert words in found.reason
    own = next(each for sentence, each in said.items() if THROUGH not in sentence)
    assert own.truth is (Truth.TRUE if "9998" in words else Truth.FALSE)


@pytest.mark.parametrize("ends", [NOW + timedelta(days=9), NOW - timedelta(days=1)])
def test_a_certificate_comes_by_others_that_hold(tmp_path: Path, authority: Authority, ends: datetime) -> None:
    """What stands between it and the authority has a time of its own."""
    between = Authority("between", authority, begins=NOW - timedelta(days=9), ends=ends)
    own = between.issue("10000.fate.org")
    with ExitStack() as stack:
        land = hub(tmp_path, stack, authority, Issued(own.certificate + between.certificate, own.key))
        said = land.said("peer-certificate")
    if ends > NOW:
        assert set(said.values()) == {Said()}
    else:
        assert {each.truth for each in said.values()} == {Truth.FALSE}
        assert all("comes by a certificate that is out of date" in each.reason for each in said.values())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x12", "what is shown as a certificate cannot be read"),
        (b"\x06\x03\x55\x1d\x13", b"\x06\x03\x55\x1d\x11", "the names in a certificate cannot be read here"),
    ],
    ids=["version", "names twice"],
)
def test_odd_certificates_are_not_judged(
    tmp_path: Path, authority: Authority, old: bytes, new: bytes, words: str
) -> None:
    """Of a version that there is not, with two lists of names: they end no command."""
    der = ssl.PEM_cert_to_DER_cert(authority.issue("x", "10000.fate.org").certificate.decode())
    odd = ssl.DER_cert_to_PEM_cert(der.replace(old, new)).encode()
    assert old in der
    if found := certificates(odd):
        with pytest.raises(UndecidedError, match=words):
            is_for(found[0], "10000.fate.org")
    else:
        message = bytes((11, *(6 + len(der)).to_bytes(3), *(3 + len(der)).to_bytes(3), *len(der).to_bytes(3)))
        reply = message + der.replace(old, new)
        with ExitStack() as stack:
            land = hub(tmp_path, stack, authority, authority.issue("hub"))
            land.answer(stack, "exchange-hub", "pulsar", saying(b"\x16\x03\x03" + len(reply).to_bytes(2) + reply))
            assert set(land.said("peer-certificate").values()) == {Said(Truth.UNKNOWN, words)}


def test_an_exchange_that_leads_nowhere(tmp_path: Path, authority: Authority) -> None:
    """It accepts the connection, and ends it, because it cannot dial the party: that is no fault of a certificate."""
    with ExitStack() as stack:
        land = hub(tmp_path, stack, authority, authority.issue("hub"))
        land.answer(stack, "exchange-hub", "pulsar")
        said = land.said("peer-certificate")
    found = next(each for sentence, each in said.items() if THROUGH in sentence)
    assert (found.truth, code(found)) == (Truth.FALSE, "FED984")
    assert "exchange hub has a route to 10000.fate.org" in found.diagnostics[0].hint


def test_a_certificate_that_cannot_be_read_is_not_judged(tmp_path: Path, authority: Authority) -> None:
    """A server may say anything."""
    odd = bytes((22, 3, 3, 0, 16, 11, 0, 0, 12, 0, 0, 9, 0, 0, 6, *b"abcdef", 0))
    with ExitStack() as stack:
        land = hub(tmp_path, stack, authority, authority.issue("hub"))
        land.answer(stack, "exchange-hub", "pulsar", saying(odd))
        said = land.said("peer-certificate")
    assert set(said.values()) == {Said(Truth.UNKNOWN, "what is shown as a certificate cannot be read")}


def test_without_an_authority_nothing_is_judged(tmp_path: Path, authority: Authority) -> None:
    """The Secret is not there, or holds something else."""
    with ExitStack() as stack:
        land = hub(tmp_path, stack, authority, authority.issue("10000.fate.org"))
        for secrets in (
            {},
            {"pulsar-cert": {"data": {"ca.cert.pem": "no base64"}}},
            {"pulsar-cert": {"data": {"ca.cert.pem": "bm8="}}},
        ):
            land.api.secrets = secrets
            assert {each.truth for each in land.said("peer-certificate").values()} == {Truth.UNKNOWN}


# Answers


@pytest.mark.parametrize(
    ("status", "body", "truth", "words"),
    [
        (200, '{"party_id": "10000"}', Truth.TRUE, ""),
        (200, '{"code": 0, "data": {"party_id": "10000"}, "message": "success"}', Truth.TRUE, ""),
        (200, '{"code": 0, "data": {"party_id": 9998}}', Truth.FALSE, "party 9998 answers for party 10000"),
        (200, "<html>welcome", Truth.UNKNOWN, "names no party"),
        (200, "[1]", Truth.UNKNOWN, "names no party"),
        (502, "<title>502 Bad Gateway</title>", Truth.FALSE, "502 for party 10000 (502 Bad Gateway): the next hop"),
        (504, "", Truth.FALSE, "the next hop says nothing"),
        (500, "", Truth.FALSE, "no service `fateflow`"),
        (404, "<h1>404</h1><hr>openresty", Truth.FALSE, "has no route to it"),
        (404, '{"code": 404}', Truth.UNKNOWN, "tells nothing of the way"),
        (0, "", Truth.FALSE, "nginx has no answer for party 10000 in time"),
    ],
)  # fmt: skip
def test_who_answers_through_nginx(tmp_path: Path, status: int, body: str, truth: Truth, words: str) -> None:
    """The party itself, another one, or an nginx that cannot go on."""
    peer = Land(tmp_path, {}).sight.plan.by_key["party-10000"]
    reason, hint = judged(HttpAnswer(Dialled(Reached.OPEN), status, body), peer)
    assert words in reason
    assert truth is (Truth.TRUE if not reason else Truth.FALSE if hint else Truth.UNKNOWN)


def test_the_question_goes_through_the_own_nginx(tmp_path: Path) -> None:
    """From FATE-Flow's pod, with the headers by which nginx looks into its table."""
    heard: list[bytes] = []

    def nginx(peer: socket.socket) -> None:
        heard.append(peer.recv(65536))
        peer.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    land = Land(tmp_path, {"python-0": "python"}, engine="spark_rabbitmq", release="v2.0.0")
    land.api.containers = {"python-0": "fateflow"}
    unreached = land.one("peer-answers")
    assert (unreached.truth, "own nginx was not reached" in unreached.reason) == (Truth.UNKNOWN, True)
    with listening(nginx) as port:
        land.api.really[Endpoint("nginx", 9300)] = port
        said = land.one("peer-answers")
    assert (said.truth, code(said)) == (Truth.FALSE, "FED989")
    assert heard[0].startswith(b"GET /v2/site/info/query HTTP/1.1\r\n")
    assert b"\r\ndest-party-id: 10000\r\nservice: fateflow\r\n" in heard[0]


def test_fate_1_is_not_asked_who_it_is(tmp_path: Path) -> None:
    """It has no answer that is known."""
    land = Land(tmp_path, {}, engine="spark_rabbitmq")
    assert land.said("peer-answers") == {}
