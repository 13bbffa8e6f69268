from __future__ import annotations

from collab_dash.hub.rate import Rate


def test_a_rate_is_the_mean_over_its_window() -> None:
    rate = Rate()
    rate.add(3)
    rate.add(2)
    assert rate.per_second() == 5.0
