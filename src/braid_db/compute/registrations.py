"""Which functions are registered with Globus Compute: one file, for all of a person's accounts.

Registering is no repeatable request: the service gives each text that it is sent an id of its
own. So what was registered is written down here, and the same text is sent once.
"""

from __future__ import annotations

from dataclasses import dataclass

from braid_db.compute.errors import RegistrationsUnreadable
from braid_db.compute.owned_file import OwnedFile
from braid_db.compute.service import Sharing


@dataclass(frozen=True, slots=True)
class Registration:
    """One text under one id.

    :param sha256: of the text, in hex.
    :param registered_at: ISO 8601 in UTC.
    """

    name: str
    function_id: str
    sha256: str
    public: bool
    group: str | None
    registered_at: str

    @property
    def sharing(self) -> Sharing:
        """Who besides its owner may run it."""
        return Sharing(self.public, self.group)


class Registrations(OwnedFile[Registration]):
    """What the file holds: of each function, the last one is what it was registered as last."""

    default = "~/.braid_db/functions.json"
    member = "registered"
    kind = Registration
    unreadable = RegistrationsUnreadable

    def newest(self, owner: str) -> dict[str, Registration]:
        """Return the newest registration of each of an owner's functions, by name."""
        return {one.name: one for one in self.of(owner)}

    def ids(self) -> dict[str, str]:
        """Return the newest ids by function name, without asking whose they are.

        None where more than one account has registered functions: one would be chosen by chance.
        """
        owners = list(self._read())
        if len(owners) != 1:
            return {}
        return {name: one.function_id for name, one in self.newest(owners[0]).items()}

    def add(self, owner: str, new: Registration) -> None:
        """Write one down as the newest, which may be there already.

        Whoever is killed meanwhile leaves the file as it was.
        """
        all_of_them = self._read()
        known = all_of_them.setdefault(owner, [])
        if self.newest(owner).get(new.name) != new:
            all_of_them[owner] = [*(one for one in known if one != new), new]
            self._write(all_of_them)
