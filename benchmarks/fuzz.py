"""How the sources bear damaged input: thousands of mutated feeds, each read by every source.

Usage: python benchmarks/fuzz.py [--number 10000] [--seed 1] [--seconds 2] [FOLDER ...]

The feeds are the fixtures of the tests, and those in the folders given. A source may answer
with entries or refuse; any other error, an entry that breaks a promise, and a reading that
takes longer than --seconds are faults. They are printed, and saved with --save FOLDER.
"""

import argparse
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from digest.errors import ParseError
from digest.sources import SOURCES
from digest.sources.base import Feed, Response

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))

from mutations import bodies, broken_promises, mutated  # noqa: E402


class TooSlowError(BaseException):
    """The time for one input is over; no parser catches this."""


def give_up(signal_number: int, frame: object) -> None:
    raise TooSlowError


def read(name: str, body: bytes, seconds: float) -> tuple[str, list[str]]:
    """Return what came of one input, and its faults."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        page = SOURCES[name].parse(Response("https://a.example/?p=0", body), Feed("fuzz", name))
    except ParseError as error:
        return "refused", [f"an error of several lines: {error}"] if "\n" in str(error) else []
    except TooSlowError:
        return "too slow", [f"longer than {seconds:g} s"]
    except Exception as error:
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        at = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
        return "other error", [f"{type(error).__name__} at {at}: {str(error)[:100]}"]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    faults = broken_promises(page)
    return ("broken promise" if faults else "read" if page.entries else "read, empty"), faults


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("folders", nargs="*", type=Path)
    options.add_argument("--number", type=int, default=10_000, help="inputs in all")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--seconds", type=float, default=2.0)
    options.add_argument("--save", type=Path)
    given = options.parse_args()
    pool = [pair for f in (TESTS / "data" / "sources", *given.folders) for pair in bodies(f)]
    others = [body for _, body in pool]
    dice = random.Random(given.seed)
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    slowest: dict[str, float] = defaultdict(float)
    faults: Counter[str] = Counter()
    signal.signal(signal.SIGALRM, give_up)
    started = time.perf_counter()
    for number in range(given.number):
        home, body = dice.choice(pool)
        # Mostly its own source: the others refuse most of it at the first bytes.
        name = home if home and dice.random() < 0.8 else dice.choice(list(SOURCES))
        changed = mutated(body, others, dice)
        before = time.perf_counter()
        outcome, wrong = read(name, changed, given.seconds)
        slowest[name] = max(slowest[name], time.perf_counter() - before)
        outcomes[name][outcome] += 1
        for fault in wrong[:1]:
            faults[f"{name}: {fault}"] += 1
            if given.save:
                given.save.mkdir(parents=True, exist_ok=True)
                (given.save / f"{number}-{name}").write_bytes(changed)
    print(f"{given.number} inputs from {len(pool)} feeds in {time.perf_counter() - started:.0f} s")
    columns = ["read", "read, empty", "refused", "other error", "broken promise", "too slow"]
    print(f"{'':16}" + "".join(f"{c:>16}" for c in (*columns, "slowest")))
    for name in SOURCES:
        counts = "".join(f"{outcomes[name][column]:16}" for column in columns)
        print(f"{name:16}{counts}{slowest[name]:14.2f} s")
    for fault, count in faults.most_common(40):
        print(f"{count:6}  {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
