"""``python -m aifactory``: the command line where its script is not on the PATH."""

from aifactory.cli.main import main

if __name__ == "__main__":
    main()
