"""The cyclic garbage collector, held off where it would look in vain."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_USUAL = gc.get_threshold()
_SELDOM = 20_000  # objects that were added, until the youngest are looked at


@contextmanager
def collector_paused() -> Iterator[None]:
    """Hold off the cyclic garbage collector while many objects are made that all stay alive.

    It would look through all of them again and again and find nothing: a tenth of the time
    of parsing a large feed. What is really garbage waits until after.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def set_aside() -> None:
    """Have the collector pass over all that is there now, and look seldom, until `take_back`.

    It looks through all that lives whenever a quarter as much has been added, and a prepared
    day is a hundred thousand objects and more that live as long as the work does; making and sending mails leaves
    next to nothing that refers to itself. What nobody refers to any more is freed all the same.
    """
    take_back()
    gc.freeze()
    gc.set_threshold(_SELDOM, *_USUAL[1:])


def take_back() -> None:
    """Have the collector look at all objects again, and as often as usual."""
    gc.unfreeze()
    gc.set_threshold(*_USUAL)
