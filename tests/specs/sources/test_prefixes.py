from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from srgnn_bench.data.sessions import Sessions, prefixes_of

session = st.lists(st.integers(1, 4), min_size=1, max_size=6)
CATALOGUE = np.array([0, 1, 2, 3, 0])  # does not hold item 4


@given(st.lists(session, min_size=1, max_size=12))
def test_prefixes_are_different_where_their_known_clicks_are(sessions):
    prefixes = prefixes_of(Sessions.from_lists(sessions), numbering=CATALOGUE)
    first, kind = prefixes.different()
    shown = [
        tuple(prefixes.items[start:stop].tolist())
        for start, stop in zip(prefixes.start, prefixes.stop, strict=True)
    ]
    kinds = list(dict.fromkeys(shown))
    assert [kinds[k] for k in kind] == shown
    assert [clicks for clicks, is_first in zip(shown, first, strict=True) if is_first] == kinds


@given(st.lists(session, min_size=1, max_size=12), st.sampled_from([None, 2]))
def test_a_targets_last_click_is_found_in_what_is_shown(sessions, longest):
    prefixes = prefixes_of(Sessions.from_lists(sessions), numbering=CATALOGUE, longest=longest)
    for row, ago in enumerate(prefixes.target_ago.tolist()):
        shown = prefixes.items[prefixes.start[row] : prefixes.stop[row]].tolist()
        newest_first = shown[::-1]
        target = prefixes.target[row]
        assert ago == (newest_first.index(target) + 1 if target in shown else 0)
