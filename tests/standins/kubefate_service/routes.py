"""The handlers (`v1.11.2:k8s-deploy/pkg/api/*.go`; service-api.md section 2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final

from tests.standins.kubefate_service import charts, shapes
from tests.standins.kubefate_service.answers import Answer, Request
from tests.standins.kubefate_service.charts import ChartError
from tests.standins.kubefate_service.delete import delete
from tests.standins.kubefate_service.gotypes import message
from tests.standins.kubefate_service.install import install, stop
from tests.standins.kubefate_service.jobs import Arguments, RefusedError, chart_of
from tests.standins.kubefate_service.platform import HelmError, KubernetesError, Release
from tests.standins.kubefate_service.process import Process
from tests.standins.kubefate_service.store import NotFoundError, Row
from tests.standins.kubefate_service.tokens import UnauthorizedError
from tests.standins.kubefate_service.update import update

ITERATIONS: Final = 50
"""The real one takes 100,000; the password is tried at every login of every test."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request at its handler: who sends it, and the parts of its path."""

    process: Process
    request: Request
    user: str
    part: Mapping[str, str]

    def done(self, name: str, **more: Any) -> Answer:
        """A good answer."""
        return Answer(200, message(msg=f"{name} {self.process.generation.success}", **more))


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, in which `:name` is any part and `*name` all that follows."""

    method: str
    path: str
    handler: Handler
    needs_token: bool = True

    def match(self, path: str) -> dict[str, str] | None:
        """The parts of a path; None when it is another."""
        pattern = re.sub(r":(\w+)", r"(?P<\1>[^/]+)", re.sub(r"\*(\w+)", r"(?P<\1>.*)", self.path))
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


def answer(process: Process, request: Request) -> Answer:
    """Answer as Gin's engine does: a route, or a redirect to the path with or without the slash, or 404."""
    known = routes(process)
    for route in known:
        if route.method == request.method and (part := route.match(request.path)) is not None:
            return _called(process, request, route, part)
    other = request.path.removesuffix("/") if request.path.endswith("/") else request.path + "/"
    for route in known:
        if other and route.method == request.method and route.match(other) is not None:
            return _redirect(request, other)
    return Answer(404, text="404 page not found")


def _called(process: Process, request: Request, route: Route, part: dict[str, str]) -> Answer:
    user = ""
    if route.needs_token:
        try:
            user = process.tokens.user(request.headers, request.query)
        except UnauthorizedError as error:
            return Answer(error.status, error.body, headers=(("WWW-Authenticate", "JWT realm=gin jwt"),))
    return route.handler(Call(process, request, user, part))


def _redirect(request: Request, path: str) -> Answer:
    query = "&".join(f"{key}={value}" for key, value in request.query.items())
    place = f"{path}?{query}" if query else path
    if request.method != "GET":
        return Answer(307, text="", headers=(("Location", place),))
    page = f'<a href="{place}">Moved Permanently</a>.\n\n'
    return Answer(301, text=page, content_type="text/html", headers=(("Location", place),))


def routes(process: Process) -> tuple[Route, ...]:
    """The routes of a generation, in the order in which they are tried."""
    known = process.generation
    return (
        *_OPEN,
        *((Route("GET", "/v1/swagger/*any", _swagger, needs_token=False),) if known.has_stop else ()),
        *((Route("GET", "/v1/user/", _users),) if known.has_stop else ()),
        *((Route("PUT", "/v1/job/:id", _stop_job),) if known.has_stop else ()),
        *((Route("GET", "/v1/namespace/", _namespaces),) if known.has_namespaces else ()),
        *(_LOGS if known.has_states else ()),
        *((Route("GET", "/v1/chart/valueTemplateExample/:name/:version", _example),) if known.has_examples else ()),
        *_ALWAYS,
    )


# The root


def _root(call: Call) -> Answer:
    if call.process.generation.has_states:
        return call.done("kubefate run")
    return call.done("kubefate run", api_version="v1", service_version=call.process.generation.version)


def _nothing(_call: Call) -> Answer:
    return _error(400, "error path")


def _swagger(_call: Call) -> Answer:
    return Answer(200, text="<!DOCTYPE html><html><title>Swagger UI</title></html>", content_type="text/html")


def _version(call: Call) -> Answer:
    return call.done("getVersion", version=call.process.generation.version)


# Users


def first_user(process: Process, name: str, password: str) -> None:
    """Make the user of the environment anew, as every start of the service does."""
    process.store.delete("users", username=name)
    _insert_user(process, name, password, "")


def _insert_user(process: Process, name: str, password: str, email: str) -> Row:
    salt = secrets.token_hex(64)
    row = {"username": name, "password": _hash(password, salt), "salt": salt, "email": email, "status": "Deprecate"}
    return process.store.insert("users", row)


def _hash(password: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), ITERATIONS, 256).hex()


def _login(call: Call) -> Answer:
    given = _json(call.request.body)
    if not isinstance(given, dict):
        return Answer(401, message(code=401, message="missing Username or Password"))
    name, password = str(given.get("username", "")), str(given.get("password", ""))
    try:
        row = call.process.store.find("users", username=name)
    except NotFoundError:
        row = {"salt": "", "password": ""}
    if row["password"] != _hash(password, row["salt"]):
        return Answer(401, message(code=401, message="incorrect Username or Password"))
    token, end = call.process.tokens.issue(name)
    expire = datetime.fromtimestamp(end, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Answer(200, message(code=200, expire=expire, token=token))


def _logout(_call: Call) -> Answer:
    return Answer(200, message(code=200))


def _users(call: Call) -> Answer:
    return call.done("getUserList", data=[shapes.user(row) for row in call.process.store.rows("users")])


def _user(call: Call) -> Answer:
    try:
        row = call.process.store.find("users", uuid=call.part["id"])
    except NotFoundError as error:
        return _fault(call, error)
    return call.done("getUser", data=shapes.user(row))


def _create_user(call: Call) -> Answer:
    given = _json(call.request.body)
    if not isinstance(given, dict):
        return _error(400, "EOF")
    name = str(given.get("username", ""))
    if call.process.store.has("users", username=name):
        return _error(500, "User is existed.")
    row = _insert_user(call.process, name, str(given.get("password", "")), str(given.get("email", "")))
    return call.done("createCluster", data=shapes.user(row))


def _set_user(call: Call) -> Answer:
    given = _json(call.request.body)
    if not isinstance(given, dict):
        return _error(400, "EOF")
    return call.done("setUser")


def _delete_user(call: Call) -> Answer:
    if not call.process.store.delete("users", uuid=call.part["id"]):
        return _fault(call, NotFoundError())
    return call.done("deleteUser")


# Clusters


def _create_cluster(call: Call) -> Answer:
    return _begun(call, "createCluster", lambda arguments: install(call.process, arguments, call.user))


def _set_cluster(call: Call) -> Answer:
    return _begun(call, "setCluster", lambda arguments: update(call.process, arguments, call.user))


def _begun(call: Call, name: str, begin: Callable[[Arguments], Row]) -> Answer:
    try:
        arguments = _arguments(call.request.body)
    except ValueError as error:
        return _error(400, str(error))
    try:
        job = begin(arguments)
    except RefusedError as error:
        return _error(500, str(error))
    return call.done(name, data=shapes.job(job, call.process.generation))


def _clusters(call: Call) -> Answer:
    generation = call.process.generation
    everything = generation.is_mongo or call.request.query.get("all") == "true"
    rows = call.process.store.rows("clusters", everything=everything)
    return call.done("getClusterList", data=[shapes.cluster(row, generation) for row in rows])


def _cluster(call: Call) -> Answer:
    """A cluster with what Kubernetes says of it; looking at it changes its state, by its Deployments alone."""
    process, generation = call.process, call.process.generation
    try:
        row = process.store.find("clusters", uuid=call.part["id"])
        release = Release(row["name"], row["namespaces"])
        info = _info(call, release)
    except (NotFoundError, KubernetesError) as error:
        return _fault(call, error)
    if generation.has_states and row["status"] in ("Running", "Unavailable"):
        deployments = process.platform.deployments(release)
        is_well = bool(deployments) and all(status == "Available" for status in deployments.values())
        row["status"] = "Running" if is_well else "Unavailable"
        process.store.update("clusters", row["uuid"], status=row["status"])
    data = shapes.cluster(row, generation, info)
    return call.done("getCluster", data=data) if generation.has_states else Answer(200, message(data=data))


def _info(call: Call, release: Release) -> dict[str, Any]:
    """What `pkg/service/info.go` finds: the modules alone at first, then with their kinds."""
    platform, generation = call.process.platform, call.process.generation
    info: dict[str, Any] = {"ip": platform.node(), "dashboard": platform.hosts(release) or None}
    if port := platform.port(release):
        info["port"] = port
    containers = platform.containers(release)
    if not generation.has_states:
        info["modules"] = sorted(f"{name}-0" for name in containers) or None
    elif not generation.has_stop:
        info["status"] = {"modules": containers}
    else:
        info["status"] = {"containers": containers, "deployments": platform.deployments(release)}
    if generation.has_examples:
        info["status"]["statefulSets"] = platform.stateful_sets(release)
    return dict(sorted(info.items()))


def _delete_cluster(call: Call) -> Answer:
    try:
        job = delete(call.process, call.part["id"], call.user)
    except NotFoundError as error:
        return _error(500, str(error))
    return call.done("deleteCluster", data=shapes.job(job, call.process.generation))


# Jobs


def _jobs(call: Call) -> Answer:
    rows = call.process.store.rows("jobs")
    return call.done("getJobList", data=[shapes.job(row, call.process.generation) for row in rows])


def _job(call: Call) -> Answer:
    try:
        row = call.process.store.find("jobs", uuid=call.part["id"])
    except NotFoundError as error:
        return _fault(call, error)
    data = shapes.job(row, call.process.generation)
    return call.done("getJob", data=data) if call.process.generation.has_states else Answer(200, message(data=data))


def _stop_job(call: Call) -> Answer:
    if call.request.query.get("jobStatus") != "stop":
        return _error(400, "jobStatus error")
    try:
        stop(call.process, call.part["id"])
    except RefusedError as error:
        return _error(500, str(error))
    return call.done("stop Job", data="Stop Job Success")


def _delete_job(call: Call) -> Answer:
    if not call.process.store.delete("jobs", uuid=call.part["id"]):
        return _fault(call, NotFoundError())
    return call.done("delete Job")


# Charts


def _upload(call: Call) -> Answer:
    """Store a package in place of one with the same name and version; at first, of the same version."""
    package = _form_file(call.request)
    if package is None:
        return _error(500, "http: no such file")
    try:
        chart = charts.read(package)
    except ChartError as error:
        return _error(500, str(error))
    same = {"version": chart.version}
    if not call.process.generation.has_one_chart_a_version:
        same["name"] = chart.name
    call.process.store.delete("charts", **same)
    row = call.process.store.insert("charts", chart.row)
    name = "CreateChart" if call.process.generation.has_states else "createChart"
    return call.done(name, data={"helmUUID": row["uuid"]})


def _charts(call: Call) -> Answer:
    rows = call.process.store.rows("charts")
    return call.done("getChartList", data=[shapes.chart(row, call.process.generation) for row in rows])


def _chart(call: Call) -> Answer:
    try:
        row = call.process.store.find("charts", uuid=call.part["id"])
    except NotFoundError as error:
        return _error(500, str(error))
    return call.done("getChart", data=shapes.chart(row, call.process.generation))


def _delete_chart(call: Call) -> Answer:
    """An SQL delete, which is content when there was nothing to delete."""
    call.process.store.delete("charts", uuid=call.part["id"])
    return call.done("deleteChart")


def _example(call: Call) -> Answer:
    try:
        chart = chart_of(call.process, call.part["name"], call.part["version"])
    except ChartError as error:
        return _error(500, str(error))
    return call.done("getChartByNameVersion", data=chart.example)


# The rest


def _namespaces(call: Call) -> Answer:
    try:
        return call.done("getNamespaceList", data=call.process.platform.namespaces())
    except KubernetesError as error:
        return _error(500, str(error))


def _log(call: Call) -> Answer:
    """What the containers wrote; an unknown cluster is a 400 here."""
    for name in ("since", "tail", "limit-bytes"):
        value = call.request.query.get(name, "")
        if value and not value.isdigit():
            return _error(400, f'strconv.ParseInt: parsing "{value}": invalid syntax')
    try:
        row = call.process.store.find("clusters", uuid=call.part["id"])
    except NotFoundError as error:
        return _error(400, f"get Cluster error, {error}")
    release = Release(row["name"], row["namespaces"])
    try:
        text = call.process.platform.log(release, call.request.query.get("container", ""))
    except (KubernetesError, HelmError) as error:
        return _error(500, str(error))
    if lines := call.request.query.get("tail"):
        text = "".join(text.splitlines(keepends=True)[-int(lines) :])
    return call.done("getClusterLog", data=text)


def _log_stream(_call: Call) -> Answer:
    """A request that does not ask for a websocket."""
    return Answer(400, text="not websocket protocol")


_OPEN: Final = (
    Route("GET", "/", _root, needs_token=False),
    Route("GET", "/v1/", _nothing, needs_token=False),
    Route("POST", "/v1/user/login", _login, needs_token=False),
    Route("POST", "/v1/user/logout", _logout, needs_token=False),
)
_LOGS: Final = (Route("GET", "/v1/log/:id", _log), Route("GET", "/v1/log/:id/ws", _log_stream))
_ALWAYS: Final = (
    Route("GET", "/v1/version/", _version),
    Route("POST", "/v1/user", _create_user),
    Route("GET", "/v1/user/:id", _user),
    Route("PUT", "/v1/user/:id", _set_user),
    Route("DELETE", "/v1/user/:id", _delete_user),
    Route("POST", "/v1/cluster", _create_cluster),
    Route("PUT", "/v1/cluster", _set_cluster),
    Route("GET", "/v1/cluster/", _clusters),
    Route("GET", "/v1/cluster/:id", _cluster),
    Route("DELETE", "/v1/cluster/:id", _delete_cluster),
    Route("GET", "/v1/job/", _jobs),
    Route("GET", "/v1/job/:id", _job),
    Route("DELETE", "/v1/job/:id", _delete_job),
    Route("POST", "/v1/chart", _upload),
    Route("GET", "/v1/chart/", _charts),
    Route("GET", "/v1/chart/:id", _chart),
    Route("DELETE", "/v1/chart/:id", _delete_chart),
)


# Bodies


def _error(status: int, text: str) -> Answer:
    return Answer(status, message(error=text))


def _fault(call: Call, error: Exception) -> Answer:
    """A 500; up to v1.2.0 the error itself is marshalled, which has no field that is: {}."""
    return Answer(500, message(error=str(error) if call.process.generation.has_states else {}))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _arguments(body: bytes) -> Arguments:
    """What ShouldBindJSON makes of it: keys in any case, wrong types refused; raises ValueError in Go's words."""
    if not body:
        text = "EOF"
        raise ValueError(text)
    found = _json(body)
    if not isinstance(found, dict):
        text = "invalid character looking for beginning of value"
        raise ValueError(text)  # noqa: TRY004 - it is what ShouldBindJSON says of a text that is no JSON
    given = {str(key).lower(): value for key, value in found.items()}
    texts = {name: _text(given, name) for name in ("name", "namespace", "chart_name", "chart_version", "data")}
    switches = {name: _switch(given, name) for name in ("cover", "keep_upgrade_job")}
    try:
        raw = base64.b64decode(texts["data"], validate=True)
    except binascii.Error:
        text = "illegal base64 data at input byte 0"
        raise ValueError(text) from None
    return Arguments(raw=raw, **texts, **switches)  # type: ignore[arg-type] # by name


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong_type(value, name, "[]uint8" if name == "data" else "string")
    return value


def _switch(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise _wrong_type(value, name, "bool")
    return value


def _wrong_type(value: Any, name: str, wanted: str) -> ValueError:
    kinds = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    text = f"json: cannot unmarshal {kinds[type(value)]} into Go struct field ClusterArgs.{name} of type {wanted}"
    return ValueError(text)


def _form_file(request: Request) -> bytes | None:
    """The field `file` of a form."""
    head = f"Content-Type: {request.headers.get('Content-Type', '')}\r\n\r\n".encode()
    form: Message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    for part in form.get_payload() if form.is_multipart() else ():
        if isinstance(part, Message) and part.get_param("name", header="content-disposition") == "file":
            payload = part.get_payload(decode=True)
            return payload if isinstance(payload, bytes) else None
    return None
