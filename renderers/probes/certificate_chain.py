"""Certificates as a client judges them: of which authority, for which name, and whether now is their time."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_DEEPEST: Final = 10


class UndecidedError(Exception):
    """Something that only its reader can judge; the text is a clause."""


def certificates(text: bytes) -> Sequence[Certificate]:
    """The certificates of a text in PEM; none where it is none."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(text)
    except (ValueError, x509.InvalidVersion):
        return ()


def out_of_time(certificate: Certificate, now: datetime) -> str:
    """Why a certificate does not hold now, as a clause; empty where it does."""
    if now > certificate.not_valid_after_utc:
        return f"it ended on {certificate.not_valid_after_utc:%Y-%m-%d}"
    if now < certificate.not_valid_before_utc:
        return f"it begins on {certificate.not_valid_before_utc:%Y-%m-%d} only"
    return ""


def chain(
    own: Certificate, others: Sequence[Certificate], authorities: Sequence[Certificate], now: datetime
) -> tuple[Certificate, ...]:
    """From a certificate to one of the authorities, those that are valid first; empty where there is no such way.

    Raises UndecidedError.
    """
    found, left = [own], sorted(others, key=lambda each: bool(out_of_time(each, now)))
    ordered = sorted(authorities, key=lambda each: bool(out_of_time(each, now)))
    for _ in range(_DEEPEST):
        issuer = next((each for each in ordered if _is_issued_by(found[-1], each)), None)
        if issuer is not None:
            return (*found, issuer)
        between = next((each for each in left if _is_issued_by(found[-1], each)), None)
        if between is None:
            break
        left.remove(between)
        found.append(between)
    return ()


def _is_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    except UnsupportedAlgorithm as error:
        msg = f"a certificate is signed in a way that cannot be checked here: {error}"
        raise UndecidedError(msg) from None
    return True


def is_for(certificate: Certificate, name: str) -> bool:
    """Whether a certificate is for a host: by its alternative names, and without any by its common name.

    Raises UndecidedError.
    """
    wanted = {name.lower(), f"*.{name.partition('.')[2].lower()}"}
    return any(each.lower() in wanted for each in names(certificate))


def names(certificate: Certificate) -> Sequence[str]:
    """The hosts that a certificate is for. Raises UndecidedError."""
    from cryptography import x509

    found: list[str] = []
    try:
        with suppress(x509.ExtensionNotFound):
            told = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            found = told.get_values_for_type(x509.DNSName)
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        msg = "the names in a certificate cannot be read here"
        raise UndecidedError(msg) from None
    return found or [str(each.value) for each in common]
