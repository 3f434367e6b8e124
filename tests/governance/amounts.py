"""How often the long tests of approvals repeat themselves.

`make test` repeats enough to find a lock that is missing; `SIGNET_THOROUGH=1` as often as the
reliability plan asks for, which takes a quarter of an hour: before a release, or every night.
"""

from tests.thorough import IS_THOROUGH

RACES = 200 if IS_THOROUGH else 12
CROWDS = 50 if IS_THOROUGH else 4
EXAMPLES = 50 if IS_THOROUGH else 5
STEPS = 30
