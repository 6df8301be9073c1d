"""Answers frames, one behind the other, as a contributor does: python answer_frames.py FRAMES ANSWERS"""

from __future__ import annotations

import sys
from pathlib import Path

from parity import here, parted

if __name__ == "__main__":
    frames, answers = map(Path, sys.argv[1:])
    answers.write_bytes(b"".join(here(parted(frames.read_bytes()))))
