"""The command ``digest``, also as ``python -m digest``."""

import os
import sys
from io import TextIOWrapper

from digest.cli import run


def main() -> None:
    """Run the command line and exit with its code."""
    # Ranking's sums are short. Threads for them wait for each other where other programs run, which
    # costs several times the processor; who wants more power starts more workers.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Papers come in all scripts; a digest is the same bytes whatever the terminal's language.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
