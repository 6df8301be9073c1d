"""Make the tables anew and clear the data folder: `python reset.py --help`."""

import sys

from ravsock.resetting import main

if __name__ == "__main__":
    sys.exit(main())
