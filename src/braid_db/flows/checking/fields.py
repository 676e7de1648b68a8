"""The fields that a definition's states may have, and of which types.

Source: the JSON Schema of definitions that the Flows IDE publishes. What it says is written here
as models and not kept as JSON, since a model looks at a state as what its Type says it is, where
the schema tries every type of state on each one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from braid_db.flows.checking.finding import listed
from braid_db.flows.choice import is_timestamp

MARK = "\0"
"""What the name of an alternative begins with in an error's place, which no field's name does."""


def _whole(value: Any) -> Any:
    """Return JSON's whole numbers as such: 3.0 is one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _format(fits: Callable[[str], bool], expected: str) -> AfterValidator:
    def check(text: str) -> str:
        if not fits(text):
            raise PydanticCustomError("format", "{expected}", {"expected": expected})
        return text

    return AfterValidator(check)


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


Whole = Annotated[int, BeforeValidator(_whole)]
Https = Annotated[
    str,
    _format(
        lambda text: text.startswith("https://") and len(text) > len("https://"),
        "a URL that begins with 'https://'",
    ),
]
Uuid = Annotated[str, _format(_is_uuid, "a UUID")]
Time = Annotated[str, _format(is_timestamp, "a time with its zone, such as '2026-01-31T12:00:00Z'")]


class _Fields(BaseModel):
    """An object with these fields and no others. A field with a default may be left out."""

    model_config = ConfigDict(strict=True, extra="forbid")


def _with_one_of(value: _Fields, *others: str) -> None:
    """Refuse an object that has no field besides these."""
    if value.model_fields_set <= set(others):
        wanted = "one of " + listed(type(value).model_fields.keys() - set(others))
        raise PydanticCustomError("too_few", "{wanted}", {"wanted": wanted})


class Definition(_Fields):
    """A flow. What a state may have depends on its type: see :data:`STATES`."""

    StartAt: str
    States: dict[str, Any]
    Comment: str = ""


class _State(_Fields):
    Comment: str = ""


class _GoesOn(_State):
    Next: str = ""
    End: bool = False


class _ReadsAndWrites(_Fields):
    Parameters: dict[str, Any] = {}
    InputPath: str = ""
    ResultPath: str = ""


class Catcher(_Fields):
    """Where a run goes on after an error."""

    ErrorEquals: list[str]
    Next: str
    ResultPath: str = ""


class _Catches(_Fields):
    Catch: list[Catcher] = []


class ActionProviderHandler(_Fields):
    """An action provider, by its URL."""

    Type: Literal["ActionProvider"]
    Url: Https
    Scope: str = ""


class RegisteredApiHandler(_Fields):
    """An API that was registered with the service."""

    Type: Literal["RegisteredAPI"]
    Id: Uuid


def _handler_tag(value: Any) -> str:
    if not isinstance(value, dict):
        return f"{MARK}text"
    return f"{MARK}api" if value.get("Type") == "RegisteredAPI" else f"{MARK}provider"


AnyHandler = Annotated[
    Annotated[str, Tag(f"{MARK}text")]
    | Annotated[ActionProviderHandler, Tag(f"{MARK}provider")]
    | Annotated[RegisteredApiHandler, Tag(f"{MARK}api")],
    Discriminator(_handler_tag),
]


class ActionState(_GoesOn, _ReadsAndWrites, _Catches):
    """Has an action provider do something, and waits for its end."""

    Type: Literal["Action"]
    ActionUrl: Https = ""
    ActionScope: str = ""
    Handler: AnyHandler = ""
    WaitTime: Whole = 0
    ExceptionOnActionFailure: bool = True
    RunAs: str = ""


class WebInputState(_GoesOn, _ReadsAndWrites, _Catches):
    """Asks a person, or waits for the answer."""

    Type: Literal["CreateWebInput", "AwaitWebInput"]


class ExpressionEvalState(_GoesOn):
    """Makes values of others."""

    Type: Literal["ExpressionEval"]
    Parameters: dict[str, Any]
    ResultPath: str


class PassState(_GoesOn, _ReadsAndWrites):
    """Puts values elsewhere."""

    Type: Literal["Pass"]
    Result: dict[str, Any] = {}


class WaitState(_GoesOn):
    """Lets time pass."""

    Type: Literal["Wait"]
    Seconds: Whole = 0
    SecondsPath: str = ""
    Timestamp: Time = ""
    TimestampPath: str = ""

    @model_validator(mode="after")
    def _is_more_than_a_type(self) -> Self:
        _with_one_of(self, "Type", "Comment", "Next", "End")
        return self


class FailState(_State):
    """Ends a run as failed."""

    Type: Literal["Fail"]
    Error: str = ""
    ErrorPath: str = ""
    Cause: str = ""
    CausePath: str = ""


_ORDERS = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")
_OF_ORDER: dict[str, Any] = {"String": str, "Numeric": float, "Timestamp": Time}
_OF_TYPE = ("Null", "Present", "Numeric", "String", "Boolean", "Timestamp")
_COMPARISONS: dict[str, Any] = {
    **{f"{what}{order}": kind for what, kind in _OF_ORDER.items() for order in _ORDERS},
    **{f"{what}{order}Path": str for what in _OF_ORDER for order in _ORDERS},
    **{f"Is{what}": bool for what in _OF_TYPE},
    "BooleanEquals": bool,
    "BooleanEqualsPath": str,
    "StringMatches": str,
}


class _Variable(_Fields):
    Variable: str

    @model_validator(mode="after")
    def _compares(self) -> Self:
        _with_one_of(self, "Variable", "Next")
        return self


Comparison: type[_Variable] = create_model(  # type: ignore[call-overload]
    "Comparison", __base__=_Variable, **{name: (kind, None) for name, kind in _COMPARISONS.items()}
)


class _And(_Fields):
    And: Annotated[list[Rule], Field(min_length=1)]


class _Or(_Fields):
    Or: Annotated[list[Rule], Field(min_length=1)]


class _Not(_Fields):
    Not: Rule


def _rule_tag(value: Any) -> str:
    given = value if isinstance(value, dict) else {}
    return MARK + next((key for key in ("And", "Or", "Not") if key in given), "Variable")


Rule = Annotated[
    Annotated[_And, Tag(f"{MARK}And")]
    | Annotated[_Or, Tag(f"{MARK}Or")]
    | Annotated[_Not, Tag(f"{MARK}Not")]
    | Annotated[Comparison, Tag(f"{MARK}Variable")],  # type: ignore[valid-type]
    Discriminator(_rule_tag),
]


class _Leads(_Fields):
    Next: str


class _AndLeads(_And, _Leads):
    pass


class _OrLeads(_Or, _Leads):
    pass


class _NotLeads(_Not, _Leads):
    pass


class _ComparisonLeads(Comparison, _Leads):  # type: ignore[valid-type, misc]
    pass


class ChoiceState(_State):
    """Decides by the run's state where it goes on."""

    Type: Literal["Choice"]
    Default: str = ""
    Choices: Annotated[
        list[
            Annotated[
                Annotated[_AndLeads, Tag(f"{MARK}And")]
                | Annotated[_OrLeads, Tag(f"{MARK}Or")]
                | Annotated[_NotLeads, Tag(f"{MARK}Not")]
                | Annotated[_ComparisonLeads, Tag(f"{MARK}Variable")],
                Discriminator(_rule_tag),
            ]
        ],
        Field(min_length=1),
    ]


STATES: dict[str, type[_State]] = {
    "Action": ActionState,
    "AwaitWebInput": WebInputState,
    "Choice": ChoiceState,
    "CreateWebInput": WebInputState,
    "ExpressionEval": ExpressionEvalState,
    "Fail": FailState,
    "Pass": PassState,
    "Wait": WaitState,
}
"""What a state of each type is."""
