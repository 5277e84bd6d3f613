"""The stand-in of KubeFATE's service does what service-api.md and the service's code say."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.contract.service import CREDENTIALS, PASSWORD, QUICK, Plain, arguments
from tests.standins.kubefate_service import charts
from tests.standins.kubefate_service.charts import Chart, Offline
from tests.standins.kubefate_service.faults import Fault, Kind
from tests.standins.kubefate_service.generations import GENERATIONS, Generation
from tests.standins.kubefate_service.memory import Fate
from tests.standins.kubefate_service.platform import Release
from tests.standins.kubefate_service.process import Pace
from tests.standins.kubefate_service.running import InThread, as_program

Start = Callable[..., InThread]


@pytest.fixture
def plain(kubefate_service: InThread) -> Plain:
    """A client that is logged in."""
    return Plain(kubefate_service.url).log_in()


# Routes


@pytest.mark.parametrize(
    ("method", "path", "status", "place"),
    [
        ("GET", "/v1/cluster", 301, "/v1/cluster/"),
        ("GET", "/v1/cluster?all=true", 301, "/v1/cluster/?all=true"),
        ("POST", "/v1/cluster/", 307, "/v1/cluster"),
        ("PUT", "/v1/cluster/", 307, "/v1/cluster"),
        ("GET", "/v1/job/1/", 301, "/v1/job/1"),
        ("DELETE", "/v1/job/1/", 307, "/v1/job/1"),
        ("GET", "/v1/version", 301, "/v1/version/"),
    ],
)
def test_redirects(kubefate_service: InThread, method: str, path: str, status: int, place: str) -> None:
    """Gin redirects between a path and the path with a slash, before it asks for a token; GET with 301."""
    reply = Plain(kubefate_service.url)(method, path)
    assert (reply.status, reply.headers["Location"]) == (status, place)


def test_root(kubefate_service: InThread) -> None:
    """The root needs no token; /v1/ is always an error; what nobody knows is a 404 that is not JSON."""
    plain = Plain(kubefate_service.url)
    assert plain("GET", "/").json == {"msg": "kubefate run Success"}
    assert (plain("GET", "/v1/").status, plain("GET", "/v1/").json) == (400, {"error": "error path"})
    assert (plain("GET", "/v2/").status, plain("GET", "/v2/").body) == (404, b"404 page not found")
    assert plain("PATCH", "/v1/cluster").status == 404


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(known, id=known.release, marks=() if known.release in QUICK else pytest.mark.slow)
        for known in GENERATIONS
    ],
)
def test_generations(start: Start, known: Generation) -> None:
    """Every release tells its service's version, and has the routes of its time."""
    plain = Plain(start(known.release).url).log_in()
    assert plain("GET", "/v1/version/").json["version"] == known.version
    routes = {path: plain("GET", path).status != 404 for path in ("/v1/namespace/", "/v1/log/1", "/v1/user/")}
    service = tuple(int(part) for part in known.version[1:].split("."))
    assert routes == {
        "/v1/namespace/": service >= (1, 1, 0),
        "/v1/log/1": service >= (1, 3, 0),
        "/v1/user/": service >= (1, 4, 1),
    }


# Tokens


def test_login(kubefate_service: InThread) -> None:
    """A wrong password, and no password, are refused in gin-jwt's form."""
    plain = Plain(kubefate_service.url)
    wrong = plain("POST", "/v1/user/login", {"username": "admin", "password": "admin"})
    assert (wrong.status, wrong.json) == (401, {"code": 401, "message": "incorrect Username or Password"})
    assert plain("POST", "/v1/user/login", b"").json == {"code": 401, "message": "missing Username or Password"}
    assert set(plain("POST", "/v1/user/login", CREDENTIALS).json) == {"code", "expire", "token"}
    assert plain("GET", "/v1/job/").json == {"code": 401, "message": "cookie token is empty"}


def test_where_a_token_may_be(plain: Plain) -> None:
    """A token is taken from the header, the query or a cookie."""
    token, plain.token = plain.token, ""
    assert plain("GET", f"/v1/job/?token={token}").status == 200
    assert plain("GET", "/v1/job/", Cookie=f"jwt={token}").status == 200
    assert plain("GET", "/v1/job/", Authorization=f"Bearer {token}x").json["message"] == "signature is invalid"


def test_end_of_a_token(start: Start) -> None:
    """A token dies with its time, and with the process."""
    service = start(token_lifetime=-1.0)
    plain = Plain(service.url).log_in()
    assert plain("GET", "/v1/job/").json == {"code": 401, "message": "Token is expired"}
    plain.log_in()
    service.service.restart()
    assert plain("GET", "/v1/job/").json == {"code": 401, "message": "signature is invalid"}


# Installing


def test_install(plain: Plain, kubefate_service: InThread) -> None:
    """An install begins Pending and without a cluster, tells its events in order, and ends with a running cluster."""
    begun = plain("POST", "/v1/cluster", arguments()).json
    assert begun["msg"] == "createCluster Success"
    assert [begun["data"][key] for key in ("status", "cluster_id", "sub_jobs", "states")] == ["Pending", "", None, None]
    assert begun["data"]["time_limit"] == 3_600_000_000_000
    assert begun["data"]["meta_data"]["data"] == arguments()["data"]
    job = plain.ended(begun["data"])
    assert (job["status"], [event.split(" [")[0] for event in job["states"]]) == (
        "Success",
        [
            "update job status to Running",
            "create Cluster in DB Success",
            "helm install Success",
            "checkout Cluster status",
            "job run Success",
        ],
    )
    assert {name: sub["ModulesStatus"] for name, sub in job["sub_jobs"].items()} == {
        "mysql": "Available",
        "python": "Available",
        "rollsite": "Available",
    }
    cluster = plain("GET", f"/v1/cluster/{job['cluster_id']}").data
    assert [cluster[key] for key in ("name", "namespaces", "status", "revision", "helm_revision")] == [
        "fate-9999",
        "fate-9999",
        "Running",
        1,
        0,
    ]
    assert cluster["Info"]["status"] == {
        "containers": {"mysql": "Running", "python": "Running", "rollsite": "Running"},
        "deployments": {"rollsite": "Available"},
        "statefulSets": {"mysql": "Available", "python": "Available"},
    }
    assert (cluster["Info"]["ip"], cluster["Info"]["port"]) == ("192.0.2.10", 30091)
    assert kubefate_service.service.cluster.live("fate-9999", "fate-9999") == cluster["Spec"]


def test_refused_install(plain: Plain) -> None:
    """The database alone is asked for duplicates, a missing chart name is told as a missing version."""
    plain.install()
    again = plain("POST", "/v1/cluster", arguments())
    assert (again.status, again.json) == (
        500,
        {"error": "name=fate-9999 & namespace=fate-9999 Cluster already existed"},
    )
    assert b"name=fate-9999 \\u0026 namespace" in again.body
    unnamed = plain("POST", "/v1/cluster", arguments(sent={"chart_name": "", "namespace": "other"}))
    assert unnamed.json == {"error": "chartVersion cannot be empty"}
    assert plain("POST", "/v1/cluster", b"").json == {"error": "EOF"}
    number = plain("POST", "/v1/cluster", arguments(sent={"name": 9999}))
    assert (number.status, number.json["error"]) == (
        400,
        "json: cannot unmarshal number into Go struct field ClusterArgs.name of type string",
    )


@pytest.mark.parametrize(
    ("more", "last"),
    [
        ({"namespace": "absent"}, 'helm install error, create: failed to create: namespaces "absent" not found'),
        ({"chartVersion": "v2.0.0"}, 'helm install error, failed to download "kubefate/fate" at version "v2.0.0"'),
    ],
)
def test_failed_install(plain: Plain, more: dict[str, Any], last: str) -> None:
    """What Helm cannot install leaves no row; the job has no end time."""
    job = plain.install(**more)
    job = plain.until(f"/v1/job/{job['uuid']}", lambda found: found["states"][-1] == last)
    assert (job["status"], job["end_time"]) == ("Failed", "0001-01-01T00:00:00Z")
    assert plain("GET", "/v1/cluster/").data == []
    (row,) = plain("GET", "/v1/cluster/?all=true").data
    assert (row["status"], row["DeletedAt"] is None) == ("Deleted", False)


@pytest.mark.slow
def test_install_out_of_time(start: Start) -> None:
    """An install that does not come up takes itself away again."""
    service = start(pace=Pace(speed=0.004, time_limit=0.2))
    service.service.cluster.set_fate("python", Fate.NEVER)
    plain = Plain(service.url).log_in()
    job = plain.install()
    assert (job["status"], job["states"][-1]) == ("Failed", "checkout Cluster status timeOut!")
    assert plain.until("/v1/cluster/", lambda found: found == []) == []
    assert service.service.cluster.live("fate-9999", "fate-9999") == {}


def test_stopped_install(kubefate_service: InThread, plain: Plain) -> None:
    """A running install stops, and is taken away; nothing else does."""
    kubefate_service.service.cluster.set_fate("python", Fate.NEVER)
    job = plain("POST", "/v1/cluster", arguments()).data
    place = f"/v1/job/{job['uuid']}"
    plain.until(place, lambda found: found["sub_jobs"])
    assert plain("PUT", place).json == {"error": "jobStatus error"}
    stopped = plain("PUT", f"{place}?jobStatus=stop").json
    assert stopped == {"msg": "stop Job Success", "data": "Stop Job Success"}
    assert plain.ended(job)["status"] == "Canceled"
    assert plain("PUT", f"{place}?jobStatus=stop").json == {"error": "job status is Canceled, not support stop"}
    kubefate_service.service.cluster.set_fate("python", Fate.READY)
    plain.install()
    delete = plain("DELETE", f"/v1/cluster/{plain.only_cluster()['uuid']}").data
    refused = plain("PUT", f"/v1/job/{delete['uuid']}?jobStatus=stop").json
    assert refused == {"error": "ClusterDelete type jobs do not support stop"}


def test_release_of_another(kubefate_service: InThread, plain: Plain) -> None:
    """An install that fails on a release of the same name takes that release away; `cover` does so before (derived)."""
    cluster = kubefate_service.service.cluster
    release, chart = Release("fate-9999", "fate-9999"), charts.empty("fate", "v1.11.2")
    cluster.install(release, chart, {"modules": ["rollsite"]})
    job = plain.install()
    assert plain.until(f"/v1/job/{job['uuid']}", lambda found: "still in use" in found["states"][-1])
    assert cluster.live("fate-9999", "fate-9999") == {}
    cluster.install(release, chart, {"modules": ["rollsite"]})
    job = plain.install(sent={"cover": True})
    assert (job["status"], job["states"][2]) == ("Success", "overwrite current installation")


def test_spec_that_is_no_yaml(plain: Plain) -> None:
    """A job whose data cannot be read stays Running for ever (derived)."""
    broken = base64.b64encode(b"a: [").decode()
    job = plain("POST", "/v1/cluster", arguments(sent={"data": broken})).data
    job = plain.until(f"/v1/job/{job['uuid']}", lambda found: len(found["states"] or ()) > 1)
    assert (job["status"], job["states"][-1].split(":")[0]) == (
        "Running",
        "create Cluster error, error converting YAML to JSON",
    )


# Updating


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({}, "the configuration file did not change"),
        ({"chartName": "fate-serving"}, "doesn't support upgrade between different charts"),
        ({"chartVersion": "v1.10.0"}, "using kubefate to downgrade a cluster is not supported yet"),
        ({"name": "fate-1"}, "name=fate-1 Cluster is not existed"),
    ],
)
def test_refused_update(plain: Plain, more: dict[str, Any], error: str) -> None:
    """The four refusals of an update have the code's words."""
    plain.install()
    reply = plain("PUT", "/v1/cluster", arguments(**more))
    assert (reply.status, reply.json) == (500, {"error": error})


def test_refused_upgrade(plain: Plain) -> None:
    """Nothing is upgraded from v1.7.1 and before."""
    plain.install(chartVersion="v1.7.1")
    reply = plain("PUT", "/v1/cluster", arguments(chartVersion="v1.8.0"))
    assert reply.json == {"error": "upgrade from FATE version <= 1.7.1 is not supported by KubeFATE"}


@pytest.mark.parametrize(
    ("release", "chart", "status"),
    [
        ("v1.8.0", "fate-exchange", 200),
        ("v1.9.0", "fate-exchange", 500),
        ("v1.9.0", "fate-serving", 500),
        ("v1.9.0", "fate", 200),
        ("v1.10.0", "fate-exchange", 200),
    ],
)
def test_panic_of_an_update(start: Start, release: str, chart: str, status: int) -> None:
    """In v1.9.0 to v1.9.2 only chart fate can be updated: others dereference nil, an empty 500."""
    plain = Plain(start(release).url).log_in()
    plain.install(chartName=chart)
    reply = plain("PUT", "/v1/cluster", arguments(chartName=chart, partyId=10000))
    assert (reply.status, bool(reply.body)) == (status, status == 200)


def test_panic_without_chart_name(plain: Plain) -> None:
    """Data without chartName is a panic: an empty 500."""
    plain.install()
    data = base64.b64encode(json.dumps({"name": "fate-9999", "mysql": {}}).encode()).decode()
    reply = plain("PUT", "/v1/cluster", arguments(sent={"data": data}))
    assert (reply.status, reply.body) == (500, b"")


@pytest.mark.parametrize("mysql", [{"password": 123456}, None])
def test_crash_of_the_service(kubefate_service: InThread, plain: Plain, mysql: Any) -> None:
    """A password of MySQL that is no text ends the whole process: the job goes on for ever, the cluster too."""
    plain.install()
    with suppress(http.client.RemoteDisconnected, ConnectionResetError):  # the answer may still be on its way
        plain("PUT", "/v1/cluster", arguments(mysql=mysql))
    while not kubefate_service.service.restarts:
        time.sleep(0.001)
    assert plain("GET", "/v1/job/").status == 401
    plain.log_in()
    assert sorted(job["status"] for job in plain("GET", "/v1/job/").data) == ["Running", "Success"]
    assert plain.only_cluster()["status"] == "Updating"


def test_false_success(kubefate_service: InThread, plain: Plain) -> None:
    """A change of routes alone succeeds at once, and no pod reads it."""
    plain.install()
    parties = [{"partyId": 10000, "partyIp": "192.0.2.1", "partyPort": 30101}]
    job = plain.update(rollsite={"type": "NodePort", "nodePort": 30091, "partyList": parties})
    cluster = kubefate_service.service.cluster
    assert (job["status"], job["states"]) == ("Success", ["Cluster update Success"])
    assert cluster.live("fate-9999", "fate-9999")["rollsite"]["partyList"] == parties
    assert cluster.read_by_pods("fate-9999", "fate-9999")["rollsite"]["partyList"] == []
    assert [plain.only_cluster()[key] for key in ("revision", "helm_revision")] == [2, 1]


def test_stateful_sets_without_pods(kubefate_service: InThread, plain: Plain) -> None:
    """A StatefulSet without pods counts as available; a Deployment does not."""
    kubefate_service.service.cluster.set_fate("python", Fate.NO_PODS)
    job = plain.install()
    assert (job["status"], job["sub_jobs"]["python"]["Status"]) == ("Success", "Success")
    info = plain("GET", f"/v1/cluster/{job['cluster_id']}").data["Info"]["status"]
    assert (info["statefulSets"]["python"], "python" in info["containers"]) == ("Available", False)


def test_flip(kubefate_service: InThread, plain: Plain) -> None:
    """Looking at one cluster changes its state in the database, by its Deployments alone."""
    plain.install()
    cluster, place = kubefate_service.service.cluster, f"/v1/cluster/{plain.only_cluster()['uuid']}"
    cluster.set_fate("mysql", Fate.DEAD)
    assert plain("GET", place).data["status"] == "Running"
    cluster.set_fate("rollsite", Fate.DEAD)
    assert plain.only_cluster()["status"] == "Running"
    assert plain("GET", place).data["status"] == "Unavailable"
    assert plain.only_cluster()["status"] == "Unavailable"
    cluster.set_fate("rollsite", Fate.READY)
    assert plain("GET", place).data["status"] == "Running"


def test_drift_of_the_roll_back(kubefate_service: InThread, plain: Plain) -> None:
    """An update that fails after one that succeeded is rolled back to the first install, the database to the update."""
    cluster = kubefate_service.service.cluster
    plain.install(partyId=1)
    assert plain.update(partyId=2)["status"] == "Success"
    cluster.fail("upgrade", "field is immutable")
    job = plain.update(partyId=3)
    assert (job["status"], job["states"]) == (
        "Rollback",
        ["UPGRADE FAILED: field is immutable", "Cluster run rollback Success"],
    )
    assert plain.only_cluster()["status"] == "Rollback"
    assert plain.only_cluster()["Spec"]["partyId"] == 2
    assert cluster.live("fate-9999", "fate-9999")["partyId"] == 1


def test_first_failed_update(kubefate_service: InThread, plain: Plain) -> None:
    """The first update that fails is rolled back rightly; what Helm never began cannot be rolled back."""
    cluster = kubefate_service.service.cluster
    plain.install(partyId=1)
    cluster.fail("upgrade", "field is immutable")
    assert plain.update(partyId=2)["status"] == "Rollback"
    assert cluster.live("fate-9999", "fate-9999")["partyId"] == 1
    assert plain("DELETE", f"/v1/cluster/{plain.only_cluster()['uuid']}").status == 200
    plain.until("/v1/cluster/", lambda found: found == [])
    plain.install(partyId=1)
    cluster.fail("upgrade", "executing template", leaves_revision=False)
    job = plain.update(partyId=2)
    assert (job["status"], job["states"][-1]) == ("Failed", "UPGRADE FAILED: release has no 0 version")


def test_upgrade_manager(kubefate_service: InThread, plain: Plain) -> None:
    """An upgrade goes through the upgrade manager; when that fails the cluster stays in state Updating."""
    cluster = kubefate_service.service.cluster
    plain.install(chartVersion="v1.10.0")
    assert plain.update(chartVersion="v1.11.1")["status"] == "Success"
    assert cluster.history("fate-upgrade-manager", "fate-9999") == []
    cluster.fail("install", "no room")
    assert plain.update(chartVersion="v1.11.2")["status"] == "Failed"
    assert (plain.only_cluster()["status"], plain.only_cluster()["chart_version"]) == ("Updating", "v1.11.1")


# Deleting


def test_delete(kubefate_service: InThread, plain: Plain) -> None:
    """The row goes even when Helm failed, and the release is left behind."""
    plain.install()
    kubefate_service.service.cluster.fail("uninstall", "timed out")
    begun = plain("DELETE", f"/v1/cluster/{plain.only_cluster()['uuid']}").data
    assert (begun["method"], begun["meta_data"]) == ("ClusterDelete", None)
    job = plain.ended(begun)
    assert (job["status"], job["states"]) == ("Failed", ["timed out"])
    assert plain("GET", "/v1/cluster/").data == []
    assert kubefate_service.service.cluster.live("fate-9999", "fate-9999") != {}
    assert plain("DELETE", "/v1/cluster/unknown").json == {"error": "record not found"}
    assert plain("DELETE", f"/v1/job/{job['uuid']}").json == {"msg": "delete Job Success"}
    assert plain("GET", f"/v1/job/{job['uuid']}").json == {"error": "record not found"}


# Generations


def test_mongo(start: Start) -> None:
    """Service v1.0.2: no Spec, no IDs, deleted clusters in the list, sub-jobs that say nothing, one result."""
    plain = Plain(start("v1.3.0").url).log_in()
    job = plain.install()
    assert set(job) == {
        *("uuid", "start_time", "end_time", "method", "result", "cluster_id", "creator", "sub-jobs", "status"),
    }
    assert job["result"] == "Cluster install success"
    assert not {"Spec", "ID", "helm_revision"} & set(plain.only_cluster())
    plain.ended(plain("DELETE", f"/v1/cluster/{job['cluster_id']}").data)
    assert plain.only_cluster()["status"] == "Deleted"
    assert plain.install()["status"] == "Success"


def test_result(start: Start) -> None:
    """Service v1.2.0: one result, ModulesPodStatus, other words for refusals, errors that are {}."""
    plain = Plain(start("v1.5.0").url).log_in()
    job = plain.install()
    assert (job["result"], "states" in job, "meta_data" in job) == ("Cluster install success", False, False)
    assert {sub["ModulesPodStatus"] for sub in job["sub_jobs"].values()} == {"Running"}
    assert plain("POST", "/v1/cluster", arguments()).json == {"error": "name=fate-9999 cluster is exited"}
    assert plain("PUT", "/v1/cluster", arguments(name="x")).json == {"error": "name=x cluster is not exited"}
    assert (plain("GET", "/v1/job/1").status, plain("GET", "/v1/job/1").json) == (500, {"error": {}})
    info = plain("GET", f"/v1/cluster/{job['cluster_id']}").json
    assert (set(info), info["data"]["Info"]["modules"]) == ({"data"}, ["mysql-0", "python-0", "rollsite-0"])


# Charts, namespaces, logs


def _form(data: bytes, field: str = "file") -> tuple[bytes, str]:
    head = f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="fate.tgz"\r\n'
    body = head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n--x--\r\n"
    return body, "multipart/form-data; boundary=x"


def test_charts(plain: Plain) -> None:
    """A chart is stored without what the service drops, replaces one of its name and version, and can be deleted."""
    chart = Chart("fate", "v9.0.0", "v9", "name: fate\nversion: v9.0.0\n", "a: 1\n", "b: 2\n", "c: 3\n")
    package = charts.package(chart, {"templates/x.yaml": b"\x00", "README.md": b"x", "charts/y/Chart.yaml": b""})
    for _ in range(2):
        body, kind = _form(package)
        made = plain("POST", "/v1/chart", body, Content_Type=kind)
        assert (made.status, list(made.data)) == (200, ["helmUUID"])
    (row,) = plain("GET", "/v1/chart/").data
    assert [file["name"] for file in row["templates"]] == ["templates/x.yaml"]
    assert "README" not in json.dumps(row)
    assert plain("GET", f"/v1/chart/{row['uuid']}").data == row
    assert plain("GET", "/v1/chart/valueTemplateExample/fate/v9.0.0").data == "c: 3\n"
    assert plain("DELETE", f"/v1/chart/{row['uuid']}").json == {"msg": "deleteChart Success"}
    assert (plain("GET", "/v1/chart/").data, plain("DELETE", "/v1/chart/1").status) == ([], 200)
    assert plain("POST", "/v1/chart", _form(package, "chart")[0], Content_Type=kind).status == 500
    assert plain("POST", "/v1/chart", _form(b"x")[0], Content_Type=kind).json == {"error": "chartRequested not exist"}


def test_offline(start: Start) -> None:
    """A service without a way out says so in the job, and has what was uploaded."""
    plain = Plain(start(repository=Offline()).url).log_in()
    job = plain.install()
    plain.until(f"/v1/job/{job['uuid']}", lambda found: "cannot be reached" in found["states"][-1])
    body, kind = _form(charts.package(charts.empty("fate", "v1.11.2")))
    assert plain("POST", "/v1/chart", body, Content_Type=kind).status == 200
    assert plain.install()["status"] == "Success"


def test_namespaces_and_logs(plain: Plain) -> None:
    """Namespaces have keys with capitals; logs of an unknown cluster are a 400."""
    found = plain("GET", "/v1/namespace/").data
    assert [(each["Name"], each["Status"]) for each in found] == [("default", "Active"), ("fate-9999", "Active")]
    plain.install()
    uuid = plain.only_cluster()["uuid"]
    assert plain("GET", f"/v1/log/{uuid}?container=mysql").data == "mysql is up\n"
    assert plain("GET", f"/v1/log/{uuid}?tail=1").data == "[python-0 python] python is up\n"
    assert plain("GET", f"/v1/log/{uuid}?since=x").status == 400
    assert plain("GET", "/v1/log/1").json == {"error": "get Cluster error, record not found"}


# Faults and restarts


def test_faults(kubefate_service: InThread, plain: Plain) -> None:
    """A fault strikes where it fits, so often as it shall, and then no more."""
    faults = kubefate_service.service.faults
    faults.add(Fault(Kind.HTML, path="/v1/job/", after=1, times=2, status=502))
    assert [plain("GET", "/v1/job/").status for _ in range(4)] == [200, 502, 502, 200]
    faults.add(Fault(Kind.PANIC, method="PUT"))
    assert (plain("GET", "/v1/job/").status, plain("PUT", "/v1/cluster", {}).body) == (200, b"")
    faults.add(Fault(Kind.UNANSWERED, method="POST"))
    with pytest.raises(OSError, match=r".*"):
        plain("POST", "/v1/cluster", arguments())
    assert len(plain("GET", "/v1/job/").data) == 1
    faults.add(Fault(Kind.REFUSE, method="POST"))
    with pytest.raises(OSError, match=r".*"):
        plain("POST", "/v1/cluster", arguments(name="other"))
    assert len(plain("GET", "/v1/job/").data) == 1


def test_restart(kubefate_service: InThread, plain: Plain) -> None:
    """A restart leaves running jobs as they are for ever; what is in the database stays."""
    kubefate_service.service.cluster.set_fate("rollsite", Fate.NEVER)
    job = plain("POST", "/v1/cluster", arguments()).data
    plain.until(f"/v1/job/{job['uuid']}", lambda found: found["sub_jobs"])
    kubefate_service.service.restart()
    kubefate_service.service.cluster.set_fate("rollsite", Fate.READY)
    plain.log_in()
    before = plain("GET", f"/v1/job/{job['uuid']}").data
    assert (before["status"], plain.only_cluster()["status"]) == ("Running", "Creating")


@pytest.mark.slow
def test_program(tmp_path: Path) -> None:
    """As a program it is killed and started again at the same port, and finds what it had."""
    options = ("--password", PASSWORD, "--namespace", "fate-9999", "--speed", "0.01", "--ready-after", "60")
    with as_program(tmp_path, *options) as program:
        plain = Plain(program.url).log_in()
        job = plain("POST", "/v1/cluster", arguments()).data
        plain.until(f"/v1/job/{job['uuid']}", lambda found: found["sub_jobs"])
        program.kill()
        program.start()
        assert plain("GET", "/v1/job/").status == 401
        assert plain.log_in()("GET", f"/v1/job/{job['uuid']}").data["status"] == "Running"
        program.control(do="fault", fault={"kind": "panic"})
        assert plain("GET", "/v1/job/").status == 500
        (release,) = program.control(do="history", name="fate-9999", namespace="fate-9999")
        assert release["status"] == "deployed"
