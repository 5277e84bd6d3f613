"""What is done inside pods: the program that dials there, with the tools of every image, and what its words mean."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from planner.lookup import Endpoint
from renderers.cluster.api import Api, Ran, UnreachableError
from renderers.cluster.clock import Deadline
from renderers.probes.pods import http as inside_http
from renderers.probes.pods import tls as inside_tls
from renderers.probes.pods.inside import Dialled, Handshake, Inside, Reached, spots_in
from renderers.probes.pods.talk import Talked, talk
from tests.authority import Authority
from tests.unit.cluster_double import folder_of
from tests.unit.pods_double import Pods, box, by_tls, closed, full, listening, mute, pod, run_in

TOOLS = ("python", "bash", "bash alone", "busybox", "dash and nc")
Run = Callable[[Sequence[str]], Ran]


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """By the name of a box, what runs commands in it."""
    folder = tmp_path_factory.mktemp("boxes")
    return {name: partial(run_in, box(folder, name)) for name in (*TOOLS, "nothing")}


# Connections


@dataclass(frozen=True)
class Met:
    """What a box met: endpoints by a name for each, and a server that hears and says nothing."""

    endpoints: Mapping[str, Dialled]
    silent: Talked
    is_left: bool
    """Whether the silent server was left again."""


@pytest.fixture(scope="module")
def met(boxes: Mapping[str, Run]) -> Iterator[Mapping[str, Met]]:
    """What each box meets: all boxes at once, because what does not answer takes its time.

    A box that was too slow on a busy machine has another try, with more time.
    """
    with listening() as ending, listening(mute) as silent, full() as swallowing:
        endpoints = {
            "open": Endpoint("127.0.0.1", ending),
            "open, and silent": Endpoint("localhost", silent),
            "refused": Endpoint("127.0.0.1", closed()),
            "refused by IPv6": Endpoint("::1", closed()),
            "swallowed": Endpoint("127.0.0.1", swallowing),
            "no name": Endpoint("nowhere.invalid", 80),
            "no option": Endpoint("-e", 80),
        }

        def dial(name: str) -> Mapping[str, Dialled]:
            for seconds in (4, 30):
                found = [each.dialled for each in talk(boxes[name], tuple(endpoints.values()), seconds)]
                reached = [each.reached for each in found]
                if Reached.NOT_TRIED not in reached and reached.count(Reached.SILENT) < 2:
                    break
            return dict(zip(endpoints, found, strict=True))

        def listen(name: str, seconds: int = 1) -> tuple[Talked, bool]:
            left = threading.Event()

            def until_left(peer: socket.socket) -> None:
                mute(peer)
                left.set()

            with listening(until_left) as port:
                (found,) = talk(boxes[name], (Endpoint("127.0.0.1", port),), seconds, b"hello")
                is_left = left.wait(1 if name == "nothing" else 20)
            if seconds == 1 and found.dialled.reached not in {Reached.OPEN, Reached.NO_TOOL}:
                return listen(name, 20)
            return found, is_left

        with ThreadPoolExecutor(2 * len(boxes)) as threads:
            found, heard = threads.map(dial, boxes), threads.map(listen, boxes)
            rows = zip(boxes, found, heard, strict=True)
            yield {name: Met(each, *listened) for name, each, listened in rows}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_connection_is_told_by_how_it_went(met: Mapping[str, Met], tool: str) -> None:
    """Whatever tool an image has; one endpoint that swallows packets keeps no other from being told."""
    assert {name: found.reached for name, found in met[tool].endpoints.items()} == {
        "open": Reached.OPEN,
        "open, and silent": Reached.OPEN,
        "refused": Reached.REFUSED,
        "refused by IPv6": Reached.REFUSED if socket.has_ipv6 else Reached.NO_WAY,
        "swallowed": Reached.SILENT,
        "no name": Reached.NO_NAME,
        "no option": Reached.NO_NAME,
    }
    assert met[tool].endpoints["refused"].words == "Connection refused"


def test_an_image_without_tools_says_so(met: Mapping[str, Met]) -> None:
    """Nothing is known then, whatever the endpoint."""
    words = "the image has neither Python nor bash nor nc"
    assert set(met["nothing"].endpoints.values()) == {Dialled(Reached.NO_TOOL, words)}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("bash: line 3: /dev/tcp/10.1.1.1/80: No route to host", Reached.NO_WAY),
        ("bash: connect: Network is unreachable", Reached.NO_WAY),
        ("nc: can't connect to remote host (10.1.1.1): Connection refused", Reached.REFUSED),
        ("nc: 10.1.1.1 (10.1.1.1:80): Operation timed out", Reached.SILENT),
        ("nc: bad address 'rollsite.b.svc'", Reached.NO_NAME),
        ("bash: nowhere: Name or service not known", Reached.NO_NAME),
        ("bash: nowhere: Temporary failure in name resolution", Reached.NOT_TRIED),
        ("Non-recoverable failure in name resolution", Reached.NOT_TRIED),
        ("Try again", Reached.NOT_TRIED),
        ("Cannot assign requested address", Reached.NOT_TRIED),
        ("[Errno 24] Too many open files", Reached.NOT_TRIED),
        ("bash: fork: Cannot allocate memory", Reached.NOT_TRIED),
        ("sh: 5: Cannot fork", Reached.NOT_TRIED),
        ("sh: can't fork: Resource temporarily unavailable", Reached.NOT_TRIED),
        ("bash: line 9:  4711 Killed   nc", Reached.NOT_TRIED),
        ("nc: invalid option -- 'z'", Reached.NO_TOOL),
        ("bash: line 3: /dev/tcp/10.1.1.1/80: No such file or directory", Reached.NO_TOOL),
        ("nc: read error: Connection reset by peer", Reached.OPEN),
        ("begun", Reached.SILENT),
        ("begun nc", Reached.NOT_TRIED),
        ("over", Reached.NOT_TRIED),
    ],
)
def test_words_of_tools_are_understood(words: str, expected: Reached) -> None:
    """Also of those that no test machine has; an nc that is still at it may have a connection or none."""
    found = talk(lambda _: Ran(137, f"0 {words}\nend\n", ""), (Endpoint("10.1.1.1", 80),), 1)
    assert found[0].dialled.reached is expected


def test_what_a_pod_could_not_do_is_no_closed_port() -> None:
    """An endpoint of which nothing is told was not tried, nor was one that was begun when the time was nearly over."""
    errors = "bash: fork: Resource temporarily unavailable"
    (found,) = talk(lambda _: Ran(0, "end\n", errors), (Endpoint("10.1.1.1", 80),), 1)
    assert found.dialled == Dialled(Reached.NOT_TRIED, f"the pod did not come to it in time: {errors}")
    assert found.dialled.tells_nothing
    for output, expected in (("0 begun\nlate\nend\n", Reached.SILENT), ("late\n0 begun\nend\n", Reached.NOT_TRIED)):
        (found,) = talk(lambda _: Ran(137, output, ""), (Endpoint("10.1.1.1", 80),), 1)  # noqa: B023 - called at once
        assert found.dialled.reached is expected


def test_a_pod_without_room_for_a_process_has_heard_nothing() -> None:
    """What would have read the answer was not started; a shell that tried again, and could then, has done its work."""
    lack = "0 bash: fork: retry: Resource temporarily unavailable\n"
    for output, expected in (
        (f"0 begun\n0 open\n{lack}0 over\nend\n", Reached.NOT_TRIED),
        (f"{lack}0 begun\n0 open\n0 over\nend\n", Reached.OPEN),
        (f"0 begun\n0 open\n{lack}0  48 54\n0 over\nend\n", Reached.OPEN),
    ):
        (found,) = talk(lambda _: Ran(0, output, ""), (Endpoint("10.1.1.1", 80),), 1, b"hello")  # noqa: B023 - called at once
        assert found.dialled.reached is expected


def test_an_nc_that_starts_late_is_no_connection(tmp_path: Path) -> None:
    """It is killed before it can say that nobody answers."""
    folder = box(tmp_path, "dash and nc")
    (folder / "nc").unlink()
    (folder / "nc").write_text('#!/bin/sh\n[ "$1" = -z ] && echo "invalid option" || exec sleep 30\n', encoding="utf-8")
    (folder / "nc").chmod(0o755)
    (found,) = talk(partial(run_in, folder), (Endpoint("127.0.0.1", closed()),), 1)
    assert found.dialled.reached is Reached.NOT_TRIED


def test_a_pod_that_cannot_wait_tells_nothing(tmp_path: Path) -> None:
    """Whoever does not answer at once would be told as silent."""
    folder = box(tmp_path, "bash alone")
    (folder / "sleep").unlink()
    with full() as port, pytest.raises(UnreachableError, match="cut off"):
        talk(partial(run_in, folder), (Endpoint("127.0.0.1", port),), 2)


def test_half_a_byte_is_none() -> None:
    """A line that was cut in its middle ends no command."""
    (found,) = talk(lambda _: Ran(0, "0 open\n0  48 54\n0  54 5\nend\n", ""), (Endpoint("10.1.1.1", 80),), 1)
    assert found == Talked(Dialled(Reached.OPEN), b"HT")


def test_an_image_without_a_shell_has_no_tool() -> None:
    """The runtime then says that it finds no executable."""
    errors = 'exec failed: exec: "sh": executable file not found in $PATH'
    (found,) = talk(lambda _: Ran(None, "", errors), (Endpoint("10.1.1.1", 80),), 1)
    assert found.dialled.reached is Reached.NO_TOOL


def test_a_talk_that_is_cut_off_tells_nothing() -> None:
    """An exec that dies midway is no endpoint that does not answer, nor is a pod without room for another process."""
    for code, complaint in ((None, ""), (137, ""), (1, "RuntimeError: can't start new thread"), (126, "not permitted")):
        with pytest.raises(UnreachableError, match=f"cut off(: {complaint})?$"):
            talk(lambda _: Ran(code, "0 open\n", complaint), (Endpoint("10.1.1.1", 80), Endpoint("10.1.1.2", 80)), 1)  # noqa: B023 - called at once


@pytest.mark.parametrize("tool", TOOLS)
def test_nothing_stays_behind(met: Mapping[str, Met], tool: str) -> None:
    """A talk with somebody who says nothing is ended, and what held it as well; nc ends it when all is said."""
    is_nc = tool in {"busybox", "dash and nc"}
    assert met[tool].silent == Talked(Dialled(Reached.OPEN), is_over=is_nc)
    assert met[tool].is_left


# HTTP


def request(url: str, answer: bytes, run: Run, **sent: Any) -> tuple[bytes, inside_http.HttpAnswer]:
    """What a server heard of a POST, and what is made of its answer; `url` has a place for the port."""
    heard = bytearray()
    expected: list[bytes] = []

    def tell(peer: socket.socket) -> None:
        while len(heard) < len(expected[0]) and (part := peer.recv(65536)):  # some tools send a line at a time
            heard.extend(part)
        peer.sendall(answer)

    with listening(tell) as port:
        endpoint, said = inside_http.request("POST", url.format(port), **sent)
        expected.append(said)
        (talked,) = talk(run, (endpoint,), 20, said)
    return bytes(heard), inside_http.answer(talked, "POST")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_request_and_its_answer_keep_every_byte(boxes: Mapping[str, Run], tool: str) -> None:
    """What shells and printf take for their own is sent as it is, and so is what comes back."""
    body = '{"a": "%s \\n $HOME `id` \'ä\'"}'
    page = bytes(range(256)) * 64 + "ä".encode()
    head = f"HTTP/1.1 418 Odd\r\nContent-Length: {len(page)}\r\n\r\n".encode()
    headers = {"dest-party-id": "10000", "x": "%d \\0"}
    url = "http://127.0.0.1:{}/v2/x?y=%20z"
    heard, found = request(url, head + page, boxes[tool], body=body, headers=headers)
    assert heard.startswith(b"POST /v2/x?y=%20z HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"dest-party-id: 10000\r\nx: %d \\0\r\n" in heard
    assert heard.endswith(b"\r\n\r\n" + body.encode())
    assert (found.status, found.body) == (418, page.decode(errors="replace"))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", (200, "abcde")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", (200, "abc")),
        (b"HTTP/1.0 502 Bad Gateway\r\n\r\n<html>", (502, "<html>")),
        (b"SSH-2.0-x\r\n", (0, "SSH-2.0-x\r\n")),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % 2**80,
            (0, f"HTTP/1.1 200 OK\r\nContent-Length: {2**80}\r\n\r\n"),
        ),
        (b"", (0, "")),
    ],
)
def test_answers_of_every_form_are_read(answer: bytes, expected: tuple[int, str]) -> None:
    """In chunks, cut off, without a length, of no HTTP at all, of a length that nothing has."""
    found = inside_http.answer(Talked(Dialled(Reached.OPEN), answer, is_over=True), "GET")
    assert (found.status, found.body) == expected


# TLS


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Issues the certificates of servers."""
    return Authority()


@pytest.fixture(scope="module")
def above(authority: Authority) -> bytes:
    """The authority's own certificate, which is another one whenever it is made."""
    return authority.certificate


@pytest.mark.parametrize("tool", TOOLS)
def test_a_server_shows_its_certificates(
    boxes: Mapping[str, Run], tool: str, authority: Authority, above: bytes, tmp_path: Path
) -> None:
    """All that it sends, its own first; also where it then wants one of ours, and by the name that it is asked for."""
    issued = authority.issue("10000.fate.org")
    asked: list[str] = []
    server = by_tls(
        tmp_path,
        issued.certificate + above,
        issued.key,
        verify_mode=ssl.CERT_OPTIONAL,
        sni_callback=lambda _socket, name, _context: asked.append(name),
    )
    with listening(server) as port:
        (talked,) = talk(boxes[tool], (Endpoint("127.0.0.1", port),), 20, inside_tls.hello("10000.fate.org"))
    found = inside_tls.judged(talked)
    assert (found.speaks_tls, found.words) == (True, "")
    assert [each.split() for each in found.certificates] == [
        issued.certificate.decode().split(),
        above.decode().split(),
    ]
    assert asked == ["10000.fate.org"]
    assert talked.is_over


def test_a_server_that_wants_newer_tls_speaks_tls(
    boxes: Mapping[str, Run], authority: Authority, tmp_path: Path
) -> None:
    """It then shows no certificate, and says why."""
    issued = authority.issue("a")
    server = by_tls(tmp_path, issued.certificate, issued.key, minimum_version=ssl.TLSVersion.TLSv1_3)
    with listening(server) as port:
        (talked,) = talk(boxes["bash"], (Endpoint("127.0.0.1", port),), 20, inside_tls.hello())
    found = inside_tls.judged(talked)
    assert (found.speaks_tls, found.certificates, found.words) == (True, (), "TLS alert 70, protocol version")


def hears_a_byte(peer: socket.socket) -> None:
    """Ends the talk while there is more to hear, so that the other side is told of it by a reset."""
    peer.recv(1)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_server_that_hangs_up_speaks_no_tls(boxes: Mapping[str, Run], tool: str) -> None:
    """However rudely: the connection was there."""
    with listening(hears_a_byte) as port:
        (talked,) = talk(boxes[tool], (Endpoint("127.0.0.1", port),), 20, inside_tls.hello())
    found = inside_tls.judged(talked)
    assert (found.dialled.reached, found.speaks_tls) == (Reached.OPEN, False)


@pytest.mark.parametrize(
    ("reply", "is_over", "expected", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", True, False, "it answers 'HTTP/1.1 400 Bad Request\\r\\n'"),
        (b"AMQP\x00\x00\x09\x01", True, False, "it answers 'AMQP\\x00\\x00\\t\\x01'"),
        (b"", True, False, "it ends the connection without a word"),
        (b"", False, None, "it says nothing to a TLS hello"),
        (b"\x15\x03\x03\x00\x02\x02\x28", True, True, "TLS alert 40, handshake failure"),
        (b"\x15\x03\x03\x00\x02\x02\x63", True, True, "TLS alert 99"),
        (b"\x16\x03\x03\x00\x40\x02\x00", False, True, "it shows no certificate"),
    ],
)
def test_what_answers_a_hello_is_told_apart(reply: bytes, is_over: bool, expected: bool | None, words: str) -> None:
    """Plain words, silence, an alert, an answer that is cut off."""
    found = inside_tls.judged(Talked(Dialled(Reached.OPEN), reply, is_over))
    assert (found.speaks_tls, found.certificates, found.words) == (expected, (), words)


def test_very_many_certificates_take_no_time() -> None:
    """A server that wants to keep us busy does not: of a hundred on nothing is looked at, and nothing is copied."""
    empty = 3 * 100_000
    shown = bytes((11, *(3 + empty).to_bytes(3), *empty.to_bytes(3))) + bytes(empty)
    parts = [shown[start : start + 16_000] for start in range(0, len(shown), 16_000)]
    reply = b"".join(b"\x16\x03\x03" + len(part).to_bytes(2) + part for part in parts)
    found = inside_tls.judged(Talked(Dialled(Reached.OPEN), reply, is_over=True))
    inside_tls.judged(Talked(Dialled(Reached.OPEN), b"\x16\x03\x03\0\0" * 100_000, is_over=True))
    assert len(found.certificates) == 100


def test_without_a_connection_nothing_is_known_of_tls() -> None:
    """Neither that it is spoken nor that it is not."""
    refused = Dialled(Reached.REFUSED, "Connection refused")
    assert inside_tls.judged(Talked(refused)) == Handshake(refused)


@pytest.mark.parametrize(("is_proxied", "expected"), [(False, False), (True, None)])
def test_a_sidecar_that_ends_a_connection_is_not_the_server(is_proxied: bool, expected: bool | None) -> None:
    """It took the connection before it knew whether anybody is there."""
    found = inside_tls.judged(Talked(Dialled(Reached.OPEN), b"", is_over=True), is_proxied=is_proxied)
    assert found.speaks_tls is expected


# Pods


@pytest.mark.parametrize(
    ("component", "name", "containers", "expected"),
    [
        ("rollsite", "rollsite-7d9f8c6b5-x2x7v", ("rollsite",), "rollsite"),
        ("lbrollsite", "rollsite-7d9f8c6b5-x2x7v", ("exchange", "rollsite"), "rollsite"),
        ("python", "python-0", ("fateflow",), "fateflow"),
        ("fateflow", "python-0", ("fateflow",), "fateflow"),
        ("fateflow", "python-5c9-abcde", ("client", "python", "fateboard"), "python"),
        ("nodemanager", "nodemanager-0-5c9d-abcde", ("nodemanager-0", "nodemanager-0-eggrollpair"), "nodemanager-0"),
        ("nodemanager", "nodemanager-1", ("nodemanager",), "nodemanager"),
        ("servingProxy", "serving-proxy-5c9d-abcde", ("serving-proxy",), "serving-proxy"),
        ("trafficServer", "traffic-server-5c9d-abcde", ("traffic-server",), "traffic-server"),
        ("serving", "serving-proxy-5c9d-abcde", ("serving-proxy",), None),
        ("spark-master", "spark-worker-5c9d-abcde", ("spark-worker",), None),
        ("pulsar", "pulsar-0", ("istio-proxy", "pulsar"), "pulsar"),
    ],
)
def test_pods_are_found_by_the_names_of_charts_and_of_ours(
    component: str, name: str, containers: Sequence[str], expected: str | None
) -> None:
    """A Deployment's, a StatefulSet's, with sidecars, of old charts; by the container that is meant."""
    found = [(each.pod, each.container) for each in spots_in([pod(name, "a", *containers)], component)]
    assert found == ([] if expected is None else [(name, expected)])


def test_a_sidecar_of_istio_is_seen() -> None:
    """Whether it is a container beside the others, or one of those that are started first and stay."""
    plain, beside = pod("pulsar-0", "a", "pulsar"), pod("pulsar-1", "a", "pulsar", "istio-proxy")
    first = pod("pulsar-2", "a", "pulsar")
    first["spec"]["initContainers"] = [{"name": "istio-proxy", "restartPolicy": "Always"}]
    assert [each.is_proxied for each in spots_in([plain, beside, first], "pulsar")] == [False, True, True]


def test_only_what_is_ready_is_used() -> None:
    """No pod that is going, and none whose container is not ready while a sidecar is."""
    going = pod("pulsar-0", "a", "pulsar")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    starting = pod("pulsar-1", "a", "pulsar", "istio-proxy", ready=["istio-proxy"])
    assert [each.pod for each in spots_in([pod("pulsar-3", "a", "pulsar"), going, starting], "pulsar")] == ["pulsar-3"]


def test_pods_are_listed_once_for_each_namespace() -> None:
    """Serving has pods of its own where it has a namespace of its own."""
    listed: list[str] = []

    class Counting(Pods):
        def list(self, _version: str, kind: str, namespace: str, _: Deadline, **_selected: str) -> Sequence[Any]:
            listed.append(namespace)
            return super().list(_version, kind, namespace, _)

    api = Counting({"rollsite-1-a": Path(), "serving-proxy-1-a": Path()}, {"serving-proxy-1-a": "serving-proxy"})
    folder = replace(folder_of(), namespaces={"training": "a", "serving": "b"})
    inside, deadline = Inside(cast("Api", api), folder), Deadline(30)
    for _ in range(2):
        assert [each.namespace for each in inside.spots("rollsite", deadline)] == ["a"]
        assert [each.namespace for each in inside.spots("servingProxy", deadline, serving=True)] == ["b"]
    assert listed == ["a", "b"]


def test_many_endpoints_take_a_few_commands(tmp_path: Path) -> None:
    """They are dialled together; an endpoint that is named twice is dialled once."""
    api = Pods({"rollsite-1-a": box(tmp_path, "python")})
    inside, deadline = Inside(cast("Api", api), folder_of()), Deadline(30)
    (spot,) = inside.spots("rollsite", deadline)
    endpoints = [Endpoint("10.1.1.1", 30000 + number) for number in range(120)]
    with listening() as port:
        api.really.update(dict.fromkeys(endpoints[:70], port))
        found = inside.dial_all(spot, [*endpoints, *endpoints], deadline)
    assert len(api.ran) == 3
    assert [found[each].reached for each in endpoints] == [Reached.OPEN] * 70 + [Reached.REFUSED] * 50
