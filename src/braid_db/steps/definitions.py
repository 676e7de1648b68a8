"""Definitions of records, as flows and compute functions write them."""

from __future__ import annotations

import logging
from typing import Any

from braid_db.errors import InvalidArgument, shown
from braid_db.model import ENTITY_KINDS, Definition, Kind, Tag
from braid_db.steps import values
from braid_db.steps.tags import read_tags
from braid_db.steps.values import kind_of

log = logging.getLogger("braid_db")

KEYS = ("name", "kind", "uris", "tags", "sha256", "size_bytes", "host")


def read_definitions(argument: str, value: object) -> tuple[Definition, ...]:
    """Return the definitions of an object, or of a list of objects, in order.

    :raises InvalidArgument: if one has a form that is not accepted.
    """
    if value is None:
        return ()
    if isinstance(value, (list, tuple)):
        return tuple(read_definition(f"{argument}[{n}]", item) for n, item in enumerate(value))
    return (read_definition(argument, value),)


def read_definition(argument: str, value: Any) -> Definition:
    """Return one definition: ``{"name", "kind", "uris", "tags", "sha256", "size_bytes", "host"}``.

    :raises InvalidArgument: if a part of it has a form that is not accepted.
    """
    if not isinstance(value, dict):
        expected = f"an object with some of {', '.join(KEYS)}"
        raise InvalidArgument(argument, kind_of(value), expected)
    warn_of_unknown(argument, value, KEYS)
    get = value.get
    return Definition(
        name=values.optional_text(f"{argument}.name", get("name"), values.NAME_LENGTH),
        kind=read_kind(f"{argument}.kind", get("kind")),
        uris=values.texts(f"{argument}.uris", get("uris"), values.URI_LENGTH),
        tags=read_tags(f"{argument}.tags", get("tags")),
        sha256=values.sha256(f"{argument}.sha256", get("sha256")),
        size_bytes=values.size_bytes(f"{argument}.size_bytes", get("size_bytes")),
        host=values.host(f"{argument}.host", get("host")),
    )


def read_kind(argument: str, value: object) -> Kind | None:
    """Return the kind of record that is defined; None where it is left to default."""
    name = values.optional_text(argument, value, values.NAME_LENGTH)
    if name is None:
        return None
    if name not in ENTITY_KINDS:
        raise InvalidArgument(argument, shown(name), f"one of {', '.join(ENTITY_KINDS)}")
    return Kind(name)


class Provenance:
    """What compute functions told of themselves in the results of one action.

    :param results: what the action's functions returned.
    :ivar inputs: what they used.
    :ivar outputs: what they made.
    :ivar tags: what the step is to be tagged with.
    :raises InvalidArgument: if an object under the key ``provenance`` has another form.
    """

    def __init__(self, argument: str, results: list[Any]) -> None:
        self.inputs: tuple[Definition, ...] = ()
        self.outputs: tuple[Definition, ...] = ()
        self.tags: tuple[Tag, ...] = ()
        for number, result in enumerate(results):
            if isinstance(result, dict) and result.get("provenance") is not None:
                self._take(f"{argument}[{number}].provenance", result["provenance"])

    def _take(self, place: str, told: Any) -> None:
        if not isinstance(told, dict):
            expected = "an object with inputs, outputs and tags"
            raise InvalidArgument(place, kind_of(told), expected)
        warn_of_unknown(place, told, ("inputs", "outputs", "tags"))
        self.inputs += read_definitions(f"{place}.inputs", told.get("inputs"))
        self.outputs += read_definitions(f"{place}.outputs", told.get("outputs"))
        self.tags += read_tags(f"{place}.tags", told.get("tags"))


def warn_of_unknown(place: str, value: dict[Any, Any], known: tuple[str, ...]) -> None:
    """Log what is not understood and so not recorded."""
    unknown = [shown(key) for key in value if key not in known]
    if unknown:
        log.warning("'%s' holds %s, which is not recorded", place, ", ".join(unknown))
