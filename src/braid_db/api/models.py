"""Records as JSON: the shapes that ``add_records`` takes and answers, as pydantic models."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class APIBraidTagType(StrEnum):
    """The type of a tag's value, by its name in JSON."""

    NONE = "NONE"
    STRING = "STRING"
    INTEGER = "INT"
    FLOAT = "FLOAT"


class APITagValue(BaseModel):
    """One value of a tag: ``{"value": 3, "type": "INT"}``."""

    model_config = ConfigDict(populate_by_name=True)

    value: Any
    typ: APIBraidTagType = Field(default=APIBraidTagType.NONE, alias="type")


class APIBraidRecordCommon(BaseModel):
    """What is told of a record in both directions."""

    name: str
    invalidation_id: str | None = None
    uris: list[str] | None = None
    tags: dict[str, APITagValue | Any] | None = None


class APIBraidRecordInput(APIBraidRecordCommon):
    """A record to be added, and what was derived from it.

    :ivar derived_from_record_id: the id of a record that it came from.
    """

    derivations: list[APIBraidRecordInput] | None = None
    derived_from_record_id: int | None = None


class APIBraidRecordOutput(APIBraidRecordCommon):
    """A record that was added, and what was added as derived from it."""

    record_id: int
    time: datetime
    derivations: list[APIBraidRecordOutput] | None = None
    invalidation: Any = None
