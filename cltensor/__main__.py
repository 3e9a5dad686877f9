"""`python -m cltensor` is the command `cltensor`."""

import sys

from cltensor.cli import main

sys.exit(main())
