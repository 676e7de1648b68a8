"""Tests that no password of an endpoint's files is shown."""

from __future__ import annotations

import pytest

from braid_db.compute.endpoint.secrecy import shown_url, shown_variable


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:geheim@h/n", "postgresql://u:***@h/n"),
        ("postgresql://u:gehe@im@h/n", "postgresql://u:***@h/n"),
        ("postgresql://[u:geheim@h/n", "postgresql://[u:***@h/n"),
        ("postgresql://h/n?user=u&password=geheim", "postgresql://h/n?user=u&password=***"),
        ("postgresql://h/n?sslpassword=geheim&x=1", "postgresql://h/n?sslpassword=***&x=1"),
        ("postgresql://h/n?pass%77ord=geheim&x=1", "postgresql://h/n?pass%77ord=***&x=1"),
        ("postgresql://h/n?%50ASSWORD=geheim", "postgresql://h/n?%50ASSWORD=***"),
        ("postgresql://h/n?password=gehe'im", "postgresql://h/n?password=***"),
        ("postgresql://u@h:5432/n?passfile=/a", "postgresql://u@h:5432/n?passfile=/a"),
        ("~/.braid_db/braid.db", "~/.braid_db/braid.db"),
    ],
)
def test_a_url_is_shown_without_its_passwords(url: str, shown: str) -> None:
    assert shown_url(url) == shown


@pytest.mark.parametrize(
    "line",
    [
        'PGPASSWORD: "geheim"',
        "PGPASSWORD: geheim",
        '"PGPASSWORD": geheim',
        "#PGPASSWORD: geheim",
        "# PGPASSWORD: geheim",
        "{PGPASSWORD: geheim}",
        "--- {PGPASSWORD: geheim}",
        "PGPASSWORD : geheim",
        "  geheim",
        "  ://geheim",
        'BRAID_DB_URL: "postgresql://h/n?user=u&password=geheim"',
        'BRAID_DB_URL: "postgresql://h/n?user=u&%70assword=geheim"  # at work',
    ],
)
def test_a_line_with_a_secret_is_shown_without_it(line: str) -> None:
    assert "geheim" not in shown_variable(line)
    assert "***" in shown_variable(line)


@pytest.mark.parametrize(
    "line",
    ["", "---", "# A sentence: with words.", "BRAID_DB_URL: /a", "BRAID_DB_HOST: b", 'PGUSER: ""'],
)
def test_a_line_without_one_is_shown_as_it_is(line: str) -> None:
    assert shown_variable(line) == line
