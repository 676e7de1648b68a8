"""Recalling a record from Python: with all that came of it, and taking that back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from braid_db.api import arguments
from braid_db.api.place import Place
from braid_db.api.stored import Stored
from braid_db.api.tags import BraidTagType, tag_of
from braid_db.api.writing import Writing
from braid_db.model import Reference
from braid_db.recall.one import invalidate_one
from braid_db.recall.owed import Owes
from braid_db.recall.preview import preview
from braid_db.recall.recalls import list_recalls
from braid_db.recall.reinstate import reinstate_record
from braid_db.recall.targets import Targets
from braid_db.recall.views import Preview, RecallView, Reinstated
from braid_db.records.objects import records_with_tag

if TYPE_CHECKING:
    from braid_db.api.database import BraidDB
    from braid_db.api.record import BraidRecord
    from braid_db.api.session import Session


class Recallable(Stored):
    """What can be asked and done about whether a record can be trusted.

    All of it is about the version that the object stands at.
    """

    def is_valid(self, session: Session | None = None) -> bool:
        """Return whether no recall that stands reaches it."""
        return self._view(session).valid

    def invalidate(
        self,
        cause: str | None = None,
        root_invalidation: RecallView | int | None = None,
        cascade: bool = True,
        perform_invalidation_action: bool = True,
        perform_invalidation_action_on_cascade: bool = True,
        session: Session | None = None,
        *,
        by: str | None = None,
        follow_order: bool = False,
    ) -> RecallView | None:
        """Recall it with all that was derived from it; the actions that follow run at once.

        With a session they run once that is committed. An action whose command the database's
        owner has not allowed stays owed.

        :param root_invalidation: an earlier recall, or its id, that gives the cause.
        :param cascade: whether what was derived from it, and will be, is reached too.
        :param perform_invalidation_action: whether its own actions follow.
        :param perform_invalidation_action_on_cascade: whether those of what is reached do.
        :param by: who recalls it.
        :param follow_order: whether the order of steps is followed where their inputs are known.
        :returns: the recall; None if it was invalid already.
        :raises ValueError: without a cause and a root.
        """
        root_id = None
        if root_invalidation is not None:
            root_id = arguments.recall_id("root_invalidation", root_invalidation)
        why, who = arguments.words("cause", cause), arguments.person("by", by)
        spreads = arguments.flag("cascade", cascade)
        by_order = arguments.flag("follow_order", follow_order)
        owes = _owes(perform_invalidation_action, perform_invalidation_action_on_cascade)

        def write(writing: Writing) -> RecallView | None:
            return invalidate_one(
                writing.tx, writing.rules, writing.pin_of(self).reference, cause=why,
                root_id=root_id, by=who, cascade=spreads, follow_order=by_order, owes=owes,
            )  # fmt: skip

        recall = self._write(write, session, alone=True)
        if recall is not None and owes:
            _run_actions(self._database().place, [recall], session)
        return recall

    @classmethod
    def invalidate_by_tag_value(
        cls,
        db: BraidDB,
        key: str,
        value: Any,
        session: Session | None = None,
        cascade: bool = False,
        cause: str | None = None,
    ) -> list[BraidRecord]:
        """Recall the records whose current version has this value of a tag.

        :param cascade: as for :meth:`invalidate`.
        :param cause: that they have this value, when omitted.
        :returns: those that were valid before.
        """
        home, wanted = arguments.database(db), tag_of(key, value, BraidTagType.NONE)
        why = arguments.words("cause", cause) or f"The tag {key} is {value}"
        spreads, through = arguments.flag("cascade", cascade), arguments.session(session, home)

        def write(writing: Writing) -> tuple[list[BraidRecord], list[RecallView]]:
            tx, rules = writing.tx, writing.rules
            valid = [view for view in records_with_tag(tx, wanted) if view.valid]
            recalls = [
                invalidate_one(tx, rules, Reference(view.record_id, view.version), cause=why,
                               cascade=spreads)
                for view in valid
            ]  # fmt: skip
            found = [cls.of_view(home, view) for view in valid]
            return found, [recall for recall in recalls if recall is not None]

        if through is None:
            found, recalls = home.place.write_objects(write, alone=True)
        else:
            found, recalls = through.write(write, alone=True)
            through.touch(*found)
        _run_actions(home.place, recalls, through)
        return found

    def preview_invalidation(
        self, *, follow_order: bool = False, session: Session | None = None
    ) -> Preview:
        """Return what :meth:`invalidate` would reach, and which actions would follow."""
        rules, by_order = self._database().place.rules, arguments.flag("follow_order", follow_order)
        return self._read(
            lambda tx, pin: preview(
                tx, Targets(records=(pin.reference,)), follow_order=by_order, rules=rules
            ),
            session,
        )

    def reinstate(
        self, reason: str | None = None, *, by: str | None = None, session: Session | None = None
    ) -> list[Reinstated]:
        """Take back the recalls that were made of it; what only they reached is valid again.

        :raises MerelyReached: if it is only reached by recalls of other records.
        :raises NotRecalled: if it is valid.
        """
        why, who = arguments.words("reason", reason), arguments.person("by", by)

        def write(writing: Writing) -> list[Reinstated]:
            pin = writing.pin_of(self)
            return reinstate_record(
                writing.tx, pin.record_id, version=pin.version, by=who, reason=why
            )

        return self._write(write, session, alone=True)

    def recalls(self, session: Session | None = None) -> list[RecallView]:
        """Return the recalls that reach any content of the record, the newest first."""
        page = self._read(lambda tx, pin: list_recalls(tx, record_id=pin.record_id), session)
        return list(page.items)


def _owes(own: object, others: object) -> Owes:
    """Return whose actions follow a recall."""
    owes = Owes.NOTHING
    if arguments.flag("perform_invalidation_action", own):
        owes |= Owes.ROOT
    if arguments.flag("perform_invalidation_action_on_cascade", others):
        owes |= Owes.REST
    return owes


def _run_actions(place: Place, recalls: list[RecallView], session: Session | None) -> None:
    """Run what recalls owe: now, or once the session that made them is committed."""
    ids = [recall.recall_id for recall in recalls if recall.actions]
    if not ids:
        return
    if session is None:
        place.run_actions(ids)
    else:
        session.afterwards(lambda: place.run_actions(ids))
