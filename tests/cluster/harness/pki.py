"""Certificates of a cluster, made with the command openssl, and the kubeconfigs that go with them."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.harness.failures import HarnessError

ADMIN = "admin"
STRANGER = "stranger"
CONTEXT = "fedplan"
_DAYS = "3650"
_ELLIPTIC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
_CLIENTS = {
    "apiserver-to-kubelet": "/O=system:masters/CN=apiserver-to-kubelet",
    "front-proxy": "/CN=front-proxy",
    "controller-manager": "/O=system:masters/CN=system:kube-controller-manager",
    "scheduler": "/CN=system:kube-scheduler",
    "proxy": "/CN=system:kube-proxy",
}


@dataclass(frozen=True, slots=True)
class Pki:
    """A folder with the keys and certificates of one cluster.

    The controllers of the controller manager share its identity, which therefore may do everything: they start in a
    second instead of asking for a ServiceAccount each.
    """

    folder: Path

    @property
    def ca(self) -> Path:
        """The certificate that every other one is signed with."""
        return self.certificate("ca")

    def certificate(self, name: str) -> Path:
        """A certificate."""
        return self.folder / f"{name}.crt"

    def key(self, name: str) -> Path:
        """A private key."""
        return self.folder / f"{name}.key"

    def kubeconfig(self, name: str) -> Path:
        """A kubeconfig."""
        return self.folder / f"{name}.kubeconfig"

    @property
    def tokens(self) -> Path:
        """The users that come with a token, as the API server reads them."""
        return self.folder / "tokens.csv"

    def token(self, user: str) -> str:
        """The token of a user."""
        rows = [line.split(",") for line in self.tokens.read_text(encoding="utf-8").splitlines()]
        return next(row[0] for row in rows if row[1] == user)


def make(folder: Path, server: str, addresses: Sequence[str], node: str) -> Pki:
    """Make everything a cluster needs whose API server answers at `server`."""
    folder.mkdir(parents=True)
    folder.chmod(0o700)
    pki = Pki(folder)
    _write_settings(folder, addresses, node)
    _openssl(pki, "ca", "/CN=fedplan-tests", "authority")
    _openssl(pki, "apiserver", "/CN=kube-apiserver", "server")
    _openssl(pki, "kubelet-server", f"/CN={node}", "server")
    for name, subject in (_CLIENTS | {"kubelet": f"/O=system:nodes/CN=system:node:{node}"}).items():
        _openssl(pki, name, subject, "client")
    _run(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "service-accounts.key")
    _run(folder, "ec", "-in", "service-accounts.key", "-pubout", "-out", "service-accounts.pub")
    users = [
        f'{ADMIN}-{secrets.token_hex(16)},{ADMIN},{ADMIN},"system:masters"',
        f"{STRANGER}-{secrets.token_hex(16)},{STRANGER},{STRANGER}",
    ]
    pki.tokens.write_text("\n".join([*users, ""]), encoding="utf-8")
    for name in ("controller-manager", "scheduler", "proxy", "kubelet"):
        user = {"client-certificate": str(pki.certificate(name)), "client-key": str(pki.key(name))}
        write_kubeconfig(pki.kubeconfig(name), server, pki.ca, name, user)
    for name in (ADMIN, STRANGER):
        write_kubeconfig(pki.kubeconfig(name), server, pki.ca, name, {"token": pki.token(name)})
    return pki


def write_kubeconfig(
    file: Path, server: str, ca: Path, user: str, credentials: dict[str, str], namespace: str | None = None
) -> None:
    """Write a kubeconfig of one user, which only its owner can read."""
    authority = base64.b64encode(ca.read_bytes()).decode()
    where = {"namespace": namespace} if namespace is not None else {}
    text: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": user, **where}}],
    }
    file.touch(mode=0o600)
    file.write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")


def _write_settings(folder: Path, addresses: Sequence[str], node: str) -> None:
    """Write what openssl is to put into each kind of certificate."""
    service = "kubernetes.default.svc.cluster.local"
    labels = service.split(".")
    hosts = ["localhost", node, *(".".join(labels[:count]) for count in (1, 2, 3, len(labels)))]
    names = ",".join([*(f"DNS:{name}" for name in hosts), *(f"IP:{address}" for address in addresses)])
    leaf = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\nkeyUsage=critical,digitalSignature\n"
    (folder / "openssl.cnf").write_text(
        "[req]\ndistinguished_name=name\nprompt=no\n[name]\n"
        "[authority]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\n"
        "subjectKeyIdentifier=hash\n"
        f"[server]\n{leaf}extendedKeyUsage=serverAuth\nsubjectAltName={names}\n"
        f"[client]\n{leaf}extendedKeyUsage=clientAuth\n",
        encoding="utf-8",
    )


def _openssl(pki: Pki, name: str, subject: str, kind: str) -> None:
    """Make one key and its certificate."""
    signer = () if kind == "authority" else ("-CA", str(pki.ca), "-CAkey", str(pki.key("ca")))
    files = ("-keyout", str(pki.key(name)), "-out", str(pki.certificate(name)))
    about = ("-config", "openssl.cnf", "-extensions", kind, "-subj", subject, "-days", _DAYS)
    _run(pki.folder, "req", "-x509", *_ELLIPTIC, "-noenc", "-sha256", *about, *signer, *files)


def _run(folder: Path, *arguments: str) -> None:
    """Run openssl."""
    command = ["openssl", *arguments]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        message = "openssl is not installed"
        raise HarnessError(message) from None
    if done.returncode:
        message = f"certificates: {' '.join(command)}\n{done.stderr}"
        raise HarnessError(message)
