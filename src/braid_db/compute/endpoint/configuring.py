"""Configuring an endpoint: which files follow from what was chosen, and writing them.

What is there is changed setting by setting; what is not said stays as it is.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from braid_db.compute.endpoint import editing, folder
from braid_db.compute.endpoint.errors import EndpointChoiceInvalid, EndpointFileUnusable
from braid_db.compute.endpoint.folder import EndpointFolder
from braid_db.compute.endpoint.secrecy import shown_url, shown_variable
from braid_db.compute.endpoint.workers import fixed_database
from braid_db.compute.owned_file import replace_file
from braid_db.errors import shown
from braid_db.resources import endpoint_config_folder

ENGINES = ("ProcessPoolEngine", "GlobusComputeEngine")
_HEADERS = 2
"""With how many lines about its files a unified diff begins."""
_READABLE = 0o644
_OWNERS_ALONE = 0o600


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose; what is None stays as it is.

    :param database_url: what the functions find in ``BRAID_DB_URL``.
    :param host: what they find in ``BRAID_DB_HOST``.
    :param workers: how many calls are recorded at the same time.
    :param json_only: whether arguments are read as JSON alone; they are where it becomes shared.
    :param python: the interpreter of the workers.
    :param allowed: ids of functions that may run, besides those that may already.
    :param accounts: domain of Globus identities -> the account here that they become; the
        endpoint is then shared.
    :param email: whom Globus writes to about a shared endpoint.
    """

    database_url: str | None = None
    host: str | None = None
    engine: str | None = None
    workers: int | None = None
    json_only: bool | None = None
    python: str | None = None
    display_name: str | None = None
    allowed: Sequence[str] = ()
    accounts: Mapping[str, str] | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of an endpoint that is to be written.

    :param before: what it holds; None where it is new.
    """

    path: Path
    before: str | None
    after: str
    mode: int

    def diff(self) -> list[str]:
        """Return what changes, as lines of a unified diff, without passwords."""
        before = [] if self.before is None else self.before.splitlines()
        name = self.path.name
        after = self.after.splitlines()
        lines = list(difflib.unified_diff(before, after, name, name, lineterm=""))
        without_secrets = shown_variable if name == folder.ENVIRONMENT else shown_url
        return [
            line
            if number < _HEADERS or line.startswith("@@")
            else line[0] + without_secrets(line[1:])
            for number, line in enumerate(lines)
        ]


def plan_changes(endpoint: EndpointFolder, choices: Choices) -> list[FileChange]:
    """Return the files that are to be written so that an endpoint is as it was chosen.

    :raises EndpointChoiceInvalid: if it cannot be.
    :raises EndpointFileUnusable: if a file that is there cannot be changed.
    """
    _check(endpoint, choices)
    after = {
        folder.CONFIG: _core(endpoint, choices),
        folder.TEMPLATE: _template(endpoint, choices),
        folder.SCHEMA: _text(endpoint, folder.SCHEMA),
        folder.ENVIRONMENT: _environment(endpoint, choices),
    }
    if choices.accounts:
        after[folder.MAPPING] = _mapping(endpoint, choices.accounts)
    changes = [
        FileChange(endpoint.path / name, endpoint.text(name), text, _mode(name))
        for name, text in after.items()
    ]
    return [change for change in changes if change.before != change.after]


def with_changes(endpoint: EndpointFolder, changes: Iterable[FileChange]) -> EndpointFolder:
    """Return an endpoint as it will be when its files are written."""
    planned = {change.path.name: change.after for change in changes}
    return replace(endpoint, planned={**endpoint.planned, **planned})


def write_changes(endpoint: EndpointFolder, changes: Iterable[FileChange]) -> None:
    """Write files of an endpoint, each whole or not at all; its folder is its owner's alone.

    :raises EndpointFileUnusable: if one cannot be written.
    """
    for change in changes:
        try:
            endpoint.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(change.path, change.after)
            change.path.chmod(change.mode)
        except OSError as error:
            problem = f"cannot be written ({error.strerror})"
            raise EndpointFileUnusable(change.path, problem) from None


def allowed_functions(endpoint: EndpointFolder) -> list[str] | None:
    """Return the ids of the functions that an endpoint lets run; None where it asks nobody."""
    allowed = read_yaml(endpoint, folder.CONFIG).get("allowed_functions")
    return None if allowed is None else [str(one) for one in allowed]


def is_shared(endpoint: EndpointFolder) -> bool:
    """Return whether an endpoint serves more than its owner's identity."""
    return bool(read_yaml(endpoint, folder.CONFIG).get("identity_mapping_config_path"))


def lacks_address(endpoint: EndpointFolder) -> bool:
    """Return whether an endpoint's agent cannot start, as it is root's and names no address."""
    return os.geteuid() == 0 and not read_yaml(endpoint, folder.CONFIG).get("email")


def mapped_accounts(endpoint: EndpointFolder) -> dict[str, str]:
    """Return domain of identities -> account here, of a shared endpoint; else nothing."""
    if not is_shared(endpoint):
        return {}
    try:
        return {
            rule["match"].removeprefix(".*@").replace("\\", ""): rule["output"]
            for rule in _rules(endpoint)
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _rules(endpoint: EndpointFolder) -> list[dict[str, Any]]:
    """Return the rules by which identities become accounts."""
    told = json.loads(endpoint.text(folder.MAPPING) or "[]")
    return [rule for mapping in told for rule in mapping["mappings"]]


def read_yaml(endpoint: EndpointFolder, name: str) -> Mapping[str, Any]:
    """Return what one of an endpoint's YAML files holds; nothing where there is none.

    :raises EndpointFileUnusable: if it is no YAML, or no mapping.
    """
    return _parsed(endpoint.path / name, endpoint.text(name) or "")


def _parsed(path: Path, text: str) -> Mapping[str, Any]:
    try:
        import yaml
    except ImportError:
        reason = "Endpoints can be configured only where the agent is installed: pip install"
        raise EndpointChoiceInvalid(f"{reason} 'braid-db[endpoint]'.") from None
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError:
        raise EndpointFileUnusable(path, "is no YAML") from None
    if not isinstance(found, dict):
        raise EndpointFileUnusable(path, "is no mapping of names to values")
    return found


def _check(endpoint: EndpointFolder, choices: Choices) -> None:
    if choices.engine is not None and choices.engine not in ENGINES:
        raise EndpointChoiceInvalid(
            f"{shown(choices.engine)} is no engine for this use; choose {' or '.join(ENGINES)}."
        )
    for domain in choices.accounts or ():
        if not re.fullmatch(r"[A-Za-z0-9.-]+", domain):
            raise EndpointChoiceInvalid(
                f"{shown(domain)} is no domain of identities; name one such as facility.example."
            )
    has_email = choices.email or read_yaml(endpoint, folder.CONFIG).get("email")
    if choices.accounts and not has_email:
        raise EndpointChoiceInvalid(
            "A shared endpoint needs an address that Globus can write to; name it with --email."
        )


def _text(endpoint: EndpointFolder, name: str) -> str:
    """Return a file as it is; one that is new begins as the template that is shipped."""
    text = endpoint.text(name)
    if text is None:
        text = (endpoint_config_folder() / name).read_text(encoding="utf-8")
    return text


def _core(endpoint: EndpointFolder, choices: Choices) -> str:
    settings: dict[str, editing.Setting | None] = {
        "display_name": choices.display_name,
        "email": choices.email,
    }
    if choices.accounts:
        settings["identity_mapping_config_path"] = str(endpoint.path / folder.MAPPING)
    if choices.allowed:
        known = allowed_functions(endpoint) or []
        settings["allowed_functions"] = list(dict.fromkeys([*known, *choices.allowed]))
    return _with_settings(endpoint, folder.CONFIG, settings)


def _environment(endpoint: EndpointFolder, choices: Choices) -> str:
    url = choices.database_url and fixed_database(choices.database_url)
    settings = {"BRAID_DB_URL": url, "BRAID_DB_HOST": choices.host}
    return _with_settings(endpoint, folder.ENVIRONMENT, settings)


def _with_settings(
    endpoint: EndpointFolder, name: str, settings: Mapping[str, editing.Setting | None]
) -> str:
    """Return a YAML file with those settings changed that are other ones now."""
    path, text = endpoint.path / name, _text(endpoint, name)
    for key, value in settings.items():
        if value is None or _parsed(path, text).get(key) == value:
            continue
        text = editing.set_yaml(text, key, value)
        if not _reads(path, text, key, value):
            problem = f"holds '{key}' in a form that cannot be changed here"
            advice = f"Write it as '{key}: ...' in one line, a list as [a, b], and do this again."
            raise EndpointFileUnusable(path, problem, advice)
    return text


def _reads(path: Path, text: str, key: str, value: editing.Setting) -> bool:
    """Return whether a key of a YAML text has a value, once; a text that was spoiled has none."""
    with suppress(EndpointFileUnusable):
        is_set = _parsed(path, text).get(key) == value
        return is_set and editing.count_in_yaml(text, key) == 1
    return False


def _template(endpoint: EndpointFolder, choices: Choices) -> str:
    text = _text(endpoint, folder.TEMPLATE)
    becomes_shared = bool(choices.accounts) and not is_shared(endpoint)
    variables: dict[str, str | int | bool | None] = {
        "engine": choices.engine,
        "workers": choices.workers,
        "json_only": choices.json_only if choices.json_only is not None else becomes_shared or None,
        "python": choices.python,
    }
    for name, value in variables.items():
        if value is None or editing.get_variable(text, name) == value:
            continue
        changed = editing.set_variable(text, name, value)
        if changed is None:
            raise EndpointFileUnusable(
                folder.TEMPLATE, f"sets no variable '{name}', which would have to change"
            )
        text = changed
    return text


def _mapping(endpoint: EndpointFolder, accounts: Mapping[str, str]) -> str:
    """Return which Globus identities become which account: each of a domain the one of it.

    Other domains of an endpoint that is shared already stay what they are.
    """
    new = [
        {"source": "{username}", "match": f".*@{re.escape(domain)}", "output": account}
        for domain, account in accounts.items()
    ]
    try:
        known = _rules(endpoint) if is_shared(endpoint) else []
        rules = {str(rule["match"]): rule for rule in [*known, *new]}
    except (ValueError, TypeError, KeyError):
        path = endpoint.path / folder.MAPPING
        raise EndpointFileUnusable(path, "is no mapping of identities") from None
    mapping = [{"DATA_TYPE": "expression_identity_mapping#1.0.0", "mappings": list(rules.values())}]
    return json.dumps(mapping, indent=2) + "\n"


def _mode(name: str) -> int:
    # The agent reads the template and the schema as the account that a caller is mapped to.
    return _READABLE if name in (folder.TEMPLATE, folder.SCHEMA) else _OWNERS_ALONE
