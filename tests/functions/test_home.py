"""Tests of which database a worker's calls are recorded in."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from braid_db.errors import BraidError
from tests.functions.calls import FOREIGN_WORDS, Endpoint, document, refused


def test_a_result_of_another_database_is_refused_in_every_form(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.step(input_record_defs={}, output_record_defs={})
    with monkeypatch.context() as patch:
        patch.setenv("BRAID_DB_URL", f"sqlite:///{tmp_path / 'other.db'}")
        there = endpoint.step(input_record_defs={}, output_record_defs={})
    action = endpoint.action(command="mail")
    calls = [
        lambda: endpoint.step(previous_step_output=there),
        lambda: endpoint.step(other_predecessor_record_ids=[there]),
        lambda: endpoint.step(input_record_ids=document(there)),
        lambda: endpoint.step(output_record_ids=document(there)),
        lambda: endpoint.transfer(previous_step_record_id=there),
        lambda: endpoint.link(there, action),
    ]
    for call in calls:
        line = refused(endpoint, call, "other-database")
        assert f"came from the provenance database '{there['database']}'" in line


def test_the_ids_that_a_result_of_another_database_names_can_be_marked_as_missing(
    endpoint: Endpoint,
) -> None:
    step = endpoint.step(output_record_defs={})
    there = step | {"database": "elsewhere"}
    marked = endpoint.step(previous_step_output=there, input_record_ids=there, if_missing="mark")
    assert endpoint.into(marked["flow_state_record_id"]) == set()
    [reason] = marked["missing"]
    assert "'elsewhere'" in reason


def test_a_worker_follows_its_settings_from_one_database_to_another_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [f"sqlite:///{tmp_path / name}" for name in "ab"]
    for url in (urls[0], urls[1], urls[0], urls[1], urls[0]):
        monkeypatch.setenv("BRAID_DB_URL", url)
        Endpoint(url).step()
    for url, steps in zip(urls, (3, 2), strict=True):
        with closing(Endpoint(url)) as endpoint:
            assert endpoint.counts()["record"] == steps


def test_a_database_can_be_named_by_upstreams_variable_as_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAID_DB_FILE", str(tmp_path / "braid.db"))
    with closing(Endpoint(f"sqlite:///{tmp_path / 'braid.db'}")) as endpoint:
        endpoint.step()
        assert endpoint.counts()["record"] == 1


UNUSABLE: dict[str, tuple[dict[str, str], str]] = {
    "a setting that is no JSON": ({"BRAID_DB_COLLECTIONS": "x"}, "settings"),
    "a host that is none": ({"BRAID_DB_HOST": "a/b"}, "settings"),
    "a folder in its place": (
        {"BRAID_DB_URL": "sqlite:////tmp"},
        "database-unreachable",
    ),
    "a server that is not there": (
        {"BRAID_DB_URL": "postgresql://me:secret-word@/db?host=/nowhere/at/all"},
        "database-unreachable",
    ),
}


@pytest.mark.parametrize(("variables", "code"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_call_without_a_usable_database_fails_by_one_line_without_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], code: str
) -> None:
    url = f"sqlite:///{tmp_path / 'braid.db'}"
    for name, value in ({"BRAID_DB_URL": url} | variables).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BraidError) as caught:
        Endpoint(url).step()
    line = str(caught.value)
    assert line.endswith(f"[{code}]")
    assert len(line.splitlines()) == 1
    assert "secret-word" not in line
    sentence = line.replace("postgresql+psycopg://", "")
    assert not [word for word in FOREIGN_WORDS if word in sentence], line


@pytest.mark.parametrize("deep", [{"deep": {"er": None}}, [[]]], ids=["an object", "a list"])
def test_arguments_that_cannot_be_compared_are_refused_where_there_is_a_key(
    endpoint: Endpoint, deep: Any
) -> None:
    """A call is recognised by its arguments; without a key nobody needs to compare them."""
    inside: Any = deep
    for _ in range(100_000):
        inside = {"k": inside}
    told = {"status": "SUCCEEDED", "more": inside}
    endpoint.step(step_result=told)
    line = refused(
        endpoint, lambda: endpoint.step(step_result=told, idempotency_key="k"), "invalid-argument"
    )
    assert "'the call' is nested too deeply or no JSON; expected plain JSON" in line
