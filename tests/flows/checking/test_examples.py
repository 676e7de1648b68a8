"""What is found in the flows that others published, and in our use cases: no false error."""

from __future__ import annotations

from pathlib import Path

import pytest

from braid_db.flows.checking import check
from braid_db.flows.instrumenting import grow_schema, instrument
from tests.flows.checking.published import EXAMPLES, OF_2020, USE_CASES, accepted, read

RETIRED = "retired-url"
CLIENT, FLOWS, TRIGGERS = "automate-client__examples_flows_", "flows-examples__", "flows-trigger-"

EXPECTED: dict[str, list[tuple[str, str]]] = {
    f"{CLIENT}complex-hello-world_definition": [],
    f"{CLIENT}failed-consent_definition": [],
    f"{CLIENT}hello-consent_definition": [],
    f"{CLIENT}hello-plus-transfer_definition": [(RETIRED, "TransferState")],
    f"{CLIENT}hello-world-run-as_definition": [],
    f"{CLIENT}hello-world_definition": [],
    f"{CLIENT}loop-a-set-number-of-times_definition": [],
    f"{CLIENT}loop-with-batch-processing_definition": [(RETIRED, "ls")],
    f"{CLIENT}multi-transfer_definition": [(RETIRED, "Transfer1"), (RETIRED, "Transfer2")],
    f"{CLIENT}notify-of-options-and-report_definition": [],
    f"{CLIENT}pass-with-parameters_definition": [],
    # It shows where the password of a mail server would stand: in the definition.
    f"{CLIENT}send-notification_definition": [("secret-in-definition", "EmailNotificationAction")],
    f"{CLIENT}single-delete_definition": [(RETIRED, "DoDelete")],
    f"{CLIENT}single-transfer_definition": [(RETIRED, "RunTransfer")],
    OF_2020: [("dialect-of-2020", "TransferSourceToDMZ")],
    f"{CLIENT}transfer-mv_definition": [(RETIRED, "Transfer"), (RETIRED, "Delete")],
    f"{CLIENT}web-option-with-parameters_definition": [],
    f"{CLIENT}web-option_definition": [],
    **{
        f"{FLOWS}{folder}_compute_transfer_example_{number}_definition": []
        for folder in (
            "and_transfer_collection_transfer_requires_flow",
            "compute_transfer_examples_tar_and_transfer",
        )
        for number in (1, 2)
    },
    f"{FLOWS}transfer_examples_looping_batched_move_definition": [],
    f"{FLOWS}transfer_examples_move_definition": [],
    f"{FLOWS}transfer_examples_simple_definition": [],
    f"{FLOWS}transfer_examples_transfer_share_definition": [],
    f"{FLOWS}transfer_examples_two_hop_definition": [],
    f"{FLOWS}web_input_examples_admin_signoff_definition": [],
    # Nobody answered in time: its Catch writes an error to where the Choice looks for an answer.
    f"{FLOWS}web_input_examples_approved_publishing_definition": [
        ("path-not-always-written", "EvaluateResponse")
    ],
    f"{FLOWS}web_input_examples_evaluate_preliminary_results_definition": [],
    f"{TRIGGERS}examples__tar_transfer_definition": [(RETIRED, "Transfer")],
    f"{TRIGGERS}examples__transfer_compute_definition": [(RETIRED, "TransferFiles")],
    f"{TRIGGERS}examples__transfer_compute_share_definition": [
        *((RETIRED, "TransferRaw"), (RETIRED, "TransferResults"), (RETIRED, "ShareResultFiles"))
    ],
    f"{TRIGGERS}examples__transfer_definition": [(RETIRED, "TransferFiles")],
    f"{TRIGGERS}examples__transfer_publish_definition": [
        *((RETIRED, "TransferFiles"), (RETIRED, "SetPermission"))
    ],
    f"{TRIGGERS}examples__transfer_share_definition": [
        *((RETIRED, "TransferFiles"), (RETIRED, "SetPermission"))
    ],
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_found_in_a_published_definition_is_what_is_there(name: str) -> None:
    found = check(read(EXAMPLES[name]))
    assert [(each.code, each.state) for each in found] == EXPECTED[name]
    assert [each for each in found if each.is_error] == (found if name == OF_2020 else [])


@pytest.mark.parametrize("mode", ["each", "once"])
@pytest.mark.parametrize("name", accepted())
def test_with_provenance_a_published_definition_is_as_clean_as_without(
    name: str, mode: str
) -> None:
    definition = read(EXAMPLES[name])
    assert check(instrument(definition, mode=mode).definition) == check(definition)


@pytest.mark.parametrize("mode", ["each", "once"])
@pytest.mark.parametrize("folder", USE_CASES, ids=lambda folder: folder.name)
def test_with_provenance_a_use_case_is_as_clean_as_without(folder: Path, mode: str) -> None:
    woven = instrument(read(folder / "definition.json"), mode=mode)
    sample = read(folder / "input.json")
    sample["functions"] |= dict.fromkeys(woven.functions, sample["provenance_endpoint_id"])
    schema = grow_schema(read(folder / "input_schema.json"), woven.functions)
    assert check(woven.definition, input_schema=schema, run_input=sample) == []


def test_a_mark_that_somebody_wrote_by_hand_hides_no_flow() -> None:
    marked = {"Type": "Pass", "Comment": "[braid-db] mine", "Next": "Round"}
    states = {"Round": marked, "On": {**marked, "Next": "Round"}}
    (found,) = check({"StartAt": "On", "States": states})
    assert found.code == "no-way-out"


def test_the_table_knows_all_published_definitions() -> None:
    assert len(EXAMPLES) == 36
    assert EXPECTED.keys() == EXAMPLES.keys()


def test_a_definition_of_2020_has_one_clear_error() -> None:
    (found,) = check(read(EXAMPLES[OF_2020]))
    assert "dialect of 2020" in found.sentence
    assert found.mend.startswith("Name the provider by ActionUrl instead of Resource")


@pytest.mark.parametrize("folder", USE_CASES, ids=lambda folder: folder.name)
@pytest.mark.parametrize("name", ["definition.json", "provenance.json"])
def test_nothing_is_found_in_a_use_case_with_its_schema_and_input(folder: Path, name: str) -> None:
    schema, sample = read(folder / "input_schema.json"), read(folder / "input.json")
    assert check(read(folder / name), input_schema=schema, run_input=sample) == []
