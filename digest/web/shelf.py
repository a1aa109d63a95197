"""A shelf: what was made lately and costs to make again; when it is full, the oldest goes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Shelf(Generic[K, V]):
    """Keeps the values that were asked for last. It may be used by several threads.

    Keys name all that a value depends on, the person above all: nobody is shown another's.

    Args:
        most: how many values it holds.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, keys: Sequence[K], make: Callable[[Sequence[K]], Mapping[K, V]]) -> dict[K, V]:
        """Return values by key; the missing ones are made together. What is not made is left out.

        Args:
            keys: what is wanted.
            make: returns the values of some keys.
        """
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        missing = [key for key in keys if key not in found]
        made = make(missing) if missing else {}
        with self._lock:
            for key in keys:
                if key in made:
                    self._kept[key] = made[key]
                if key in self._kept:
                    self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return {key: told[key] for key in keys for told in (found, made) if key in told}
