"""Publishing flows: each made once, and changed where it is another one than the service has."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from globus_sdk import FlowsClient

from braid_db.compute.errors import GlobusRefused, PublishedUnreadable
from braid_db.flows.errors import FlowChangedElsewhere, FlowDefinitionInvalid, FlowNotThere
from braid_db.flows.published import PublishedFlows
from braid_db.flows.publishing import Change, Publication, Publisher, title_of
from braid_db.flows.run_input import read_definition
from braid_db.flows.service import FlowsService
from tests.globus.account import Account
from tests.globus.flow_files import GREET, SCHEMA, FlowFolder, acting_as, passing
from tests.globus_cloud.auth import VISITOR
from tests.globus_cloud.cloud import CHECKOUT

Publish = Callable[..., Publication]


@pytest.fixture
def _as_owner(owner: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with acting_as(owner, monkeypatch):
        yield


@pytest.fixture
def service(_as_owner: None) -> FlowsService:
    return FlowsService()


@pytest.fixture
def elsewhere(service: FlowsService) -> FlowsClient:
    """The SDK's client, as somebody uses it who changes flows without Braid-DB."""
    return service._client


@pytest.fixture
def folder(owner: Account) -> FlowFolder:
    # A flow of the same title and content would be taken for this one.
    return FlowFolder(owner.home / f"greetings {uuid.uuid4()}", Greet=GREET)


@pytest.fixture
def publish(service: FlowsService, folder: FlowFolder) -> Publish:
    """What publishes the folder's definition, as it is then, with more fields if they are given."""

    def publish(
        flow_id: str | None = None,
        *,
        by: FlowsService = service,
        overwrite: bool = False,
        dry_run: bool = False,
        unchecked: bool = False,
        **told: Any,
    ) -> Publication:
        files = {"definition": folder.definition, "input_schema": folder.schema}
        fields = {name: read_definition(path) for name, path in files.items()}
        publisher = Publisher(by, PublishedFlows(), folder.definition, fields | told)
        options = {"overwrite": overwrite, "dry_run": dry_run, "unchecked": unchecked}
        return publisher.publish(flow_id, **options)

    return publish


def test_a_flow_is_created_once(
    publish: Publish, folder: FlowFolder, elsewhere: FlowsClient
) -> None:
    first = publish()
    assert (first.change, first.title) == (Change.CREATED, folder.definition.parent.name)
    there = elsewhere.get_flow(str(first.flow_id)).data
    assert there["input_schema"] == SCHEMA
    second = publish()
    assert (second.change, second.flow_id, second.fields) == (Change.UNCHANGED, first.flow_id, [])
    assert elsewhere.get_flow(str(first.flow_id))["updated_at"] == there["updated_at"]


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("flows/ssx/definition.json", "ssx"),
        ("flows/ssx/provenance.json", "ssx provenance"),
        ("/greet.json", "greet"),
        ("/definition.json", "definition"),
        (f"{'long' * 40}/definition.json", ("long" * 40)[:128]),
    ],
)
def test_a_new_flow_is_called_by_its_folder_and_file(path: str, title: str) -> None:
    assert title_of(Path(path)) == title


def test_only_what_is_another_one_is_sent(
    publish: Publish, folder: FlowFolder, elsewhere: FlowsClient
) -> None:
    flow_id = str(publish().flow_id)
    elsewhere.update_flow(flow_id, title="Greetings to all")
    folder.write(Greet=GREET | {"WaitTime": 10})
    done = publish()
    assert (done.change, done.fields) == (Change.UPDATED, ["definition"])
    there = elsewhere.get_flow(flow_id).data
    assert there["definition"]["States"]["Greet"]["WaitTime"] == 10
    assert there["title"] == "Greetings to all"
    assert publish(subtitle="in a word").fields == ["subtitle"]
    assert publish(subtitle="in a word").change == Change.UNCHANGED


def test_what_has_errors_is_refused_with_the_place_and_changes_nothing(
    publish: Publish, folder: FlowFolder, elsewhere: FlowsClient
) -> None:
    title = folder.definition.parent.name
    folder.write(Greet={**GREET, "Next": "Nowhere"})
    with pytest.raises(FlowDefinitionInvalid, match="The flow has an error: State 'Greet'"):
        publish()
    with pytest.raises(FlowDefinitionInvalid, match=r"definition\.States\.Greet: A state of type"):
        publish(unchecked=True)
    folder.write(Greet=GREET)
    with pytest.raises(FlowDefinitionInvalid, match="flow_starters"):
        publish(flow_starters=["somebody"])
    assert not list(elsewhere.list_flows(filter_fulltext=title))


def test_what_may_go_wrong_is_told_and_published(publish: Publish, folder: FlowFolder) -> None:
    folder.write(Greet=GREET, Never=passing())
    done = publish()
    assert done.change == Change.CREATED
    assert any("Never" in warning for warning in done.warnings)


def test_what_was_changed_elsewhere_is_not_undone_unasked(
    publish: Publish, folder: FlowFolder, elsewhere: FlowsClient
) -> None:
    flow_id = str(publish().flow_id)
    there = {"StartAt": "Other", "States": {"Other": passing()}}
    elsewhere.update_flow(flow_id, definition=there)
    folder.write(Greet=GREET | {"WaitTime": 10})
    with pytest.raises(FlowChangedElsewhere, match="the definition of the flow"):
        publish()
    assert elsewhere.get_flow(flow_id)["definition"] == there
    with pytest.raises(FlowChangedElsewhere):
        publish(subtitle="in a word")
    assert publish(overwrite=True).fields == ["definition"]
    assert "Greet" in elsewhere.get_flow(flow_id)["definition"]["States"]


def test_what_is_not_told_every_time_is_not_undone_either(
    publish: Publish, folder: FlowFolder, elsewhere: FlowsClient
) -> None:
    flow_id = str(publish(subtitle="ours").flow_id)
    folder.write(Greet=GREET | {"WaitTime": 10})
    assert publish().fields == ["definition"]
    elsewhere.update_flow(flow_id, subtitle="theirs")
    assert publish().change == Change.UNCHANGED
    with pytest.raises(FlowChangedElsewhere, match="the subtitle of the flow"):
        publish(subtitle="ours")


def test_a_change_that_was_made_on_both_sides_is_none(
    publish: Publish, folder: FlowFolder, elsewhere: FlowsClient
) -> None:
    flow_id = str(publish().flow_id)
    folder.write(Greet=GREET | {"WaitTime": 10})
    elsewhere.update_flow(flow_id, definition=json.loads(folder.definition.read_text()))
    assert publish().change == Change.UNCHANGED
    folder.write(Greet=GREET | {"WaitTime": 20})
    assert publish().fields == ["definition"]


class OtherWords(FlowsService):
    """The service, if it told definitions in other words than it was sent them."""

    def find_flow(self, flow_id: str) -> dict[str, Any] | None:
        found = super().find_flow(flow_id)
        return found and {**found, "definition": {**found["definition"], "Comment": ""}}

    def create(self, fields: Any) -> dict[str, Any]:
        return self.find_flow(super().create(fields)["id"]) or {}


def test_what_the_service_says_in_other_words_is_no_change(publish: Publish) -> None:
    flow_id = publish(by=OtherWords()).flow_id
    again = publish(by=OtherWords())
    assert (again.change, again.flow_id) == (Change.UNCHANGED, flow_id)


def test_a_flow_that_is_gone_is_made_anew(publish: Publish, elsewhere: FlowsClient) -> None:
    first = str(publish().flow_id)
    elsewhere.delete_flow(first)
    again = publish()
    assert (again.change, again.was_gone) == (Change.CREATED, first)
    assert publish().flow_id == again.flow_id != first


def test_a_flow_is_taken_for_this_one_when_it_is_named(
    publish: Publish, elsewhere: FlowsClient, owner: Account
) -> None:
    flow_id = str(publish().flow_id)
    (owner.home / ".braid_db" / "flows.json").unlink()
    done = publish(flow_id, title="Greetings again")
    assert (done.flow_id, done.fields) == (flow_id, ["title"])
    assert publish().flow_id == flow_id
    with pytest.raises(FlowNotThere):
        publish("00000000-0000-4000-8000-000000000000")


def test_a_dry_run_does_nothing(
    publish: Publish, folder: FlowFolder, elsewhere: FlowsClient
) -> None:
    would = publish(dry_run=True)
    assert (would.change, would.flow_id) == (Change.CREATED, None)
    flow_id = str(publish().flow_id)
    there = elsewhere.get_flow(flow_id).data
    folder.write(Greet=GREET | {"WaitTime": 10})
    assert publish(dry_run=True).fields == ["definition"]
    assert elsewhere.get_flow(flow_id).data == there
    assert publish().change == Change.UPDATED


def test_a_validation_that_breaks_keeps_nothing_from_being_published(publish: Publish) -> None:
    class Broken(FlowsService):
        def validate(self, definition: Any, input_schema: Any) -> None:
            raise GlobusRefused("validate a flow", 500, "Internal Server Error")

    done = publish(by=Broken())
    assert done.change == Change.CREATED
    assert "HTTP 500" in str(done.unvalidated)


KILLED_AFTER_CREATING = """
import os, signal, sys
from braid_db.cli import main
from braid_db.flows.published import PublishedFlows

PublishedFlows.put = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["braid-db", "flow", "publish", sys.argv[1]]
main()
"""


def test_a_flow_that_was_made_before_a_kill_is_not_made_again(
    owner: Account, folder: FlowFolder, elsewhere: FlowsClient, publish: Publish
) -> None:
    folder.write(Greet=GREET | {"Comment": "made before a kill"})
    line = [sys.executable, "-c", KILLED_AFTER_CREATING, str(folder.definition)]
    killed = subprocess.run(line, env=owner.environment, cwd=CHECKOUT, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, os.fsdecode(killed.stderr)
    done = publish()
    assert (done.change, done.fields) == (Change.FOUND, [])
    assert elsewhere.get_flow(str(done.flow_id))["definition"]["States"]["Greet"]["Comment"]
    assert publish().change == Change.UNCHANGED


def test_a_copy_in_another_folder_is_another_flow(
    publish: Publish, folder: FlowFolder, service: FlowsService, tmp_path: Path
) -> None:
    first = publish()
    copy = FlowFolder(tmp_path / folder.definition.parent.name, Greet=GREET)
    fields = {"definition": read_definition(copy.definition), "input_schema": SCHEMA}
    second = Publisher(service, PublishedFlows(), copy.definition, fields).publish()
    assert second.title == first.title
    assert (second.change, second.flow_id != first.flow_id) == (Change.CREATED, True)


def test_a_file_of_flows_that_cannot_be_read_is_not_replaced(
    publish: Publish, owner: Account
) -> None:
    kept = owner.home / ".braid_db" / "flows.json"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("{")
    with pytest.raises(PublishedUnreadable, match="knows which flows are published"):
        publish()
    assert kept.read_text() == "{"


def test_each_identity_has_flows_of_its_own_and_starts_what_it_may(
    owner: Account, visitor: Account, folder: FlowFolder
) -> None:
    arguments = ("flow", "publish", folder.definition)
    mine = owner.ask(*arguments)["flow_id"]
    start = ("flow", "start", mine, "--input", folder.input)
    refused = visitor.run(*start)
    assert refused.returncode == 1
    assert "[globus-refused]" in refused.stderr
    shared = owner.run(*arguments, "--role", f"starter={VISITOR.id}")
    assert shared.stdout.endswith("updated (flow_starters)\n"), shared.stderr
    assert visitor.ask(*start)["flow_id"] == mine
    owner.environment |= {
        "GLOBUS_COMPUTE_CLIENT_ID": VISITOR.id,
        "GLOBUS_COMPUTE_CLIENT_SECRET": VISITOR.secret,
    }
    assert owner.ask(*arguments)["flow_id"] != mine
    wrong = owner.run(*arguments, "--role", "friend=me")
    assert wrong.returncode == 2
