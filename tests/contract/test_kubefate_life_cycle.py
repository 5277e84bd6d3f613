"""Target kubefate through the stand-in, without a kubeconfig: what an operator does, and what may go wrong."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from renderers.apply_command import Request, run_apply
from renderers.kubefate_service import life_cycle
from renderers.status_command import Request as Look
from renderers.status_command import run_status
from tests.contract import certificates
from tests.contract.service import PASSWORD, QUICK
from tests.contract.site import BOARD, ENVIRONMENT, MYSQL, NAME, Ended, Fast, Site
from tests.standins.kubefate_service import charts, tokens
from tests.standins.kubefate_service.charts import Offline
from tests.standins.kubefate_service.faults import Fault, Kind
from tests.standins.kubefate_service.generations import GENERATIONS, Generation
from tests.standins.kubefate_service.memory import Fate
from tests.standins.kubefate_service.running import InThread, as_program
from tests.standins.kubefate_service.server import Service

Start = Callable[..., InThread]


@pytest.fixture(autouse=True)
def _operator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An operator with passwords and without a kubeconfig, for whom time flies."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))
    monkeypatch.setattr(life_cycle, "Clock", Fast)


@contextmanager
def as_soon_as(is_so: Callable[[], bool], do: Callable[[], None]) -> Iterator[None]:
    """Do something, as soon as something is so, beside what is done in the context."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_so():
            if is_over.wait(0.01):
                return
        do()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def looks(site: Site) -> int:
    """How often a job was looked at, as whoever follows it does."""
    return sum(
        seen.method == "GET" and re.match("/v1/job/.", seen.path) is not None for seen in site.service.service.seen
    )


@pytest.fixture
def site(kubefate_service: InThread, tmp_path: Path) -> Site:
    """Party 9999 at a service of v1.11.2."""
    return Site(tmp_path / "demo", kubefate_service)


# What an operator does


def test_life_of_a_site(site: Site) -> None:
    """A site is applied, again without a change, with another peer, looked at, and removed."""
    first = site.plan().apply()
    assert (first.state, first.code, first.codes) == ("applied", 0, [])
    assert site.peers == [10000]
    again = site.apply()
    assert (again.state, again.code, site.sent("POST"), site.sent("PUT")) == ("unchanged", 0, 1, 0)
    changed = site.plan(peers=2).apply()
    assert (changed.state, changed.code, site.peers) == ("applied", 0, [10000, 10001])
    (change,) = changed.report["apply"]["sites"][0]["changes"]
    assert {field["path"].split("[")[0].split(".")[0] for field in change["fields"]} == {"rollsite"}
    assert site.status().code == 0
    removed = site.remove()
    assert (removed.code, site.live) == (0, {})
    assert site.remove().code == 0


@pytest.mark.slow
@pytest.mark.parametrize("known", GENERATIONS, ids=lambda known: known.release)
def test_every_generation(start: Start, tmp_path: Path, known: Generation) -> None:
    """The same at every generation of the service."""
    site = Site(tmp_path / "demo", start(known.release), release="v1.8.0")
    assert site.plan().apply().state == "applied"
    assert site.apply().state == "unchanged"
    assert (site.plan(peers=2).apply().state, site.peers) == ("applied", [10000, 10001])
    assert site.status().code == 0
    assert (site.remove().code, site.live) == (0, {})


@pytest.mark.slow
def test_truth_is_not_claimed(site: Site) -> None:
    """Without a kubeconfig what runs is not confirmed, and that is said."""
    found = site.plan().apply().report["diagnostics"]
    assert [each["severity"] for each in found if each["code"] == "FED979"] == ["warning"]


@pytest.mark.slow
def test_upgrade(site: Site) -> None:
    """A newer release goes through the upgrade manager, an older one is refused before anything is sent."""
    site.release = "v1.10.0"
    assert site.plan().apply().state == "applied"
    site.release = "v1.11.2"
    assert (site.plan().apply().state, site.live["chartVersion"]) == ("applied", "v1.11.2")
    site.release = "v1.10.0"
    back = site.plan().apply(force=True)
    assert (back.state, back.code, site.sent("PUT")) == ("refused", 1, 1)
    assert "v1.10.0" in back.messages


@pytest.mark.slow
def test_drift(site: Site) -> None:
    """What somebody else made of the cluster is seen."""
    site.plan(peers=2).apply()
    site.plan(peers=1)
    assert site.status().code != 0


@pytest.mark.slow
def test_secrets(site: Site) -> None:
    """No password is printed, or written: the service has them all the same."""
    printed = site.plan().apply().printed
    printed += site.plan(peers=2).apply().printed + site.status().printed
    assert site.live["mysql"]["password"] == MYSQL
    printed += "".join(path.read_text() for path in site.folder.rglob("*") if path.is_file())
    assert [secret for secret in (MYSQL, BOARD, PASSWORD) if secret in printed] == []


@pytest.mark.slow
def test_new_password(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that changed is a change, whose values are not shown."""
    site.plan().apply()
    monkeypatch.setenv("MYSQL_PW", "An0therPassw0rd")
    changed = site.apply()
    assert (changed.state, site.live["mysql"]["password"]) == ("applied", "An0therPassw0rd")
    assert [secret for secret in (MYSQL, "An0therPassw0rd") if secret in changed.printed] == []


# What is known before anything is sent


def test_missing_namespace(start: Start, tmp_path: Path) -> None:
    """A namespace that is missing is told with the commands for the administrator; nothing is sent."""
    site = Site(tmp_path / "demo", start(namespaces=()))
    ended = site.plan().apply()
    assert (ended.state, ended.code, site.sent("POST")) == ("refused", 1, 0)
    assert f"kubectl create namespace {NAME}" in ended.printed


@pytest.mark.parametrize(("name", "value"), [("KUBEFATE_PASSWORD", ""), ("KUBEFATE_PASSWORD", "Wr0ngPassw0rd")])
def test_login(site: Site, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Without a password, or with a wrong one, nothing is done, and it is not shown."""
    monkeypatch.setenv(name, value)
    ended = site.plan().apply()
    assert (ended.code in (1, 3), ended.state in ("refused", "unreachable")) == (True, True)
    assert "Wr0ng" not in ended.printed
    assert site.sent("POST", "/v1/user/login") <= 1


@pytest.mark.slow
def test_unpublished_chart(site: Site) -> None:
    """A chart that nobody can download is missed before anything is sent; with a package at hand it is handed over."""
    site.release = "v2.0.0"
    missed = site.plan(**_SPARK).apply()
    assert (missed.state, site.sent("POST")) == ("refused", 0)
    (site.folder / "fate-v2.0.0.tgz").write_bytes(charts.package(charts.empty("fate", "v2.0.0")))
    ended = site.apply(charts=str(site.folder))
    assert (ended.state, site.sent("POST", "/v1/chart"), site.live["chartVersion"]) == ("applied", 1, "v2.0.0")


@pytest.mark.slow
def test_offline(start: Start, tmp_path: Path) -> None:
    """A service without a way out is told of with the words of its Helm, and nothing is left behind."""
    site = Site(tmp_path / "demo", start(repository=Offline()))
    ended = site.plan().apply()
    assert (ended.state, ended.code, site.live) == ("failed", 1, {})
    assert "cannot be reached" in ended.messages


_SPARK: dict[str, Any] = {}


# What the service does badly


@pytest.mark.slow
@pytest.mark.parametrize("release", sorted(QUICK))
def test_failed_install(start: Start, tmp_path: Path, release: str) -> None:
    """Why an install failed is told, though the service tells it only after it has cleaned up."""
    site = Site(tmp_path / "demo", start(release), release="v1.8.0")
    cluster = site.service.service.cluster
    cluster.helm_takes = 0.1
    cluster.fail("install", "admission webhook says no", leaves_revision=False)
    ended = site.plan().apply()
    assert (ended.state, ended.code) == ("failed", 1)
    assert "admission webhook says no" in ended.messages
    assert site.apply().state == "applied"


@pytest.mark.slow
def test_failed_update(site: Site) -> None:
    """A failed update is told with Helm's words, and that it went back; the next apply does it again."""
    site.plan().apply()
    site.service.service.cluster.fail("upgrade", "field is immutable")
    failed = site.plan(peers=2).apply()
    assert (failed.state, failed.code, site.peers) == ("failed", 1, [10000])
    assert "field is immutable" in failed.messages
    assert (site.apply().state, site.peers) == ("applied", [10000, 10001])


@pytest.mark.slow
def test_second_failed_update(site: Site) -> None:
    """A second update that fails may have gone back to the first install: that is told, and the next apply mends it."""
    site.plan(peers=1).apply()
    site.plan(peers=2).apply()
    site.service.service.cluster.fail("upgrade", "field is immutable")
    failed = site.plan(peers=3).apply()
    assert (failed.state, site.peers) == ("failed", [10000])
    assert "first install" in failed.messages
    back = site.plan(peers=2).apply(timeout=60)
    assert (back.state, back.code, site.peers) == ("applied", 0, [10000, 10001])
    assert site.apply().state == "unchanged"


@pytest.mark.slow
def test_failed_upgrade_manager(site: Site) -> None:
    """A cluster that its failed upgrade has left in state Updating is not waited for, and can be applied again."""
    site.release = "v1.10.0"
    site.plan().apply()
    site.service.service.cluster.fail("install", "no room", leaves_revision=False)
    site.release = "v1.11.2"
    ended = site.plan().apply()
    assert (ended.state, ended.code) == ("failed", 1)
    assert "upgrade manager" in ended.printed
    assert site.apply().state == "applied"


@pytest.mark.slow
def test_pods_that_are_late(site: Site) -> None:
    """What does not come up in time goes on in the service: the next apply follows the same job."""
    cluster = site.service.service.cluster
    cluster.set_fate("rollsite", Fate.NEVER)
    late = site.plan().apply(timeout=10)
    assert (late.state, late.code) == ("failed", 1)
    assert "still at work" in late.messages
    before = looks(site)
    with as_soon_as(lambda: looks(site) > before, lambda: cluster.set_fate("rollsite", Fate.READY)):
        ended = site.apply(timeout=200)
    assert (ended.state, ended.code, site.sent("POST")) == ("applied", 0, 1)


@pytest.mark.slow
def test_stateful_set_that_dies(site: Site) -> None:
    """The service calls a cluster Running whose StatefulSet is dead: its own details say otherwise, and are read."""
    site.plan().apply()
    site.service.service.cluster.set_fate("python", Fate.DEAD)
    assert site.apply(timeout=20).code == 1


@pytest.mark.slow
def test_crash_of_the_service(site: Site) -> None:
    """A service that falls over while it updates is waited for; its job is dead, and that is told in the end."""
    site.plan().apply()
    site.service.service.cluster.set_fate("rollsite", Fate.READY)
    site.service.service.faults.add(Fault(Kind.PANIC, "PUT"))
    ended = site.plan(peers=2).apply()
    assert (ended.state, ended.code, site.sent("PUT")) == ("failed", 1, 1)
    assert "crash" in ended.messages
    assert site.apply().state == "applied"


# What happens on the way


FAULTS = [
    Fault(Kind.UNANSWERED),
    Fault(Kind.REFUSE),
    Fault(Kind.DROP),
    Fault(Kind.HTML, status=502),
    Fault(Kind.HTML, status=504),
]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.status}")
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "^/v1/cluster$"), ("PUT", "^/v1/cluster$"), ("DELETE", "^/v1/cluster/"), ("GET", "^/v1/job/.")],
)
def test_broken_connection(site: Site, fault: Fault, method: str, path: str) -> None:
    """A connection that breaks at any step changes nothing of the end, and begins no job twice."""
    struck = Fault(fault.kind, method, path, 1, 0, 0.0, fault.status)
    site.service.service.faults.add(struck)
    assert site.plan().apply().state == "applied"
    assert (site.plan(peers=2).apply().state, site.peers) == ("applied", [10000, 10001])
    assert (site.remove().code, site.live) == (0, {})
    assert len(site.service.service.store.rows("jobs")) == 3
    assert site.service.service.faults.waiting == []


@pytest.mark.slow
def test_restart_before_the_job_ends(site: Site) -> None:
    """A restart kills token and job: what is half made is seen to be dead, taken away, and made anew."""
    service: Service = site.service.service
    service.cluster.set_fate("rollsite", Fate.NEVER)
    assert site.plan().apply(timeout=10).state == "failed"
    service.restart()
    service.cluster.set_fate("rollsite", Fate.READY)
    service.store.let_pass(3600.0)
    ended = site.apply(timeout=200)
    assert ended.code == 0
    assert "is Running, and silent" in ended.messages
    assert site.peers == [10000]


@pytest.mark.slow
def test_away_while_it_is_followed(site: Site) -> None:
    """A service that is away for a while: its job, which ends after that, is followed on, and not begun twice."""
    faults, cluster = site.service.service.faults, site.service.service.cluster
    faults.add(Fault(Kind.HTML, "GET", "^/v1/job/.", status=503, times=15, after=1))
    cluster.set_fate("rollsite", Fate.NEVER)
    with as_soon_as(lambda: not faults.waiting, lambda: cluster.set_fate("rollsite", Fate.READY)):
        ended = site.plan().apply(timeout=200)
    assert (ended.state, site.sent("POST")) == ("applied", 1)
    assert faults.waiting == []


@pytest.mark.slow
def test_end_of_the_token(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that ends while a job is followed is renewed: it is an hour later when the job is looked at."""
    later = SimpleNamespace(time=lambda: time.time() + 3600 * (looks(site) > 0))
    monkeypatch.setattr(tokens, "time", later)
    ended = site.plan().apply(timeout=200)
    assert (ended.state, site.sent("POST")) == ("applied", 1)
    assert site.sent("POST", "/v1/user/login") == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(Kind.HTML, status=200, times=99), "Sign in"),
        (Fault(Kind.HTML, status=403, body="<html><title>Blocked</title></html>", times=99), "Blocked"),
        (Fault(Kind.RAW, status=200, body="ok", times=99), ""),
    ],
)
def test_something_else_answers(site: Site, fault: Fault, words: str) -> None:
    """What answers in the service's place is named, and the exit code is that of the world."""
    site.service.service.faults.add(fault)
    ended = site.plan().apply()
    assert (ended.state, ended.code) == ("unreachable", 3)
    assert words in ended.messages
    assert site.status().code == 3


@pytest.mark.slow
def test_service_that_is_away(site: Site) -> None:
    """A service that is not there is told so, by every command."""
    site.plan()
    site.service.service.faults.add(Fault(Kind.REFUSE, times=100_000))
    assert [site.apply().code, site.status().code, site.remove().code] == [3, 3, 3]


@pytest.mark.slow
def test_private_authority(start: Start, tmp_path: Path) -> None:
    """A service behind TLS with a private authority, which federation.yaml names."""
    pki = certificates.make(tmp_path)
    site = Site(tmp_path / "demo", start(certificate=pki.certificate, key=pki.key), ca=f"file:{pki.ca}")
    assert site.plan().apply().state == "applied"
    site.ca = ""
    ended = site.plan().apply()
    assert (ended.state, "certificate" in ended.messages) == ("unreachable", True)


@pytest.mark.slow
def test_killed_service(tmp_path: Path) -> None:
    """The service is killed while a job runs, and comes back: nothing is lost, and the next apply ends well."""
    options = ("--password", PASSWORD, "--namespace", NAME, "--speed", "0.01")
    with as_program(tmp_path / "state", *options) as program:
        site = Site(tmp_path / "demo", InThread(program.url, None))  # type: ignore[arg-type] # it is another process
        program.control(do="fate", workload="rollsite", fate=Fate.NEVER)
        first = site.plan().apply(timeout=20)
        assert (first.state, "still at work" in first.messages) == ("failed", True)
        program.kill()
        assert site.apply(timeout=20).code == 3
        program.start()
        program.control(do="fate", workload="rollsite", fate=Fate.READY)
        second = site.apply(timeout=100)
        assert second.code in (0, 1)
        (release,) = program.control(do="history", name=NAME, namespace=NAME)
        assert release["status"] == "deployed"


@pytest.mark.slow
def test_two_operators(site: Site) -> None:
    """Two who apply at the same moment: one installs, the other is told, and nothing is broken by it."""
    site.plan()
    ends: list[Ended] = []
    site.service.service.cluster.helm_takes = 0.05
    threads = [threading.Thread(target=lambda: ends.append(site.apply(timeout=200))) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert "applied" in [end.state for end in ends]
    assert {end.state for end in ends} <= {"applied", "failed", "unchanged"}
    assert site.peers == [10000]


@pytest.mark.slow
def test_job_that_never_began(site: Site) -> None:
    """A job that lost the race for its row stays Running for ever, with an error as its last word."""
    site.plan().apply()
    store = site.service.service.store
    (job,) = store.rows("jobs")
    lost = {**job, "status": "Running", "cluster_id": "", "states": ["create Cluster error, cluster already exists"]}
    del lost["uuid"]
    store.insert("jobs", lost)
    ended = site.plan(peers=2).apply(timeout=200)
    assert (ended.state, site.peers) == ("applied", [10000, 10001])


@pytest.mark.slow
def test_handed_over(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is applied without federation.yaml, by who has the password."""
    site.plan()
    folder = site.folder / "out" / "party-9999"
    monkeypatch.chdir(site.folder)
    text, code = run_apply(
        Request(folder=str(folder), is_agreed=True, timeout=60, format_name="json"), stderr=StringIO()
    )
    assert (code, site.peers) == (0, [10000]), text
    text, code = run_status(Look(folder=str(folder), format_name="json"))
    assert code == 0, text


@pytest.mark.slow
def test_serving(start: Start, tmp_path: Path) -> None:
    """A party with FATE-Serving has two clusters at the service; one half can be applied alone."""
    site = Site(tmp_path / "demo", start(), more={"serving": {"namespace": "serving-9999"}})
    cluster = site.service.service.cluster
    cluster.add_namespace("serving-9999")
    assert site.plan().apply(only="training").state == "applied"
    assert [row["chart_name"] for row in site.service.service.store.rows("clusters")] == ["fate"]
    assert site.apply().state == "applied"
    assert [row["chart_name"] for row in site.service.service.store.rows("clusters")] == ["fate", "fate-serving"]
    assert site.remove().code == 0
    assert site.service.service.store.rows("clusters") == []


@pytest.mark.slow
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_everything_breaks_now_and_then(site: Site, method: str) -> None:
    """With every third request lost in one way or another, a site ends as planned, and no job is begun twice."""
    faults = site.service.service.faults
    kinds = [Fault(Kind.REFUSE), Fault(Kind.HTML, status=503), Fault(Kind.DROP), Fault(Kind.UNANSWERED)]
    if method == "PUT":
        site.plan().apply()
    for number in range(12):
        faults.add(Fault(kinds[number % 4].kind, status=503, after=number % 3 * number))
    ended = site.plan(peers=2).apply(timeout=300)
    faults.clear()
    assert (ended.state, site.peers) == ("applied", [10000, 10001]), ended.printed
    rows = site.service.service.store.rows("jobs")
    assert [row["method"] for row in rows] == ["ClusterInstall", "ClusterUpdate"][: 1 if method == "POST" else 2]


@pytest.mark.slow
@pytest.mark.parametrize("release", sorted(QUICK))
def test_odd_values(start: Start, tmp_path: Path, release: str) -> None:
    """Whatever value of whatever answer is odd, commands end with a report, not with an exception."""
    site = Site(tmp_path / "demo", start(release), release="v1.8.0")
    site.plan()
    faults, store = site.service.service.faults, site.service.service.store
    for seed in range(60):
        faults.clear()
        faults.add(Fault(Kind.TWIST, path="^/v1/(job|cluster|namespace|version|chart)", after=seed % 12, size=seed))
        ended = [site.apply(timeout=20)] if seed % 2 else [site.status()]
        assert {end.code for end in ended} <= {0, 1, 2, 3}
        assert "\\u001b" not in "".join(end.printed for end in ended)
        if seed % 10 == 9:
            faults.clear()
            store.delete("jobs")
            ended.append(site.remove(timeout=20))
