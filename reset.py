"""Make the tables anew and clear the data folder: `python reset.py [--database URL] [--data-dir DIR] [--yes]`."""

import sys

from ravsock.resetting import main

if __name__ == "__main__":
    sys.exit(main())
