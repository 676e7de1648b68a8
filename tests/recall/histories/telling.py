"""A history as it is told to a database, with what each moment left behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

from braid_db.errors import BraidError
from braid_db.model import Kind
from braid_db.recall.views import Preview
from braid_db.records.versions import list_versions
from braid_db.settings import Settings
from braid_db.store import Store, Transaction
from braid_db.store.connecting import make_engine
from tests.recall.histories.rows import Recalled, RecallMark, read_recalled
from tests.recall.histories.world import (
    Happening,
)
from tests.records.histories.rows import Mark, Rows, read_rows

COMMAND = shutil.which("true") or ""
FILES = 6

T = TypeVar("T")


@dataclass(frozen=True)
class Database:
    """A database that histories are told to, one after the other, each under its own folder."""

    store: Store
    connection: Connection
    settings: Settings


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Let histories be told to a database that is made now."""
    store = Store(url)
    store.read(lambda tx: None)
    settings = Settings(url, allowed_commands=(COMMAND,))
    with make_engine(url).connect() as connection:
        yield Database(store, connection, settings)
    store.close()


@dataclass(frozen=True)
class Moment:
    """What a happening left behind.

    :ivar answer: what its use case answered; None where there was nothing to do.
    :ivar refused: why it was refused.
    :ivar preview: what was foreseen, of a recall.
    :ivar shown: whether each version is shown as valid, by record and number.
    """

    happening: Happening | None
    answer: Any
    refused: BraidError | None
    preview: Preview | None
    rows: Rows
    recalled: Recalled
    shown: dict[tuple[int, int], bool]


@dataclass
class Telling:
    """A history as it was told.

    :ivar moments: the first is before the first happening.
    :ivar listed: what results named: pairs of a record's id and a version's number.
    """

    database: Database
    prefix: str
    since: tuple[Mark, RecallMark]
    actions: list[str]
    moments: list[Moment] = field(default_factory=list)
    listed: list[tuple[int, int]] = field(default_factory=list)

    @property
    def last(self) -> Moment:
        return self.moments[-1]

    @property
    def records(self) -> list[int]:
        return sorted(self.last.rows.kinds)

    @property
    def entities(self) -> list[int]:
        kinds = self.last.rows.kinds
        return [record_id for record_id in self.records if not Kind(kinds[record_id]).is_activity]

    @property
    def recalls(self) -> list[int]:
        return sorted(self.last.recalled.recalls)

    def run_id(self, number: int) -> str:
        return f"{self.prefix}-run-{number}"

    def uri(self, file: int) -> str:
        """Return the URI of a file; the files from 4 on lie in another folder."""
        return f"{self.folder(file // 4)}/{file}"

    @property
    def grade(self) -> str:
        """The key of the tag that records of this history have."""
        return f"grade-{self.prefix}"

    def mirror(self, number: int) -> str:
        """Return a URI that files may have besides their own."""
        return f"https://mirror.example/{self.prefix}/{number}"

    def spelled(self, number: int) -> str:
        """Return one of all URIs, as somebody may write it: of each file twice, then mirrors."""
        which, how = number % FILES, number // FILES
        spellings = (self.uri(which), self.uri(which).replace("file:", "FILE:"))
        return spellings[how] if how < len(spellings) else self.mirror(which)

    def folder(self, number: int) -> str:
        return f"file://host/{self.prefix}/{number}"

    def keep(self, happening: Happening | None, answer: Any = None, **more: Any) -> None:
        """Keep this moment."""
        rows = read_rows(self.database.connection, self.since[0])
        moment = Moment(
            happening=happening,
            answer=answer,
            refused=more.get("refused"),
            preview=more.get("preview"),
            rows=rows,
            recalled=read_recalled(self.database.connection, self.since[1]),
            shown=self.database.store.read(lambda tx: _shown(tx, rows)),
        )
        self.moments.append(moment)


def _shown(tx: Transaction, rows: Rows) -> dict[tuple[int, int], bool]:
    return {
        (record_id, view.version): view.valid
        for record_id in rows.kinds
        for view in list_versions(tx, record_id)
    }


def pick(among: Sequence[T], number: int) -> T:
    """Return what a number stands for."""
    return among[number % len(among)]
