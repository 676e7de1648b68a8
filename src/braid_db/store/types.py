"""Column types that hold the same values on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import BigInteger, Boolean, DateTime, Double, Integer, LargeBinary, Text, Uuid
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC: ``timestamptz`` on PostgreSQL, ISO text of fixed width on SQLite.

    SQLite has no type for times; text of fixed width sorts as the times do and can be read.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        """Return the type that a database keeps times in."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())  # type: ignore[arg-type]
        return dialect.type_descriptor(DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], object] | None:
        """Return what makes of a time what the driver takes; PostgreSQL's takes it as it is."""
        return as_text if dialect.name == "sqlite" else None

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:
        """Return a time as the driver gave it, aware and in UTC."""
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return value.astimezone(UTC) if isinstance(value, datetime) else None


@lru_cache(maxsize=64)
def as_text(time: datetime | None) -> str | None:
    """Return a time as SQLite keeps it; all rows of a call have the same one."""
    if time is None:
        return None
    return f"{time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


Id = BigInteger().with_variant(Integer(), "sqlite")
"""An integer key: on SQLite only ``INTEGER PRIMARY KEY`` is the row's own number."""

ByCodePoint = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that compares by code point, as SQLite's does."""

Number: Double[float] = Double()
Uid = Uuid(as_uuid=False)
Digest = LargeBinary()
Flag = Boolean()
