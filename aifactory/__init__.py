"""AI factories as code: the pure core, the command line, and the local labs."""

__version__ = "0.1.0"
