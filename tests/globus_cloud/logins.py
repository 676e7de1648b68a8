"""Logins by browser: what a person consented to there, and what tells a program who that was.

Source: OAuth 2.0 with PKCE, RFC 7636; OpenID Connect Core 1.0; globus-sdk 4, read and run.
"""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.globus_cloud.state import State
from tests.globus_cloud.web import Refused

_ALGORITHM = "RS512"
_CODE_VALID_S = 600
_ID_TOKEN_VALID_S = 3600


class Consents:
    """What persons allowed programs to do, each for a code that can be traded once."""

    def __init__(self, state: State) -> None:
        self._state = state

    def give(self, identity_id: str, asked: dict[str, str]) -> str:
        """Let a person consent to what a program asks for, and return the code for it.

        :raises Refused: if it asks for something else than a code that is bound to itself.
        """
        is_bound = asked.get("code_challenge") and asked.get("code_challenge_method") == "S256"
        if asked.get("response_type") != "code" or not is_bound:
            raise Refused(400, "invalid_request", "a code with a challenge by S256 was expected")
        code = uuid.uuid4().hex
        told = {**asked, "identity": identity_id, "until": time.time() + _CODE_VALID_S}
        self._state.put("code", code, told)
        return code

    def redeem(self, form: dict[str, str]) -> dict[str, str]:
        """Return what was consented to for a code; it is then worth nothing any more.

        :raises Refused: if it was given to another program, or for something else.
        """
        code = form.get("code", "")
        consent = self._state.get("code", code)
        self._state.drop("code", code)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        expected = {
            "client_id": form.get("client_id"),
            "redirect_uri": form.get("redirect_uri"),
            "code_challenge": challenge,
        }
        if consent is None or consent["until"] < time.time() or consent != {**consent, **expected}:
            raise Refused(401, "invalid_grant", "this code was not given for that")
        return consent


class Signer:
    """Signs who logged in, so that a program can hold it to the service's public key."""

    def __init__(self, state: State) -> None:
        self._state = state

    def id_token(self, document: dict[str, Any], client_id: str, issuer: str) -> str:
        """Return an identity's document, signed for one program."""
        now = int(time.time())
        claims = {"iss": issuer, "aud": client_id, "iat": now, "exp": now + _ID_TOKEN_VALID_S}
        return jwt.encode({**document, **claims}, self._key(), _ALGORITHM)

    def configuration(self, issuer: str) -> dict[str, Any]:
        """Return where the public key is found, and how it is used."""
        return {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/jwk.json",
            "id_token_signing_alg_values_supported": [_ALGORITHM],
        }

    def public_keys(self) -> dict[str, Any]:
        """Return the public key, as one of a list."""
        told = RSAAlgorithm.to_jwk(self._key().public_key(), as_dict=True)
        return {"keys": [{**told, "alg": _ALGORITHM, "use": "sig"}]}

    def _key(self) -> rsa.RSAPrivateKey:
        with self._state.lock:
            kept = self._state.get("key", "id tokens")
            if kept is None:
                kept = {"pem": _new_key()}
                self._state.put("key", "id tokens", kept)
        key = serialization.load_pem_private_key(kept["pem"].encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key


def _new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
