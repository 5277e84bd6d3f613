"""A private authority and a certificate of it for 127.0.0.1, made with the command openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM."""

    ca: Path
    certificate: Path
    key: Path


def make(folder: Path) -> Certificates:
    """Make them."""
    ca, certificate, key = (folder / name for name in ("ca.crt", "server.crt", "server.key"))
    request = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-noenc",
        "-days",
        "2",
    )
    authority = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    _run(*request, "-subj", "/CN=kubefate-tests", "-keyout", str(folder / "ca.key"), "-out", str(ca), *authority)
    names = ("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE")
    signer = ("-CA", str(ca), "-CAkey", str(folder / "ca.key"))
    _run(*request, "-subj", "/CN=kubefate", "-keyout", str(key), "-out", str(certificate), *names, *signer)
    return Certificates(ca, certificate, key)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
