"""How often the long tests of approvals repeat themselves: thoroughly where the build runs them."""

import os

IS_BUILD = os.environ.get("CI") == "true"
RACES = 200 if IS_BUILD else 12
CROWDS = 50 if IS_BUILD else 4
EXAMPLES = 50 if IS_BUILD else 5
STEPS = 30
