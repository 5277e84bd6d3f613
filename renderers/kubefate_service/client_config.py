"""Where the service is and by what login: site.json's references, the environment, KubeFATE's own config.yaml.

`config.yaml` is what the program `kubefate` reads in the folder it is started in: `serviceurl`, `user.username`,
`user.password`, `safeconnect` (https, from v1.9.0 on); each can be given by an environment variable with the prefix
FATECLOUD (service-api.md section 7). A password is looked for in this order: the reference of federation.yaml,
FATECLOUD_USER_PASSWORD, config.yaml. A user name goes the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from planner.diagnostics import Diagnostic
from planner.model import Service
from renderers.files import read_bounded
from renderers.sound_yaml import UnsoundYamlError, documents

CONFIG: Final = "config.yaml"
USER: Final = "FATECLOUD_USER_USERNAME"
PASSWORD: Final = "FATECLOUD_USER_PASSWORD"  # noqa: S105 - the name of a variable
URL: Final = "FATECLOUD_SERVICEURL"
SAFE: Final = "FATECLOUD_SAFECONNECT"
_DEFAULTS: Final = frozenset({("admin", "admin")})
_MOST_BYTES: Final = 2**16
_TRUE: Final = frozenset({"1", "t", "true", "yes", "on"})


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a connection needs. `ca` is the text of certificates, empty for those of the system.

    `problems` are clauses that say what is missing or unusable; with any, nothing can be connected to.
    """

    url: str
    user: str
    password: str = field(repr=False)
    ca: str = ""
    problems: tuple[str, ...] = ()

    @property
    def has_default_login(self) -> bool:
        """Whether this is the login of KubeFATE's own documentation."""
        return (self.user, self.password) in _DEFAULTS


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """What config.yaml of the program `kubefate` says; `problem` says why it cannot be read."""

    url: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    problem: str = ""


def settings(service: Service | None, environ: Mapping[str, str], folder: Path | None = None) -> Settings:
    """What to connect with for a site; `folder` is where config.yaml is looked for, the current one by default."""
    problems: list[str] = []
    config = client_config((folder or Path()) / CONFIG)
    url = (service.url if service else "") or _env_url(environ) or config.url
    user = (service.user if service else "") or environ.get(USER) or config.user
    reference = (service.password if service else "") or ""
    if reference:
        password, problem = resolved(reference, environ)
        if problem:
            problems.append(f"the password of its user, {reference}, {problem}")
    else:
        password = environ.get(PASSWORD) or config.password
    ca, problem = _certificates(service.ca if service else "", environ)
    if problem:
        problems.append(problem)
    if config.problem and not (url and user and password):
        problems.append(config.problem)
    wanted = (("URL", url), ("user", user), ("password", password or problems))
    lacking = [name for name, value in wanted if not value]
    if lacking:
        problems.append(f"nothing gives the {' and the '.join(lacking)}")
    return Settings(with_scheme(url or ""), user or "", password or "", ca, tuple(problems))


def with_scheme(url: str) -> str:
    """A URL of the service with its scheme; one without is plain HTTP, as for the program `kubefate`."""
    return (url if "://" in url else f"http://{url}").rstrip("/") if url else ""


def client_config(path: Path) -> ClientConfig:
    """What a config.yaml says; nothing where there is none."""
    if not path.is_file():
        return ClientConfig()
    data = read_bounded(path, _MOST_BYTES)
    if isinstance(data, Diagnostic):
        return ClientConfig(problem=f"{path.name} cannot be read")
    try:
        read = documents(data)
    except UnsoundYamlError:
        return ClientConfig(problem=f"{path.name} is no YAML")
    told = _lower(read[0]) if len(read) == 1 else {}
    user = _lower(told.get("user"))
    url = _word(told.get("serviceurl"))
    is_safe = told.get("safeconnect") is True or _word(told.get("safeconnect")).lower() in _TRUE
    if url and "://" not in url:
        url = f"{'https' if is_safe else 'http'}://{url}"
    return ClientConfig(url, _word(user.get("username")), _word(user.get("password")))


def resolved(reference: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The value that `env:NAME` or `file:PATH` leads to, and why there is none, as a clause."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = environ.get(name)
        return (value, "") if value else ("", "is not set")
    if kind == "file":
        data = read_bounded(Path(name).expanduser(), _MOST_BYTES)
        if isinstance(data, Diagnostic):
            return "", "cannot be read"
        text = data.decode(errors="replace").removesuffix("\n").removesuffix("\r")
        return (text, "") if text else ("", "is empty")
    if kind == "secret":
        return "", "is in a cluster, where it cannot be read before the service is spoken to: name env: or file:"
    return "", "is no reference that this fedplan knows"


def _certificates(given: str | None, environ: Mapping[str, str]) -> tuple[str, str]:
    """The text of the authorities that `ca` names, and why there is none, as a clause."""
    if not given:
        return "", ""
    if "-----BEGIN" in given:
        return given, ""
    reference = given if given.partition(":")[0] in {"env", "file"} else f"file:{given}"
    text, problem = resolved(reference, environ)
    if problem:
        return "", f"the authority of its certificate, {given}, {problem}"
    if "-----BEGIN CERTIFICATE-----" not in text:
        return "", f"the authority of its certificate, {given}, is no certificate in PEM"
    return text, ""


def _env_url(environ: Mapping[str, str]) -> str:
    url = environ.get(URL, "")
    if not url or "://" in url:
        return url
    return f"{'https' if environ.get(SAFE, '').lower() in _TRUE else 'http'}://{url}"


def is_url(url: str) -> bool:
    """Whether a service can be at a URL: http or https with a host, and no login, query or fragment inside."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0 and is_plain and url.isprintable()


def _lower(given: Any) -> dict[str, Any]:
    """A mapping by keys in small letters: the program reads them so."""
    return {str(key).lower(): value for key, value in given.items()} if isinstance(given, dict) else {}


def _word(given: Any) -> str:
    """A text, or a number that was meant as one."""
    return str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
