"""Logging in: JSON Web Tokens as gin-jwt makes and reads them (`v1.11.2:k8s-deploy/pkg/api/token.go`)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from tests.standins.kubefate_service.gotypes import message

HALF_AN_HOUR: Final = 1800.0
NO_TOKEN: Final = "cookie token is empty"
"""What is said when no token is found: the words of the place that was looked at last."""


class UnauthorizedError(Exception):
    """Why a token is not accepted, in the library's words."""

    def __init__(self, text: str, status: int = 401) -> None:
        super().__init__(text)
        self.status = status

    @property
    def body(self) -> dict[str, Any]:
        """The answer, which has not the form of the other errors."""
        return message(code=self.status, message=str(self))


@dataclass(slots=True)
class Tokens:
    """The tokens of one process: its key is made at its start and dies with it."""

    lifetime: float = HALF_AN_HOUR
    key: bytes = field(default_factory=lambda: secrets.token_hex(16).encode())

    def issue(self, user: str) -> tuple[str, float]:
        """A token for a user, and when it ends."""
        moment = time.time()
        end = moment + self.lifetime
        claims = {"exp": end, "id": user, "orig_iat": int(moment)}
        head = _part({"alg": "HS256", "typ": "JWT"}) + "." + _part(claims)
        return f"{head}.{self._sign(head)}", end

    def user(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str:
        """Who sends a request; raises UnauthorizedError. Header, query and cookie are looked at in this order."""
        token = _bearer(headers.get("Authorization", "")) or query.get("token", "") or _cookie(headers)
        if not token:
            raise UnauthorizedError(NO_TOKEN)
        claims = self._claims(token)
        if claims["exp"] < time.time():
            text = "Token is expired"
            raise UnauthorizedError(text)
        if not claims.get("id"):
            text = "you don't have permission to access this resource"
            raise UnauthorizedError(text, 403)
        return str(claims["id"])

    def _claims(self, token: str) -> dict[str, Any]:
        head, _, signature = token.rpartition(".")
        if head.count(".") != 1:
            text = "token contains an invalid number of segments"
            raise UnauthorizedError(text)
        if not hmac.compare_digest(signature.encode(), self._sign(head).encode()):
            text = "signature is invalid"
            raise UnauthorizedError(text)
        claims: dict[str, Any] = json.loads(_unpadded(head.split(".")[1]))
        return claims

    def _sign(self, head: str) -> str:
        digest = hmac.new(self.key, head.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _bearer(header: str) -> str:
    kind, _, token = header.partition(" ")
    return token if kind == "Bearer" else ""


def _cookie(headers: Mapping[str, str]) -> str:
    try:
        found = SimpleCookie(headers.get("Cookie", "")).get("jwt")
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unpadded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        text = "illegal base64 data"
        raise UnauthorizedError(text) from None
