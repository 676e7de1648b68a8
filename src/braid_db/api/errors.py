"""What can go wrong with objects and sessions; the tree in ``braid_db.errors`` shows where."""

from __future__ import annotations

from braid_db.errors import BraidError


class NotStored(BraidError):
    """An object that is in no database was asked for what only a database knows."""

    code = "not-stored"

    def __init__(self, what: str, why: str = "it was made without one") -> None:
        super().__init__(
            f"{what} is in no database, because {why}. Make the record with a database, as in "
            f"BraidRecord(db, name), or store it with store()."
        )


class SessionFailed(BraidError):
    """A session was used after something in it was refused."""

    code = "session-failed"

    def __init__(self, refused: BaseException) -> None:
        super().__init__(
            f"An earlier call in this session was refused, so nothing of the session is written: "
            f"call its rollback(), then do it all again without what was refused. "
            f"That was: {_sentence(refused)}"
        )


def _sentence(error: BaseException) -> str:
    return error.message if isinstance(error, BraidError) else f"{type(error).__name__}: {error}"
