"""`python -m cltensor` is the command `cltensor`."""

import sys

from cltensor.command.cli import main

sys.exit(main())
