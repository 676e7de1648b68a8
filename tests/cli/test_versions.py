"""Tests that records get new versions by commands, and that these are shown and compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from braid_db.cli.options import login_name
from tests.cli.conftest import HOSTILE, Recorded, Run

Ask = Callable[..., Any]


def test_an_edit_describes_a_record_otherwise(run: Run, ask: Ask, recorded: Recorded) -> None:
    image = recorded["image"]
    change = ("--name", "scan", "--tag", "n=2", "--remove-tag", "\x1b[1mkey", "--add-uri", "s3://c")
    edited = ask("record", "edit", image, *change, "--reason", "a slip", "--author", "ada")
    assert (edited["record_id"], edited["version"], edited["is_new"]) == (image, 2, True)
    assert (edited["name"], edited["created_by"]) == ("scan", "ada")
    assert edited["tags"] == {"exposure.time": 0.1, "n": 2}
    assert edited["uris"][1:] == ["s3://bucket/image", "s3://c"]
    assert ask("record", "show", image, "--version", 1)["name"] == HOSTILE
    again = run("record", "edit", image, *change)
    assert again.stdout == f"Nothing differs: record {image} stays at version 2.\n"
    assert run("record", "edit", image, "--name", "x").stdout == (
        f"Record {image} has version 3 now.\n"
    )
    assert ask("record", "show", image)["created_by"] == login_name()


@pytest.mark.parametrize(
    ("told", "tags"),
    [
        (["k=1"], {"k": 1}),
        (["k=1.0", "l=true", "m=null"], {"k": 1.0, "l": True, "m": None}),
        (['k="1"'], {"k": "1"}),
        (["k=8-ID"], {"k": "8-ID"}),
        (["k="], {"k": ""}),
        (["k=a=b"], {"k": "a=b"}),
        (["k=1", "k=2"], {"k": [1, 2]}),
        (["k=[1, 2]"], {"k": [1, 2]}),
        (['fit={"loss": 0.1, "of": {"n": 3}}'], {"fit.loss": 0.1, "fit.of.n": 3}),
        (["k=NaN"], {"k": "NaN"}),
    ],
)
def test_a_tag_is_typed_as_json_or_else_a_text(
    ask: Ask, recorded: Recorded, told: list[str], tags: dict[str, object]
) -> None:
    options = [word for one in told for word in ("--tag", one)]
    edited = ask("record", "edit", recorded["structure"], *options)
    assert json.dumps(edited["tags"]) == json.dumps(tags)


@pytest.mark.parametrize(
    "options",
    [
        ("--tag", "novalue"),
        ("--tag", "=1"),
        ("--tag", "k=" + "9" * 5000),
        ("--tag", "k=" + "[" * 100_000),
        ("--tag", "k=\udcff"),
        ("--tag", "k" * 500 + "=1"),
        ("--name", "\udcff"),
        ("--reason", "\udcff"),
        ("--add-uri", "x" * 9000),
        ("--set-uri", "\udcff"),
        ("--expected-version", "0"),
    ],
)
def test_what_cannot_be_kept_is_wrong_usage_and_writes_nothing(
    run: Run, ask: Ask, recorded: Recorded, options: tuple[str, ...]
) -> None:
    result = run("record", "edit", recorded["image"], *options)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert ask("record", "show", recorded["image"])["versions"] == 1


def test_an_update_takes_files_sources_and_metrics(
    ask: Ask, recorded: Recorded, tmp_path: Path
) -> None:
    model, weights = recorded["structure"], tmp_path / "weights 1.pt"
    weights.write_bytes(b"trained")
    digest = hashlib.sha256(b"trained").hexdigest()
    updated = ask(
        *("record", "update", model, "--from", recorded["image"], "--from", f"{model}@1"),
        *("--state", weights, "--state", "s3://bucket/optimizer", "--framework", "torch 2"),
        *("--sha256", digest.upper(), "--size-bytes", 7, "--tag", "loss=0.1"),
    )
    assert (updated["version"], updated["sha256"], updated["size_bytes"]) == (2, digest, 7)
    first, second = ask("model", "states", model)["states"]
    assert (first["version"], first["files"]) == (1, [])
    assert second["tags"] == {"loss": 0.1}
    on_disk, remote = second["files"]
    assert on_disk["uri"].startswith("file://localhost/")
    assert on_disk["uri"].endswith("/weights%201.pt")
    assert (on_disk["sha256"], on_disk["size_bytes"]) == (digest, 7)
    assert (remote["uri"], remote["sha256"]) == ("s3://bucket/optimizer", None)
    assert on_disk["framework"] == remote["framework"] == "torch 2"
    lineage = ask("record", "lineage", model, "--depth", 1)
    assert {(edge["predecessor"]["record_id"], edge["role"]) for edge in lineage["edges"]} == {
        (recorded["image"], "derived"),
        (model, "derived"),
        (model, "revision"),
    }


def test_a_correction_does_not_come_from_what_it_mends(ask: Ask, recorded: Recorded) -> None:
    image = recorded["image"]
    ask("record", "update", image)
    ask("record", "update", image, "--correction", "--based-on", 1)
    assert ask("record", "lineage", image, "--version", 3)["records"] == []
    assert ask("record", "lineage", image, "--version", 2)["records"] != []


@pytest.mark.parametrize("state", [".", "absent.pt", "a\x00b"])
def test_a_state_that_is_no_file_and_no_uri_is_wrong_usage(
    run: Run, recorded: Recorded, state: str
) -> None:
    result = run("record", "update", recorded["structure"], "--state", state)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'--state" in result.stderr


def test_a_restore_reads_as_the_old_version_did(run: Run, ask: Ask, recorded: Recorded) -> None:
    image = recorded["image"]
    old = ask("record", "show", image)
    ask("record", "update", image, "--name", "new", "--tag", "n=1")
    restored = ask("record", "restore", image, "--version", 1, "--reason", "it was right")
    assert (restored["version"], restored["is_new"]) == (3, True)
    for field in ("name", "tags", "uris", "sha256", "valid"):
        assert restored[field] == old[field]
    assert run("record", "restore", image, "--version", 1).stdout.startswith("Nothing differs")
    assert run("record", "restore", image).exit_code == 2


def test_a_history_lists_versions_with_who_made_them_and_why(
    run: Run, ask: Ask, recorded: Recorded
) -> None:
    image = recorded["image"]
    ask("record", "edit", image, "--name", "a", "--reason", HOSTILE, "--author", "ada")
    ask("record", "update", image, "--author", "bob")
    ask("record", "restore", image, "--version", 2)
    versions = ask("record", "history", image)["versions"]
    assert [(one["version"], one["content"]) for one in versions] == [
        (1, 1),
        (2, 1),
        (3, 3),
        (4, 1),
    ]
    assert [one["author"] for one in versions[1:3]] == ["ada", "bob"]
    assert versions[1]["reason"] == HOSTILE
    shown = run("record", "history", image).stdout
    heading, first, second, third, fourth = shown.splitlines()
    assert heading.split()[:3] == ["version", "content", "valid"]
    assert [line.split()[1] for line in (first, second, third, fourth)] == [
        "new",
        "of",
        "new",
        "of",
    ]
    assert shown.replace("\n", "").isprintable()


def test_a_difference_is_readable_line_by_line(run: Run, ask: Ask, recorded: Recorded) -> None:
    facts = recorded["configuration"]
    ask("record", "edit", facts, "--tag", "n=1", "--tag", "gone=x", "--add-uri", "s3://a")
    ask("record", "update", facts, "--tag", "n=1.0", "--remove-tag", "gone", "--name", HOSTILE)
    ask("record", "edit", facts, "--set-uri", "s3://a", "--set-uri", "file:///a/beamline.json")
    heading, *lines = run("record", "diff", facts, "--from", 2, "--to", 3).stdout.splitlines()
    assert heading == f"record {facts}, version 2 to 3: another content"
    assert lines[0] == "- name  beamline.json"
    assert lines[1].startswith("+ name  \\x1b")
    assert lines[2:] == ["- tag gone  x", "- tag n  1", "+ tag n  1.0"]
    assert run("record", "diff", facts).stdout.splitlines() == [
        f"record {facts}, version 3 to 4: the same content",
        "- uri  file:///a/beamline.json",
        "- uri  s3://a",
        "+ uri  s3://a",
        "+ uri  file:///a/beamline.json",
    ]
    added = run("record", "diff", facts, "--from", 1, "--to", 2).stdout.splitlines()
    assert added[-1] == "+ uri  s3://a"
    assert len(added) == 4
    told = ask("record", "diff", facts, "--from", 2, "--to", 3)
    assert told["tags"] == {
        "gone": {"before": ["x"], "after": []},
        "n": {"before": [1], "after": [1.0]},
    }
    assert (told["uris"], told["same_content"]) == (None, False)


def test_the_files_of_a_state_are_shown_and_compared(
    run: Run, ask: Ask, recorded: Recorded, tmp_path: Path
) -> None:
    model, weights = recorded["structure"], tmp_path / "weights.pt"
    weights.write_bytes(b"trained")
    sha256 = hashlib.sha256(b"trained").hexdigest()
    kept = ("--state", "s3://bucket/\x1b[1m")
    ask("record", "update", model, *kept, "--state", weights, "--framework", "torch 2")
    ask("record", "update", model, *kept, "--framework", "torch 2")
    shown = ask("record", "show", model, "--version", 2)
    odd, on_disk = shown["files"]
    assert (on_disk["sha256"], on_disk["size_bytes"]) == (sha256, 7)
    assert odd == {
        "uri": "s3://bucket/\x1b[1m",
        "sha256": None,
        "size_bytes": None,
        "framework": "torch 2",
    }
    assert ask("record", "show", model, "--version", 1)["files"] == []
    lines = run("record", "show", model, "--version", 2).stdout.splitlines()
    of_files = [line.removeprefix("state file").strip() for line in lines if "state file" in line]
    line = f"{on_disk['uri']} (torch 2, 7 bytes, sha256 {sha256})"
    assert of_files == ["s3://bucket/\\x1b[1m (torch 2)", line]
    told = ask("record", "diff", model, "--from", 2)
    assert told["files"] == {"before": [odd, on_disk], "after": [odd]}
    assert run("record", "diff", model).stdout.splitlines() == [
        f"record {model}, version 2 to 3: another content",
        f"- state file  {line}",
    ]
    ask("record", "edit", model, "--name", "network")
    assert ask("record", "diff", model)["files"] is None


def test_states_are_a_table_with_a_row_for_each_file(
    run: Run, ask: Ask, recorded: Recorded
) -> None:
    model = recorded["structure"]
    files = ("--state", "s3://w/1", "--state", "s3://w/2")
    ask("record", "update", model, *files, "--tag", "loss=0.1", "--tag", "by=ada")
    lines = run("model", "states", model).stdout.splitlines()
    assert len(lines) == 4
    assert "loss=0.1 by=ada" in lines[2]
    assert lines[2].startswith("2 ")
    assert lines[3].split() == ["s3://w/2"]
    [only] = run("model", "states", model, "--version", 1).stdout.splitlines()[1:]
    assert only.startswith("1 ")


def test_states_are_asked_of_models_alone(run: Run, recorded: Recorded) -> None:
    result = run("model", "states", recorded["image"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("[not-a-model]\n")


def test_training_data_is_asked_of_models_alone(run: Run, recorded: Recorded) -> None:
    result = run("model", "data", recorded["image"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "only models have states and training data" in result.stderr


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        (("record", "show"), "--version 2."),
        (("record", "lineage"), "--version 2."),
        (("record", "history"), "a record alone: {}."),
    ],
)
def test_a_version_behind_an_id_is_refused_with_the_option_for_it(
    run: Run, recorded: Recorded, command: tuple[str, ...], advice: str
) -> None:
    model = recorded["structure"]
    result = run(*command, f"{model}@2")
    assert (result.exit_code, result.stdout) == (2, "")
    assert advice.format(model) in result.stderr


def test_what_a_command_refuses_is_one_line(run: Run, ask: Ask, recorded: Recorded) -> None:
    image, step = recorded["image"], recorded["collect"]
    ask("record", "edit", image, "--name", "moved on")
    for code, command in {
        "version-conflict": ("record", "edit", image, "--name", "x", "--expected-version", 1),
        "has-one-content": ("record", "update", step),
        "not-a-model": ("record", "update", image, "--state", "s3://w"),
        "identity-taken": ("record", "edit", image, "--set-uri", "file:///a/beamline.json"),
        "version-not-found": ("record", "restore", image, "--version", 99),
        "record-not-found": ("record", "edit", "9" * 30, "--name", "x"),
    }.items():
        result = run(*command)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.count("\n") == 1
        assert result.stderr.endswith(f"[{code}]\n")
    assert ask("record", "show", image)["versions"] == 2


def test_who_updates_something_invalid_is_told_why(run: Run, ask: Ask, recorded: Recorded) -> None:
    from braid_db.model import Reference
    from braid_db.recall.recalls import invalidate
    from braid_db.recall.targets import Targets
    from braid_db.steps.home import home

    image = recorded["image"]
    targets = Targets((Reference(image),))
    home().store.write(lambda tx: invalidate(tx, targets, cause=HOSTILE), alone=True)
    updated = run("record", "update", image).stdout
    assert f"INVALID, as it came from record {image}, version 1" in updated
    assert updated.replace("\n", "").isprintable()
    assert "INVALID" in run("record", "edit", image, "--name", "x").stdout
    assert "INVALID" not in run("record", "update", image, "--correction").stdout
    [cause] = ask("record", "update", image, "--based-on", 1)["invalid_inputs"]
    assert cause["cause"] == HOSTILE
