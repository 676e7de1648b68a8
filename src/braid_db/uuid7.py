"""UUIDs of version 7 (RFC 9562), which sort by the time they were made."""

from __future__ import annotations

import os
import time

_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)
_RANDOM_BITS = ((1 << 12) - 1) << 64 | ((1 << 62) - 1)
_TIME_BITS = (1 << 48) - 1
_FETCHED_AT_ONCE = 64

# Asking the system for randomness costs as much as writing a row, so it is asked for many at a
# time; a fork's child asks anew, or it would make its parent's ids again.
_random: list[int] = []
os.register_at_fork(after_in_child=_random.clear)


def uuid7() -> str:
    """Return a new UUID as text: 48 bits of Unix time in milliseconds, then 74 random bits.

    Source: RFC 9562, section 5.7.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = _random_number() & _RANDOM_BITS
    text = f"{(milliseconds & _TIME_BITS) << 80 | _VERSION_AND_VARIANT | random:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _random_number() -> int:
    """Return 128 random bits, which no other thread gets."""
    while True:
        try:
            return _random.pop()
        except IndexError:
            fetched = os.urandom(16 * _FETCHED_AT_ONCE)
            places = range(0, len(fetched), 16)
            _random.extend(int.from_bytes(fetched[at : at + 16]) for at in places)
