"""Which flows are published: one file, for all of a person's accounts.

The folder of a flow was considered: it is often shared, and whoever copies it would change the
flow of somebody else. A flow is known by where its definition lies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from braid_db.compute.errors import PublishedUnreadable
from braid_db.compute.owned_file import OwnedFile


@dataclass(frozen=True)
class PublishedFlow:
    """A definition that is a flow of the service.

    :param definition: the file's absolute path.
    :param sent: the sha256 of each field as it was sent, by the field's name.
    :param found: the sha256 of the same fields as the service told them then.
    :param published_at: ISO 8601 in UTC.
    """

    definition: str
    flow_id: str
    title: str
    published_at: str
    sent: dict[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)


class PublishedFlows(OwnedFile[PublishedFlow]):
    """What the file holds."""

    default = "~/.braid_db/flows.json"
    member = "published"
    kind = PublishedFlow
    unreadable = PublishedUnreadable

    def find(self, owner: str, definition: Path) -> PublishedFlow | None:
        """Return the flow that an owner made of a definition, if there is one."""
        path = str(definition.resolve())
        return next((one for one in self.of(owner) if one.definition == path), None)

    def put(self, owner: str, flow: PublishedFlow) -> None:
        """Write a flow down, in place of what its definition was before."""
        all_of_them = self._read()
        others = [one for one in all_of_them.get(owner, []) if one.definition != flow.definition]
        self._write({**all_of_them, owner: [*others, flow]})
