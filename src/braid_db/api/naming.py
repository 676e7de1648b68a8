"""Names for what has none yet."""

from __future__ import annotations

import random

from braid_db.api import arguments

_MOST = 1_000


def digits(count: int) -> str:
    """Return so many random digits, for names that should not meet.

    :param count: how many; upstream's programs ask for three.
    :raises InvalidArgument: if it is no whole number from 1 to 1,000.
    """
    return "".join(random.choices("0123456789", k=arguments.count("count", count, _MOST)))
