"""The Kubernetes API, spoken to as one operator: the only module that knows the client library.

Requests go through the client's own connection pool, so certificates, tokens, login plugins and proxies of the
kubeconfig hold. What may pass by itself (no connection, 429, a server's fault) is tried again until the deadline.
Everything else is raised: `RefusedError` when the server answers and says no, `UnreachableError` when nobody answers,
and `LoginRefusedError` when it does not know the operator.
"""

from __future__ import annotations

import ast
import json
import re
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from renderers.cluster import kubeconfig
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.kubeconfig import Context, KubeconfigError, Section
from renderers.cluster.login import Login, LoginError
from renderers.cluster.references import Document, Reference, collection
from renderers.cluster.shapes import OddShapeError, as_object

FIELD_MANAGER: Final = "fedplan"
"""Name under which the API server remembers which fields are ours."""
_APPLY: Final = "application/apply-patch+yaml"
_MERGE: Final = "application/merge-patch+json"
_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 30.0
_FIRST_PAUSE: Final = 0.25
_GRACE: Final = 1.0
_LONGEST_PAUSE: Final = 5.0
_PASSING: Final = frozenset({429, 502, 503, 504})
_OF_THE_SERVER: Final = 500
_SERVER_TRIES: Final = 4
_NOT_FOUND: Final = 404
_UNAUTHORIZED: Final = 401
_GOOD: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
_ERRNO: Final = re.compile(r"^\[Errno -?\d+\] ")
_DIGITS: Final = re.compile(r"\d{1,4}", re.ASCII)
_LOG_IS_GONE: Final = re.compile(
    r"unable to retrieve container logs for \S+\s*|failed to try resolving symlinks in path .*\s*"
)
"""What a kubelet answers in place of the log of a container that it has just removed, as if it were the log."""
_LOG_TRIES: Final = 3
_LOG_PAUSE: Final = 1.0
_HANDSHAKE: Final = re.compile(r"Handshake status (\d+)")
_MOST_BYTES: Final = 64 * 2**20
"""An answer above this size is read no further. Five hundred objects, the most that are asked for at once, take ten."""
_PART: Final = 2**16
_GIVEN_AT_ONCE: Final = 2**14
"""Bytes of a command's input in one message: less than any server on the way refuses."""
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL", "HTTP_REQUEST"})
"""OpenSSL's words for a server that does not speak TLS at all, or none that is spoken here."""


class ApiError(Exception):
    """What went wrong between us and a cluster; `is_midway` when something had been written before."""

    is_midway: bool = False


class UnreachableError(ApiError):
    """Nobody answered until the deadline, or the connection is not the one that was meant (a certificate)."""


class NonsenseError(UnreachableError):
    """Somebody answers, and it is no API server of Kubernetes: trying again cannot help."""


class LoginRefusedError(ApiError):
    """The server does not know the operator: an expired token, a wrong certificate, a failed login plugin."""


class UnknownContextError(ApiError):
    """There is no such context, or no kubeconfig to look in."""


class RefusedError(ApiError):
    """The server's own words for a no: HTTP status, reason, message, and the fields it names."""

    def __init__(self, status: int, reason: str, message: str, causes: Sequence[Cause] = ()) -> None:
        """Keep what the server said."""
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = tuple(causes)

    @property
    def is_not_found(self) -> bool:
        """Whether the object, its namespace or its kind does not exist."""
        return self.status == _NOT_FOUND

    @property
    def is_forbidden(self) -> bool:
        """Whether the operator has no right to it."""
        return self.status == 403  # noqa: PLR2004 - HTTP's number

    @property
    def is_conflict(self) -> bool:
        """Whether somebody else changed it or owns the field."""
        return self.status == 409  # noqa: PLR2004 - HTTP's number


@dataclass(frozen=True, slots=True)
class Cause:
    """One field that the server objects to."""

    reason: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: the document, and the server's own time."""

    document: Document
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Ran:
    """The end of a command in a container. `code` is None when it ended without one (the connection broke)."""

    code: int | None
    output: str
    errors: str


@dataclass(slots=True)
class Api:
    """One API server, as one user of a kubeconfig."""

    context: str
    server: str
    user: str
    _client: Any
    clock: Clock = field(default_factory=Clock)
    given_up: str = ""
    """Why it was given up in this run; empty while it was not. Nobody else then waits for it again."""
    _latest: datetime | None = None

    # Reading

    def get(self, reference: Reference, deadline: Deadline) -> Document | None:
        """An object, None when there is none."""
        try:
            return self._request("GET", reference.path, deadline, is_named=True).document
        except RefusedError as refusal:
            if refusal.is_not_found:
                return None
            raise

    def list(
        self, api_version: str, kind: str, namespace: str, deadline: Deadline, *, labels: str = "", fields: str = ""
    ) -> Sequence[Document]:
        """All objects of a kind in a namespace, page by page; each says its kind and version."""
        found: list[Document] = []
        query: dict[str, str] = {"limit": "500"}
        if labels:
            query["labelSelector"] = labels
        if fields:
            query["fieldSelector"] = fields
        while True:
            page = self._request("GET", collection(api_version, kind, namespace), deadline, query=query).document
            found += [{**item, "apiVersion": api_version, "kind": kind} for item in page.get("items") or ()]
            following = (page.get("metadata") or {}).get("continue")
            if not following:
                return found
            if following == query.get("continue") or deadline.is_over:
                msg = f"{self.server} does not come to the end of a list"
                raise NonsenseError(msg)
            query["continue"] = following

    def version(self, deadline: Deadline) -> tuple[int, int]:
        """Major and minor version of the server."""
        document = self._request("GET", "/version", deadline).document
        found = [_DIGITS.match(str(document.get(key, ""))) for key in ("major", "minor")]
        if found[0] is None or found[1] is None:
            self._deny()
        return int(found[0][0]), int(found[1][0])

    def serves(self, api_version: str, kind: str, deadline: Deadline) -> bool:
        """Whether the server has a kind in this version of its API."""
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            document = self._request("GET", path, deadline).document
        except RefusedError as refusal:
            if refusal.is_not_found:
                return False
            raise
        return any(resource.get("kind") == kind for resource in document.get("resources") or ())

    def may(self, verb: str, group: str, resource: str, namespace: str, deadline: Deadline, *, name: str = "") -> bool:
        """Whether the operator has a right; a subresource is written `pods/exec`."""
        plural, _, sub = resource.partition("/")
        attributes = {"verb": verb, "group": group, "resource": plural, "namespace": namespace}
        attributes |= {key: value for key, value in (("subresource", sub), ("name", name)) if value}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        path = collection("authorization.k8s.io/v1", "SelfSubjectAccessReview", "")
        answer = self._request("POST", path, deadline, body=body).document
        return bool((answer.get("status") or {}).get("allowed"))

    def log(
        self, namespace: str, pod: str, container: str, deadline: Deadline, *, lines: int = 20, previous: bool = False
    ) -> str:
        """The last lines of a container's log; empty when it has none or it cannot be had.

        A node removes a container that has ended once there is a newer one, a moment before it says so: asked again
        then, it has the log of the newer.
        """
        query = {"container": container, "tailLines": str(lines), "limitBytes": "65536"}
        if previous:
            query["previous"] = "true"
        path = f"{Reference('v1', 'Pod', namespace, pod).path}/log"
        for _ in range(_LOG_TRIES):
            try:
                log = self._raw("GET", path, deadline, query=query).decode(errors="replace")
            except RefusedError:
                break
            if not _LOG_IS_GONE.fullmatch(log):
                return log
            if not deadline.wait(_LOG_PAUSE):
                break
        return ""

    def run(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        deadline: Deadline,
        *,
        given: bytes = b"",
    ) -> Ran:
        """Run a command in a container and wait for its end. Raises as a request does.

        `given` is what it reads from its input, which then does not end: the command must know when it has read all.
        It is no part of the request, so it stands in no log of the API server.

        The client waits for ever for a server that takes the connection and says nothing, so it is left to a thread.
        """
        found: list[Ran | Exception] = []

        def call() -> None:
            try:
                found.append(self._run(namespace, pod, container, command, deadline, given))
            except Exception as error:  # noqa: BLE001 - handed over to whoever waits
                found.append(error)

        thread = threading.Thread(target=call, name="exec", daemon=True)
        thread.start()
        thread.join(deadline.left + _GRACE)
        if not found:
            msg = "it does not answer in time"
            raise UnreachableError(msg)
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def _run(
        self, namespace: str, pod: str, container: str, command: Sequence[str], deadline: Deadline, given: bytes
    ) -> Ran:
        from kubernetes.client import ApiClient, CoreV1Api
        from kubernetes.client.exceptions import ApiException
        from kubernetes.stream import stream
        from websocket import WebSocketException

        try:
            connection = stream(
                CoreV1Api(ApiClient(self._client.configuration)).connect_get_namespaced_pod_exec,  # `stream` bends it
                pod,
                namespace,
                container=container,
                command=list(command),
                stdin=bool(given),
                stdout=True,
                stderr=True,
                tty=False,
                _preload_content=False,
                _request_timeout=max(1.0, min(deadline.left, _READ_SECONDS)),
            )
        except ApiException as error:
            raise _no_websocket(str(error.reason), self.server) from None
        except (KubeconfigError, LoginError) as error:
            raise LoginRefusedError(str(error)) from None
        except OSError as error:
            raise UnreachableError(_plainly(error)) from None
        try:
            for start in range(0, len(given), _GIVEN_AT_ONCE):
                connection.write_stdin(given[start : start + _GIVEN_AT_ONCE])
            output, errors, end = _heard(connection.sock, deadline)
        except (WebSocketException, OSError) as error:
            raise UnreachableError(_plainly(error)) from None
        finally:
            connection.sock.shutdown()  # its own close() leaves the socket open once the server has ended the talk
        return _ran(output, errors, end)

    # Writing

    def apply(
        self,
        document: Mapping[str, Any],
        reference: Reference,
        deadline: Deadline,
        *,
        dry_run: bool,
        force: bool = False,
        manager: str = FIELD_MANAGER,
    ) -> Document:
        """Server-side apply of one object; what it is afterwards. A dry run changes nothing."""
        query = {"fieldManager": manager, "force": "true" if force else "false"}
        if dry_run:
            query["dryRun"] = "All"
        found = self._request("PATCH", reference.path, deadline, query=query, body=document, kind=_APPLY, is_named=True)
        return found.document

    def create(self, document: Mapping[str, Any], reference: Reference, deadline: Deadline) -> Answer:
        """Create an object; `RefusedError` as a conflict when it exists."""
        path = collection(reference.api_version, reference.kind, reference.namespace)
        query = {"fieldManager": FIELD_MANAGER}
        return self._request("POST", path, deadline, query=query, body=document, is_named=True)

    def replace(self, document: Mapping[str, Any], reference: Reference, deadline: Deadline) -> Answer:
        """Replace an object; with its resourceVersion inside, only while nobody else has changed it."""
        query = {"fieldManager": FIELD_MANAGER}
        return self._request("PUT", reference.path, deadline, query=query, body=document, is_named=True)

    def merge(self, patch: Mapping[str, Any], reference: Reference, deadline: Deadline) -> Answer:
        """Change some fields of an object."""
        query = {"fieldManager": FIELD_MANAGER}
        return self._request("PATCH", reference.path, deadline, query=query, body=patch, kind=_MERGE, is_named=True)

    def delete(self, reference: Reference, deadline: Deadline, *, uid: str = "", dry_run: bool = False) -> bool:
        """Delete an object and what it owns, in the background; false when it was gone already.

        With `uid` only that very object, not one that has taken its name since.
        """
        body: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        if uid:
            body["preconditions"] = {"uid": uid}
        query = {"dryRun": "All"} if dry_run else {}
        try:
            self._request("DELETE", reference.path, deadline, query=query, body=body)
        except RefusedError as refusal:
            if refusal.is_not_found or (uid and refusal.is_conflict):
                return False
            raise
        return True

    # Time

    def server_time(self, deadline: Deadline) -> datetime:
        """What time it is at the server, to the second: operators' clocks differ."""
        if self._latest is None:
            self.version(deadline)
        return self._latest or datetime.now(UTC)

    # The wire

    def _request(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        kind: str = "application/json",
        is_named: bool = False,
    ) -> Answer:
        data = self._raw(method, path, deadline, query=query, body=body, kind=kind)
        document = _document(data)
        if document is None:
            self._deny()
        try:
            return Answer(as_object(document, is_named=is_named), self._latest)
        except OddShapeError as error:
            self._deny(f": of {path} it gives an odd {str(error).lstrip('.') or 'answer'}")

    def _deny(self, more: str = "") -> NoReturn:
        """Say that this is no API server."""
        msg = f"{self.server} does not answer as a Kubernetes API server{more}"
        raise NonsenseError(msg) from None

    def _raw(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        kind: str = "application/json",
    ) -> bytes:
        """Send a request, again where the failure may pass, until the deadline."""
        pause, faults = _FIRST_PAUSE, 0
        while True:
            failure: ApiError
            try:
                status, headers, data = self._once(method, path, deadline, query, body, kind)
            except UnreachableError as error:
                if _is_final(error) or deadline.left <= pause:
                    raise
                failure = error
            else:
                if status in _GOOD:
                    return data
                failure = _refusal(status, data, self.server)
                faults += status == _OF_THE_SERVER
                passing = status in _PASSING or (status == _OF_THE_SERVER and faults < _SERVER_TRIES)
                if not passing:
                    raise failure
                pause = max(pause, _retry_after(headers))
                if status in _PASSING:
                    failure = UnreachableError(every_try(status, _said(data)))
                if deadline.left <= pause:
                    raise failure
            if not deadline.wait(pause):
                raise failure
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _once(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        kind: str,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request: status, headers, body."""
        import urllib3

        headers = {"Accept": "application/json", "Content-Type": kind, "User-Agent": FIELD_MANAGER}
        try:
            for setting in self._client.configuration.auth_settings().values():
                if setting["value"]:
                    headers[setting["key"]] = setting["value"]
        except (KubeconfigError, LoginError) as error:
            raise LoginRefusedError(str(error)) from None
        url = f"{self.server}{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        left = max(0.1, deadline.left)
        timeout = urllib3.Timeout(connect=min(_CONNECT_SECONDS, left), read=min(_READ_SECONDS, left))
        try:
            response = self._client.rest_client.pool_manager.request(
                method, url, headers=headers, body=data, timeout=timeout, retries=False, preload_content=False
            )
            content = self._body(response, deadline)
        except (urllib3.exceptions.HTTPError, OSError, ssl.SSLError) as error:
            raise UnreachableError(_plainly(error)) from error
        self._latest = _moment(response.headers.get("Date")) or self._latest
        return response.status, response.headers, content

    def _body(self, response: Any, deadline: Deadline) -> bytes:
        """What the server says, as far as it comes in time and memory holds it."""
        content = bytearray()
        while part := response.read1(_PART, decode_content=False):
            content += part
            if len(content) > _MOST_BYTES:
                response.close()
                self._deny(f": its answer is larger than {_MOST_BYTES // 2**20} MiB")
            if deadline.is_over:
                response.close()
                msg = "it does not answer in time"
                raise UnreachableError(msg)
        response.release_conn()
        return bytes(content)


def _document(data: bytes) -> dict[str, Any] | None:
    """An answer as data; None for what is no JSON object."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _moment(told: str | None) -> datetime | None:
    """The server's time by its header; None for what tells none."""
    if not told:
        return None
    try:
        found = parsedate_to_datetime(told)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _refusal(status: int, data: bytes, server: str) -> ApiError:
    """The server's no, in its own words."""
    document = _document(data)
    if document is None or document.get("kind") != "Status":
        if status in _REDIRECTS or (_is_page(data) and status != _UNAUTHORIZED):
            return NonsenseError(f"{server} does not answer as a Kubernetes API server, but with {status}")
        first = data.decode(errors="replace").strip().splitlines()
        words = f"{server} answers {status}" + (f": {first[0][:200]}" if first else "")
        return LoginRefusedError(words) if status == _UNAUTHORIZED else RefusedError(status, "", words)
    message = str(document.get("message") or document.get("reason") or status)
    if status == _UNAUTHORIZED:
        return LoginRefusedError(f"{server} does not know this login any more ({message})")
    found = [
        Cause(str(c.get("reason", "")), str(c.get("field", "")), str(c.get("message", ""))) for c in _causes(document)
    ]
    return RefusedError(status, str(document.get("reason", "")), message, found)


def _causes(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The causes that a Status names."""
    details = document.get("details")
    found = details.get("causes") if isinstance(details, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else ()


def _is_page(data: bytes) -> bool:
    """Whether an answer is for people to look at: something else stands where the API server should."""
    return data.lstrip()[:1] == b"<"


def _said(data: bytes) -> str:
    """What an answer says in a line; nothing where it is a page."""
    document = _document(data)
    if document is not None:
        return str(document.get("message") or "")
    lines = () if _is_page(data) else data.decode(errors="replace").strip().splitlines()
    return lines[0][:200] if lines else ""


def every_try(status: int, words: str) -> str:
    """Why a server that is in trouble itself was given up."""
    return f"every try ended with {status}" + (f": {words}" if words else "")


def _no_websocket(reason: str, server: str) -> ApiError:
    """Why a command could not be started: the client tells an answer of the server only within its own words."""
    found = _HANDSHAKE.match(reason)
    if found is None:
        return UnreachableError(reason.rpartition(": ")[2] or reason)
    body = reason.rpartition(" -+-+- ")[2]
    if body.startswith(("b'", 'b"')):
        with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            body = ast.literal_eval(body).decode(errors="replace")
    return _refusal(int(found[1][:3]), body.encode(errors="replace"), server)


def _heard(connection: Any, deadline: Deadline) -> tuple[str, str, str]:
    """What a command writes, what it complains of, and the last word of the server, until it ends or its time is over.

    The client's own way keeps whatever comes, however much, and listens on as long as something does.
    """
    from websocket import ABNF, WebSocketTimeoutException

    channels, size, code = {1: bytearray(), 2: bytearray(), 3: bytearray()}, 0, None
    while code != ABNF.OPCODE_CLOSE and not deadline.is_over:
        connection.settimeout(max(0.1, deadline.left))
        try:
            code, frame = connection.recv_data_frame(control_frame=True)
        except WebSocketTimeoutException:
            break
        if code in {ABNF.OPCODE_BINARY, ABNF.OPCODE_TEXT} and frame.data[:1] in {b"\1", b"\2", b"\3"}:
            channels[frame.data[0]] += frame.data[1:]
            size += len(frame.data)
        if size > _MOST_BYTES:
            msg = f"a command's output is larger than {_MOST_BYTES // 2**20} MiB"
            raise UnreachableError(msg)
    output, errors, end = (found.decode(errors="replace") for found in channels.values())
    return output, errors, end


def _ran(output: str, errors: str, end: str) -> Ran:
    """How a command ended: the last word of the connection is a Status."""
    status = _document(end.encode(errors="replace"))
    if status is None:
        return Ran(None, output, errors)
    if status.get("status") == "Success":
        return Ran(0, output, errors)
    code = next((str(cause.get("message")) for cause in _causes(status) if cause.get("reason") == "ExitCode"), "")
    if _DIGITS.fullmatch(code):
        return Ran(int(code), output, errors)
    return Ran(None, output, errors or str(status.get("message", "")))


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that the server asks to wait."""
    value = headers.get("Retry-After", "")
    return min(float(value), 60.0) if _DIGITS.fullmatch(value) else 0.0


def _is_final(error: UnreachableError) -> bool:
    """Whether trying again cannot help: the certificate or the server is the wrong one, not the moment."""
    if isinstance(error, NonsenseError):
        return True
    cause = error.__cause__
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
            return True
        cause = cause.__cause__ or cause.__context__ or (cause.args[0] if _wraps(cause) else None)
    return False


def _wraps(error: BaseException) -> bool:
    return bool(error.args) and isinstance(error.args[0], BaseException)


def _plainly(error: BaseException) -> str:
    """What is behind a failed connection, in few words."""
    inner: BaseException = error
    while True:
        following = getattr(inner, "original_error", None) or getattr(inner, "reason", None)
        if isinstance(following, BaseException):
            inner = following
        elif _wraps(inner):
            inner = inner.args[0]
        else:
            break
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {inner.verify_message}"
    if isinstance(inner, ssl.SSLError) and inner.reason in _NO_TLS:
        return "it does not speak TLS as https asks for"
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    text = str(inner)
    if "timed out" in text:
        return "it does not answer in time"
    return _ERRNO.sub("", text.rpartition(": ")[2]) or text


def kubeconfig_paths() -> Sequence[Path]:
    """The files that kubectl would read: those of KUBECONFIG, else the one in the home folder."""
    return kubeconfig.kubeconfig_paths()


def contexts() -> Iterator[Context]:
    """The contexts of the operator's kubeconfig. Raises UnknownContextError when there is none that can be read."""
    try:
        yield from kubeconfig.contexts()
    except KubeconfigError as error:
        raise UnknownContextError(str(error)) from None


def connect(context: str, clock: Clock | None = None) -> Api:
    """The API server that a context leads to; nothing is sent yet.

    Raises UnknownContextError for a context that the kubeconfig does not have or that cannot be used, and
    LoginRefusedError when a login plugin fails.
    """
    from kubernetes import client

    try:
        entry = kubeconfig.entry_of(context)
        configuration = client.Configuration(host=entry.context.server)
        _set_way(configuration, entry.cluster)
        _set_login(configuration, Login(entry))
    except KubeconfigError as error:
        raise UnknownContextError(str(error)) from None
    except LoginError as error:
        raise LoginRefusedError(str(error)) from None
    return Api(context, entry.context.server, entry.context.user, client.ApiClient(configuration), clock or Clock())


def _set_way(configuration: Any, cluster: Section) -> None:
    """Set how the server is reached, and by what it is known."""
    import urllib3

    if cluster.is_set("insecure-skip-tls-verify"):  # whoever writes that knows what it means
        configuration.verify_ssl = False
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    configuration.tls_server_name = cluster.text("tls-server-name") or None
    proxy = cluster.text("proxy-url")
    if not proxy:
        return
    try:
        parts = urlsplit(proxy)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        cluster.refuse("proxy-url", "is no http:// or https:// URL")
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        configuration.proxy_headers = urllib3.make_headers(proxy_basic_auth=login)
    configuration.proxy = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _set_login(configuration: Any, login: Login) -> None:
    """Set by what the operator is known; a token is asked for again before each request, as it may have ended."""
    configuration.ssl_ca_cert = login.authority() or None
    certificate, key = login.certificate()
    configuration.cert_file, configuration.key_file = certificate or None, key or None
    header = login.header()
    if header:
        configuration.api_key["authorization"] = header
        configuration.refresh_api_key_hook = lambda found: found.api_key.update(authorization=login.header())
