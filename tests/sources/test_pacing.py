import asyncio

import pytest

from digest.sources.pacing import Pacing


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("hosts", "starts"),
    [
        (["a.example", "a.example", "a.example"], [0, 1, 2]),
        (["rss.arxiv.org", "export.arxiv.org", "arxiv.org"], [0, 3, 6]),
        (["a.example", "b.example", "notarxiv.org"], [0, 0, 0]),
    ],
)
async def test_requests_to_one_host_keep_their_distance(
    hosts: list[str], starts: list[int]
) -> None:
    time = Time()
    pacing = Pacing(time.clock, time.sleep)
    started: list[float] = []

    async def ask(host: str) -> None:
        async with pacing.turn(host):
            started.append(time.now - 100.0)

    await asyncio.gather(*map(ask, hosts))
    assert started == starts


async def test_a_slow_answer_holds_only_its_own_host() -> None:
    time = Time()
    pacing = Pacing(time.clock, time.sleep)
    async with pacing.turn("slow.example"):
        async with pacing.turn("other.example"):
            pass
        waiting = asyncio.create_task(pacing.turn("slow.example").__aenter__())
        await asyncio.sleep(0.01)
        assert not waiting.done()
    await waiting
