"""An authority of certificates for tests, and what it issues: PEM in memory, good or wrong in one way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_YEAR: Final = timedelta(days=365)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A private key."""
    return ec.generate_private_key(ec.SECP256R1())


def pkcs8(key: ec.EllipticCurvePrivateKey, password: str = "") -> bytes:
    """A private key in PEM as PKCS#8, with a password where one is given."""
    way = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, way)


def traditional(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key in PEM as OpenSSL once wrote it."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


@dataclass(frozen=True)
class Issued:
    """A certificate and its private key, both in PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class Authority:
    """Issues certificates; `above` is the authority that has issued its own."""

    name: str = "fate"
    above: Authority | None = None
    begins: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=1))
    ends: datetime = field(default_factory=lambda: datetime.now(UTC) + 10 * _YEAR)
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key, repr=False)

    @property
    def certificate(self) -> bytes:
        """Its own certificate."""
        above = self.above or self
        return above._signed(self.name, self.key, (), self.begins, self.ends, is_authority=True)

    def issue(
        self,
        name: str,
        *names: str,
        begins: datetime | None = None,
        ends: datetime | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> Issued:
        """A certificate for a common name and alternative names."""
        key, now = key or new_key(), datetime.now(UTC)
        begins, ends = begins or now - timedelta(days=1), ends or now + _YEAR
        return Issued(self._signed(name, key, names, begins, ends, is_authority=False), pkcs8(key))

    def _signed(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        names: tuple[str, ...],
        begins: datetime,
        ends: datetime,
        *,
        is_authority: bool,
    ) -> bytes:
        made = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if names:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), False)
        return made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
