"""What goes wrong between an operator and a cluster: two at once, killed midway, a server that is ill or away.

Each ends the same way: what is asked for is there after running it again, or the operator is told plainly why not.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from renderers.apply_command import Request, run_apply
from renderers.cluster import api as cluster_api
from renderers.cluster import connections, lease, patience, waiting
from renderers.cluster.api import Api, connect
from renderers.cluster.applying import prepare
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder, from_directory
from renderers.cluster.operator import Operator, operator
from renderers.cluster.outcomes import Options
from renderers.cluster.places import Places
from renderers.cluster.references import Document, Reference
from renderers.live_command import run_live
from renderers.status_command import Request as StatusRequest
from renderers.status_command import run_status
from tests.cluster.conftest import Namespaces
from tests.cluster.harness import faults
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.control import APISERVER
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.middleman import Act, Asked, Exchange, Middleman, answer, delayed, reset_midway, times
from tests.cluster.sites import (
    FILE,
    Ended,
    apply,
    begun,
    cluster_at,
    ended,
    federation,
    kubeconfig,
    objects_of,
    party,
    planned,
    remove,
    use,
)

ANNA = Operator("anna", "ops-1", 4711)
HUB = "exchange-hub"
PARTY = "party-9999"
pytestmark = pytest.mark.usefixtures("fake_node")


@dataclass(frozen=True)
class Site:
    """A planned site of few objects (an exchange, with the party behind it planned too), and the way to its cluster."""

    folder: Path
    between: Middleman
    cluster: Cluster
    namespace: str
    direct: Path
    key: str = HUB

    def apply(self, **options: Any) -> Ended:
        """Apply it through the middleman."""
        return apply(self.folder, self.key, **options)

    def is_settled(self) -> bool:
        """Whether one more apply has nothing to write."""
        self.between.rule = None
        self.between.forget()
        found = self.apply(format_name="json")
        (told,) = found.data["apply"]["sites"]
        return found.code == 0 and told["state"] == "unchanged" and not self.between.writes

    @property
    def records(self) -> list[dict[str, Any]]:
        """What the cluster's record says, the first revision first."""
        with self.cluster.api() as api:
            found = api.get(f"/api/v1/namespaces/{self.namespace}/configmaps?labelSelector=fedplan/record-of")
        told = [json.loads(each["data"]["record.json"]) for each in found["items"]]
        return sorted(told, key=lambda each: int(each["revision"]))

    @property
    def holder(self) -> str | None:
        """Who has the Lease; None where there is none."""
        with self.cluster.api() as api:
            found = api.find(f"{self._leases}/fedplan-{self.key}")
        return None if found is None else str(found["spec"].get("holderIdentity", ""))

    @property
    def site(self) -> SiteFolder:
        """The planned folder."""
        found = from_directory(self.folder / "out" / self.key)
        assert isinstance(found, SiteFolder)
        return found

    def lend(self, holder: str, renewed: datetime, seconds: int = 30) -> None:
        """Let somebody have the Lease for so many seconds, also while it is renewed by somebody else."""
        stamp = renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {"holderIdentity": holder, "leaseDurationSeconds": seconds, "acquireTime": stamp, "renewTime": stamp}
        with self.cluster.api() as api:
            name = f"fedplan-{self.key}"
            body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}, "spec": spec}
            if api.find(f"{self._leases}/{name}") is None:
                api.call("POST", self._leases, body)
            else:
                api.call("PATCH", f"{self._leases}/{name}", {"spec": spec}, "application/merge-patch+json")

    @property
    def _leases(self) -> str:
        return f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look more often than for people; a test in which a server stays away gives up on it sooner."""
    monkeypatch.setattr(waiting, "PACE", 0.1)


@pytest.fixture
def site_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, namespace: Namespaces
) -> Iterator[Callable[[Cluster], Site]]:
    """`site_in(cluster)` plans an exchange for a cluster; commands reach it through a middleman."""
    opened: list[Middleman] = []

    def made(cluster: Cluster, name: str = "", **more: Any) -> Site:
        space = name or namespace(cluster, "fault")
        exchange = {"name": "hub", "cluster": "bank", "namespace": space, **more}
        parties = [party(number, f"fate-{number}", "shop") for number in (9999, 10000)]
        text = federation(*parties, exchanges=[exchange])
        folder = planned(tmp_path / "exchange", text)
        between = Middleman(cluster)
        between.__enter__()
        opened.append(between)
        use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank={"cluster": cluster, "server": between.url}))
        direct = kubeconfig(tmp_path / "direct", bank=cluster)
        return Site(folder, between, cluster, space, direct)

    yield made
    for between in opened:
        between.__exit__(None, None, None)


@pytest.fixture
def site(control_plane: Cluster, site_in: Callable[[Cluster], Site]) -> Site:
    return site_in(control_plane)


@pytest.fixture
def deceased(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what runs in this process look like runs of one that has ended since; a test may set `operator` again."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    us = operator()
    monkeypatch.setattr("renderers.apply_command.operator", lambda: Operator(us.login, us.host, gone.pid))


def at_write(number: int, act: Act) -> Callable[[Asked], Act | None]:
    """A rule: do this with the n-th write."""
    return lambda asked: act if asked.is_write and asked.writes == number else None


def at(is_meant: Callable[[Asked], bool], act: Act) -> Callable[[Asked], Act | None]:
    """A rule: do this with writes of some kind."""
    return lambda asked: act if asked.is_write and is_meant(asked) else None


def always(act: Act) -> Callable[[Asked], Act | None]:
    """A rule for every request."""
    return lambda _: act


def server_time(cluster: Cluster) -> datetime:
    """What time it is there."""
    return connected(cluster.kubeconfig, cluster.context).server_time(Deadline(10))


def connected(file: Path, context: str) -> Api:
    """Connect to a cluster by a kubeconfig, whatever the environment says."""
    before = os.environ.get("KUBECONFIG")
    os.environ["KUBECONFIG"] = str(file)
    try:
        return connect(context)
    finally:
        if before is None:
            del os.environ["KUBECONFIG"]
        else:
            os.environ["KUBECONFIG"] = before


# Two at once


def test_second_operator_is_told_who_is_at_work(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one process is midway, another is refused, writes nothing, and works when the first has ended."""
    may_go, is_midway = threading.Event(), threading.Event()

    def hold(exchange: Exchange) -> None:
        is_midway.set()
        may_go.wait(200)
        exchange.pass_on()

    # What is held for long is sent again, and must not get through either; only the Lease is renewed meanwhile.
    site.between.rule = at(lambda asked: asked.writes >= 5 and asked.kind != "leases", hold)
    first = begun(site.folder, "apply", "--site", HUB, "--yes")
    try:
        assert is_midway.wait(200)
        use(monkeypatch, site.direct)
        second = site.apply(format_name="json")
    finally:
        may_go.set()
        done = ended(first)
    us = operator()
    assert (second.code, second.codes) == (1, ["FED910"])
    (found,) = second.data["diagnostics"]
    assert f"exchange hub is held by {us} apply pid {first.pid}, renewed" in found["message"]
    assert re.search(r"wait until that has ended, or \d+ seconds if it was killed", found["hint"])
    assert second.data["apply"]["sites"][0]["state"] == "refused"
    assert done.code == 0, done.all
    assert [(each["revision"], each["state"]) for each in site.records] == [(1, "applied")]
    assert site.holder == ""
    assert site.is_settled()


@pytest.mark.parametrize("hours", [-1, 1], ids=["behind", "ahead"])
def test_lease_runs_out_by_the_clock_of_the_server(site: Site, hours: int) -> None:
    """Whatever this machine's clock says: it is an hour ahead of the server's, or behind."""
    now = server_time(site.cluster) + timedelta(hours=hours)

    def shifted(exchange: Exchange) -> None:
        found = exchange.forward()
        told = parsedate_to_datetime(dict(found.headers)["Date"]) + timedelta(hours=hours)
        exchange.pass_on(found, Date=format_datetime(told, usegmt=True))

    site.between.rule = always(shifted)
    site.lend(ANNA.identity("apply"), now - timedelta(seconds=12), seconds=600)
    refused = site.apply(format_name="json")
    assert (refused.code, refused.codes) == (1, ["FED910"])
    (found,) = refused.data["diagnostics"]
    assert re.search(r"held by anna@ops-1 apply pid 4711, renewed (\d\d seconds|\d minutes?) ago", found["message"])
    assert re.search(r"or (\d\d seconds|\d+ minutes?) if it was killed", found["hint"])
    site.lend(ANNA.identity("apply"), now - timedelta(seconds=31))
    assert site.apply().code == 0
    assert site.holder == ""


def test_nothing_more_is_written_when_the_lease_is_lost(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has taken it midway: this apply stops there, and leaves the Lease to them."""
    monkeypatch.setattr(lease, "_PERIOD", 0.05)
    monkeypatch.setattr(cluster_api, "_READ_SECONDS", 100.0)  # what is held here is sent once
    taken = threading.Event()
    held: list[lease.HeldLease] = []
    keep = lease.HeldLease.keep

    def keep_known(ours: lease.HeldLease) -> None:
        held.append(ours)
        keep(ours)

    def take(exchange: Exchange) -> None:
        site.lend(ANNA.identity("apply"), server_time(site.cluster))
        taken.set()
        end = time.monotonic() + 60
        while not held[0].is_lost and time.monotonic() < end:
            time.sleep(0.02)
        exchange.pass_on()

    monkeypatch.setattr(lease.HeldLease, "keep", keep_known)
    site.between.rule = first_object(take)
    found = site.apply(format_name="json")
    assert taken.is_set()
    assert (found.code, found.codes) == (1, ["FED926"])
    assert "now held by anna@ops-1 apply pid 4711, so this apply stopped midway" in found.text
    assert [each.kind for each in site.between.writes if each.kind != "leases"] == ["configmaps", "secrets"]
    assert site.holder == ANNA.identity("apply")
    site.lend("", server_time(site.cluster))
    again = apply(site.folder, HUB, format_name="json")
    assert (again.code, again.codes) == (0, ["FED920"])
    assert [each["state"] for each in site.records] == ["failed", "applied"]
    assert site.is_settled()


def first_object(act: Act) -> Callable[[Asked], Act | None]:
    """A rule: do this with the first object of the site that is written."""
    return times(
        1, lambda asked: act if asked.is_write and asked.method == "PATCH" and asked.kind != "leases" else None
    )


def test_plan_applied_since_the_preview_is_not_undone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the preview and the answer of the operator somebody else has applied: what was shown holds no more."""
    monkeypatch.setattr("renderers.apply_command.operator", lambda: ANNA)

    class Slow(io.StringIO):
        """An operator at a terminal, who answers when somebody else has been faster."""

        def isatty(self) -> bool:
            return True

        def readline(self, *_: Any) -> str:  # type: ignore[override]  # as StringIO's own
            with monkeypatch.context() as other:
                other.setattr("renderers.apply_command.operator", operator)
                assert site.apply().code == 0
            site.between.forget()
            return "y\n"

    request = Request(file=str(site.folder / FILE), sites=(HUB,), format_name="json")
    text, code = run_apply(request, Slow(), io.StringIO())
    found = Ended(text, code)
    assert (found.code, found.codes) == (1, ["FED910"])
    assert f"exchange hub was applied by {operator()}" in found.text
    assert {each.kind for each in site.between.writes} <= {"leases"}
    assert [each["revision"] for each in site.records] == [1]
    assert site.is_settled()


# Killed


def state_of(cluster: Cluster, namespace: str) -> dict[str, Any]:
    """What fedplan has made in a namespace, without what differs from one cluster to the next."""
    found: dict[str, Any] = {}
    kinds = ("api/v1", "configmaps"), ("api/v1", "services"), ("api/v1", "secrets"), ("api/v1", "serviceaccounts")
    more = ("apis/apps/v1", "deployments"), ("apis/apps/v1", "statefulsets"), ("apis/networking.k8s.io/v1", "ingresses")
    with cluster.api() as api:
        for group, plural in (*kinds, *more):
            for item in api.get(f"/{group}/namespaces/{namespace}/{plural}?labelSelector=fedplan/site")["items"]:
                found[f"{plural}/{item['metadata']['name']}"] = plain(item)
    return found


def plain(item: Any) -> Any:
    """An object without what the cluster adds, and without the values of Secrets."""
    gone = {"uid", "resourceVersion", "creationTimestamp", "managedFields", "status", "generation", "selfLink"}
    gone |= {"clusterIP", "clusterIPs", "secrets", "fedplan/secrets", "time", "deployment.kubernetes.io/revision"}
    if isinstance(item, dict):
        kept = {key: plain(value) for key, value in item.items() if key not in gone}
        if item.get("type") == "Opaque":
            kept["data"] = sorted(item.get("data", {}))
        return kept
    return [plain(each) for each in item] if isinstance(item, list) else item


def test_killed_again_and_again_it_converges(
    control_plane: Cluster,
    second_control_plane: Cluster,
    namespace: Namespaces,
    site_in: Callable[..., Site],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed before or after this or that write, it goes on; in the end all is as if nothing had happened."""
    name = namespace(control_plane, "killed", create=False)
    namespace.made.append((second_control_plane, name))
    site = site_in(control_plane, name)
    running: list[subprocess.Popen[str]] = []

    def kill(_exchange: Exchange) -> None:
        running[-1].kill()
        running[-1].wait()

    def write_and_kill(exchange: Exchange) -> None:
        exchange.forward()
        kill(exchange)

    def creates(kind: str) -> Callable[[Asked], bool]:
        return lambda asked: (asked.method, asked.kind) == ("POST", kind)

    stops: list[tuple[Act, Callable[[Asked], bool]]] = [
        (write_and_kill, creates("namespaces")),
        (write_and_kill, creates("leases")),
        (kill, creates("configmaps")),
        (write_and_kill, lambda asked: asked.method == "PATCH" and asked.kind == "secrets"),
        (kill, lambda asked: asked.method == "PATCH" and asked.kind == "deployments"),
        (kill, lambda asked: b'"applied' in asked.body and asked.kind == "configmaps"),
    ]
    for act, is_meant in stops:
        site.between.rule = at(is_meant, act)
        running.append(begun(site.folder, "apply", "--site", HUB, "--yes"))
        died = ended(running[-1], 200)
        assert died.code == -signal.SIGKILL, died.all
    site.between.rule = None
    last = site.apply(format_name="json")
    assert (last.code, sorted(last.codes)) == (0, ["FED920", "FED922"]), last.text
    assert "did not end" in last.text
    assert site.is_settled()
    states = [each["state"] for each in site.records]
    assert states == ["failed"] * (len(states) - 1) + ["applied"]
    assert site.holder == ""
    use(monkeypatch, kubeconfig(site.folder / "kubeconfig", bank=second_control_plane))
    assert apply(site.folder, HUB).code == 0
    assert state_of(control_plane, name) == state_of(second_control_plane, name)


def test_ctrl_c_gives_the_lease_back(site: Site) -> None:
    """Whoever comes next need not wait, and is told."""
    waits = threading.Event()
    running: list[subprocess.Popen[str]] = []

    def interrupt(exchange: Exchange) -> None:
        running[0].send_signal(signal.SIGINT)
        waits.wait(0.5)
        exchange.pass_on()

    site.between.rule = first_object(interrupt)
    running.append(begun(site.folder, "apply", "--site", HUB, "--yes"))
    found = ended(running[0])
    assert (found.code, "Traceback" in found.all) == (3, False), found.all
    assert "interrupted; run it again" in found.all
    assert site.holder == ""
    assert [each["state"] for each in site.records] == ["applying"]
    again = apply(site.folder, HUB, format_name="json")
    assert (again.code, again.codes) == (0, ["FED920"])
    assert [each["state"] for each in site.records] == ["failed", "applied"]
    assert site.is_settled()


# A server that is away


Before = Callable[[str, Callable[[], object]], None]


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Before:
    """`before(kind, act)` does something once, in this process, before the first object of a kind is written."""

    def set_up(kind: str, act: Callable[[], object]) -> None:
        write, is_done = Api.apply, threading.Event()

        def apply_after(api: Api, document: Any, reference: Reference, deadline: Deadline, **options: Any) -> Document:
            if reference.kind == kind and not options["dry_run"] and not is_done.is_set():
                is_done.set()
                act()
            return write(api, document, reference, deadline, **options)

        monkeypatch.setattr(Api, "apply", apply_after)

    return set_up


@pytest.fixture
def apart(second_control_plane: Cluster, site_in: Callable[[Cluster], Site], monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site on a cluster that may be stopped, reached without anybody between."""
    site = site_in(second_control_plane)
    use(monkeypatch, site.direct)
    return site


def test_server_that_comes_back_is_waited_for(site: Site, before: Before, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away when apply begins, and again while it writes, so long that its Lease runs out."""
    monkeypatch.setattr(lease, "DURATION", 1)
    monkeypatch.setattr(lease, "_PERIOD", 0.2)
    helpers: list[threading.Timer] = []

    def away(seconds: float) -> None:
        site.between.rule = always(lambda exchange: exchange.reset())
        helpers.append(threading.Timer(seconds, setattr, (site.between, "rule", None)))
        helpers[-1].start()

    before("ConfigMap", partial(away, 2.5))
    away(0.5)
    found = site.apply(format_name="json")
    for each in helpers:
        each.join()
    assert (found.code, found.codes, len(helpers)) == (0, [], 2), found.all
    assert [each["state"] for each in site.records] == ["applied"]


def test_server_that_stays_away_is_told(apart: Site, before: Before, monkeypatch: pytest.MonkeyPatch) -> None:
    """Midway, and when it is away already: plainly, by its address, within the deadline."""
    monkeypatch.setattr(patience, "WRITE_SECONDS", 5.0)
    monkeypatch.setattr(lease, "_RENEW_SECONDS", 1.0)
    before("ServiceAccount", partial(faults.stop, apart.cluster, APISERVER))
    words = f"error[FED901]: cluster bank does not answer at {apart.cluster.server}: Connection refused\n"
    try:
        found = apply(apart.folder, HUB)
        assert (found.code, words in found.text) == (3, True), found.all
        assert "exchange hub  stopped midway: cluster bank could not be used any more" in found.text
        assert "nothing was applied" not in found.text
        monkeypatch.setattr(patience, "PREPARE_SECONDS", 1.0)
        found = apply(apart.folder, HUB)
        assert (found.code, words in found.text) == (3, True), found.all
        assert "exchange hub  not applied: cluster bank could not be used\n" in found.text
        assert "nothing was applied" in found.text
    finally:
        faults.start(apart.cluster, APISERVER)


@pytest.mark.usefixtures("deceased")
def test_server_that_hangs_is_told(apart: Site, before: Before, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes requests and says nothing: before, and midway."""
    monkeypatch.setattr(patience, "PREPARE_SECONDS", 1.5)
    monkeypatch.setattr(patience, "WRITE_SECONDS", 5.0)
    monkeypatch.setattr(lease, "_RENEW_SECONDS", 1.0)
    with faults.frozen(apart.cluster):
        found = apply(apart.folder, HUB, format_name="json")
        assert (found.code, found.codes) == (3, ["FED901"])
        assert "it does not answer in time" in found.text
    monkeypatch.setattr(patience, "PREPARE_SECONDS", 120.0)
    before("ServiceAccount", partial(faults.freeze, apart.cluster, APISERVER))
    try:
        found = apply(apart.folder, HUB, format_name="json")
        assert (found.code, found.codes) == (3, ["FED901"])
        (told,) = found.data["steps"]
        assert "stopped midway" in told["message"]
    finally:
        faults.thaw(apart.cluster, APISERVER)
    monkeypatch.setattr(patience, "WRITE_SECONDS", 120.0)
    monkeypatch.setattr(lease, "_RENEW_SECONDS", 15.0)
    monkeypatch.setattr("renderers.apply_command.operator", operator)
    again = apply(apart.folder, HUB, format_name="json")
    assert (again.code, again.codes) == (0, ["FED920"])


# A server that is ill

TOO_MANY = answer(429, {"message": "too many requests, please try again later"}, Retry_After="1")
INTERNAL = answer(500, {"message": "etcdserver: request timed out", "reason": "InternalError"})
PAGE = "<html><head><title>502 Bad Gateway</title></head></html>"


def every(number: int, act: Act) -> Callable[[Asked], Act | None]:
    """A rule: do this with every n-th request."""
    return lambda asked: act if asked.number % number == 0 else None


def either(*rules: Callable[[Asked], Act | None]) -> Callable[[Asked], Act | None]:
    """A rule: what the first of these says."""
    return lambda asked: next((act for rule in rules if (act := rule(asked)) is not None), None)


@pytest.mark.parametrize(
    "rule",
    [
        times(2, always(TOO_MANY)),
        either(every(9, INTERNAL), times(3, at_write(2, answer(502, PAGE)))),
        either(every(7, reset_midway), every(10, lambda exchange: exchange.reset())),
        every(40, delayed(0.7)),
    ],
    ids=["429", "500 and 502", "reset", "slow"],
)
def test_what_passes_is_tried_again(
    site: Site, rule: Callable[[Asked], Act | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site is applied all the same, and once."""
    monkeypatch.setattr(cluster_api, "_READ_SECONDS", 0.5)
    monkeypatch.setattr(cluster_api, "_FIRST_PAUSE", 0.02)
    site.between.rule = rule
    found = site.apply(format_name="json")
    assert (found.code, found.codes) == (0, []), found.all
    assert [each["state"] for each in site.records][-1] == "applied"
    assert site.holder == ""
    assert site.is_settled()


def test_lost_answers_to_creations_do_no_harm(site: Site) -> None:
    """The namespace, the Lease and the record were made, but the answer that says so never came."""
    lost: list[str] = []

    def lose_each_once(asked: Asked) -> Act | None:
        if asked.method not in {"POST", "PUT", "DELETE"} or not asked.is_write or asked.path in lost:
            return None
        lost.append(asked.path)
        return reset_midway

    site.between.rule = lose_each_once
    found = site.apply(format_name="json")
    assert (found.code, found.codes) == (0, []), found.all
    assert len(lost) >= 2
    assert [each["state"] for each in site.records] == ["applied"]
    assert site.holder == ""
    assert site.is_settled()
    site.between.rule = lose_each_once
    assert remove(site.folder, HUB, delete_data=True).code == 0
    assert site.holder is None


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (TOO_MANY, "every try ended with 429: too many requests"),
        (INTERNAL, "every try ended with 500: etcdserver: request timed out"),
        (answer(503, PAGE), "every try ended with 503"),
        (answer(200, PAGE), "does not answer as a Kubernetes API server"),
        (answer(404, PAGE), "does not answer as a Kubernetes API server"),
        (answer(302, Location="https://login.example.org/"), "does not answer as a Kubernetes API server"),
        (answer(403, PAGE), "does not answer as a Kubernetes API server"),
        (reset_midway, "onnection"),
    ],
    ids=["429", "500", "503", "200 in HTML", "404 in HTML", "302", "403 in HTML", "reset midway"],
)
def test_what_stays_is_told(site: Site, act: Act, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a cluster that does not answer, with what it said in the end, and within the deadline."""
    monkeypatch.setattr(patience, "PREPARE_SECONDS", 4.0)
    site.between.rule = always(act)
    found = site.apply(format_name="json")
    assert (found.code, found.codes) == (3, ["FED901"]), found.text
    (told,) = found.data["diagnostics"]
    assert words in told["message"]
    assert "<html>" not in told["message"]
    assert found.data["apply"]["sites"][0]["state"] == "unreachable"
    assert not site.between.writes


def test_server_that_falls_ill_midway(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers 503 from some write on: that is told, and what is where; the next apply goes on."""
    monkeypatch.setattr(patience, "WRITE_SECONDS", 5.0)
    monkeypatch.setattr(lease, "_RENEW_SECONDS", 1.0)
    site.between.rule = lambda asked: answer(503, PAGE) if asked.writes >= 4 else None
    found = site.apply(format_name="json")
    assert (found.code, found.codes) == (3, ["FED901"]), found.text
    assert "stopped midway: cluster bank" in found.data["steps"][0]["message"]
    assert found.data["outcome"] != "nothing was applied"


# Logins and wrong clusters


def test_login_is_refused(site: Site, control_plane: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown token, or one that runs out midway: told as such at once, never tried again."""
    monkeypatch.setattr(patience, "PREPARE_SECONDS", 3600.0)
    use(monkeypatch, kubeconfig(tmp_path / "other", bank={"cluster": control_plane, "token": "expired"}))
    found = apply(site.folder, HUB)
    assert found.code == 3
    assert "error[FED917]: cluster bank refuses the login of context bank" in found.text
    assert "expired" not in found.text
    use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank={"cluster": control_plane, "server": site.between.url}))
    refusal = answer(401, {"message": "Unauthorized", "reason": "Unauthorized"})
    site.between.rule = lambda asked: refusal if asked.writes >= 4 else None
    found = site.apply(format_name="json")
    assert (found.code, found.codes) == (3, ["FED917"])
    assert "stopped midway: cluster bank" in found.data["steps"][0]["message"]


def test_certificate_of_another_authority(
    site: Site, second_control_plane: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told in words of certificates, and not tried again until the deadline."""
    monkeypatch.setattr(patience, "PREPARE_SECONDS", 3600.0)
    way = {"cluster": site.cluster, "ca": second_control_plane.ca}
    use(monkeypatch, kubeconfig(tmp_path / "other", bank=way))
    found = apply(site.folder, HUB)
    assert found.code == 3
    assert "error[FED901]" in found.text
    assert "its certificate is not accepted" in found.text


def test_context_that_leads_elsewhere(
    control_plane: Cluster, namespace: Namespaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To another server than the file says, or to one server for two clusters of the file."""
    one, two = namespace(control_plane), namespace(control_plane)
    clusters = [cluster_at("bank", server="https://10.0.0.7:6443"), cluster_at("shop")]
    folder = planned(tmp_path / "a", federation(party(9999, one), party(10000, two, "shop"), clusters=clusters))
    use(monkeypatch, kubeconfig(tmp_path / "kc", bank=control_plane, shop=control_plane))
    found = apply(folder, PARTY)
    assert found.code in {1, 3}
    assert f"error[FED903]: context bank leads to {control_plane.server}, and not to cluster bank" in found.text
    assert "cluster bank is at https://10.0.0.7:6443" in found.text
    clusters = [cluster_at("bank", server=control_plane.server), cluster_at("shop")]
    folder = planned(tmp_path / "b", federation(party(9999, one), party(10000, two, "shop"), clusters=clusters))
    found = apply(folder, format_name="json")
    assert found.codes == ["FED903"]
    assert "where cluster bank is" in found.text
    assert [each["state"] for each in found.data["apply"]["sites"]] == ["applied", "unreachable"]
    assert found.code == 3, found.all


# Several sites


def star(tmp_path: Path, namespace: Namespaces, cluster: Cluster, **more: Any) -> tuple[Path, dict[str, str]]:
    """Exchange hub with party 9999 behind it, and party 9998 that dials another one; their namespaces."""
    spaces = {key: namespace(cluster, "star") for key in ("hub", "first", "other")}
    exchange = {"name": "hub", "cluster": "bank", "namespace": spaces["hub"], **more}
    parties = [
        party(9999, spaces["first"]),
        party(10000, "fate-10000", "shop"),
        party(9998, spaces["other"]),
        party(9997, "fate-9997", "shop"),
    ]
    topology = [{"star": [9999, 10000], "through": "hub"}, {"mesh": [9998, 9997]}]
    return planned(tmp_path / "star", federation(*parties, exchanges=[exchange], topology=topology)), spaces


def states(found: Ended) -> dict[str, str]:
    """How each site ended."""
    return {each["site"]: each["state"] for each in found.data["apply"]["sites"]}


@pytest.mark.parametrize("is_refused", [True, False], ids=["refused", "not ready"])
def test_failure_holds_back_what_depends_on_it(
    control_plane: Cluster,
    fake_node: FakeNode,
    namespace: Namespaces,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_refused: bool,
) -> None:
    """A party behind an exchange that is refused or does not come up is left alone, another is applied."""
    broken = {"rollsite": {"imageTag": "broken"}}
    folder, spaces = star(tmp_path, namespace, control_plane, components=broken)
    fake_node.decide({":broken": "image-pull"})
    if is_refused:
        port = exposed(folder, HUB)
        service = {"metadata": {"name": "web"}, "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]}}
        with control_plane.api() as api:
            api.call("POST", f"/api/v1/namespaces/{spaces['other']}/services", service)
    use(monkeypatch, kubeconfig(tmp_path / "kc", bank=control_plane))
    found = apply(folder, format_name="json")
    end, code = ("refused", "FED906") if is_refused else ("failed", "FED911")
    assert states(found) == {HUB: end, PARTY: "held back", "party-9998": "applied"}, found.all
    assert (found.code, sorted(found.codes)) == (1, [code, "FED921"])
    assert "party 9999 was not applied, because exchange hub failed" in found.text
    with control_plane.api() as api:
        assert not api.get(f"/apis/apps/v1/namespaces/{spaces['first']}/statefulsets")["items"]
    told = [step["message"].partition(":")[0] for step in found.data["steps"]]
    assert told == [f"{end} on bank", "held back on bank", ""]


def exposed(folder: Path, site: str) -> int:
    """The first NodePort of a site."""
    services = [each for each in objects_of(folder, site) if each["kind"] == "Service"]
    found: int = next(port["nodePort"] for each in services for port in each["spec"]["ports"] if "nodePort" in port)
    return found


def test_each_cluster_for_itself(
    control_plane: Cluster,
    second_control_plane: Cluster,
    namespace: Namespaces,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One cluster is away: the sites of the other are applied, and the summary says what is where; then the rest is."""
    monkeypatch.setattr(connections, "_FIRST_CONTACT", 8.0)
    spaces = [namespace(control_plane), namespace(second_control_plane), namespace(second_control_plane)]
    exchanges = [
        {"name": name, "cluster": cluster, "namespace": space, "id": number}
        for number, (name, cluster, space) in enumerate(zip("abc", ("bank", "shop", "shop"), spaces, strict=True), 1)
    ]
    pairs = {"a": [1001, 1002], "b": [1003, 1004], "c": [1005, 1006]}
    topology = [{"star": pair, "through": name} for name, pair in pairs.items()]
    parties = [party(number, f"fate-{number}", "away") for pair in pairs.values() for number in pair]
    folder = planned(tmp_path / "two", federation(*parties, exchanges=exchanges, topology=topology))
    with Middleman(second_control_plane) as between:
        between.rule = always(lambda exchange: exchange.reset())
        shop = {"cluster": second_control_plane, "server": between.url}
        use(monkeypatch, kubeconfig(tmp_path / "kc", bank=control_plane, shop=shop))
        found = apply(folder)
        assert len(between.asked) <= 6  # the cluster that is away is waited for once, not for each of its sites
        assert found.code == 3, found.all
        for line in (
            "exchange a  applied on bank: revision 1, ",
            "exchange b  not applied: cluster shop could not be used",
            "exchange c  not applied: cluster shop could not be used",
            "party 1001: not ours (the kubeconfig has no context away)",
            "1 of 3 sites are as planned",
        ):
            assert line in found.text, found.text
        assert found.text.count("error[FED901]") == 2
        between.rule = None
        found = apply(folder, format_name="json")
    assert found.code == 0, found.all
    assert list(states(found).values()) == ["unchanged", "applied", "applied"]


# Secrets

GIVEN = {"FATE_MYSQL_PASSWORD": "Given-Mysql-74123", "FATEBOARD_PASSWORD": "Given-Board-95173"}


def test_no_secret_is_told(
    control_plane: Cluster, namespace: Namespaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in what is printed, in the line of the process, in files, in the record, in repr; not when one is changed."""
    name = namespace(control_plane, "secret")
    references = {"mysql": "env:FATE_MYSQL_PASSWORD", "fateboard": "env:FATEBOARD_PASSWORD"}
    folder = planned(tmp_path / "a", federation(party(9999, name, credentials=references)))
    use(monkeypatch, kubeconfig(tmp_path / "kc", bank=control_plane))
    for key, value in GIVEN.items():
        monkeypatch.setenv(key, value)
    process = begun(folder, "apply", "--party", "9999", "--yes")
    time.sleep(1.5)
    line = Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8")
    first = ended(process)
    assert first.code == 0, first.all
    values = secret_values(control_plane, name)
    assert set(GIVEN.values()) < values
    assert len(values) > len(GIVEN) + 2, "none was generated"
    told = [line, first.all]
    with control_plane.api() as plane:
        path = f"/api/v1/namespaces/{name}/secrets/mysql?fieldManager=kubectl-edit"
        key = next(key for key, value in plane.get(path)["data"].items() if len(value) >= 16)
        changed = {"stringData": {key: "Taken-Over-35719"}}
        plane.call("PATCH", path, changed, "application/strategic-merge-patch+json")
    monkeypatch.setenv("FATEBOARD_PASSWORD", "Given-Board-86420")
    text, _ = run_status(StatusRequest(file=str(folder / FILE), sites=(PARTY,), format_name="json"))
    told.append(text)
    told.append(run_live(str(folder / FILE), None, "text", context="", with_diff=True)[0])
    refused = apply(folder, PARTY)
    assert (refused.code, "FED908" in refused.text) == (1, True), refused.all
    taken = apply(folder, PARTY, force_conflicts=True)
    assert taken.code == 0, taken.all
    told += [refused.all, taken.all, apply(folder, PARTY, format_name="json").all]
    api = connect("bank")
    site = from_directory(folder / "out" / PARTY)
    assert isinstance(site, SiteFolder)
    prepared = prepare(api, site, Places(site), Options(), os.environ)
    told += [repr(prepared), repr(prepared.preview), repr(api), *map(str, prepared.diagnostics)]
    told += [path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()]
    with control_plane.api() as plane:
        for plural in ("configmaps", "events"):
            told.append(json.dumps(plane.get(f"/api/v1/namespaces/{name}/{plural}")))
        told.append(unpacked(plane.get(f"/api/v1/namespaces/{name}/configmaps")["items"]))
    told.append(remove(folder, PARTY, delete_data=True).all)
    values |= {*secret_values(control_plane, name), *GIVEN.values(), "Given-Board-86420", "Taken-Over-35719"}
    token = str(control_plane.admin_token)
    for value in {*values, token}:
        for form in (value, base64.b64encode(value.encode()).decode()):
            found = [text for text in told if form in text]
            assert not found, f"{value} is told: {excerpt(found[0], form)}"


def secret_values(cluster: Cluster, namespace: str) -> set[str]:
    """The values of the Secrets that are long enough to be one."""
    with cluster.api() as api:
        found = api.get(f"/api/v1/namespaces/{namespace}/secrets?labelSelector=fedplan/site")["items"]
    values = (base64.b64decode(value).decode() for each in found for value in each.get("data", {}).values())
    return {value for value in values if len(value) >= 12}


def unpacked(documents: list[Document]) -> str:
    """The files in the cluster's record."""
    packed = [each["binaryData"] for each in documents if "binaryData" in each]
    assert packed
    return "".join(gzip.decompress(base64.b64decode(value)).decode() for each in packed for value in each.values())


def excerpt(text: str, form: str) -> str:
    """Where it stands."""
    at = text.index(form)
    return text[max(0, at - 200) : at + 50]
