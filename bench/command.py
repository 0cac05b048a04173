"""The command line on the benchmark's own stacks: the first word names their folder, the rest are its words."""

import sys
from pathlib import Path

from aifactory.cli import inputs
from aifactory.cli.main import main

inputs.STACKS = Path(sys.argv.pop(1))
main()
