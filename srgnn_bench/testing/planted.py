"""Sessions with a pattern that any model worth its name finds."""

from __future__ import annotations

import random

LONGEST = 7


def planted_sessions(*, count: int, items: int, seed: int, noise: float = 0.1) -> list[list[int]]:
    """Sessions in which item i is nearly always followed by item 7 i + 3, modulo ``items``.

    Args:
        count: number of sessions, of 2 to 7 clicks.
        items: number of items, numbered from 1; no multiple of 7, so that every item follows one.
        seed: seed of the sessions.
        noise: share of clicks that follow at random.
    """
    chance = random.Random(seed)
    sessions = []
    for _ in range(count):
        session = [chance.randrange(items)]
        for _ in range(chance.randint(1, LONGEST - 1)):
            follows = (7 * session[-1] + 3) % items
            session.append(chance.randrange(items) if chance.random() < noise else follows)
        sessions.append([item + 1 for item in session])
    return sessions
