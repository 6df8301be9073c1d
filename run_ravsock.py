"""Run the server: `python run_ravsock.py --help`."""

import sys

from ravsock.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
