"""Tests that records, runs and lineage are shown whole, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.cli.conftest import HOSTILE, Recorded, Run

Ask = Callable[..., Any]

FIELDS = {"record_id", "version", "kind", "name", "uris", "tags", "run_id", "valid"}


def no_control_characters(text: str) -> bool:
    return all(line.isprintable() for line in text.splitlines())


def test_a_record_is_an_object_with_what_is_known_of_it(ask: Ask, recorded: Recorded) -> None:
    image = ask("record", "show", recorded["image"])
    assert set(image) >= FIELDS
    assert image["name"] == HOSTILE
    assert image["uris"][1] == "s3://bucket/image"
    assert image["tags"] == {"exposure.time": 0.1, "\x1b[1mkey": "NaN"}
    assert (image["kind"], image["version"], image["run_id"]) == ("data", 1, "run-1")
    assert image["valid"] is True


def test_a_record_may_be_named_by_its_uri(ask: Ask, recorded: Recorded) -> None:
    shown = ask("record", "show", "file:///a/./beamline.json")
    assert shown["record_id"] == recorded["configuration"]


def test_lineage_upwards_is_all_ancestors_with_their_distances(
    ask: Ask, recorded: Recorded
) -> None:
    answer = ask("record", "lineage", recorded["structure"], "--up")
    assert answer["record"]["record_id"] == recorded["structure"]
    assert answer["direction"] == "up"
    assert {one["record_id"]: one["distance"] for one in answer["records"]} == {
        recorded["analyse"]: 1,
        recorded["collect"]: 2,
        recorded["image"]: 2,
        recorded["configuration"]: 3,
    }
    assert all(set(one) >= FIELDS for one in answer["records"])
    names = {recorded[name]: name for name in recorded}
    assert {
        (
            names[edge["predecessor"]["record_id"]],
            names[edge["derived"]["record_id"]],
            edge["role"],
        )
        for edge in answer["edges"]
    } == {
        ("configuration", "collect", "used"),
        ("collect", "image", "generated"),
        ("collect", "analyse", "followed"),
        ("image", "analyse", "used"),
        ("analyse", "structure", "generated"),
    }


def test_lineage_downwards_is_all_descendants(ask: Ask, recorded: Recorded) -> None:
    answer = ask("record", "lineage", recorded["configuration"], "--down")
    others = {number for name, number in recorded.items() if name != "configuration"}
    assert {one["record_id"] for one in answer["records"]} == others
    assert ask("record", "lineage", recorded["structure"], "--down")["records"] == []


def test_lineage_by_data_leaves_out_the_order_of_steps(ask: Ask, recorded: Recorded) -> None:
    answer = ask("record", "lineage", recorded["structure"], "--by-data")
    assert {edge["role"] for edge in answer["edges"]} == {"used", "generated"}


def test_a_depth_that_cuts_something_off_says_so(run: Run, ask: Ask, recorded: Recorded) -> None:
    command = ("record", "lineage", recorded["structure"], "--depth", 2)
    assert len(ask(*command)["records"]) == 3
    assert ask(*command)["is_cut"] is True
    assert "beyond depth 2" in run(*command).stderr
    assert ask("record", "lineage", recorded["structure"], "--depth", 3)["is_cut"] is False


def test_lineage_of_chosen_kinds_is_a_list(run: Run, ask: Ask, recorded: Recorded) -> None:
    command = ("record", "lineage", recorded["structure"], "--kind", "fact", "--kind", "data")
    answer = ask(*command)
    assert [one["kind"] for one in answer["records"]] == ["data", "fact"]
    assert answer["edges"] == []
    heading, image, fact = run(*command).stdout.splitlines()
    assert heading.split()[:2] == ["distance", "record"]
    assert image.split()[:2] == ["2", str(recorded["image"])]
    assert fact.split()[:2] == ["3", str(recorded["configuration"])]


def test_lineage_is_a_tree_in_which_each_branch_is_drawn_once(run: Run, recorded: Recorded) -> None:
    lines = run("record", "lineage", recorded["structure"]).stdout.splitlines()
    assert lines[:2] == [
        f"model {recorded['structure']} structure",
        f"└── generated: step {recorded['analyse']} Action Step Analyse",
    ]
    collect = [line for line in lines if "Action Step Collect" in line]
    assert [line.endswith("(see above)") for line in collect] == [False, True]
    assert len([line for line in lines if "beamline.json" in line]) == 1


@pytest.mark.parametrize(
    "command",
    [
        ("record", "list"),
        ("record", "show", "image"),
        ("record", "lineage", "structure"),
        ("record", "lineage", "structure", "--kind", "data"),
        ("run", "show", "run-1"),
        ("graph", "structure"),
        ("graph", "structure", "--format", "dot"),
        ("record", "list", "--format", "json"),
    ],
)
def test_no_name_reaches_the_terminal_with_control_characters(
    run: Run, recorded: Recorded, command: tuple[str, ...]
) -> None:
    result = run(*(recorded.get(word, word) for word in command))
    assert result.exit_code == 0
    assert "evil" in result.stdout
    assert no_control_characters(result.stdout)


def test_nothing_is_cut_or_coloured_in_a_pipe(run: Run, recorded: Recorded) -> None:
    output = run("record", "list").stdout
    assert "file:///a/" + "long" * 50 + ".h5 (+1)" in output
    assert "\x1b" not in output


def test_a_list_shows_the_newest_first_and_says_how_to_go_on(
    run: Run, ask: Ask, recorded: Recorded
) -> None:
    answer = ask("record", "list", "--limit", 2)
    newest = sorted(recorded.values(), reverse=True)
    assert [one["record_id"] for one in answer["records"]] == newest[:2]
    assert answer["next"] == str(newest[1])
    said = f"2 records shown, and there are more: --after {newest[1]}\n"
    assert run("record", "list", "--limit", 2).stderr == said
    rest = ask("record", "list", "--after", answer["next"])
    assert [one["record_id"] for one in rest["records"]] == newest[2:]
    assert rest["next"] is None
    everything = run("record", "list", "--limit", 0)
    assert len(everything.stdout.splitlines()) == 6
    assert everything.stderr == ""


def test_a_list_that_is_empty_says_so(run: Run, ask: Ask, recorded: Recorded) -> None:
    assert ask("record", "list", "--name", "nothing like it")["records"] == []
    assert run("record", "list", "--name", "nothing like it").stderr == "No records.\n"


def test_records_are_listed_by_kind_name_and_run(ask: Ask, recorded: Recorded) -> None:
    def found(*options: str) -> set[int]:
        return {one["record_id"] for one in ask("record", "list", *options)["records"]}

    assert found("--kind", "fact", "--kind", "model") == {
        recorded["configuration"],
        recorded["structure"],
    }
    assert found("--name", "BEAM") == {recorded["configuration"]}
    assert found("--run", "run-1") == set(recorded.values())
    assert found("--run", "run-2") == set()


def test_records_are_found_by_a_condition_and_counted(
    run: Run, ask: Ask, recorded: Recorded
) -> None:
    where = ("--where", "exposure.time < 0.2 and (kind = 'data' or \"odd key\" is not null)")
    [image] = ask("record", "list", *where, "--valid", "--since", "2026-01-01")["records"]
    assert image["record_id"] == recorded["image"]
    assert ask("record", "list", *where, "--invalid")["records"] == []
    assert ask("record", "list", "--until", "2026-01-01", "--count") == {"count": 0}
    assert run("record", "list", "--where", "not kind = 'step'", "--count").stdout == "3\n"
    assert [
        one["record_id"] for one in ask("record", "list", "--uri", "s3://bucket/image")["records"]
    ] == [recorded["image"]]


def test_runs_are_listed_and_shown_with_their_records(
    run: Run, ask: Ask, recorded: Recorded
) -> None:
    [listed] = ask("run", "list")["runs"]
    assert (listed["run_id"], listed["flow_id"], listed["records"]) == ("run-1", "flow-1", 5)
    shown = ask("run", "show", "run-1", "--limit", 3)
    assert shown["run"] == listed
    assert len(shown["records"]) == 3
    rest = ask("run", "show", "run-1", "--after", shown["next"])
    assert (len(rest["records"]), rest["next"]) == (2, None)
    assert "urn:someone" in run("run", "list").stdout
    assert "Action Step Collect" in run("run", "show", "run-1").stdout


def test_a_graph_is_of_both_directions_unless_told_otherwise(run: Run, recorded: Recorded) -> None:
    whole = run("graph", recorded["image"])
    assert whole.stdout.startswith("flowchart TD\n")
    assert "beamline.json" in whole.stdout
    assert "structure" in whole.stdout
    up = run("graph", recorded["image"], "--up", "--format", "dot").stdout
    assert up.startswith("digraph lineage {\n")
    assert "beamline.json" in up
    assert "structure" not in up


def test_the_status_tells_which_database_it_is_and_what_it_holds(
    run: Run, ask: Ask, recorded: Recorded, database_url: str
) -> None:
    status = ask("db", "status")
    assert make_url(status["url"]).database == make_url(database_url).database
    assert sum(status["records"].values()) == status["versions"] == 5
    assert status["records"]["step"] == 2
    assert (status["derivations"], status["runs"], status["standing_recalls"]) == (5, 1, 0)
    assert status["size_bytes"] > 10_000
    assert status["uid"] in run("db", "status").stdout


def test_the_status_keeps_a_password_to_itself(
    run: Run, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The test's server trusts everyone, so that any password opens it.
    url = postgresql_url.replace("braid@", "braid:secret1@") + "&password=secret2"
    monkeypatch.setenv("BRAID_DB_URL", url)
    for result in (
        run("db", "create"),
        run("db", "status"),
        run("db", "status", "--format", "json"),
    ):
        assert result.exit_code == 0, result.stderr
        assert "postgresql" in result.stdout
        assert "secret" not in result.stdout


def test_a_story_that_is_too_long_says_how_much_it_leaves_out(
    run: Run, ask: Ask, recorded: Recorded
) -> None:
    told = run("record", "why", recorded["structure"], "--limit", "1")
    assert "3 records that lie farther away are left out." in told.stdout
    assert told.stderr == "--limit 0 tells of all.\n"
    assert ask("record", "why", recorded["structure"], "--limit", "1")["hidden"] == 3
    assert ask("record", "why", recorded["structure"], "--limit", "0")["hidden"] == 0
