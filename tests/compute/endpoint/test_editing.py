"""Tests of changing single settings in an endpoint's files."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from braid_db.compute.endpoint.editing import count_in_yaml, get_variable, set_variable, set_yaml
from braid_db.resources import endpoint_config_folder

TEMPLATES = {
    name: (endpoint_config_folder() / name).read_text()
    for name in ("config.yaml", "user_environment.yaml", "user_config_template.yaml.j2")
}
CONFIG = TEMPLATES["config.yaml"]


def comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("# ")]


@pytest.mark.parametrize("name", ["config.yaml", "user_environment.yaml"])
@given(key=st.sampled_from(["display_name", "BRAID_DB_URL", "email", "new_key"]), value=st.text())
def test_a_text_reads_as_it_was_set_and_all_else_stays(name: str, key: str, value: str) -> None:
    before = TEMPLATES[name]
    after = set_yaml(before, key, value)
    expected = yaml.safe_load(before) | {key: value}
    assert yaml.safe_load(after) == expected
    assert comments(after) == comments(before)


@given(values=st.lists(st.uuids().map(str), min_size=1))
def test_a_list_takes_the_place_of_the_one_that_is_commented_out(values: list[str]) -> None:
    after = set_yaml(CONFIG, "allowed_functions", values)
    assert yaml.safe_load(after)["allowed_functions"] == values
    assert "00000000-0000" not in after
    again = set_yaml(after, "allowed_functions", values[:1])
    assert yaml.safe_load(again)["allowed_functions"] == values[:1]
    assert comments(again) == comments(after)


@pytest.mark.parametrize(
    "text",
    [
        "key: old\nother: 1\n",
        "key:\n  - a\n  - b\nother: 1\n",
        "key:\n- a\n- b\nother: 1\n",
        "key:\n  - a\n\n  - b\nother: 1\n",
        "key: >-\n  a\n\n  b\nother: 1\n",
        "key: [a,\n  b]\nother: 1\n",
        "#key: old\nother: 1\n",
        "#key: commented out\nkey: old\nother: 1\n",
        '"key": old\nother: 1\n',
        "'key' : old\nother: 1\n",
        "#key: commented out\n'key':\n  - a\nother: 1\n",
        "other: 1\n",
        "other: 1",
    ],
)
def test_a_key_is_replaced_wherever_it_stands(text: str) -> None:
    after = set_yaml(text, "key", ["new"])
    assert yaml.safe_load(after) == {"key": ["new"], "other": 1}
    assert count_in_yaml(after, "key") == 1


def test_the_empty_lines_after_a_key_stay() -> None:
    assert set_yaml("key: old\n\n\nother: 1\n", "key", "new") == 'key: "new"\n\n\nother: 1\n'


def test_a_variable_of_the_template_is_set_in_its_place() -> None:
    text = TEMPLATES["user_config_template.yaml.j2"]
    values: dict[str, str | int | bool] = {
        "engine": "GlobusComputeEngine",
        "workers": 3,
        "json_only": True,
        "python": '/a "b"/bin',
    }
    for name, value in values.items():
        changed = set_variable(text, name, value)
        assert changed is not None
        assert get_variable(changed, name) == value
        assert len(changed.splitlines()) == len(text.splitlines())
        text = changed
    assert {name: get_variable(text, name) for name in values} == values


def test_a_variable_that_is_not_set_cannot_be_changed() -> None:
    assert set_variable("engine: x\n", "engine", "y") is None
    assert get_variable("engine: x\n", "engine") is None
    assert get_variable("{% set engine = other %}", "engine") is None
