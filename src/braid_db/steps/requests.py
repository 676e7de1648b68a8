"""The request of each remote function: every accepted JSON form becomes one checked model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationInfo

from braid_db.errors import InvalidArgument, shown
from braid_db.model import Definition, References, RunContext, Tag
from braid_db.steps import values
from braid_db.steps.definitions import read_definitions
from braid_db.steps.references import read_references
from braid_db.steps.tags import read_tags


def read_by(read: Callable[..., Any], *more: Any) -> PlainValidator:
    """Return a validator that reads a field by one of our readers, which know its name."""

    def validate(value: Any, info: ValidationInfo) -> Any:
        try:
            return read(info.field_name, value, *more)
        except (ValueError, TypeError):
            # No JSON does this, but a Python caller may pass an array or worse.
            found = values.kind_of(value)
            raise InvalidArgument(str(info.field_name), found, "a JSON value") from None

    return PlainValidator(validate)


def read_if_missing(argument: str, value: object) -> bool:
    """Return whether references that lead nowhere are marked instead of refused."""
    if value in (None, "", "refuse"):
        return False
    if value != "mark":
        raise InvalidArgument(argument, shown(value), "'mark' or 'refuse'")
    return True


def read_step_name(argument: str, value: object) -> str:
    """Return the name of a step, which upstream wrote as ``None`` where it was absent."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = values.written(argument, value)
    return "None" if value is None else values.text(argument, value, values.NAME_LENGTH)


Text = Annotated[str | None, read_by(values.optional_text, values.NAME_LENGTH)]
Key = Annotated[str | None, read_by(values.optional_text, values.CALL_KEY_LENGTH)]
Flag = Annotated[bool, read_by(values.flag)]
Uris = Annotated[tuple[str, ...], read_by(values.texts, values.URI_LENGTH)]
Tags = Annotated[tuple[Tag, ...], read_by(read_tags)]
Definitions = Annotated[tuple[Definition, ...], read_by(read_definitions)]
Steps = Annotated[References, read_by(read_references)]
MarkMissing = Annotated[bool | None, read_by(read_if_missing)]


class Request(BaseModel):
    """What every remote function accepts besides its own arguments.

    :ivar if_missing: whether references that lead nowhere are marked instead of refused.
    """

    # Built at the first call; what others are made from is never built, and a worker starts sooner.
    model_config = ConfigDict(
        frozen=True, extra="ignore", arbitrary_types_allowed=True, defer_build=True
    )

    run_id: Key = None
    flow_id: Text = None
    started_by: Text = None
    idempotency_key: Key = None
    if_missing: MarkMissing = None

    def context(self, started_by: str | None = None) -> RunContext:
        """Return the run that the call belongs to.

        :param started_by: who started it, where the call itself does not say.
        """
        return RunContext(self.run_id, self.flow_id, self.started_by or started_by)


class FollowingRequest(Request):
    """What the functions accept that record a step after another."""

    previous_in_run: Flag = False

    def model_post_init(self, context: Any) -> None:
        """Refuse to look for the run's latest step where no run is named."""
        if self.previous_in_run and self.run_id is None:
            raise InvalidArgument("previous_in_run", "true without a run_id", "$._context.run_id")
