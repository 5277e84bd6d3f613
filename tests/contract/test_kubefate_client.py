"""fedplan's client of KubeFATE's service against the stand-in: every generation, and everything that goes wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from renderers.cluster.clock import Clock, Deadline
from renderers.kubefate_service.api import ServiceApi, connect
from renderers.kubefate_service.client_config import Settings
from renderers.kubefate_service.errors import (
    OddAnswerError,
    ServiceCrashedError,
    ServiceError,
    ServiceLoginRefusedError,
    ServiceRefusedError,
    ServiceUnreachableError,
)
from renderers.kubefate_service.shapes import ClusterArgs, Job
from tests.contract import certificates
from tests.contract.service import PASSWORD, QUICK, spec
from tests.standins.kubefate_service import charts
from tests.standins.kubefate_service.charts import Chart
from tests.standins.kubefate_service.faults import Fault, Kind
from tests.standins.kubefate_service.generations import GENERATIONS, Generation
from tests.standins.kubefate_service.memory import Fate
from tests.standins.kubefate_service.running import InThread
from tests.standins.kubefate_service.tokens import HALF_AN_HOUR

Start = Callable[..., InThread]
SPEED = 100.0
EVERY_GENERATION = [
    pytest.param(known, id=known.release, marks=() if known.release in QUICK else pytest.mark.slow)
    for known in GENERATIONS
]


class Fast(Clock):
    """A clock on which a second is a hundredth."""

    def now(self) -> float:
        return time.monotonic() * SPEED

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / SPEED)


def soon(seconds: float = 6000.0) -> Deadline:
    """A deadline of the fast clock: 6000 s are 60."""
    return Deadline(seconds, Fast())


def client(service: InThread, password: str = PASSWORD, ca: str = "") -> ServiceApi:
    """Fedplan's client."""
    return connect(Settings(service.url, "admin", password, ca), {}, Fast())


def wanted(**more: Any) -> ClusterArgs:
    """What fedplan sends."""
    data = spec(**more)
    return ClusterArgs(data["name"], data["namespace"], data["chartName"], data["chartVersion"], data)


def ended(api: ServiceApi, job: Job) -> Job:
    """The job when it has ended."""
    deadline = soon()
    while not job.has_ended:
        assert deadline.wait(0.5), job
        job = api.job(job.uuid, deadline)
    return job


# Generations


@pytest.mark.parametrize("known", EVERY_GENERATION)
def test_life_of_a_cluster(start: Start, known: Generation) -> None:
    """With every generation of the service a cluster is installed, looked at, updated and deleted."""
    api = client(start(known.release))
    assert api.version(soon()) == known.version
    installed = ended(api, api.install(wanted(chartVersion="v1.8.0"), soon()))
    assert (installed.status, installed.method) == ("Success", "ClusterInstall")
    assert {sub.name: sub.status for sub in installed.sub_jobs} == (
        {} if known.is_mongo else dict.fromkeys(["mysql", "python", "rollsite"], "Success")
    )
    (listed,) = api.clusters(soon())
    assert (listed.name, listed.namespace, listed.status, listed.is_deleted) == (
        *("fate-9999", "fate-9999", "Running", False),
    )
    assert listed.spec is not None
    assert listed.spec["partyId"] == 9999
    one = api.cluster(listed.uuid, soon())
    assert one.info is not None
    assert (one.info.ip, one.info.port) == ("192.0.2.10", 30091)
    assert {module.name for module in one.info.modules} >= {"rollsite"} or known.is_mongo or not known.has_states
    updated = ended(api, api.update(wanted(chartVersion="v1.8.0", partyId=10000), soon()))
    assert (updated.status, api.clusters(soon())[0].spec) == ("Success", spec(chartVersion="v1.8.0", partyId=10000))
    assert ended(api, api.delete(listed.uuid, soon())).status == "Success"
    assert api.clusters(soon()) == ()
    (gone,) = api.clusters(soon(), everything=True)
    assert gone.is_deleted
    assert [job.method for job in api.jobs(soon())] == ["ClusterInstall", "ClusterUpdate", "ClusterDelete"]


@pytest.mark.parametrize("known", EVERY_GENERATION)
def test_what_a_generation_has(start: Start, known: Generation) -> None:
    """What a generation has no route for is told so; what it has is read."""
    api = client(start(known.release))
    asked: list[tuple[bool, Callable[[], Any], list[str]]] = [
        (known.has_namespaces, lambda: [each.name for each in api.namespaces(soon())], ["default", "fate-9999"]),
        (known.has_stop, lambda: [each.name for each in api.users(soon())], ["admin"]),
    ]
    for is_there, ask, answer in asked:
        if is_there:
            assert ask() == answer
            continue
        with pytest.raises(ServiceRefusedError) as raised:
            ask()
        assert raised.value.is_absent_route


@pytest.mark.parametrize("release", ["v1.3.0", "v1.5.0", "v1.11.2"])
def test_charts(start: Start, release: str) -> None:
    """Charts are handed over, listed, looked at and forgotten."""
    api = client(start(release))
    chart = Chart("fate", "v9.0.0", "v9", "name: fate\nversion: v9.0.0\n", "a: 1\n", "b: 2\n", "c: 3\n")
    uuid = api.upload_chart("fate-v9.0.0.tgz", charts.package(chart), soon())
    (found,) = api.charts(soon())
    assert (found.uuid, found.name, found.version, found.has_template) == (uuid, "fate", "v9.0.0", True)
    assert api.chart(uuid, soon()) == found
    with pytest.raises(ServiceRefusedError):
        api.upload_chart("fate.tgz", b"no package", soon())
    api.delete_chart(uuid, soon())
    assert api.charts(soon()) == ()


def test_example_and_log(kubefate_service: InThread) -> None:
    """The example of a chart, and the log of a cluster."""
    api = client(kubefate_service)
    assert api.values_template_example("fate", "v1.11.2", soon()) == "name: fate\n"
    with pytest.raises(ServiceRefusedError, match="failed to download"):
        api.values_template_example("fate", "v2.0.0", soon())
    ended(api, api.install(wanted(), soon()))
    (cluster,) = api.clusters(soon())
    assert api.log(cluster.uuid, soon(), container="mysql", tail=1) == "mysql is up\n"
    with pytest.raises(ServiceRefusedError, match="record not found"):
        api.log("unknown", soon())


def test_stop(kubefate_service: InThread) -> None:
    """A running install is stopped, and its job is forgotten."""
    kubefate_service.service.cluster.set_fate("rollsite", Fate.NEVER)
    api = client(kubefate_service)
    job = api.install(wanted(), soon())
    deadline = soon()
    while not api.job(job.uuid, soon()).sub_jobs:  # before that, the service forgets it (derived)
        assert deadline.wait(0.5)
    api.stop_job(job.uuid, soon())
    assert ended(api, job).status == "Canceled"
    with pytest.raises(ServiceRefusedError, match="not support stop"):
        api.stop_job(job.uuid, soon())
    api.delete_job(job.uuid, soon())
    assert api.jobs(soon()) == ()


# Logging in


def test_wrong_password(kubefate_service: InThread) -> None:
    """A wrong password is said to be refused, and is not in the words."""
    api = client(kubefate_service, "wrong-horse-battery")
    with pytest.raises(ServiceLoginRefusedError) as raised:
        api.clusters(soon())
    assert "wrong-horse" not in str(raised.value) + repr(api)
    assert kubefate_service.service.count("POST", "/v1/user/login") == 1


@pytest.mark.slow
def test_new_token(start: Start) -> None:
    """A token that ended is made anew, and what was refused is sent again, once."""
    service = start(token_lifetime=-60.0)
    api = client(service)
    api.log_in(soon())
    service.service.process.tokens.lifetime = HALF_AN_HOUR
    assert ended(api, api.install(wanted(), soon())).status == "Success"
    assert service.service.count("POST", "/v1/cluster") == 1
    assert service.service.count("POST", "/v1/user/login") == 2


def test_token_that_is_never_accepted(start: Start) -> None:
    """A service whose tokens it does not take itself is given up: nobody goes round and round."""
    api = client(start(token_lifetime=-60.0))
    with pytest.raises(ServiceLoginRefusedError, match="expired"):
        api.jobs(soon())


def test_restart_of_the_service(kubefate_service: InThread) -> None:
    """After a restart tokens are dead, jobs stay Running: the client logs in again and sees that."""
    kubefate_service.service.cluster.set_fate("rollsite", Fate.NEVER)
    api = client(kubefate_service)
    job = api.install(wanted(), soon())
    deadline = soon()
    while not api.job(job.uuid, soon()).sub_jobs:
        assert deadline.wait(0.5)
    kubefate_service.service.restart()
    assert api.job(job.uuid, soon()).status == "Running"


def test_secrets(kubefate_service: InThread) -> None:
    """Neither password nor token is in what the client shows of itself, of jobs, or in errors that echo them."""
    api = client(kubefate_service)
    api.version(soon())
    token = api._token
    job = api.install(wanted(mysql={"password": "hidden-value"}), soon())
    texts = [repr(api), repr(job), repr(api.clusters(soon())), repr(wanted(mysql={"password": "hidden-value"}))]
    kubefate_service.service.faults.add(Fault(Kind.RAW, status=500, body=f'{{"error":"{PASSWORD} {token}"}}'))
    with pytest.raises(ServiceRefusedError) as raised:
        api.version(soon())
    told = "".join([*texts, str(raised.value), repr(raised.value)])
    assert [secret for secret in (PASSWORD, token, "hidden-value") if secret in told] == []


# What goes wrong


def _named(fault: Fault) -> str:
    return f"{fault.kind}-{fault.status}"


def _param(fault: Fault, *, is_quick: bool) -> Any:
    return pytest.param(fault, id=_named(fault), marks=() if is_quick else pytest.mark.slow)


PASSING = [
    _param(Fault(Kind.REFUSE), is_quick=True),
    _param(Fault(Kind.UNANSWERED), is_quick=True),
    _param(Fault(Kind.DROP), is_quick=False),
    _param(Fault(Kind.SHORT), is_quick=False),
    _param(Fault(Kind.HTML, status=502), is_quick=False),
    _param(Fault(Kind.HTML, status=503), is_quick=True),
    _param(Fault(Kind.HTML, status=504), is_quick=False),
    _param(Fault(Kind.SLOW, seconds=0.05), is_quick=False),
    _param(Fault(Kind.HANG, seconds=0.05), is_quick=False),
]
"""What passes by itself."""


def _at(fault: Fault, method: str, path: str, times: int = 1) -> Fault:
    return Fault(fault.kind, method, path, times, 0, fault.seconds, fault.status, fault.body, fault.size)


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("path", ["/v1/user/login", "/v1/cluster/"])
def test_reading_goes_on(kubefate_service: InThread, fault: Fault, path: str) -> None:
    """What passes is waited for while reading, logging in included."""
    kubefate_service.service.faults.add(_at(fault, "", path, times=2))
    assert client(kubefate_service).clusters(soon()) == ()


@pytest.mark.parametrize("fault", PASSING)
def test_install_happens_once(kubefate_service: InThread, fault: Fault) -> None:
    """An install whose answer is lost, or that was never received, begins one job; the client has that job."""
    kubefate_service.service.faults.add(_at(fault, "POST", "^/v1/cluster$"))
    api = client(kubefate_service)
    job = ended(api, api.install(wanted(), soon()))
    assert (job.status, [each.uuid for each in api.jobs(soon())]) == ("Success", [job.uuid])


@pytest.mark.parametrize("fault", PASSING)
def test_update_and_delete_happen_once(kubefate_service: InThread, fault: Fault) -> None:
    """The same of an update and of a delete."""
    api = client(kubefate_service)
    ended(api, api.install(wanted(), soon()))
    kubefate_service.service.faults.add(_at(fault, "PUT", "^/v1/cluster$"))
    assert ended(api, api.update(wanted(partyId=1), soon())).status == "Success"
    (cluster,) = api.clusters(soon())
    kubefate_service.service.faults.add(_at(fault, "DELETE", "^/v1/cluster/"))
    assert ended(api, api.delete(cluster.uuid, soon())).status == "Success"
    assert len(api.jobs(soon())) == 3


@pytest.mark.slow
@pytest.mark.parametrize("release", ["v1.3.0", "v1.5.0"])
def test_install_happens_once_in_old_generations(start: Start, release: str) -> None:
    """Old generations do not tell what a job is about: it is found by its method."""
    service = start(release)
    service.service.faults.add(Fault(Kind.UNANSWERED, "POST", "^/v1/cluster$"))
    api = client(service)
    job = ended(api, api.install(wanted(), soon()))
    assert (job.status, len(api.jobs(soon()))) == ("Success", 1)


ODD = [
    (Fault(Kind.PANIC), ServiceCrashedError, "crashed"),
    (Fault(Kind.HTML, status=200), OddAnswerError, "Sign in"),
    (Fault(Kind.HTML, status=403, body="<html><title>Blocked</title></html>"), OddAnswerError, "Blocked"),
    (Fault(Kind.HTML, status=401), OddAnswerError, "Sign in"),
    (Fault(Kind.RAW, status=200, body="ok"), OddAnswerError, "no JSON"),
    (Fault(Kind.RAW, status=200, body=""), OddAnswerError, ""),
    (Fault(Kind.RAW, status=200, body="[]"), OddAnswerError, ""),
    (Fault(Kind.RAW, status=200, body='{"data": 7}'), OddAnswerError, "list"),
    (Fault(Kind.RAW, status=200, body='{"data": [7]}'), OddAnswerError, ""),
    (Fault(Kind.RAW, status=200, body='{"data": [{"name": "x"}]}'), OddAnswerError, ""),
    (Fault(Kind.RAW, status=200, body="[" * 100_000), OddAnswerError, ""),
    (Fault(Kind.RAW, status=500, body='{"error": {}}'), ServiceRefusedError, "500"),
    (Fault(Kind.RAW, status=500, body='{"error": "\\u001b[31mred"}'), ServiceRefusedError, "red"),
    (Fault(Kind.REDIRECT, body="http://192.0.2.1/"), OddAnswerError, "192.0.2.1"),
    (Fault(Kind.REDIRECT, body="/v1/cluster/"), OddAnswerError, "round"),
]


@pytest.mark.parametrize(("fault", "error", "words"), ODD)
def test_odd_answers(kubefate_service: InThread, fault: Fault, error: type[ServiceError], words: str) -> None:
    """What is no answer of the service is said to be none, in words without control characters, and not asked again."""
    kubefate_service.service.faults.add(_at(fault, "GET", "/v1/cluster/", times=99))
    with pytest.raises(error) as raised:
        client(kubefate_service).clusters(soon())
    assert words in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 500


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "error", "words"), ODD)
def test_odd_answers_to_a_login(
    kubefate_service: InThread, fault: Fault, error: type[ServiceError], words: str
) -> None:
    """The same where the login goes."""
    del error, words
    kubefate_service.service.faults.add(_at(fault, "POST", "/v1/user/login", times=99))
    with pytest.raises(ServiceError) as raised:
        client(kubefate_service).clusters(soon())
    assert str(raised.value).isprintable()
    assert PASSWORD not in str(raised.value)


def test_panic_of_an_update(kubefate_service: InThread) -> None:
    """A panic on an update is not sent again."""
    api = client(kubefate_service)
    kubefate_service.service.faults.add(Fault(Kind.PANIC, "PUT"))
    with pytest.raises(ServiceCrashedError):
        api.update(wanted(), soon())
    assert kubefate_service.service.count("PUT", "/v1/cluster") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.REFUSE, times=10_000),
        Fault(Kind.HANG, seconds=5.0, times=10_000),
        Fault(Kind.TRICKLE, seconds=0.3, times=10_000),
        Fault(Kind.HTML, status=503, times=10_000),
    ],
    ids=_named,
)
def test_deadline(kubefate_service: InThread, fault: Fault) -> None:
    """Whatever hangs, the deadline ends it."""
    kubefate_service.service.faults.add(fault)
    api = connect(Settings(kubefate_service.url, "admin", PASSWORD), {})
    with pytest.raises(ServiceUnreachableError):
        api.clusters(Deadline(0.4))


@pytest.mark.slow
def test_huge_answer(kubefate_service: InThread) -> None:
    """An answer without an end is not read to its end."""
    kubefate_service.service.faults.add(Fault(Kind.HUGE, "GET", size=500 * 2**20))
    with pytest.raises(OddAnswerError, match="larger"):
        client(kubefate_service).clusters(Deadline(60.0))


# TLS


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    """A private authority."""
    return certificates.make(tmp_path_factory.mktemp("pki"))


def test_private_authority(start: Start, pki: certificates.Certificates) -> None:
    """A certificate of a private authority is accepted where the authority is named, and not elsewhere."""
    service = start(certificate=pki.certificate, key=pki.key)
    assert client(service, ca=pki.ca.read_text()).version(soon()) == "v1.4.5"
    with pytest.raises(ServiceUnreachableError, match=r"certificate|authority"):
        client(service).version(soon())
    assert service.service.count("POST", "/v1/user/login") == 1


@pytest.mark.slow
def test_wrong_scheme(start: Start, kubefate_service: InThread, pki: certificates.Certificates, tmp_path: Path) -> None:
    """TLS at a plain port, and http at a TLS port, are told at once."""
    tls = start(certificate=pki.certificate, key=pki.key, state=tmp_path / "tls")
    for url in (kubefate_service.url.replace("http:", "https:"), tls.url.replace("https:", "http:")):
        with pytest.raises(ServiceUnreachableError):
            connect(Settings(url, "admin", PASSWORD), {}, Fast()).version(soon(60.0))
