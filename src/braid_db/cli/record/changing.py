"""What commands that write a version take: who says why, what is described otherwise, files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import wraps
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from braid_db.cli import as_json, text
from braid_db.cli.options import login_name, open_store, text_of, texts_of
from braid_db.errors import InvalidArgument, shown
from braid_db.steps import values
from braid_db.steps.tags import read_tags

if TYPE_CHECKING:
    from braid_db.identity import IdentityRules
    from braid_db.model import Tag
    from braid_db.records.versions import Written
    from braid_db.store import Transaction
    from braid_db.views import RecordView, StateFile

F = TypeVar("F", bound=Callable[..., Any])


def saying_why(command: F) -> F:
    """Give a command the options that say who makes a version, why, and of which one."""
    for option in (
        click.option(
            "--expected-version",
            type=click.IntRange(1, values.LARGEST_COUNT),
            metavar="N",
            help="Refuse if the record has moved on from this version.",
        ),
        click.option(
            "--author",
            metavar="NAME",
            help="Who says so; your login name by default.",
            callback=lambda context, option, told: text_of(context, option, told) or login_name(),
        ),
        click.option("--reason", metavar="TEXT", help="Why, for the history.", callback=text_of),
    ):
        command = option(command)
    return command


def describing(command: F) -> F:
    """Give a command the options that describe a record otherwise, as one ``change``."""

    @wraps(command)
    def with_change(
        name: str | None,
        tags: tuple[Tag, ...],
        remove_tags: tuple[str, ...],
        add_uris: tuple[str, ...],
        set_uris: tuple[str, ...],
        **others: Any,
    ) -> None:
        from braid_db.records.versions import Change

        change = Change(name, tags or None, remove_tags, set_uris or None, add_uris)
        command(change=change, **others)

    with_options: Any = with_change
    for option in _DESCRIBING:
        with_options = option(with_options)
    described: F = with_options
    return described


def _read_name(context: click.Context, option: click.Parameter, told: str | None) -> str | None:
    if told == "":
        raise InvalidArgument("--name", "empty", "a text")
    return values.optional_text("--name", told, values.NAME_LENGTH)


def _read_tags(
    context: click.Context, option: click.Parameter, told: tuple[str, ...]
) -> tuple[Tag, ...]:
    """Return tags with the types of their values."""
    return tuple(tag for one in told for tag in _read_tag(one))


def _read_tag(told: str) -> tuple[Tag, ...]:
    key, equals, value = told.partition("=")
    if not key or not equals:
        raise InvalidArgument("--tag", shown(told), "KEY=VALUE")
    try:
        return read_tags("--tag", {key: json.loads(value)})
    except json.JSONDecodeError:
        return read_tags("--tag", {key: value})
    except (RecursionError, ValueError):
        found = "nested too deeply, or an integer of thousands of digits"
        raise InvalidArgument("--tag", found, "a value that can be kept") from None


_DESCRIBING = (
    click.option(
        "--set-uri",
        "set_uris",
        metavar="URI",
        multiple=True,
        help="A URI in place of all that there are; may be given several times, and the first one "
        "identifies the record.",
        callback=texts_of,
    ),
    click.option(
        "--add-uri",
        "add_uris",
        metavar="URI",
        multiple=True,
        help="A URI after those that there are; may be given several times.",
        callback=texts_of,
    ),
    click.option(
        "--remove-tag",
        "remove_tags",
        metavar="KEY",
        multiple=True,
        help="A key that is to have no value; may be given several times.",
        callback=texts_of,
    ),
    click.option(
        "--tag",
        "tags",
        metavar="KEY=VALUE",
        multiple=True,
        help="A value in place of those that the key has: JSON, or else a text. May be given "
        "several times, with one key for several values.",
        callback=_read_tags,
    ),
    click.option("--name", metavar="TEXT", help="Another name.", callback=_read_name),
)
"""In the opposite order of the help, as options are put on from the inside."""


_STATE = "a file on this machine, or a URI"


def read_states(
    told: tuple[str, ...], framework: str | None, rules: IdentityRules
) -> list[StateFile]:
    """Return files with a state of a model; of those on this machine with checksum and size.

    :param told: paths of files on this machine, or URIs.
    :raises InvalidArgument: if one is neither.
    """
    return [_read_state(one, framework, rules) for one in told]


def _read_state(told: str, framework: str | None, rules: IdentityRules) -> StateFile:
    from braid_db.views import StateFile

    if rules.canonical(told) is not None:
        return StateFile(told, framework=framework)
    path = Path(told).absolute()
    try:
        if path.exists() and not path.is_file():  # A pipe or a device would never end.
            raise InvalidArgument("--state", f"{shown(told)}, which is no file", _STATE)
        with path.open("rb", buffering=0) as file:
            sha256 = file_digest(file, "sha256").hexdigest()
            size_bytes = file.tell()
    except OSError as error:
        found = f"{shown(told)}, which cannot be read ({error.strerror})"
        raise InvalidArgument("--state", found, _STATE) from None
    uri = path.as_uri()
    return StateFile(rules.canonical(uri) or uri, sha256, size_bytes, framework)


def write_version(named: str, form: str, write: Callable[[Transaction, int], Written]) -> None:
    """Let a record have another version, and say which."""
    from braid_db.cli.record.finding import find_record
    from braid_db.records.views import get_record

    def work(tx: Transaction) -> tuple[Written, RecordView]:
        written = write(tx, find_record(tx, named))
        return written, get_record(tx, written.record_id, written.version)

    written, record = open_store().write(work)
    if form == "json":
        more = {"is_new": written.is_new, "invalid_inputs": list(written.invalid_inputs)}
        as_json.say_json(as_json.record_json(record) | more)
    else:
        text.say(_lines(written, record))


def _lines(written: Written, record: RecordView) -> Iterator[str]:
    if not written.is_new:
        yield f"Nothing differs: record {record.record_id} stays at version {record.version}."
    else:
        yield f"Record {record.record_id} has version {record.version} now."
    if not record.valid and not written.invalid_inputs:
        yield "It is INVALID: its content was recalled, or came from what was."
    for cause in written.invalid_inputs:
        source = f"record {cause['record_id']}, version {cause['version']}"
        yield (
            f"It is INVALID, as it came from {source}: {text.visible(cause['cause'])} "
            f"(recall {cause['recall_id']})."
        )
