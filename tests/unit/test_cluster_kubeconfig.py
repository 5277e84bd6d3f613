"""Kubeconfigs as operators have them: what they say holds, and what cannot be meant is told without a secret."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from renderers.cluster import api, login
from renderers.cluster.api import Api, ApiError, LoginRefusedError, UnknownContextError, connect
from renderers.cluster.clock import Deadline

SECRET = "S3CR3T-value"
CLUSTER = {"server": "https://192.168.9.1:6443"}
VERSION = "client.authentication.k8s.io/v1"


def written(path: Path, given: object) -> Path:
    """A kubeconfig: the text itself, or data."""
    path.write_text(given if isinstance(given, str) else json.dumps(given), encoding="utf-8")
    return path


def config(cluster: object = None, user: object = None, **others: Any) -> dict[str, Any]:
    """A kubeconfig with context `bank`."""
    return {
        "clusters": [{"name": "c", "cluster": CLUSTER if cluster is None else cluster}],
        "users": [{"name": "anna", "user": {"token": SECRET} if user is None else user}],
        "contexts": [{"name": "bank", "context": {"cluster": "c", "user": "anna"}}],
        **others,
    }


@pytest.fixture
def connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Connects with a kubeconfig of this content."""

    def connect_with(given: object) -> Api:
        monkeypatch.setenv("KUBECONFIG", str(written(tmp_path / "config", given)))
        return connect("bank")

    return connect_with


def header(api: Api) -> str:
    """What is sent as the operator's login."""
    return str(api._client.configuration.auth_settings()["BearerToken"]["value"])


def plugin(folder: Path, script: str, **more: Any) -> dict[str, Any]:
    """A user with a login plugin, a shell script."""
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o700)
    return {"exec": {"apiVersion": VERSION, "command": str(path), **more}}


def credential(**status: Any) -> str:
    """The line with which a plugin gives a login."""
    return "echo '" + json.dumps({"apiVersion": VERSION, "kind": "ExecCredential", "status": status}) + "'"


# ---------------------------------------------------------------------------------------------------------------------
# What holds


def test_a_context_leads_to_its_server(connected: Any) -> None:
    found = connected(config())
    assert (found.server, found.user, header(found)) == (CLUSTER["server"], "anna", f"Bearer {SECRET}")


def test_a_token_of_a_file_ends_at_its_line_break(connected: Any, tmp_path: Path) -> None:
    """Editors and mounted Secrets end it with one. It is read again for each request, as it may have been renewed."""
    (tmp_path / "token").write_text("first\n", encoding="utf-8")
    found = connected(config(user={"tokenFile": "token"}))
    assert header(found) == "Bearer first"
    (tmp_path / "token").write_text("second\n", encoding="utf-8")
    assert header(found) == "Bearer second"


def test_a_password(connected: Any) -> None:
    found = connected(config(user={"username": "anna", "password": SECRET}))
    assert header(found) == "Basic " + base64.b64encode(f"anna:{SECRET}".encode()).decode()


def test_of_two_files_the_first_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As kubectl has it; what is missing in one may be in the other."""
    first = written(tmp_path / "one", {**config(), "users": []})
    second = written(tmp_path / "two", config(cluster={"server": "https://other"}))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join((str(tmp_path / "none"), str(first), str(second))))
    found = connect("bank")
    assert (found.server, header(found)) == (CLUSTER["server"], f"Bearer {SECRET}")


def test_a_proxy_keeps_its_login_out_of_the_url(connected: Any) -> None:
    found = connected(config({**CLUSTER, "proxy-url": f"http://bob:{SECRET}@proxy:3128"}))
    configuration = found._client.configuration
    assert configuration.proxy == "http://proxy:3128"
    assert set(configuration.proxy_headers) == {"proxy-authorization"}


def test_certificates_of_the_kubeconfig_leave_no_file_behind(connected: Any, tmp_path: Path) -> None:
    """A killed process leaves no key in any folder."""
    authority = base64.b64encode(Path(api_certificates()).read_bytes()).decode()
    tmp = tmp_path / "tmp"
    tmp.mkdir()
    found = connected(config({**CLUSTER, "certificate-authority-data": authority}))
    assert Path(found._client.configuration.ssl_ca_cert).read_bytes() == base64.b64decode(authority)
    assert found._client.configuration.ssl_ca_cert.startswith("/proc/self/fd/")


def api_certificates() -> str:
    """A file of real certificates."""
    import certifi

    return certifi.where()


# ---------------------------------------------------------------------------------------------------------------------
# What cannot be meant


BOMB = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}' if n else 'a'] * 10)}]\n" for n in range(9))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("a: [b", "it is not YAML (line 2)"),
        ("", "it holds something else"),
        ("[1]", "it holds something else"),
        ("a: " + "[" * 400_000, "it nests deeper than 64 levels"),
        (BOMB + "contexts:\n- name: *x8\n", "the kubeconfig has no context bank (it has: none)"),
        (config(contexts=[{"name": "bank\x1b[31m", "context": {}}]), "has no context bank"),
        (config(contexts=[{"name": "bank", "context": None}]), "context bank: cluster is missing"),
        (config(clusters={"a": 1}), "context bank: cluster names c, and there is no such cluster"),
        (config(users="x"), "context bank: user names anna, and there is no such user"),
        (config(clusters=[5, {"name": "c", "cluster": None}]), "cluster c: server is missing"),
        (config({"server": 5}), "cluster c: server is no text"),
        (config({"server": "ftp://x"}), "cluster c: server is no URL of an API server"),
        (config({"server": "https://[::1"}), "cluster c: server is no URL of an API server"),
        (config({"server": "https://a:99999999"}), "cluster c: server is no URL of an API server"),
        (config({"server": "https://a\x1b[31m"}), "cluster c: server is no URL of an API server"),
        (config({"server": f"https://bob:{SECRET}@a"}), "cluster c: server has a login in it"),
        (config({**CLUSTER, "certificate-authority": "nowhere"}), '"nowhere" does not exist'),
        (config({**CLUSTER, "certificate-authority": 5}), "cluster c: certificate-authority is no text"),
        (config({**CLUSTER, "certificate-authority-data": "%%"}), "certificate-authority-data is not base64"),
        (config({**CLUSTER, "certificate-authority-data": "aGVsbG8="}), "certificate-authority holds no certificate"),
        (config({**CLUSTER, "insecure-skip-tls-verify": "yes"}), "is neither true nor false"),
        (config({**CLUSTER, "proxy-url": f"socks5://b:{SECRET}@a"}), "proxy-url is no http:// or https:// URL"),
        (config(user={"token": [SECRET]}), "user anna: token is no text"),
        (config(user={"username": "a", "password": 5}), "user anna: password is no text"),
        (config(user={"token": SECRET, "as": "boss"}), "user anna: as (acting as somebody else) is not supported"),
        (config(user={"client-certificate-data": "eA=="}), "user anna: client-key is missing"),
        (config(user={"client-certificate-data": "eA==", "client-key-data": "eQ=="}), "are no pair that can be used"),
        (config(user={"auth-provider": {"config": {"client-secret": SECRET}}}), "auth-provider has no token"),
        (config(user={"exec": {"command": "x", "env": [{"value": SECRET}]}}), "apiVersion is not of"),
        (
            config(user={"exec": {"apiVersion": VERSION, "command": "true", "env": [{"nme": "A", "value": SECRET}]}}),
            "user anna, exec: env is no list of names with values",
        ),
    ],
)
def test_what_cannot_be_meant_is_told_without_secrets(connected: Any, given: object, words: str) -> None:
    with pytest.raises(UnknownContextError) as caught:
        connected(given)
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_huge_file_is_not_read(connected: Any) -> None:
    with pytest.raises(UnknownContextError, match="is larger than 16 MiB"):
        connected("#" * (16 * 2**20 + 1))


def test_a_token_that_no_header_can_hold_is_not_told(connected: Any) -> None:
    """The HTTP library's own words for it have the whole header in them."""
    for token in (f"{SECRET}\nX: y", f"{SECRET}\u20ac"):
        with pytest.raises(LoginRefusedError, match="has characters that no token has") as caught:
            connected(config(user={"token": token}))
        assert SECRET not in str(caught.value)


# ---------------------------------------------------------------------------------------------------------------------
# Login plugins


def test_a_login_plugin(connected: Any, tmp_path: Path) -> None:
    """It is asked once, and again when what it gave ends soon."""
    user = plugin(
        tmp_path, f"echo x >> {tmp_path}/asked\n{credential(token='t', expirationTimestamp='2001-01-01T00:00:00Z')}"
    )
    found = connected(config(user=user))
    before = len((tmp_path / "asked").read_text(encoding="utf-8").split())
    assert header(found) == "Bearer t"
    assert len((tmp_path / "asked").read_text(encoding="utf-8").split()) == before + 1
    late = plugin(
        tmp_path, f"echo x >> {tmp_path}/late\n{credential(token='t', expirationTimestamp='2999-01-01T00:00:00Z')}"
    )
    found = connected(config(user=late))
    assert header(found) == header(found) == "Bearer t"
    assert len((tmp_path / "late").read_text(encoding="utf-8").split()) == 1


def test_what_a_login_plugin_is_told(connected: Any, tmp_path: Path) -> None:
    """The cluster where it asks for it, its own variables, and that nobody can be asked."""
    script = f'printf "%s %s" "$A" "$KUBERNETES_EXEC_INFO" > {tmp_path}/told\n{credential(token="t")}'
    user = plugin(tmp_path, script, env=[{"name": "A", "value": "b"}], provideClusterInfo=True)
    connected(config(user=user))
    word, _, info = (tmp_path / "told").read_text(encoding="utf-8").partition(" ")
    assert word == "b"
    assert json.loads(info)["spec"] == {"interactive": False, "cluster": {"server": CLUSTER["server"]}}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (f"echo {SECRET}; echo no such profile >&2; exit 3", "login plugin plugin ended with 3: no such profile"),
        (f"echo {SECRET}", "login plugin plugin answers something that is not JSON"),
        ("echo []", "gives no ExecCredential with a status"),
        (credential(password=SECRET), "gives neither a token nor a certificate with its key"),
        (credential(token=SECRET).replace("/v1", "/v2"), "speaks another version"),
        (credential(token=f"{SECRET} x"), "has characters that no token has"),
        ("sleep 30", "has not answered within"),
    ],
)
def test_a_login_plugin_that_fails(
    connected: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    """Nobody goes on without a login; what the plugin wrote for us alone is not told."""
    monkeypatch.setattr(login, "PLUGIN_SECONDS", 0.2 if script.startswith("sleep") else 20.0)
    with pytest.raises(LoginRefusedError) as caught:
        connected(config(user=plugin(tmp_path, script)))
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_login_plugin_that_is_not_there(connected: Any) -> None:
    user: Mapping[str, Any] = {"exec": {"apiVersion": VERSION, "command": "no-such-plugin"}}
    with pytest.raises(LoginRefusedError, match="cannot be started: No such file"):
        connected(config(user=user))


def test_a_login_that_fails_later_is_no_bug(connected: Any, tmp_path: Path) -> None:
    """The file of the token has gone between two requests."""
    (tmp_path / "token").write_text("first\n", encoding="utf-8")
    found = connected(config(user={"tokenFile": "token"}))
    (tmp_path / "token").unlink()
    with pytest.raises(ApiError, match="tokenFile names"):
        found.version(Deadline(1))


def test_a_missing_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(UnknownContextError, match="there is no kubeconfig"):
        list(api.contexts())
