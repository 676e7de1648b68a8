"""Checking a database: what holds in every sound one, asked of all that is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from braid_db.records.circles import find_circle
from braid_db.records.predecessors import MISSING_TAG
from braid_db.store import Store, Transaction, checks
from braid_db.store.statements import Row

EXAMPLES = 5
"""How many of the faults of one kind are named."""

_LARGEST = 2**63 - 1

Tell = Callable[[str], None]
Found = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether something holds.

    :param faults: how often it does not.
    :param examples: the first of these, for a person to look at.
    """

    name: str
    holds: str
    faults: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a check of a database found.

    :param notes: what is no fault but worth knowing, such as links that were told to be missing.
    """

    checks: tuple[Checked, ...]
    notes: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether everything holds."""
        return not any(check.faults for check in self.checks)


def check_database(store: Store, tell: Tell = lambda holds: None) -> Report:
    """Check a database, all of one moment, while others write.

    :param tell: called with what is being checked now.
    """
    return store.read(lambda tx: Report(tuple(_each_checked(tx, tell)), tuple(_notes(tx))))


def _each_checked(tx: Transaction, tell: Tell) -> Iterator[Checked]:
    for check in checks.checks(tx.dialect_name):
        tell(check.holds)
        faults, examples = 0, list[str]()
        for noun, query in check.questions:
            count, found = checks.find_faults(tx, checks.Question(noun, query), EXAMPLES)
            faults += count
            examples += [f"{noun} {value}".strip() for value in found]
        yield Checked(check.name, check.holds, faults, tuple(examples[:EXAMPLES]))
    for name, holds, look in _LOOKED_FOR:
        tell(holds)
        faults, examples = look(tx)
        yield Checked(name, holds, faults, tuple(examples))


def _circles(tx: Transaction) -> Found:
    circle = find_circle(checks.each_edge(tx))
    return (1, [f"version {content}" for content in circle[:EXAMPLES]]) if circle else (0, [])


def _receipts(tx: Transaction) -> Found:
    faults, examples = 0, list[str]()
    for page in checks.each_page_of_receipts(tx):
        wrong = _wrong_receipts(tx, page)
        faults += len(wrong)
        examples += wrong[: EXAMPLES - len(examples)]
    return faults, examples


def _wrong_receipts(tx: Transaction, page: list[Row]) -> list[str]:
    """Return the receipts whose results name what is not there, or that hold none."""
    results = {(function, key): _result(text) for function, key, text in page}
    named = {call: _named(result) for call, result in results.items()}
    versions = checks.known_versions(tx, {id_ for ids in named.values() for id_, _ in ids})
    told = {call: _action(result) for call, result in results.items()}
    actions = checks.known_actions(tx, {action for action in told.values() if action})
    return [
        f"{function} {key}"
        for (function, key), result in results.items()
        if not result
        or any(versions.get(id_, 0) < number for id_, number in named[function, key])
        or (told[function, key] and told[function, key] not in actions)
    ]


def _result(text: str | None) -> dict[str, object]:
    """Return a receipt's result; an empty one where it holds none."""
    try:
        result = json.loads(text or "")
    except ValueError:
        return {}
    return result if isinstance(result, dict) else {}


def _action(result: dict[str, object]) -> str:
    """Return the invalidation action that a result names; empty where it names none."""
    action = result.get("invalidation_action_id")
    return action if isinstance(action, str) else ""


def _named(result: dict[str, object]) -> set[tuple[int, int]]:
    """Return the records that a result names, each with the greatest version that it tells of."""
    found = {(id_, 1) for id_ in _ids(result.get("flow_state_record_id"))}
    for side in ("input", "output"):
        found |= {(id_, 1) for id_ in _ids(result.get(f"{side}_record_ids"))}
        versions = result.get(f"{side}_versions")
        if isinstance(versions, dict):
            known = {int(id_): told for id_, told in versions.items() if id_.isdecimal()}
            found |= {(id_, max(_ids(told), default=1)) for id_, told in known.items()}
    return found


def _ids(value: object) -> list[int]:
    listed = value if isinstance(value, list) else [value]
    return [min(number, _LARGEST) for number in listed if isinstance(number, int)]


_LOOKED_FOR = (
    ("no-circle", "nothing comes from itself", _circles),
    ("receipts", "what a call returned is there", _receipts),
)


def _notes(tx: Transaction) -> Iterator[str]:
    for record_id, missing in checks.records_with_tag(tx, MISSING_TAG):
        yield f"record {record_id} was recorded without links that were missing: {missing}"
