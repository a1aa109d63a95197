"""Accounts: several mail servers, of which the first that lets us in is used.

Only getting in fails over. A message that was begun is never handed to another server: it is
tried again later, or its outcome is unknown, as with a single server.
"""

import asyncio
from collections.abc import Sequence

import aiosmtplib

from digest.delivery.options import SmtpOptions
from digest.delivery.smtp.connection import BROKEN, connect, out_of_order
from digest.errors import DeliveryError

# A server that did not let us in is tried after the others for so long.
REST_SECONDS = 300.0


class Accounts:
    """The servers of one channel, in the order in which they are wanted."""

    def __init__(self, options: Sequence[SmtpOptions]) -> None:
        self._all = tuple(options)
        self._resting: dict[int, float] = {}

    async def open(self) -> aiosmtplib.SMTP:
        """Return a connection to the first server that lets us in.

        Raises:
            DeliveryError: none does; the message tells of each.
        """
        problems: list[DeliveryError] = []
        for number in self._in_order():
            options = self._all[number]
            try:
                client = await connect(options)
            except DeliveryError as error:
                problems.append(error)
            except BROKEN as error:
                problems.append(out_of_order(error, options))
                problems[-1].__cause__ = error
            else:
                self._resting.pop(number, None)
                return client
            self._resting[number] = asyncio.get_running_loop().time() + REST_SECONDS
        if len(problems) == 1:
            raise problems[0]
        told = "; and ".join(str(problem) for problem in problems)
        raise DeliveryError(told, lasting=all(problem.lasting for problem in problems))

    def _in_order(self) -> list[int]:
        """Return the servers' numbers; those that failed a short while ago come last."""
        now = asyncio.get_running_loop().time()
        numbers = range(len(self._all))
        return sorted(numbers, key=lambda number: self._resting.get(number, 0.0) > now)
