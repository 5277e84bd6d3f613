"""How an operator is known to an API server: by a token, a password, a certificate, or what a login plugin gives.

Secrets stay in memory. Certificates and keys that stand in the kubeconfig itself are needed as files, as OpenSSL takes
no others: these files have no name in any folder, so a process that is killed leaves nothing behind. What a plugin
writes to its standard output is never shown.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from planner.diagnostics import Diagnostic
from renderers.cluster.kubeconfig import Entry, Section
from renderers.files import read_bounded

PLUGIN_SECONDS: Final = 60.0
"""How long a login plugin may take that asks nobody."""
_ASKING_SECONDS: Final = 600.0
"""How long one may take that asks the operator."""
_SOON: Final = timedelta(minutes=1)
"""A login that ends within this time counts as ended."""
_MAX_BYTES: Final = 2**20
_INFO: Final = "KUBERNETES_EXEC_INFO"
_GROUP: Final = "client.authentication.k8s.io/"
_UNKNOWN: Final = ("as", "as-uid", "as-groups", "as-user-extra")
_FEW: Final = 200


class LoginError(Exception):
    """Why nobody can log in, as a clause."""


@dataclass(slots=True)
class Login:
    """The login of one context. A token that ends is asked for again."""

    entry: Entry
    _given: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _ends: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def header(self) -> str:
        """The value of the header `Authorization`; empty where the certificate says it all.

        Raises KubeconfigError for an entry that cannot be meant, and LoginError where the login fails.
        """
        user = self.entry.user
        self._check_known()
        file = user.path("tokenFile")
        token = _of_file(file, user, "tokenFile").decode("latin-1").strip() if file else user.text("token")
        token = token or _of_provider(user)
        if not token and user.part("exec") is not None:
            token = str(self._from_plugin().get("token") or "").strip()
        if token:
            if not (token.isascii() and token.isprintable() and " " not in token):
                msg = f"the token of {user.what} has characters that no token has"
                raise LoginError(msg)
            return f"Bearer {token}"
        name, password = user.text("username"), user.text("password")
        if not name:
            return ""
        return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()

    def certificate(self) -> tuple[str, str]:
        """The files of the operator's certificate and of its key; empty where there is none. Raises as `header`."""
        user = self.entry.user
        certificate, key = _pem(user, "client-certificate"), _pem(user, "client-key")
        if not certificate and not key and user.part("exec") is not None:
            given = self._from_plugin()
            named = (given.get("clientCertificateData"), given.get("clientKeyData"))
            certificate, key = (_as_file(text.encode()) if isinstance(text, str) and text else "" for text in named)
        if bool(certificate) != bool(key):
            user.refuse("client-key" if certificate else "client-certificate", "is missing beside the other one")
        if certificate:
            _try_certificate(user, certificate, key)
        return certificate, key

    def authority(self) -> str:
        """The file of the certificates that the server's is held against; empty for those of the machine."""
        cluster = self.entry.cluster
        found = _pem(cluster, "certificate-authority")
        if found:
            try:
                ssl.create_default_context(cafile=found)
            except (ssl.SSLError, OSError):
                cluster.refuse("certificate-authority", "holds no certificate")
        return found

    def _check_known(self) -> None:
        """Raise KubeconfigError for a way of logging in that is not known here: it must not be left out silently."""
        user = self.entry.user
        for key in _UNKNOWN:
            if user.given.get(key):
                user.refuse(key, "(acting as somebody else) is not supported")

    def _from_plugin(self) -> Mapping[str, Any]:
        """What the login plugin gives: asked once, and again when that ends soon."""
        with self._lock:
            if not self._given or (self._ends is not None and datetime.now(UTC) + _SOON >= self._ends):
                plugin = self.entry.user.part("exec")
                self._given = {} if plugin is None else _asked(plugin, self.entry)
                self._ends = _moment(self._given.get("expirationTimestamp"))
            return self._given


def _of_provider(user: Section) -> str:
    """The token that kubectl has left below `auth-provider`, the way before login plugins: it renews it, we do not."""
    provider = user.part("auth-provider")
    if provider is None:
        return ""
    given = provider.part("config")
    token = "" if given is None else given.text("id-token") or given.text("access-token")
    if not token:
        user.refuse("auth-provider", "has no token: run kubectl once, which gets one, or use a login plugin (exec)")
    return token


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


# ---------------------------------------------------------------------------------------------------------------------
# Certificates


def _pem(section: Section, key: str) -> str:
    """The file of a certificate or key: what stands in the kubeconfig itself comes first, as kubectl has it."""
    text = section.text(f"{key}-data")
    if text:
        try:
            return _as_file(base64.b64decode("".join(text.split()), validate=True))
        except (binascii.Error, ValueError):
            section.refuse(f"{key}-data", "is not base64")
    path = section.path(key)
    if path is None:
        return ""
    _of_file(path, section, key)
    return str(path)


def _of_file(path: Path, section: Section, key: str) -> bytes:
    data = read_bounded(path, _MAX_BYTES)
    if isinstance(data, Diagnostic):
        section.refuse(key, f"names {path}: {data.message}")
    return data


_kept: dict[bytes, tuple[object, str]] = {}
"""Contents, and what holds them open for the life of the process, with its path."""


def _as_file(data: bytes) -> str:
    """A path under which this process alone reads these bytes."""
    if data not in _kept:
        _kept[data] = _in_memory(data) or _on_disk(data)
    return _kept[data][1]


def _in_memory(data: bytes) -> tuple[object, str] | None:
    """A file without a name; None where the system has no such thing."""
    if sys.platform != "linux":
        return None
    try:
        number = os.memfd_create("fedplan")
    except OSError:
        return None
    with os.fdopen(number, "wb", closefd=False) as file:
        file.write(data)
    path = f"/proc/self/fd/{number}"
    return (number, path) if Path(path).is_file() else None


def _on_disk(data: bytes) -> tuple[object, str]:
    """A file for this user alone, which goes when the process ends."""
    file = tempfile.NamedTemporaryFile(prefix="fedplan-")  # noqa: SIM115 - it stays open for the life of the process
    file.write(data)
    file.flush()
    return file, file.name


def _try_certificate(user: Section, certificate: str, key: str) -> None:
    """Raise KubeconfigError for a certificate and a key that OpenSSL does not take, or would ask a pass phrase for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (ssl.SSLError, OSError, ValueError):
        user.refuse("client-certificate", "and client-key are no pair that can be used")


# ---------------------------------------------------------------------------------------------------------------------
# Login plugins (Kubernetes documentation, "Authenticating", section "client-go credential plugins")


def _asked(plugin: Section, entry: Entry) -> Mapping[str, Any]:
    """What a login plugin answers: the `status` of an ExecCredential. Raises LoginError where it has none to give."""
    version = plugin.text("apiVersion")
    if not version.startswith(_GROUP):
        plugin.refuse("apiVersion", f"is not of {_GROUP.rstrip('/')}")
    command = plugin.text("command")
    if not command:
        plugin.refuse("command", "is missing")
    name = Path(command).name
    is_asking = _may_ask(plugin)
    spec: dict[str, Any] = {"interactive": is_asking}
    if plugin.is_set("provideClusterInfo"):
        spec["cluster"] = _about(entry)
    request = json.dumps({"apiVersion": version, "kind": "ExecCredential", "spec": spec})
    if os.sep in command:
        command = str(plugin.folder / command)
    environment = {**os.environ, **_environment(plugin), _INFO: request}
    output = _run([command, *_arguments(plugin)], environment, name, is_asking=is_asking)
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError):
        msg = f"login plugin {name} answers something that is not JSON"
        raise LoginError(msg) from None
    status = answer.get("status") if isinstance(answer, dict) else None
    if not isinstance(status, dict) or answer.get("kind") != "ExecCredential":
        msg = f"login plugin {name} gives no ExecCredential with a status"
        raise LoginError(msg)
    if answer.get("apiVersion") != version:
        msg = f"login plugin {name} speaks another version than {version}"
        raise LoginError(msg)
    if not (status.get("token") or (status.get("clientCertificateData") and status.get("clientKeyData"))):
        msg = f"login plugin {name} gives neither a token nor a certificate with its key"
        raise LoginError(msg)
    return status


def _run(command: list[str], environment: Mapping[str, str], name: str, *, is_asking: bool) -> str:
    """What a plugin writes to its standard output. Raises LoginError where it fails or does not end."""
    seconds = _ASKING_SECONDS if is_asking else PLUGIN_SECONDS
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator's own program, named in their kubeconfig
            command,
            env=dict(environment),
            stdin=None if is_asking else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if is_asking else subprocess.PIPE,
            start_new_session=not is_asking,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its arguments cannot be handed over"
        msg = f"login plugin {name} cannot be started: {reason}"
        raise LoginError(msg) from None
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        msg = f"login plugin {name} has not answered within {seconds:.0f} seconds"
        raise LoginError(msg) from None
    finally:
        _end(process, is_group=not is_asking)
    if process.returncode:
        last = (errors or b"").decode(errors="replace").strip().splitlines()[-1:]
        msg = f"login plugin {name} ended with {process.returncode}" + "".join(f": {line[:_FEW]}" for line in last)
        raise LoginError(msg)
    return output.decode(errors="replace")


def _end(process: subprocess.Popen[bytes], *, is_group: bool) -> None:
    """End a plugin that still runs, and what it has started."""
    if process.poll() is None:
        with suppress(OSError):
            os.killpg(process.pid, 9) if is_group else process.kill()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.wait()


def _may_ask(plugin: Section) -> bool:
    """Whether a plugin may talk with the operator: somebody is there, and it does not say that it never does."""
    mode = plugin.text("interactiveMode")
    is_there = sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()
    if mode == "Always" and not is_there:
        msg = f"{plugin.what} asks the operator, and there is no terminal"
        raise LoginError(msg)
    return is_there and mode != "Never"


def _arguments(plugin: Section) -> list[str]:
    found = plugin.given.get("args") or []
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        plugin.refuse("args", "is no list of texts")
    return found


def _environment(plugin: Section) -> dict[str, str]:
    found = plugin.given.get("env") or []
    if not isinstance(found, list):
        plugin.refuse("env", "is no list")
    variables: dict[str, str] = {}
    for each in found:
        name, value = (each.get("name"), each.get("value")) if isinstance(each, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(value, str):
            plugin.refuse("env", "is no list of names with values")
        variables[name] = value
    return variables


def _about(entry: Entry) -> dict[str, Any]:
    """What a plugin is told of the cluster."""
    cluster = entry.cluster
    told: dict[str, Any] = {"server": entry.context.server}
    for key in ("tls-server-name", "certificate-authority-data", "proxy-url"):
        if cluster.text(key):
            told[key] = cluster.text(key)
    path = cluster.path("certificate-authority")
    if path is not None and "certificate-authority-data" not in told:
        told["certificate-authority-data"] = base64.b64encode(_of_file(path, cluster, "certificate-authority")).decode()
    if cluster.is_set("insecure-skip-tls-verify"):
        told["insecure-skip-tls-verify"] = True
    for each in cluster.given.get("extensions") or ():
        if isinstance(each, dict) and each.get("name") == _GROUP + "exec":
            told["config"] = each.get("extension")
    return told
