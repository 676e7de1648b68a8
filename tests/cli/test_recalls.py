"""Tests that what proves wrong is recalled from the command line, and what follows is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from braid_db.cli.upstream import invalidate_record
from braid_db.identity import IdentityRules
from braid_db.model import NO_RUN
from braid_db.records.versions import update_record
from braid_db.steps import (
    add_invalidation_action_to_record,
    add_record_for_action_step,
    create_invalidation_action,
)
from braid_db.steps.home import home
from tests.cli.conftest import HOSTILE, Recorded, Run
from tests.cli.test_reading import no_control_characters
from tests.cli.test_refusals import assert_refused

Ask = Callable[..., Any]

FAILING = "#!/bin/sh\necho it went wrong\nexit 3\n"


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return what makes a program, lets the owner of the database allow it, and names it."""
    allowed: list[str] = []

    def make(name: str, text: str = '#!/bin/sh\necho "$@"\n', *, allow: bool = True) -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        allowed.extend([str(path)] if allow else [])
        monkeypatch.setenv("BRAID_DB_ALLOWED_COMMANDS", ":".join(allowed))
        return str(path)

    return make


def link(record_id: int, command: str, name: str = "tell", param: str = "{name}") -> Any:
    """Link a new action to a record, and return what made it."""
    told = {"name": name, "command": command, "params": [param]}
    made = create_invalidation_action(told)
    add_invalidation_action_to_record({"record_id": record_id, "invalidation_action_id": made})
    return made


def recall(ask: Ask, *arguments: object) -> int:
    """Recall something, and return the recall's id."""
    [made] = ask("recall", "make", *arguments, "--cause", "wrong")["recalls"]
    return int(made["recall_id"])


def is_valid(ask: Ask, record_id: object) -> bool:
    valid: bool = ask("record", "show", record_id)["valid"]
    return valid


# Making recalls


def test_a_dry_run_shows_what_a_recall_would_do_and_writes_nothing(
    run: Run, ask: Ask, recorded: Recorded, owner: Callable[..., str]
) -> None:
    link(recorded["structure"], owner("told"), "tell")
    link(recorded["structure"], owner("not", allow=False), "mail")
    shown = ask("recall", "make", recorded["image"], "--dry-run")
    assert [one["record_id"] for one in shown["roots"]] == [recorded["image"]]
    assert {one["record_id"] for one in shown["reached"]["records"]} == {
        recorded[name] for name in ("image", "analyse", "structure")
    }
    assert shown["by_kind"] == {"data": 1, "step": 1, "model": 1}
    assert shown["by_run"] == [{"run_id": "run-1", "records": 3}]
    assert [(one["name"], one["runs"]) for one in shown["actions"]] == [("mail", 1), ("tell", 1)]
    mail, tell = (one["not_here_because"] for one in shown["actions"])
    assert "is not allowed" in mail
    assert tell is None
    text = run("recall", "make", recorded["image"], "--dry-run")
    assert "3 contents: " in text.stdout
    assert "3 in run run-1" in text.stdout
    assert "NOT: the command" in text.stdout
    assert text.stderr == "Nothing was written.\n"
    assert ask("recall", "list")["recalls"] == []
    assert is_valid(ask, recorded["structure"])


def test_a_dry_run_tells_for_how_many_records_an_action_could_not_be_filled_in(
    run: Run, ask: Ask, recorded: Recorded, owner: Callable[..., str]
) -> None:
    command = owner("told")
    add_record_for_action_step(
        {
            "step_name": "Mend",
            "input_record_ids": recorded["image"],
            "output_record_defs": {"name": "mended", "tags": {"contact": "ada"}},
        }
    )
    [mended] = ask("record", "list", "--where", "name = 'mended'")["records"]
    lacking, told = recorded["structure"], mended["record_id"]
    made = link(lacking, command, "ask", "{tag.contact}")
    add_invalidation_action_to_record({"record_id": told, "invalidation_action_id": made})
    link(told, command, "told", "{tag.contact}")
    shown = ask("recall", "make", recorded["image"], "--dry-run")["actions"]
    counts = [(one["name"], one["runs"], one["unfillable"]) for one in shown]
    assert counts == [("ask", 2, 1), ("told", 1, 0)]
    why = shown[0]["unfillable_because"]
    assert why == "'{tag.contact}' stands for nothing, as the record has no such tag"
    assert shown[1]["unfillable_because"] is None
    text = run("recall", "make", recorded["image"], "--dry-run").stdout
    assert "1 can be run, 1 NOT: " in text
    recall(ask, recorded["image"])
    ran = run("recall", "run", "--format", "json")
    assert ran.exit_code == 1
    outcomes = json.loads(ran.stdout)["action_runs"]
    assert sorted(one["state"] for one in outcomes) == ["done", "done", "failed"]
    assert [one["output"] for one in outcomes if one["state"] == "failed"] == [
        f"Not started: {why}."
    ]


def test_a_dry_run_shows_what_only_the_order_of_steps_would_reach(
    run: Run, ask: Ask, recorded: Recorded
) -> None:
    add_record_for_action_step(
        {
            "step_name": "Next",
            "previous_step_output": recorded["collect"],
            "input_record_defs": {"name": "other"},
        }
    )
    shown = ask("recall", "make", recorded["collect"], "--dry-run")
    assert [one["name"] for one in shown["only_by_order"]["records"]] == ["Action Step Next"]
    assert "Action Step Next" in run("recall", "make", recorded["collect"], "--dry-run").stdout
    further = ask("recall", "make", recorded["collect"], "--dry-run", "--follow-order")
    assert further["reached"]["total"] == shown["reached"]["total"] + 1
    assert further["only_by_order"]["records"] == []
    recall(ask, recorded["collect"], "--follow-order")
    [made] = ask("recall", "list")["recalls"]
    assert (made["follow_order"], sum(made["reached"].values())) == (True, 5)


def test_a_recall_reaches_all_that_came_of_it_and_says_what_is_owed(
    run: Run, ask: Ask, recorded: Recorded, owner: Callable[..., str]
) -> None:
    link(recorded["structure"], owner("told"))
    made = run("recall", "make", recorded["image"], "--cause", "off by one", "--by", "me")
    assert made.exit_code == 0
    assert "off by one" in made.stdout
    assert made.stderr == "1 actions are owed; 'braid-db recall run' starts them.\n"
    valid = {name: is_valid(ask, recorded[name]) for name in recorded}
    assert [name for name in valid if not valid[name]] == ["image", "analyse", "structure"]
    [listed] = ask("recall", "list")["recalls"]
    assert (listed["record_id"], listed["version"]) == (recorded["image"], 1)
    assert (listed["cause"], listed["invalidated_by"]) == ("off by one", "me")
    assert (listed["reached"], listed["actions"]) == ({"data": 3}, {"owed": 1})
    assert listed["is_standing"] is True


def test_who_recalls_is_the_one_who_is_logged_in(
    ask: Ask, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    recall(ask, recorded["image"])
    assert ask("recall", "list")["recalls"][0]["invalidated_by"] == "ada"


SELECTED: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "an id": (("{image}",), ["image"]),
    "an id with its version": (("{image}@1",), ["image"]),
    "a URI": (("file:///a/beamline.json",), ["configuration"]),
    "several": (("{image}", "file:///a/beamline.json"), ["configuration", "image"]),
    "a version of its own": (("{image}", "--version", "1"), ["image"]),
    "all versions": (("{image}", "--all-versions"), ["image"]),
    "its first URI": (("--uri", "file:///a/beamline.json"), ["configuration"]),
    "another URI": (("--uri", "s3://bucket/image"), ["image"]),
    "a tag that is a number": (("--tag", "exposure.time=0.1"), ["image"]),
    "a tag that is a text": (("--tag", "status=Not Provided"), ["collect", "analyse"]),
    "a run": (("--run", "run-1"), ["collect"]),
    "a time": (
        ("{image}", "--since", "2001-01-01T00:00Z", "--until", "2999-01-01T00:00+01:00"),
        ["image"],
    ),
}


@pytest.mark.parametrize(("arguments", "roots"), SELECTED.values(), ids=SELECTED)
def test_what_is_recalled_is_chosen_by_name_time_tag_uri_or_run(
    ask: Ask, recorded: Recorded, arguments: tuple[str, ...], roots: list[str]
) -> None:
    told = [argument.format(**recorded) for argument in arguments]
    made = ask("recall", "make", *told, "--cause", "wrong")["recalls"]
    names = {number: name for name, number in recorded.items()}
    found = [names[one["record_id"]] for one in made]
    # Steps of which one leads to another get one recall, that of the first.
    assert found in (roots, roots[:1])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "[invalid-argument]"),
        (("{image}@2",), 1, "[version-not-found]"),
        (("999",), 1, "[record-not-found]"),
        (("--uri", "s3://bucket/none"), 1, "[nothing-to-recall]"),
        (("--tag", "exposure.time=0.2"), 1, "[nothing-to-recall]"),
        (("--tag", 'exposure.time="0.1"'), 1, "[nothing-to-recall]"),
        (("--run", "none"), 1, "[run-not-found]"),
        (("{image}", "--since", "soon"), 2, "[invalid-argument]"),
        (("{image}", "--since", "2999-01-01"), 1, "[nothing-to-recall]"),
        (("{image}", "--since", ""), 2, "'--since' is empty"),
        (("{image}", "--until", "2001-01-01T00:00Z"), 1, "[nothing-to-recall]"),
        (("{image}", "--cause", " "), 2, "'cause' is empty"),
        (("{image}", "--cause", "\udcff"), 2, "not in UTF-8"),
        (("{image}", "--by", "\udcff"), 2, "not in UTF-8"),
        (("--run", "\udcff"), 2, "not in UTF-8"),
        (("file:///\udcff",), 2, "not in UTF-8"),
        (("scan.h5",), 2, "[invalid-argument]"),
    ],
)
def test_what_cannot_be_recalled_is_refused_and_nothing_is_written(
    run: Run, ask: Ask, recorded: Recorded, arguments: tuple[str, ...], code: int, said: str
) -> None:
    told = [argument.format(**recorded) for argument in arguments]
    assert_refused(run("recall", "make", "--cause", "wrong", *told), code, said)
    if "--cause" not in told and "--by" not in told:
        assert_refused(run("recall", "make", "--dry-run", *told), code, said)
    assert ask("recall", "list")["recalls"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("1", "--version", "1", "--all-versions"),
        ("1", "--version", "1", "--since", "2026-01-01T00:00Z"),
        ("--version", "1", "--run", "run-1"),
        ("1", "--version", "0"),
        ("--tag", "nothing"),
        ("--tag", "=1"),
    ],
)
def test_a_choice_that_contradicts_itself_is_wrong_usage(
    run: Run, recorded: Recorded, arguments: tuple[str, ...]
) -> None:
    result = run("recall", "make", "--cause", "wrong", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def grown(record_id: int) -> None:
    """Give a record another content, which came from the one before."""
    home().store.write(
        lambda tx: update_record(tx, IdentityRules(), record_id, sha256="0" * 64, context=NO_RUN)
    )


def test_a_record_of_several_contents_is_recalled_by_a_choice(
    run: Run, ask: Ask, recorded: Recorded
) -> None:
    structure = recorded["structure"]
    grown(structure)
    line = run("recall", "make", structure, "--cause", "wrong")
    assert_refused(line, 1, "[ambiguous-content]", "version 1 of", "version 2 of")
    first = recall(ask, f"{structure}@1")
    shown = ask("recall", "show", first)
    assert shown["recall"]["reached"] == {"data": 1, "revision": 1}
    ask("recall", "reinstate", first, "--reason", "it was the second")
    recall(ask, structure, "--version", 2)
    assert is_valid(ask, structure) is False
    assert ask("record", "show", structure, "--version", 1)["valid"] is True
    made = ask("recall", "make", structure, "--all-versions", "--cause", "both")["recalls"]
    assert [one["version"] for one in made] == [1, 2]


# Showing recalls


def test_recalls_are_listed_by_record_and_by_whether_they_stand(
    run: Run, ask: Ask, recorded: Recorded
) -> None:
    of_image, of_structure = recall(ask, recorded["image"]), recall(ask, recorded["structure"])
    ask("recall", "reinstate", of_structure, "--reason", "right after all")

    def listed(*options: object) -> list[int]:
        return [one["recall_id"] for one in ask("recall", "list", *options)["recalls"]]

    assert listed() == [of_structure, of_image]
    assert listed("--standing") == [of_image]
    assert listed("--record", recorded["structure"]) == [of_structure, of_image]
    assert listed("--record", recorded["analyse"]) == [of_image]
    assert run("recall", "list", "--limit", 1).stderr.startswith("1 of 2 recalls shown")
    assert run("recall", "list", "--record", recorded["collect"]).stderr == "No recalls.\n"


def test_a_recall_shows_its_root_reach_and_actions(
    run: Run, ask: Ask, recorded: Recorded, owner: Callable[..., str]
) -> None:
    link(recorded["structure"], owner("told"))
    recall_id = recall(ask, recorded["image"])
    shown = ask("recall", "show", recall_id, "--limit", 2)
    assert shown["recall"]["record_id"] == recorded["image"]
    assert shown["by_kind"] == {"data": 1, "step": 1, "model": 1}
    assert shown["by_run"] == [{"run_id": "run-1", "records": 3}]
    assert [one["way"] for one in shown["reached"]["records"]] == ["data", "data"]
    assert (shown["reached"]["total"], shown["reached"]["hidden"]) == (3, 1)
    [action] = shown["action_runs"]
    assert (action["name"], action["state"], action["record_id"]) == (
        "tell",
        "owed",
        recorded["structure"],
    )
    text = run("recall", "show", recall_id, "--limit", 2)
    assert "wrong" in text.stdout
    assert text.stderr == "2 of 3 records shown; --limit 0 shows all.\n"


def test_an_invalid_record_names_the_recalls_that_reach_it(
    run: Run, ask: Ask, recorded: Recorded
) -> None:
    first, second = recall(ask, recorded["image"]), recall(ask, recorded["structure"])
    shown = ask("record", "show", recorded["structure"])
    about = {"record_id": recorded["structure"], "version": 1, "cause": "wrong"}
    assert shown["invalid"] == [about | {"recall_id": one} for one in (first, second)]
    assert f"recall {first} reaches {recorded['structure']}@1: wrong" in (
        run("record", "show", recorded["structure"]).stdout
    )
    assert ask("record", "show", recorded["configuration"])["invalid"] == []


def test_lineage_names_the_recalls_that_reach_what_it_shows(
    run: Run, ask: Ask, recorded: Recorded
) -> None:
    recall_id = recall(ask, recorded["image"])
    invalid = ask("record", "lineage", recorded["structure"])["invalid"]
    named = sorted(recorded[name] for name in ("image", "analyse", "structure"))
    assert [(one["record_id"], one["recall_id"]) for one in invalid] == [
        (record_id, recall_id) for record_id in named
    ]
    last = run("record", "lineage", recorded["structure"]).stdout.splitlines()[-1]
    assert last.startswith(f"recall {recall_id} reaches ")
    assert "recall" not in run("record", "lineage", recorded["configuration"]).stdout


def test_no_cause_or_output_reaches_the_terminal_with_control_characters(
    run: Run, ask: Ask, recorded: Recorded, owner: Callable[..., str]
) -> None:
    link(recorded["image"], owner("told"), HOSTILE)
    run("recall", "make", recorded["image"], "--cause", HOSTILE, "--by", HOSTILE)
    for command in (
        ("recall", "list"),
        ("recall", "show", 1),
        ("recall", "plan", 1),
        ("recall", "make", recorded["image"], "--dry-run"),
        ("recall", "run"),
        ("recall", "show", 1),
        ("record", "show", recorded["image"]),
        ("recall", "reinstate", 1, "--reason", HOSTILE),
    ):
        result = run(*command)
        assert result.exit_code == 0, result.stderr
        assert "evil" in result.stdout
        assert no_control_characters(result.stdout), command


# Actions


def test_owed_actions_are_run_and_answered_with_what_became_of_them(
    run: Run, ask: Ask, recorded: Recorded, owner: Callable[..., str]
) -> None:
    link(recorded["structure"], owner("told"))
    recall(ask, recorded["image"])
    [done] = ask("recall", "run")["action_runs"]
    assert (done["state"], done["exit_status"], done["output"]) == ("done", 0, "structure\n")
    again = run("recall", "run")
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "No action is due.\n")


def test_an_action_that_is_not_allowed_stays_owed_and_says_why(
    run: Run, ask: Ask, recorded: Recorded, owner: Callable[..., str], tmp_path: Path
) -> None:
    mark = tmp_path / "started"
    link(recorded["image"], owner("not", f"#!/bin/sh\n: > {mark}\n", allow=False))
    recall_id = recall(ask, recorded["image"])
    result = run("recall", "run", recall_id)
    assert result.exit_code == 1
    assert "is not allowed" in result.stdout
    assert result.stderr == "1 still owed.\n"
    assert not mark.exists()
    [action] = ask("recall", "show", recall_id)["action_runs"]
    assert (action["state"], action["attempt"]) == ("owed", 0)
    assert "the owner of the database can add it" in action["output"]


def test_only_the_actions_of_one_recall_are_run_where_it_is_named(
    ask: Ask, recorded: Recorded, owner: Callable[..., str]
) -> None:
    link(recorded["structure"], owner("told"))
    first, second = recall(ask, recorded["image"]), recall(ask, recorded["structure"])
    assert [one["recall_id"] for one in ask("recall", "run", second)["action_runs"]] == [second]
    assert [one["recall_id"] for one in ask("recall", "run")["action_runs"]] == [first]


def test_a_failed_action_is_tried_again_when_it_is_retried(
    run: Run,
    ask: Ask,
    recorded: Recorded,
    owner: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BRAID_DB_ACTION_ATTEMPTS", "1")
    for name in ("image", "structure"):
        link(recorded[name], owner(name, FAILING))
    recall_id = recall(ask, recorded["image"])
    result = run("recall", "run")
    assert (result.exit_code, result.stderr) == (1, "2 failed.\n")
    assert "it went wrong" in result.stdout
    assert run("recall", "run").stderr == "No action is due.\n"
    owner("image")
    image, structure = ask("recall", "show", recall_id)["action_runs"]
    again = ask("recall", "retry", recall_id, image["action_run_id"])["action_runs"]
    assert [(one["action_run_id"], one["state"]) for one in again] == [
        (image["action_run_id"], "owed")
    ]
    assert [one["state"] for one in ask("recall", "run")["action_runs"]] == ["done"]
    assert_refused(run("recall", "retry", recall_id, image["action_run_id"]), 2, "action_run_id")
    [left] = ask("recall", "retry", recall_id)["action_runs"]
    assert left["action_run_id"] == structure["action_run_id"]
    assert "Nothing has failed" in run("recall", "retry", recall_id).stderr


def test_a_dry_run_and_lists_start_nothing(
    ask: Ask, recorded: Recorded, owner: Callable[..., str], tmp_path: Path
) -> None:
    mark = tmp_path / "started"
    link(recorded["image"], owner("touch", f"#!/bin/sh\n: > {mark}\n"))
    ask("recall", "make", recorded["image"], "--dry-run")
    recall_id = recall(ask, recorded["image"])
    for command in (("list",), ("show", recall_id), ("plan", recall_id)):
        ask("recall", *command)
    assert not mark.exists()
    ask("recall", "run")
    assert mark.exists()


# Taking back


def test_what_only_a_recall_reached_is_valid_again_when_it_is_taken_back(
    run: Run, ask: Ask, recorded: Recorded, owner: Callable[..., str]
) -> None:
    told = owner("told")
    link(recorded["image"], told, "first")
    first = recall(ask, recorded["image"])
    ask("recall", "run")
    link(recorded["structure"], told, "second")
    recall(ask, recorded["analyse"])
    told = ("--reason", "it was right", "--by", "me")
    [done] = ask("recall", "reinstate", first, *told)["reinstated"]
    assert (done["valid_again"], done["still_invalid"]) == (1, 2)
    assert [one["name"] for one in done["cancelled"]] == ["second"]
    assert [one["name"] for one in done["begun"]] == ["first"]
    assert (done["recall"]["reinstated_by"], done["recall"]["reinstate_reason"]) == (
        "me",
        "it was right",
    )
    assert is_valid(ask, recorded["image"])
    assert not is_valid(ask, recorded["structure"])
    again = run("recall", "reinstate", first, "--reason", "once more")
    assert_refused(again, 1, "[already-reinstated]")
    assert "it was right" in run("recall", "show", first).stdout


def test_a_recall_is_not_taken_back_without_a_reason(
    run: Run, ask: Ask, recorded: Recorded
) -> None:
    recall_id = recall(ask, recorded["image"])
    assert run("recall", "reinstate", recall_id).exit_code == 2
    assert not is_valid(ask, recorded["image"])


@pytest.mark.parametrize("record", ["{structure}", "{structure}@1"])
def test_what_was_merely_reached_cannot_be_taken_back_by_itself(
    run: Run, ask: Ask, recorded: Recorded, record: str
) -> None:
    recall_id = recall(ask, recorded["image"])
    named = record.format(**recorded)
    refused = run("recall", "reinstate", "--record", named, "--reason", "mine is right")
    assert_refused(refused, 1, "[merely-reached]", f"recall {recall_id} of record")
    own = recall(ask, named)
    done = ask("recall", "reinstate", "--record", named, "--reason", "mine is right")
    assert [one["recall"]["recall_id"] for one in done["reinstated"]] == [own]
    assert not is_valid(ask, recorded["structure"])


# Plans


def test_a_plan_is_worked_off_until_all_is_valid_again(
    run: Run, ask: Ask, recorded: Recorded
) -> None:
    recall_id = recall(ask, recorded["image"])
    plan = ask("recall", "plan", recall_id)
    assert [(one["do"], one["record"]["record_id"]) for one in plan["work"]] == [
        ("give anew", recorded["image"]),
        ("run again", recorded["analyse"]),
    ]
    assert plan["work"][1]["flow_id"] == "flow-1"
    assert [one["can_be_kept"] for one in plan["work"][1]["inputs"]] == [False]
    text = run("recall", "plan", recall_id).stdout
    assert f"2. run again step {recorded['analyse']}@1" in text
    assert "INVALID, comes anew first" in text
    for number, record_id in enumerate([recorded["image"], recorded["structure"]], 1):
        home().store.write(
            lambda tx, one=record_id: update_record(tx, IdentityRules(), one, correction=True)
        )
        assert ask("recall", "plan", recall_id)["done"] == number
    nothing = run("recall", "plan", recall_id)
    assert nothing.stderr == "Nothing is to be done.\n"
    assert "2 done already" in nothing.stdout


@pytest.mark.parametrize(
    "command",
    [
        ("show", "9"),
        ("plan", "9"),
        ("run", "9"),
        ("retry", "9"),
        ("reinstate", "9", "--reason", "x"),
        ("show", str(2**70)),
        ("run", "0"),
    ],
)
def test_a_recall_that_is_not_there_is_refused(
    run: Run, recorded: Recorded, command: tuple[str, ...]
) -> None:
    assert_refused(run("recall", *command), 1, "[recall-not-found]")


# Upstream's command


def test_upstreams_command_recalls_records_with_all_that_came_of_them(
    ask: Ask, recorded: Recorded, database_url: str
) -> None:
    told = [database_url, "miscalibrated", str(recorded["image"]), f"{recorded['structure']}@1"]
    done = CliRunner().invoke(invalidate_record, told)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"recall 1 of record {recorded['image']} reaches 3",
        f"recall 2 of record {recorded['structure']} reaches 1",
    ]
    assert [one["cause"] for one in ask("recall", "list")["recalls"]] == ["miscalibrated"] * 2
    assert not is_valid(ask, recorded["structure"])


def test_upstreams_command_refuses_what_is_not_there_and_recalls_nothing(
    ask: Ask, recorded: Recorded, database_url: str
) -> None:
    told = [database_url, "wrong", str(recorded["image"]), "999"]
    refused = CliRunner().invoke(invalidate_record, told)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "[record-not-found]" in refused.stderr
    assert ask("recall", "list")["recalls"] == []
    assert json.loads(json.dumps(ask("record", "show", recorded["image"])))["valid"] is True
