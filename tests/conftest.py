"""What every test shares: how many cases hypothesis makes.

`default` is quick and makes the same cases in every run, so that a change decides whether a test
fails. `HYPOTHESIS_PROFILE=long` (`make test-long`) makes many more, new ones each time, and
prints how to repeat a failure.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

SLOW_MACHINES = [HealthCheck.too_slow]

settings.register_profile(
    "default",
    max_examples=50,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=SLOW_MACHINES,
)
settings.register_profile(
    "long",
    max_examples=5_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=SLOW_MACHINES,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
