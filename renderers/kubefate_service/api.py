"""KubeFATE's service, spoken to as one user: the only module of this package with a network in it.

Reading is tried again until the deadline where the failure may pass (no connection, 502, 503, 504 of an ingress). What
changes something is sent once: when the connection breaks, or an ingress gives up, the service's jobs tell whether it
has begun, and only what has not is sent again. The token lives 30 minutes and dies with every restart of the service
(`v1.11.2:k8s-deploy/pkg/api/token.go`); then the login is made again, and what was refused is sent again.
"""

from __future__ import annotations

import json
import os
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from secrets import token_hex
from typing import Any, Final, NoReturn
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

import urllib3

from planner.wording import spoken
from renderers.cluster.clock import Clock, Deadline
from renderers.kubefate_service import shapes
from renderers.kubefate_service.client_config import Settings, is_url
from renderers.kubefate_service.errors import (
    OddAnswerError,
    ServiceCrashedError,
    ServiceError,
    ServiceLoginRefusedError,
    ServiceRefusedError,
    ServiceUnreachableError,
)
from renderers.kubefate_service.proxies import proxy_for
from renderers.kubefate_service.shapes import (
    ClusterArgs,
    Job,
    Namespace,
    StoredChart,
    StoredCluster,
    User,
)

__all__ = [
    "ClusterArgs",
    "OddAnswerError",
    "ServiceApi",
    "ServiceCrashedError",
    "ServiceError",
    "ServiceLoginRefusedError",
    "ServiceRefusedError",
    "ServiceUnreachableError",
    "connect",
]

_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 60.0
"""Seconds in which an answer must begin: a service that has to fetch a chart from afar takes long to answer."""
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 5.0
_RESTART_SECONDS: Final = 20.0
"""Seconds after a restart in which a login that held before may be refused: the users are written anew by then."""
_TAKE_EFFECT_SECONDS: Final = 3.0
"""Seconds that a request whose connection broke is given to begin its job, before it counts as never received."""
_MOST_REDIRECTS: Final = 5
_MOST_BYTES: Final = 64 * 2**20
"""An answer above this size is read no further: the list of all charts ever published takes about ten."""
_MOST_LOG: Final = 2**20
_PART: Final = 2**16
_PASSING: Final = frozenset({429, 502, 503, 504})
_GOOD: Final = range(200, 300)
_REDIRECTS: Final = frozenset({301, 302, 307, 308})
_UNAUTHORIZED: Final = 401
_ABSENT: Final = 404
_CRASHED: Final = 500
_EXPIRED: Final = "expired"
_NO_ROUTE: Final = b"404 page not found"
_TITLE: Final = re.compile(rb"<title[^>]*>([^<]{1,200})", re.IGNORECASE)
_PORTS: Final = {"https": 443, "http": 80}
_SLOW: Final = "it does not answer in time"
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})
"""OpenSSL's words for a server that does not speak TLS at all, or none that is spoken here."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back: where it was asked, the status, the program that answers, and the body."""

    url: str
    status: int
    server: str
    data: bytes


class _BrokenError(ServiceUnreachableError):
    """A try that ended without an answer, or with the excuse of something in front of the service."""

    def __init__(self, message: str, *, was_sent: bool, is_final: bool = False) -> None:
        """Keep whether the service may have received the request, and whether trying again cannot help."""
        super().__init__(message)
        self.was_sent = was_sent
        self.is_final = is_final


@dataclass(slots=True)
class ServiceApi:
    """One KubeFATE service, as one of its users."""

    url: str
    user: str
    _password: str = field(repr=False)
    _pool: Any = field(repr=False)
    clock: Clock = field(default_factory=Clock)
    given_up: str = ""
    """Why it was given up in this run; empty while it was not. Nobody else then waits for it again."""
    has_restarted: bool = False
    """Whether a token was refused that has not run out: the key of its signature dies with the service's process."""
    _latest: datetime | None = None
    _token: str = field(default="", repr=False)
    _was_let_in: bool = False

    # Time

    @property
    def now(self) -> datetime:
        """What time it was at the service when it answered last: operators' clocks differ."""
        return self._latest or datetime.now(UTC)

    # Reading

    def version(self, deadline: Deadline) -> str:
        """The service's own version, as in `v1.4.5` (section 1 says which releases of KubeFATE that may be)."""
        answer = self._get("/version/", deadline)
        found = answer.get("version")
        return spoken(found) if isinstance(found, str) else ""

    def clusters(self, deadline: Deadline, *, everything: bool = False) -> tuple[StoredCluster, ...]:
        """The clusters that the service keeps; with `everything` deleted ones too."""
        found = shapes.listed(self._get("/cluster/", deadline, {"all": "true"} if everything else None).get("data"))
        clusters = map(shapes.cluster, found)
        return tuple(each for each in clusters if everything or not each.is_deleted)

    def cluster(self, uuid: str, deadline: Deadline) -> StoredCluster:
        """One cluster with what the service finds out about it now; that updates its state, too."""
        return shapes.cluster(self._get(f"/cluster/{quote(uuid, safe='')}", deadline).get("data"))

    def jobs(self, deadline: Deadline) -> tuple[Job, ...]:
        """All jobs, the youngest last."""
        found = map(shapes.job, shapes.listed(self._get("/job/", deadline).get("data")))
        return tuple(sorted(found, key=lambda each: each.started.timestamp() if each.started else 0.0))

    def job(self, uuid: str, deadline: Deadline) -> Job:
        """One job as it is now."""
        return shapes.job(self._get(f"/job/{quote(uuid, safe='')}", deadline).get("data"))

    def charts(self, deadline: Deadline) -> tuple[StoredChart, ...]:
        """The charts that the service keeps, by name and version."""
        found = map(shapes.chart, shapes.listed(self._get("/chart/", deadline).get("data")))
        return tuple(sorted(found, key=lambda each: (each.name, each.version, each.uuid)))

    def chart(self, uuid: str, deadline: Deadline) -> StoredChart:
        """One chart."""
        return shapes.chart(self._get(f"/chart/{quote(uuid, safe='')}", deadline).get("data"))

    def values_template_example(self, name: str, version: str, deadline: Deadline) -> str:
        """The example of a chart's cluster.yaml, which the service downloads where it does not have it (from 1.9.0)."""
        path = f"/chart/valueTemplateExample/{quote(name, safe='')}/{quote(version, safe='')}"
        found = self._get(path, deadline).get("data")
        if not isinstance(found, str):
            self._deny("it answers with something that is no example of a chart")
        return found

    def namespaces(self, deadline: Deadline) -> tuple[Namespace, ...]:
        """The namespaces of the service's cluster; ServiceRefusedError with an absent route before v1.1.0."""
        return tuple(map(shapes.namespace, shapes.listed(self._get("/namespace/", deadline).get("data"))))

    def users(self, deadline: Deadline) -> tuple[User, ...]:
        """The users of the service; an absent route before v1.4.1."""
        return tuple(map(shapes.user, shapes.listed(self._get("/user/", deadline).get("data"))))

    def log(
        self,
        uuid: str,
        deadline: Deadline,
        *,
        container: str = "",
        tail: int | None = None,
        since: int | None = None,
        previous: bool = False,
    ) -> str:
        """What a cluster's containers have logged, `since` that many seconds; an absent route before v1.3.0.

        With `previous` it is what the runs before the present ones have logged.
        """
        query = {"container": container, "tail": tail, "since": since, "limit-bytes": _MOST_LOG}
        query |= {"previous": "true"} if previous else {}
        given = {key: str(value) for key, value in query.items() if value not in {"", None}}
        found = self._get(f"/log/{quote(uuid, safe='')}", deadline, given).get("data")
        return found if isinstance(found, str) else ""

    # Writing

    def install(self, args: ClusterArgs, deadline: Deadline) -> Job:
        """Begin to install a cluster."""
        return self._begin("POST", "/cluster", deadline, args.body(), lambda job: _is_about(job, shapes.INSTALL, args))

    def update(self, args: ClusterArgs, deadline: Deadline) -> Job:
        """Begin to update a cluster."""
        return self._begin("PUT", "/cluster", deadline, args.body(), lambda job: _is_about(job, shapes.UPDATE, args))

    def delete(self, uuid: str, deadline: Deadline) -> Job:
        """Begin to delete a cluster."""

        def is_it(job: Job) -> bool:
            return job.cluster_id == uuid and job.method in {shapes.DELETE, ""}

        return self._begin("DELETE", f"/cluster/{quote(uuid, safe='')}", deadline, None, is_it)

    def stop_job(self, uuid: str, deadline: Deadline) -> None:
        """Have a job stop; only one that installs can, from v1.4.1 on. To say so twice does no harm."""
        self._change("PUT", f"/job/{quote(uuid, safe='')}", deadline, query={"jobStatus": "stop"})

    def delete_job(self, uuid: str, deadline: Deadline) -> None:
        """Forget a job; one that has gone already is as good."""
        path = f"/job/{quote(uuid, safe='')}"
        self._change("DELETE", path, deadline, is_done=lambda: all(each.uuid != uuid for each in self.jobs(deadline)))

    def upload_chart(self, name: str, data: bytes, deadline: Deadline) -> str:
        """Hand a chart's package over (`name` is that of its file) in place of one of the same version; its uuid."""
        boundary = token_hex(16)
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{safe}"\r\n'
        body = f"{head}Content-Type: application/gzip\r\n\r\n".encode() + data + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        found = self._change("POST", "/chart", deadline, raw=body, kind=kind).get("data")
        uuid = found.get("helmUUID") if isinstance(found, dict) else ""
        return uuid if isinstance(uuid, str) else ""

    def delete_chart(self, uuid: str, deadline: Deadline) -> None:
        """Forget a chart; one that has gone already is as good."""
        path = f"/chart/{quote(uuid, safe='')}"
        self._change("DELETE", path, deadline, is_done=lambda: all(each.uuid != uuid for each in self.charts(deadline)))

    # What changes something

    def _begin(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        body: Mapping[str, Any] | None,
        is_it: Callable[[Job], bool],
    ) -> Job:
        """Begin a job; where the answer was lost, the job that has begun since is it."""
        known = {each.uuid for each in self.jobs(deadline)}
        begun: list[Job] = []

        def has_begun() -> bool:
            begun.extend(each for each in self.jobs(deadline) if each.uuid not in known and is_it(each))
            return bool(begun)

        found = self._change(method, path, deadline, body=body, is_done=has_begun)
        return begun[0] if begun else shapes.job(found.get("data"))

    def _change(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        raw: bytes | None = None,
        kind: str = "application/json",
        is_done: Callable[[], bool] = lambda: False,
    ) -> dict[str, Any]:
        """Send what changes something; again only when it is known not to have taken effect, or may be sent twice."""
        pause = _FIRST_PAUSE
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        while True:
            try:
                return self._judged(self._authorised(method, path, deadline, query, data, kind))
            except _BrokenError as error:
                failure: ServiceError = error
                if error.was_sent and self._took_effect(is_done, deadline):
                    return {}
                if error.is_final or deadline.left <= pause:
                    failure.is_midway = error.was_sent
                    raise failure from None
            if not deadline.wait(pause):
                raise failure
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _took_effect(self, is_done: Callable[[], bool], deadline: Deadline) -> bool:
        """Whether a request took effect whose answer never came, or does so in a moment."""
        end = Deadline(min(_TAKE_EFFECT_SECONDS, deadline.left), deadline.clock)
        try:
            while not is_done():
                if not end.wait(1.0):
                    return is_done()
        except ServiceError as error:
            error.is_midway = True
            raise
        return True

    # The wire

    def _get(self, path: str, deadline: Deadline, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Ask for something, again while the failure may pass."""
        return self._judged(self._patiently(lambda: self._authorised("GET", path, deadline, query, None, ""), deadline))

    def _patiently(self, send: Callable[[], _Answer], deadline: Deadline) -> _Answer:
        """Send what may be sent again, until an answer comes that does not pass by itself or the time is over."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return send()
            except _BrokenError as error:
                if error.is_final or deadline.left <= pause or not deadline.wait(pause):
                    raise
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _authorised(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        query: Mapping[str, str] | None,
        data: bytes | None,
        kind: str,
    ) -> _Answer:
        """Send a request as the user, and once more with a new token where the old one is not accepted any more."""
        target = f"/v1{path}" + (f"?{urlencode(query)}" if query else "")
        for is_last in (False, True):
            if not self._token:
                self.log_in(deadline)
            answer = self._once(method, target, deadline, data, kind)
            if answer.status != _UNAUTHORIZED or _document(answer.data) is None:
                return answer
            self._token = ""
            words = str((_document(answer.data) or {}).get("message") or "")
            self.has_restarted = self.has_restarted or _EXPIRED not in words.lower()
            if is_last:
                self._refuse_login(answer)
        raise AssertionError

    def log_in(self, deadline: Deadline) -> None:
        """Log in. Raises ServiceLoginRefusedError when the service does not know this user with this password."""
        body = json.dumps({"username": self.user, "password": self._password}).encode()
        grace = Deadline(min(_RESTART_SECONDS, deadline.left), deadline.clock)
        while True:
            answer = self._patiently(
                lambda: self._once("POST", "/v1/user/login", deadline, body, "application/json"), deadline
            )
            document = _document(answer.data)
            is_refused = answer.status == _UNAUTHORIZED and document is not None
            if not (is_refused and self._was_let_in and grace.wait(1.0)):
                break
        if is_refused:
            self._refuse_login(answer)
        token = self._judged(answer, of_login=True).get("token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            self._deny("it answers to a login without a token")
        self._token, self._was_let_in = token, True

    def _refuse_login(self, answer: _Answer) -> NoReturn:
        words = (_document(answer.data) or {}).get("message")
        told = f" ({spoken(words)})" if isinstance(words, str) and words else ""
        msg = f"{self.url} does not let user {spoken(self.user)} in{self._hidden(told)}"
        raise ServiceLoginRefusedError(msg)

    def _judged(self, answer: _Answer, *, of_login: bool = False) -> dict[str, Any]:
        """The document of a good answer; anything else is raised."""
        document = _document(answer.data)
        if answer.status in _GOOD and document is not None:
            return document
        if answer.status == _CRASHED and not answer.data.strip():
            msg = "its program crashed on this request and answered 500 without a word"
            raise ServiceCrashedError(_CRASHED, msg)
        if document is None:
            if answer.status == _ABSENT and answer.data.strip() == _NO_ROUTE and not of_login:
                raise ServiceRefusedError(_ABSENT, "this service has no such route")
            self._deny(_what_answers(answer))
        error = next((document[key] for key in ("error", "message", "msg") if document.get(key)), "")
        words = error if isinstance(error, str) else json.dumps(error)
        raise ServiceRefusedError(answer.status, self._hidden(spoken(words)) or f"status {answer.status}")

    def _deny(self, reason: str) -> NoReturn:
        """Say that this is no KubeFATE service."""
        msg = f"what answers is no KubeFATE service: {reason}"
        raise OddAnswerError(msg)

    def _hidden(self, text: str) -> str:
        """A text of the service without the password or the token in it."""
        for secret in (self._password, self._token):
            if secret and len(secret) > 3:  # noqa: PLR2004 - shorter ones are part of many words
                text = text.replace(secret, "***")
        return text

    def _once(self, method: str, target: str, deadline: Deadline, data: bytes | None, kind: str) -> _Answer:
        """One request, redirected within its host at most; raises _BrokenError where no answer of the service came."""
        url = f"{self.url}{target}"
        for _ in range(_MOST_REDIRECTS):
            status, headers, content = self._sent(method, url, deadline, data, kind)
            where = headers.get("Location", "")
            if status in _PASSING:
                answer = _Answer(url, status, headers.get("Server", ""), content)
                raise _BrokenError(_what_answers(answer), was_sent=True)
            if status not in _REDIRECTS or not where:
                return _Answer(url, status, headers.get("Server", ""), content)
            url = self._redirected(url, where)
        return self._deny("it sends a request round and round")

    def _redirected(self, url: str, where: str) -> str:
        """Where a redirect leads: within the same host, never from https to http."""
        found = urljoin(url, where)
        before, after = _origin(url), _origin(found)
        is_safer = before[1] == after[1] and (before[0], after[0]) == ("http", "https")
        if before != after and not is_safer:
            self._deny(f"it sends requests on to {spoken(after[0])}://{spoken(after[1])}, which is not followed")
        if is_safer:
            parts, base = urlsplit(found), urlsplit(self.url)
            self.url = urlunsplit((parts.scheme, parts.netloc, base.path, "", ""))
        return found

    def _sent(
        self, method: str, url: str, deadline: Deadline, data: bytes | None, kind: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Accept": "application/json", "User-Agent": "fedplan"}
        if data is not None:
            headers["Content-Type"] = kind
        if self._token and not url.endswith("/user/login"):
            headers["Authorization"] = f"Bearer {self._token}"
        left = max(0.1, deadline.left)
        timeout = urllib3.Timeout(connect=min(_CONNECT_SECONDS, left), read=min(_READ_SECONDS, left))
        try:
            response = self._pool(url).request(
                method,
                url,
                headers=headers,
                body=data,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            content = _body(response, deadline)
        except OddAnswerError:
            raise
        except (urllib3.exceptions.HTTPError, OSError, ssl.SSLError, ValueError) as error:
            unsent = isinstance(error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)
            unsent = unsent or isinstance(error, urllib3.exceptions.ProxyError)
            raise _BrokenError(_plainly(error), was_sent=not unsent, is_final=_is_final(error)) from None
        self._latest = _moment(response.headers.get("Date")) or self._latest
        return response.status, response.headers, content


def connect(settings: Settings, environ: Mapping[str, str] = os.environ, clock: Clock | None = None) -> ServiceApi:
    """The service that settings lead to; nothing is sent yet. Raises ServiceUnreachableError for what cannot be one."""
    if not is_url(settings.url):
        msg = f"{spoken(settings.url)} is no URL of a service"
        raise ServiceUnreachableError(msg)
    context = _context(settings.ca)
    pools: dict[str, Any] = {}

    def pool(url: str) -> Any:
        """The pool of connections to where a URL is; another one where http was led on to https."""
        scheme = urlsplit(url).scheme
        if scheme not in pools:
            pools[scheme] = _pool(url, context, environ)
        return pools[scheme]

    return ServiceApi(settings.url, settings.user, settings.password, pool, clock or Clock())


def _context(ca: str) -> ssl.SSLContext:
    """How a service's certificate is judged: by the system's authorities, or by the one that was named alone."""
    context = ssl.create_default_context()
    if ca:
        try:
            context = ssl.create_default_context(cadata=ca)
        except (ssl.SSLError, ValueError):
            msg = "the authority of its certificate that was named cannot be read"
            raise ServiceUnreachableError(msg) from None
    return context


def _pool(url: str, context: ssl.SSLContext, environ: Mapping[str, str]) -> Any:
    proxy = proxy_for(url, environ)
    if not proxy:
        return urllib3.PoolManager(ssl_context=context)
    try:
        parts = urlsplit(proxy)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        msg = "the proxy that the environment names is no http:// or https:// URL"
        raise ServiceUnreachableError(msg)
    headers = None
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers = urllib3.make_headers(proxy_basic_auth=login)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return urllib3.ProxyManager(plain, proxy_headers=headers, ssl_context=context)


def _moment(told: str | None) -> datetime | None:
    """The time of an answer by its header; None for what tells none."""
    try:
        found = parsedate_to_datetime(told) if told else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)


def _is_about(job: Job, method: str, args: ClusterArgs) -> bool:
    """Whether a job that was not there before is the one that was asked for; old generations tell less of it."""
    is_named = (job.name, job.namespace) == (args.name, args.namespace) if job.name else True
    return job.method == method and is_named


def _document(data: bytes) -> dict[str, Any] | None:
    """An answer as data: its first JSON object, as some errors of v1.0.x are followed by a second one."""
    try:
        found, _ = json.JSONDecoder().raw_decode(data.decode(errors="replace").lstrip())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _what_answers(answer: _Answer) -> str:
    """What answers in a service's place, as a clause: the program, its status, the title of its page."""
    title = _TITLE.search(answer.data[:_PART])
    if title is not None:
        words = title[1].decode(errors="replace")
    else:
        lines = answer.data[:_PART].decode(errors="replace").strip().splitlines()
        words = "" if answer.data.lstrip()[:1] in {b"<", b"{"} or not lines else lines[0][:200]
    who = spoken(answer.server) or "something"
    what = "a web page" if answer.data.lstrip()[:1] == b"<" else "no JSON" if _document(answer.data) is None else "it"
    told = f"{who} answers {answer.status}"
    told += f" with {what}" if what != "it" else ""
    return f"{told}: {spoken(words)}" if words.strip() else told


def _body(response: Any, deadline: Deadline) -> bytes:
    """What is answered, as far as it comes in time and memory holds it."""
    content = bytearray()
    for part in _parts(response):
        content += part
        if len(content) > _MOST_BYTES:
            response.close()
            msg = f"its answer is larger than {_MOST_BYTES // 2**20} MiB"
            raise OddAnswerError(msg)
        if deadline.is_over:
            response.close()
            raise TimeoutError(_SLOW)
    response.release_conn()
    return bytes(content)


def _parts(response: Any) -> Iterator[bytes]:
    while part := response.read1(_PART, decode_content=False):
        yield part


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises OddAnswerError for what is no URL."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        msg = "it sends requests on to something that is no URL"
        raise OddAnswerError(msg) from None


def _is_final(error: BaseException) -> bool:
    """Whether trying again cannot help: a certificate that is not accepted, or no TLS where it must be."""
    for each in _chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return True
        if isinstance(each, ssl.SSLError) and each.reason in _NO_TLS:
            return True
    return isinstance(error, ValueError) and not isinstance(error, urllib3.exceptions.HTTPError)


def _chain(error: BaseException) -> Sequence[BaseException]:
    """An error and those that it wraps."""
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        inner = (getattr(following, name, None) for name in ("original_error", "reason"))
        nested = next((each for each in inner if isinstance(each, BaseException)), None)
        argument = following.args[-1] if following.args and isinstance(following.args[-1], BaseException) else None
        following = nested or argument or following.__cause__ or following.__context__
    return found


def _plainly(error: BaseException) -> str:
    """What is behind a failed connection, in few words."""
    for each in reversed(_chain(error)):
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted: {each.verify_message}"
        if isinstance(each, ssl.SSLError) and each.reason in _NO_TLS:
            return "it does not speak TLS as https asks for"
    inner = _chain(error)[-1]
    if isinstance(inner, TimeoutError) or "timed out" in str(inner):
        return _SLOW
    if isinstance(inner, OSError) and inner.strerror:
        return spoken(inner.strerror)
    if isinstance(inner, urllib3.exceptions.ProtocolError | ConnectionError) or "closed connection" in str(inner):
        return "it broke the connection off"
    text = str(inner)
    return spoken(text.rpartition(": ")[2] or text)
