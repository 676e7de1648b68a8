"""What can go wrong with recalls; the tree in ``braid_db.errors`` shows where each belongs."""

from __future__ import annotations

from collections.abc import Sequence

from braid_db.errors import BraidError, shown

_MOST_SHOWN = 10


class AmbiguousContent(BraidError):
    """A record that has more than one content was to be recalled, and none was chosen.

    :param contents: the version that brought each content, and when it was recorded.
    """

    code = "ambiguous-content"

    def __init__(self, record_id: int, contents: Sequence[tuple[int, str]]) -> None:
        self.record_id, self.contents = record_id, tuple(contents)
        super().__init__(
            f"Record {record_id} has {len(contents)} contents: {_listed(contents)}. Name the "
            f"version that is meant, all versions, or the time in which it was recorded: the "
            f"wrong one may not be the newest. Nothing was written."
        )


def _listed(contents: Sequence[tuple[int, str]]) -> str:
    newest = [f"version {number} of {time}" for number, time in contents[-_MOST_SHOWN:]]
    left_out = len(contents) - len(newest)
    return ", ".join([f"{left_out} older", *newest] if left_out else newest)


class NothingToRecall(BraidError):
    """Nothing fits what was to be recalled."""

    code = "nothing-to-recall"

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(
            f"Nothing here fits {wanted}, so there is nothing to recall. Check it with "
            f"'braid-db record list'. Nothing was written."
        )


class RecallNotFound(BraidError):
    """No recall has this id."""

    code = "recall-not-found"

    def __init__(self, recall_id: object) -> None:
        self.recall_id = recall_id
        super().__init__(
            f"No recall {shown(recall_id)} in this provenance database. "
            f"'braid-db recall list' shows those that there are."
        )


class AlreadyReinstated(BraidError):
    """A recall that was taken back was to be taken back."""

    code = "already-reinstated"

    def __init__(self, recall_id: int, reinstated_at: str, reinstated_by: str | None) -> None:
        self.recall_id, self.reinstated_at = recall_id, reinstated_at
        self.reinstated_by = reinstated_by
        who = f" by {shown(reinstated_by)}" if reinstated_by else ""
        super().__init__(
            f"Recall {recall_id} was taken back at {reinstated_at}{who}, and can't be taken back "
            f"twice. Nothing was written."
        )


class NotRecalled(BraidError):
    """What was to be reinstated was not recalled itself."""

    code = "not-recalled"

    def __init__(self, record_id: int, version: int, reason: str = "") -> None:
        self.record_id, self.version = record_id, version
        super().__init__(
            reason
            or f"Record {record_id} version {version} is valid: no recall that stands reaches it. "
            f"Nothing was written."
        )


class MerelyReached(NotRecalled):
    """What was to be reinstated was only reached by the recalls of something else.

    :param recalls: the recalls that reach it, each with the record that it was made of.
    """

    code = "merely-reached"

    def __init__(self, record_id: int, version: int, recalls: Sequence[tuple[int, int]]) -> None:
        self.recalls = tuple(recalls)
        named = [f"recall {recall} of record {root}" for recall, root in recalls[:_MOST_SHOWN]]
        more = len(recalls) - len(named)
        named += [f"{more} more"] if more else []
        reason = (
            f"Record {record_id} version {version} was not recalled itself but is reached by "
            f"{', '.join(named)}. Take these back, if what they recall can be trusted after all. "
            f"Nothing was written."
        )
        super().__init__(record_id, version, reason)
