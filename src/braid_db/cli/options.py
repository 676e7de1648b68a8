"""The options and arguments that commands share, and how they open the database."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from braid_db.errors import InvalidArgument
from braid_db.model import Kind
from braid_db.settings import Settings, read_settings
from braid_db.steps import values

if TYPE_CHECKING:
    from braid_db.identity import IdentityRules
    from braid_db.store import Store

F = TypeVar("F", bound=Callable[..., Any])

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

DEFAULT_LIMIT = 50

_DATABASE = f"{__name__}.database"


def _remember_database(context: click.Context, _: click.Parameter, named: str | None) -> None:
    """Keep the name of the database for the command; what stands nearest to it wins."""
    if named is not None:
        context.meta[_DATABASE] = named


def named_database() -> str | None:
    """Return the URL or path that was given by --db, wherever it stood."""
    named: str | None = click.get_current_context().meta.get(_DATABASE)
    return named


database_option = click.option(
    "--db",
    metavar="URL_OR_PATH",
    help="The provenance database.",
    expose_value=False,
    callback=_remember_database,
)

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to answer: for people or for programs.",
)

limit_option = click.option(
    "--limit",
    type=click.IntRange(0, values.LARGEST_COUNT),
    default=DEFAULT_LIMIT,
    show_default=True,
    help="How many to show at most; 0 shows all.",
    callback=lambda context, option, value: value or None,
)

nearest_option = click.option(
    "--limit",
    type=click.IntRange(0, values.LARGEST_COUNT),
    default=1000,
    show_default=True,
    help="How many of the nearest to show at most; 0 shows all.",
    callback=lambda context, option, value: value or None,
)

kinds_option = click.option(
    "--kind",
    "kinds",
    type=click.Choice([kind.value for kind in Kind]),
    multiple=True,
    help="Only records of this kind; may be given several times.",
    callback=lambda context, option, values: tuple(Kind(value) for value in values),
)

version_option = click.option(
    "--version",
    type=click.IntRange(1, values.LARGEST_COUNT),
    help="Which version of the record; the current one by default.",
)

depth_option = click.option(
    "--depth",
    type=click.IntRange(1, values.LARGEST_COUNT),
    help="How many derivations to go at most; without end by default.",
)

follow_order_option = click.option(
    "--follow-order",
    is_flag=True,
    help="Follow the order of steps even where it is known what they used.",
)


def time_of(context: click.Context, option: click.Parameter, told: str | None) -> datetime | None:
    """Return a moment of the command line, in UTC where it names no zone, as times are shown.

    :raises InvalidArgument: if it is none.
    """
    return values.time(_shown_name(option), needed_text_of(context, option, told))


as_of_option = click.option(
    "--as-of",
    metavar="TIME",
    callback=time_of,
    help="What was recorded by this time, as it was then; UTC where no zone is named.",
)


def text_of(context: click.Context, option: click.Parameter, told: str | None) -> str | None:
    """Return a text of the command line, if it is one that a database can keep.

    :raises InvalidArgument: if it is not: a shell passes on any bytes.
    """
    return values.optional_text(_shown_name(option), told, values.URI_LENGTH)


def needed_text_of(context: click.Context, option: click.Parameter, told: str | None) -> str | None:
    """Return a text that chooses something, which an empty one does not.

    What a shell makes of a variable that is not set must not choose everything.

    :raises InvalidArgument: if it is empty, or no text.
    """
    if told == "":
        raise InvalidArgument(_shown_name(option), "empty", "a text")
    return text_of(context, option, told)


def texts_of(
    context: click.Context, option: click.Parameter, told: tuple[str, ...]
) -> tuple[str, ...]:
    """Return texts of the command line, as :func:`text_of` does.

    :raises InvalidArgument: if one is none, or is empty.
    """
    if "" in told:
        raise InvalidArgument(_shown_name(option), "empty", "a text")
    return values.texts(_shown_name(option), told, values.URI_LENGTH)


def _shown_name(option: click.Parameter) -> str:
    return option.opts[0] if isinstance(option, click.Option) else option.human_readable_name


after_option = click.option(
    "--after",
    metavar="PLACE",
    callback=needed_text_of,
    help="Go on after this record, as the page before said: the next page of the same question.",
)


def login_name() -> str | None:
    """Return who runs this command; None where the system does not know."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


person_option = click.option(
    "--by",
    metavar="NAME",
    help="Who does it; your login name by default.",
    callback=lambda context, option, told: text_of(context, option, told) or login_name(),
)

recall_argument = click.argument("recall_id", metavar="RECALL", type=int)

record_argument = click.argument("named", metavar="RECORD")


def answering(command: F) -> F:
    """Give a command the options that all have: the database and the form of the answer."""
    return database_option(format_option(command))


def identity_rules() -> IdentityRules:
    """Return what makes two URIs the same, as the settings say."""
    from braid_db.identity import IdentityRules

    chosen = settings()
    return IdentityRules(chosen.host, chosen.collections)


def settings() -> Settings:
    """Return the settings with the database that the command line names."""
    return read_settings(named_database())


def open_store(named: str | None = None, *, create: bool = False) -> Store:
    """Return a database, which is closed when the command ends.

    :param named: its URL or path; the one of the command line or environment when omitted.
    :param create: whether to make it where there is none; else it must be there already.
    """
    from braid_db.store import Store

    chosen = read_settings(named_database() if named is None else named)
    store = Store(
        chosen.database_url,
        busy_timeout_s=chosen.busy_timeout_s,
        create=create,
        connections=chosen.connections,
    )
    click.get_current_context().call_on_close(store.close)
    return store
