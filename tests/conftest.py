"""Settings of the whole suite."""

import os

from hypothesis import settings

# The same examples on every machine, and no time limit for any: the suite passes or fails alike wherever
# it runs. `HYPOTHESIS_PROFILE=explore pytest` tries other examples each time.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
