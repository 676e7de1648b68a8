"""Moments: which one is meant where no time zone is named, and how they are read from texts."""

from __future__ import annotations

from datetime import UTC, datetime


def in_utc(time: datetime) -> datetime:
    """Return a moment in UTC, in which it is taken to be where it names no zone.

    All times are shown in UTC, so that what was read somewhere means the same when it is asked
    about, on whatever machine that is.

    :raises ValueError: if it is before or after all times that a database keeps.
    """
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (OverflowError, OSError):
        raise ValueError(str(time)) from None


def read_time(told: str) -> datetime:
    """Return a moment that is written in ISO 8601, in UTC.

    :raises ValueError: if it is none.
    """
    return in_utc(datetime.fromisoformat(told))
