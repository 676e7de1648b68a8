"""What a recall is aimed at, as the command line says it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from braid_db.cli.options import texts_of, time_of
from braid_db.cli.record.finding import find_reference
from braid_db.model import Tag
from braid_db.steps import values
from braid_db.steps.tags import read_tag

if TYPE_CHECKING:
    from braid_db.recall.targets import Targets
    from braid_db.store import Transaction

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Selection:
    """All that is to be recalled, by the names that a person gave.

    :param version: the version that is meant of each record that is named without one.
    """

    named: tuple[str, ...]
    version: int | None
    all_versions: bool
    since: datetime | None
    until: datetime | None
    tags: tuple[Tag, ...]
    uris: tuple[str, ...]
    runs: tuple[str, ...]

    def targets(self, tx: Transaction) -> Targets:
        """Return what is meant in a database.

        :raises BraidError: if a record is named that is not there.
        """
        from braid_db.recall.targets import Targets

        found = (find_reference(tx, name) for name in self.named)
        return Targets(
            records=tuple(one._replace(version=one.version or self.version) for one in found),
            tags=self.tags,
            uris=self.uris,
            runs=self.runs,
            all_versions=self.all_versions,
            since=self.since,
            until=self.until,
        )


def _read_tags(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> tuple[Tag, ...]:
    return tuple(map(_tag, given))


def _tag(told: str) -> Tag:
    key, equals, value = told.partition("=")
    if not (key and equals):
        raise click.BadParameter(f"{told!r} names no value; expected KEY=VALUE.")
    try:
        return read_tag(key, json.loads(value))
    except (ValueError, RecursionError):
        return read_tag(key, value)


_OPTIONS = (
    click.argument("named", metavar="[RECORD[@VERSION]]...", nargs=-1, callback=texts_of),
    click.option(
        "--version",
        type=click.IntRange(1, values.LARGEST_COUNT),
        help="Which version of each RECORD that names none itself.",
    ),
    click.option("--all-versions", is_flag=True, help="All contents of each record."),
    click.option(
        "--since",
        metavar="TIME",
        callback=time_of,
        help="Contents recorded at this time or later, as in 2026-03-01T12:00Z; UTC where no zone "
        "is named.",
    ),
    click.option("--until", metavar="TIME", callback=time_of, help="Contents recorded before."),
    click.option(
        "--tag",
        "tags",
        metavar="KEY=VALUE",
        multiple=True,
        callback=_read_tags,
        help="What has this value of a tag; VALUE is JSON, or a text.",
    ),
    click.option(
        "--uri",
        "uris",
        metavar="URI",
        multiple=True,
        callback=texts_of,
        help="What goes by this URI, be it its first one or another.",
    ),
    click.option(
        "--run",
        "runs",
        metavar="RUN",
        multiple=True,
        callback=texts_of,
        help="All that the steps and transfers of this run did.",
    ),
)


def selecting(command: F) -> F:
    """Give a command the options that select records; they come as one :class:`Selection`."""

    @wraps(command)
    def selected(**given: Any) -> Any:
        chosen = {name: given.pop(name) for name in Selection.__dataclass_fields__}
        if chosen["version"] and (
            chosen["all_versions"] or chosen["since"] or chosen["until"] or not chosen["named"]
        ):
            raise click.UsageError(
                "--version says which version of RECORD is meant, so it needs a RECORD, and "
                "neither --all-versions nor --since nor --until."
            )
        return command(Selection(**chosen), **given)

    for option in reversed(_OPTIONS):
        selected = option(selected)
    return selected  # type: ignore[return-value]
