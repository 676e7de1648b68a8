"""Logins by browser: what a code is worth, to whom, and how often."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from globus_sdk import AuthAPIError, NativeAppAuthClient, OAuthTokenResponse

from tests.globus_cloud.auth import COMPUTE_SCOPE, OWNER
from tests.globus_cloud.client import Client
from tests.globus_cloud.cloud import Cloud

_DIRECTLY = build_opener(ProxyHandler({}))


@pytest.fixture
def programs(globus_cloud: Cloud) -> Iterator[list[NativeAppAuthClient]]:
    """Two programs that somebody may log in to, each with a login that has begun."""
    with ExitStack() as stack:
        found = []
        for name in ("one", "other"):
            program = NativeAppAuthClient(name, base_url=globus_cloud.url)
            stack.callback(program.close)
            program.oauth2_start_flow([COMPUTE_SCOPE, "openid"], refresh_tokens=True)
            found.append(program)
        yield found


def code_of(program: NativeAppAuthClient) -> str:
    """Return what the owner's browser shows."""
    secret = base64.b64encode(f"{OWNER.id}:{OWNER.secret}".encode()).decode()
    url = program.oauth2_get_authorize_url()
    request = Request(url, headers={"Authorization": f"Basic {secret}"})
    with _DIRECTLY.open(request, timeout=60) as answer:
        return str(json.load(answer)["code"])


def compute_token(tokens: OAuthTokenResponse, kind: str) -> str:
    return str(tokens.by_resource_server["funcx_service"][kind])


def test_a_code_gives_tokens_that_say_who_logged_in(
    programs: list[NativeAppAuthClient], globus_cloud: Cloud
) -> None:
    tokens = programs[0].oauth2_exchange_code_for_tokens(code_of(programs[0]))
    assert tokens.decode_id_token()["sub"] == OWNER.id
    client = Client(globus_cloud)
    client.token = compute_token(tokens, "access_token")
    assert client.get("/v2/oauth2/userinfo")[1]["sub"] == OWNER.id


def test_a_code_is_worth_something_once(programs: list[NativeAppAuthClient]) -> None:
    code = code_of(programs[0])
    programs[0].oauth2_exchange_code_for_tokens(code)
    with pytest.raises(AuthAPIError) as caught:
        programs[0].oauth2_exchange_code_for_tokens(code)
    assert caught.value.http_status == 401


def test_another_program_gets_nothing_for_a_code(programs: list[NativeAppAuthClient]) -> None:
    code = code_of(programs[0])
    with pytest.raises(AuthAPIError):
        programs[1].oauth2_exchange_code_for_tokens(code)


def test_a_program_that_did_not_begin_a_login_gets_nothing_for_its_code(
    programs: list[NativeAppAuthClient],
) -> None:
    code = code_of(programs[0])
    programs[0].oauth2_start_flow([COMPUTE_SCOPE])
    with pytest.raises(AuthAPIError):
        programs[0].oauth2_exchange_code_for_tokens(code)


def test_tokens_are_refreshed_for_the_program_that_has_them(
    programs: list[NativeAppAuthClient], globus_cloud: Cloud
) -> None:
    tokens = programs[0].oauth2_exchange_code_for_tokens(code_of(programs[0]))
    refresh_token = compute_token(tokens, "refresh_token")
    with pytest.raises(AuthAPIError):
        programs[1].oauth2_refresh_token(refresh_token)
    client = Client(globus_cloud)
    client.token = compute_token(programs[0].oauth2_refresh_token(refresh_token), "access_token")
    assert client.token != compute_token(tokens, "access_token")
    assert client.get("/v2/oauth2/userinfo")[1]["sub"] == OWNER.id
