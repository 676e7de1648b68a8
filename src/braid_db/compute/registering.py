"""Registering functions with Globus Compute, each text once, and comparing what is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from braid_db.compute.registrations import Registration, Registrations
from braid_db.compute.service import PRIVATE, ComputeService, Sharing
from braid_db.compute.sources import FunctionSource


class State(StrEnum):
    """How a function's text and its registration stand to each other."""

    CURRENT = "current"
    CHANGED = "changed"
    """The text is another one than those that are registered."""
    UNREGISTERED = "not registered"
    GONE = "gone"
    """The service does not know the id any more, or another text by it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A function, and its newest registration if there is one.

    :param registration: of this text where there is one, else of another one.
    """

    name: str
    state: State
    registration: Registration | None


@dataclass(frozen=True, slots=True)
class Registered:
    """What registering a function came to.

    :param registration: None where it is only said what would be done.
    :param is_new: whether it was, or would be, registered now; else it is the newest again.
    """

    name: str
    registration: Registration | None
    is_new: bool

    @property
    def function_id(self) -> str | None:
        """The id by which it is known."""
        return self.registration.function_id if self.registration else None


def register_functions(
    service: ComputeService,
    registrations: Registrations,
    functions: Iterable[FunctionSource],
    sharing: Sharing,
    *,
    dry_run: bool = False,
) -> Iterator[Registered]:
    """Register the functions whose texts are not registered yet, and yield each when it is done.

    What is done stays done if a later one is refused.

    :param dry_run: whether to do nothing, and say what would be done.
    :raises BraidError: if the service or the file of registrations cannot be used.
    """
    with registrations.locked():
        for source in functions:
            known = _known(service, registrations, source, sharing)
            if known is not None:
                if not dry_run:
                    registrations.add(service.owner, known)
                yield Registered(source.name, known, is_new=False)
            elif dry_run:
                yield Registered(source.name, None, is_new=True)
            else:
                new = _registered(service, source, sharing)
                registrations.add(service.owner, new)
                yield Registered(source.name, new, is_new=True)


def register_missing(
    service: ComputeService, registrations: Registrations, functions: Sequence[FunctionSource]
) -> None:
    """Register the functions whose texts are not registered in any way, each shared as before.

    :raises BraidError: if the service or the file of registrations cannot be used.
    """
    compared = compare_functions(service, registrations, functions, asking=True)
    for source, one in zip(functions, compared, strict=True):
        if one.state is not State.CURRENT:
            sharing = one.registration.sharing if one.registration else PRIVATE
            for _ in register_functions(service, registrations, [source], sharing):
                pass


def compare_functions(
    service: ComputeService,
    registrations: Registrations,
    functions: Iterable[FunctionSource],
    *,
    asking: bool,
) -> list[Compared]:
    """Return how each function's text stands to what is registered.

    :param asking: whether to ask the service for each, too.
    """
    known = registrations.of(service.owner)
    return [_compared(service, source, _found(known, source), asking) for source in functions]


def _found(known: Sequence[Registration], source: FunctionSource) -> Registration | None:
    """Return a function's newest registration: of its text where there is one, else of another."""
    named = [one for one in reversed(known) if one.name == source.name]
    of_this_text = [one for one in named if one.sha256 == source.sha256]
    return next(iter(of_this_text or named), None)


def _compared(
    service: ComputeService, source: FunctionSource, found: Registration | None, asking: bool
) -> Compared:
    if found is None:
        return Compared(source.name, State.UNREGISTERED, None)
    if asking and service.sha256_of(found.function_id) != found.sha256:
        return Compared(source.name, State.GONE, found)
    state = State.CURRENT if found.sha256 == source.sha256 else State.CHANGED
    return Compared(source.name, state, found)


def _known(
    service: ComputeService,
    registrations: Registrations,
    source: FunctionSource,
    sharing: Sharing,
) -> Registration | None:
    """Return the newest registration of a text that the service still knows."""
    for one in reversed(registrations.of(service.owner)):
        if (one.name, one.sha256, one.sharing) == (source.name, source.sha256, sharing):
            is_there = service.sha256_of(one.function_id) == source.sha256
            return one if is_there else None
    return None


def _registered(service: ComputeService, source: FunctionSource, sharing: Sharing) -> Registration:
    function_id = service.register(source, source.summary, sharing)
    return Registration(
        name=source.name,
        function_id=function_id,
        sha256=source.sha256,
        public=sharing.public,
        group=sharing.group,
        registered_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    )
