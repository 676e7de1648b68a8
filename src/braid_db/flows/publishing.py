"""Publishing a flow: made once, and changed afterwards where it is another one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from braid_db.compute.errors import GlobusRefused
from braid_db.flows.checking import check
from braid_db.flows.errors import FlowChangedElsewhere, FlowDefinitionInvalid, FlowNotThere
from braid_db.flows.published import PublishedFlow, PublishedFlows
from braid_db.flows.service import Document, FlowsService

LONGEST_TITLE = 128

_ALWAYS = ("definition", "input_schema")
_SERVER_FAILED = 500


class Change(StrEnum):
    """What publishing did."""

    CREATED = "created"
    UPDATED = "updated"
    FOUND = "found"
    """The service had this very flow of the owner's, and it was not known here."""
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Publication:
    """What publishing a flow came to, or would come to.

    :param flow_id: None where it is only said what would be done.
    :param fields: the fields that were sent.
    :param was_gone: the id of the flow that was known here, and is not there any more.
    :param warnings: what may go wrong in its runs.
    :param unvalidated: why the service could not validate the flow beforehand.
    """

    title: str
    flow_id: str | None
    change: Change
    fields: list[str]
    was_gone: str | None = None
    warnings: tuple[str, ...] = ()
    unvalidated: str | None = None


class Publisher:
    """Publishes one definition for one owner.

    :param definition: the file, by which the flow is known here.
    :param fields: what the flow is to be: ``definition``, ``input_schema``, and what else is told
        of it; what is not named stays as it is.
    """

    def __init__(
        self,
        service: FlowsService,
        published: PublishedFlows,
        definition: Path,
        fields: Mapping[str, Any],
    ) -> None:
        self._service, self._published = service, published
        self._path, self._fields = definition.resolve(), dict(fields)

    def publish(
        self,
        flow_id: str | None = None,
        *,
        overwrite: bool = False,
        dry_run: bool = False,
        unchecked: bool = False,
    ) -> Publication:
        """Make the flow, or change what is another one than the service has.

        :param flow_id: the flow that it is, where that is not known here.
        :param overwrite: whether to change also what somebody changed elsewhere meanwhile.
        :param dry_run: whether to do nothing, and say what would be done.
        :param unchecked: whether to leave it to the service to find errors.
        :raises FlowDefinitionInvalid: if it has errors; nothing was changed.
        :raises FlowChangedElsewhere: if it would undo what somebody changed elsewhere.
        """
        warnings = () if unchecked else _checked(*(self._fields[name] for name in _ALWAYS))
        unvalidated = self._validate()
        with self._published.locked():
            known = self._published.find(self._service.owner, self._path)
            if known is not None and flow_id not in (None, known.flow_id):
                known = None
            named = flow_id or (known.flow_id if known else None)
            there = self._service.find_flow(named) if named else None
            if there is None and flow_id is not None:
                raise FlowNotThere(flow_id)
            done = (
                self._create(dry_run=dry_run)
                if there is None
                else self._update(there, known, overwrite=overwrite, dry_run=dry_run)
            )
        gone = named if there is None else None
        return Publication(*done, was_gone=gone, warnings=warnings, unvalidated=unvalidated)

    def _validate(self) -> str | None:
        """Let the service look at the flow before anything is changed.

        Where its validation breaks, that is no reason not to publish: it was seen to do so at
        flows that can be created, and creating one validates it as well.

        :returns: why it could not.
        """
        try:
            self._service.validate(*(self._fields[name] for name in _ALWAYS))
        except GlobusRefused as error:
            if error.status < _SERVER_FAILED:
                raise
            return error.message
        return None

    def _create(self, *, dry_run: bool) -> tuple[str, str | None, Change, list[str]]:
        fields = {"title": title_of(self._path), **self._fields}
        title, names = fields["title"], sorted(fields)
        if twin := self._twin(title):
            if not dry_run:
                self._remember(twin)
            return title, twin["id"], Change.FOUND, []
        if dry_run:
            return title, None, Change.CREATED, names
        made = self._service.create(fields)
        self._remember(made)
        return title, made["id"], Change.CREATED, names

    def _update(
        self, there: Document, known: PublishedFlow | None, *, overwrite: bool, dry_run: bool
    ) -> tuple[str, str | None, Change, list[str]]:
        changed = sorted(name for name in self._fields if self._differs(name, there, known))
        if known is not None and not overwrite:
            elsewhere = [name for name in changed if _was_changed(name, there, known)]
            if elsewhere:
                raise FlowChangedElsewhere(known.flow_id, elsewhere)
        if changed and not dry_run:
            there = self._service.update(there["id"], {one: self._fields[one] for one in changed})
        if not dry_run:
            self._remember(there, known)
        change = Change.UPDATED if changed else Change.UNCHANGED
        return there["title"], there["id"], change, changed

    def _differs(self, name: str, there: Document, known: PublishedFlow | None) -> bool:
        """Return whether a field has to be sent.

        A service may tell in other words what it was sent; then it is as it was told at the time.
        """
        ours, theirs = sha256_of(self._fields[name]), sha256_of(there.get(name))
        as_it_was = known and (known.sent.get(name), known.found.get(name)) == (ours, theirs)
        return ours != theirs and not as_it_was

    def _twin(self, title: str) -> Document | None:
        """Return a flow of the owner's that is this one, though it is not known here.

        So one is found that was made before somebody was killed or the network was lost, and one
        that was made by hand.
        """
        owner = self._service.owner
        taken = {one.flow_id for one in self._published.of(owner)}
        for flow in self._service.flows_called(title):
            if flow["id"] not in taken and self._is(flow):
                return flow
        return None

    def _is(self, flow: Document) -> bool:
        return all(sha256_of(flow.get(name)) == sha256_of(self._fields[name]) for name in _ALWAYS)

    def _remember(self, told: Document, known: PublishedFlow | None = None) -> None:
        """Write down what was sent of a flow and what is told of it, beside what was before."""
        before = (known.sent, known.found) if known else ({}, {})
        sent = before[0] | _sums(self._fields, self._fields)
        found = before[1] | _sums(told, self._fields)
        if known is None or (sent, found) != before:
            now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            path = str(self._path)
            flow = PublishedFlow(path, told["id"], told["title"], now, sent, found)
            self._published.put(self._service.owner, flow)


def title_of(definition: Path) -> str:
    """Return what a flow is called that was given no title: by its folder, and its own name."""
    path = definition.resolve()
    own = "" if path.stem == "definition" else path.stem
    return f"{path.parent.name} {own}".strip()[:LONGEST_TITLE] or path.stem


def sha256_of(value: Any) -> str:
    """Return the checksum of a value as JSON, whatever the order of its members."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _checked(definition: Any, input_schema: Document) -> tuple[str, ...]:
    """Return what may go wrong in a flow's runs.

    :raises FlowDefinitionInvalid: if the service would refuse it, or its runs would fail.
    """
    findings = check(definition, input_schema=input_schema or None)
    errors = [str(one) for one in findings if one.is_error]
    if errors:
        more = f" (and {len(errors) - 1} more)" if errors[1:] else ""
        raise FlowDefinitionInvalid(
            f"The flow has an {errors[0]}{more}. 'braid-db flow check' tells all; --unchecked "
            f"leaves it to the service."
        )
    return tuple(map(str, findings))


def _was_changed(name: str, there: Document, known: PublishedFlow) -> bool:
    return name in known.found and known.found[name] != sha256_of(there.get(name))


def _sums(document: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    return {name: sha256_of(document.get(name)) for name in names}
