"""What can go wrong with files that are no database; ``braid_db.errors`` draws the tree."""

from __future__ import annotations

from braid_db.errors import BraidError


class BackupFailed(BraidError):
    """A backup could not be written, and nothing of it is there."""

    code = "backup-failed"

    def __init__(self, target: object, problem: str, advice: str) -> None:
        self.target = str(target)
        super().__init__(f"The backup {target} {problem}. {advice} Nothing was changed.")
