"""Names for what has none yet."""

from __future__ import annotations

import random


def digits(count: int) -> str:
    """Return so many random digits, for names that should not meet.

    :param count: how many; upstream's programs ask for three.
    """
    return "".join(random.choices("0123456789", k=count))
