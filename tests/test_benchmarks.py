"""Benchmarks go with the code that they measure: what they use of it is still there."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Parts that others import, and what needs libraries that are no part of the tests.
NOT_RUN = {"installation", "mailservers", "ranking_references", "ranking", "fuzz_guided"}
SCRIPTS = sorted(
    path.stem for path in (ROOT / "benchmarks").glob("*.py") if path.stem not in NOT_RUN
)


def run(*arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_every_benchmark_can_be_imported() -> None:
    assert {"sending", "collect", "web"} <= set(SCRIPTS)
    run("-c", f"import sys; sys.path.insert(0, 'benchmarks'); import {', '.join(SCRIPTS)}")
