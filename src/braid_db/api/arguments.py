"""The arguments of the Python API: each is read here, before anything is asked or written.

A flow's JSON holds six types of values, and a caller in Python may pass anything. What reads an
argument returns it as the use cases have it, or refuses it in a sentence. It is called by its
module, as in ``arguments.flag("cascade", cascade)``, so that a method shows what it has read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from numbers import Integral
from typing import TYPE_CHECKING, Any

from braid_db.api.session import Session
from braid_db.api.tags import plain_number
from braid_db.errors import InvalidArgument, shown
from braid_db.model import Kind, Tag
from braid_db.recall.views import RecallView
from braid_db.steps import values
from braid_db.steps.tags import DEEPEST, read_tags
from braid_db.steps.values import kind_of
from braid_db.times import in_utc
from braid_db.views import StateFile

if TYPE_CHECKING:
    from braid_db.api.database import BraidDB


def database(db: object) -> BraidDB:
    """Return a database that was passed.

    :raises InvalidArgument: if it is none.
    """
    from braid_db.api.database import BraidDB  # It imports this module itself.

    if not isinstance(db, BraidDB):
        raise InvalidArgument("db", kind_of(db), "a BraidDB")
    return db


def session(told: object, db: BraidDB | None) -> Session | None:
    """Return a session that was passed, if it is one of this database.

    :raises InvalidArgument: if it is not.
    """
    if told is None:
        return None
    if isinstance(told, Session) and db is not None and told.place.name == db.place.name:
        return told
    found = "of another database" if isinstance(told, Session) else kind_of(told)
    raise InvalidArgument("session", found, "one that get_session() of this database returned")


def flag(argument: str, value: object) -> bool:
    """Return a flag.

    :raises InvalidArgument: if it is neither true nor false.
    """
    if not isinstance(value, bool):
        raise InvalidArgument(argument, kind_of(value), "True or False")
    return value


def flag_or_none(argument: str, value: object) -> bool | None:
    """Return a flag, or None where it makes no difference.

    :raises InvalidArgument: if it is neither.
    """
    return None if value is None else flag(argument, value)


def number(argument: str, value: object, expected: str = "a whole number") -> int:
    """Return a whole number, of whatever library, as Python's own.

    :param expected: what it is to be, for whoever passed something else.
    :raises InvalidArgument: if it is none; a boolean or a text of digits is none.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InvalidArgument(argument, kind_of(value), expected)
    return int(value)


def record_id(value: object) -> int:
    """Return the id of a record, be there one of it or not.

    :raises InvalidArgument: if it is no whole number.
    """
    return number("record_id", value, "the id of a record, a whole number")


def recall_id(argument: str, value: object) -> int:
    """Return the id of a recall, given itself or by its id, be there one of it or not.

    :raises InvalidArgument: if it is neither.
    """
    if isinstance(value, RecallView):
        return value.recall_id
    return number(argument, value, "a recall that invalidate() returned, or its id")


def version(argument: str, value: object) -> int:
    """Return the number of a version, be there one of it or not.

    :raises InvalidArgument: if it is no whole number.
    """
    return number(argument, value, "the number of a version, a whole number")


def version_or_none(argument: str, value: object) -> int | None:
    """Return the number of a version, or None where any will do.

    :raises InvalidArgument: if it is neither.
    """
    return None if value is None else version(argument, value)


def count(argument: str, value: object, most: int = values.LARGEST_COUNT) -> int:
    """Return how many of something are asked for.

    :raises InvalidArgument: if it is no whole number, below 1, or above what can be counted to.
    """
    expected = f"a whole number from 1 to {most:,}"
    counted = number(argument, value, expected)
    if not 1 <= counted <= most:
        raise InvalidArgument(argument, kind_of(counted), expected)
    return counted


def count_or_none(argument: str, value: object) -> int | None:
    """Return how many of something are asked for, or None for all.

    :raises InvalidArgument: if it is neither.
    """
    return None if value is None else count(argument, value)


def kind(value: object) -> Kind:
    """Return a kind that was given by its name.

    :raises InvalidArgument: if there is none of this name.
    """
    if not isinstance(value, str) or value not in list(Kind):
        found = shown(value) if isinstance(value, str) else kind_of(value)
        raise InvalidArgument("kind", found, f"one of {', '.join(Kind)}")
    return Kind(str(value))


def kinds(value: object) -> tuple[Kind, ...]:
    """Return one kind or several, given by their names; none for all.

    :raises InvalidArgument: if there is none of a name.
    """
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Iterable):
        return (kind(value),)
    return tuple([kind(one) for one in value])


def text(argument: str, value: object, longest: int = values.NAME_LENGTH) -> str:
    """Return a text that says something.

    :raises InvalidArgument: if it is empty, or no text that a database keeps.
    """
    told = values.text(argument, value, longest)
    if not told:
        raise InvalidArgument(argument, "empty", "a text")
    return told


def text_or_none(argument: str, value: object, longest: int = values.NAME_LENGTH) -> str | None:
    """Return a text that says something, or None.

    :raises InvalidArgument: if it is neither.
    """
    return None if value is None else text(argument, value, longest)


def words(argument: str, value: object) -> str | None:
    """Return what was said of something, such as a reason; None where that is nothing.

    :raises InvalidArgument: if it is no text that a database keeps.
    """
    return values.optional_text(argument, value, values.WORDS_LENGTH)


def person(argument: str, value: object) -> str | None:
    """Return who did something; None where that is not said.

    :raises InvalidArgument: if it is no text that a database keeps.
    """
    return values.optional_text(argument, value, values.NAME_LENGTH)


def texts(argument: str, value: object, longest: int) -> tuple[str, ...]:
    """Return the texts of a text or of a list of texts, in order, each of which says something.

    :raises InvalidArgument: if one is empty, or no text that a database keeps.
    """
    told = values.texts(argument, value, longest)
    if value == "" or (isinstance(value, (list, tuple)) and len(told) < len(value)):
        raise InvalidArgument(argument, "empty, or has a text that is", "texts that are not")
    return told


def tags(value: object) -> tuple[Tag, ...]:
    """Return tags; nested mappings become dotted keys, numbers of whatever library Python's own.

    :raises InvalidArgument: if they are none.
    """
    return read_tags("tags", _plain(value, 0))


def _plain(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping) and depth <= DEEPEST:  # What is deeper is refused.
        return {key: _plain(inner, depth + 1) for key, inner in value.items()}
    return plain_number(value)


def states(value: object) -> tuple[StateFile, ...]:
    """Return the files of a model's state.

    :raises InvalidArgument: if one is none, or says of itself what cannot be.
    """
    if value is None or isinstance(value, StateFile):
        value = () if value is None else (value,)
    if not isinstance(value, (list, tuple)):
        raise InvalidArgument("states", kind_of(value), "a list of StateFile")
    return tuple([_state(f"states[{place}]", file) for place, file in enumerate(value)])


def _state(place: str, file: object) -> StateFile:
    if not isinstance(file, StateFile):
        raise InvalidArgument(place, kind_of(file), "a StateFile")
    return StateFile(
        uri=text(f"{place}.uri", file.uri, values.URI_LENGTH),
        sha256=values.sha256(f"{place}.sha256", file.sha256),
        size_bytes=values.size_bytes(f"{place}.size_bytes", file.size_bytes),
        framework=values.optional_text(f"{place}.framework", file.framework, values.NAME_LENGTH),
    )


def moment(argument: str, value: object) -> datetime | None:
    """Return a time in UTC, in which it is taken to be where it names no zone; or None.

    :raises InvalidArgument: if it is neither.
    """
    return None if value is None else _moment(argument, value)


def timestamp(value: object) -> datetime | None:
    """Return a record's own time in UTC; one without a zone is local, as upstream's were.

    :raises InvalidArgument: if it is none.
    """
    if isinstance(value, datetime) and value.tzinfo is None:
        try:
            value = value.astimezone()
        except (OverflowError, ValueError, OSError):
            raise InvalidArgument("timestamp", shown(str(value)), _YEARS) from None
    return moment("timestamp", value)


def _moment(argument: str, value: object) -> datetime:
    if not isinstance(value, datetime):
        raise InvalidArgument(argument, kind_of(value), "a datetime")
    try:
        return in_utc(value)
    except ValueError:
        raise InvalidArgument(argument, shown(str(value)), _YEARS) from None


_YEARS = "a time of the years 2 to 9998"
