"""The parsing process: limits hold, and one feed's trouble is not another's."""

import asyncio
import time

import pytest

from digest.errors import ParseError, UsageError
from digest.sources.base import Feed, Page, Response
from digest.sources.worker import ParseLimits, ParserProcess

FEED = Feed("journal", "generic")
HEAD = b"<rss version='2.0'><channel>"
GOOD = Response("good", HEAD + b"<item><title>Fine</title></item></channel></rss>")


def titles(page: Page) -> list[str]:
    return [entry.title for entry in page.entries]


async def test_a_page_comes_back_from_the_process() -> None:
    async with ParserProcess() as parser:
        assert titles(await parser.parse("generic", GOOD, FEED)) == ["Fine"]


async def test_the_process_starts_once_and_only_when_it_is_needed() -> None:
    async with ParserProcess() as parser:
        assert parser._child is None
        await parser.parse("generic", GOOD, FEED)
        child = parser._child
        await asyncio.gather(*(parser.parse("generic", GOOD, FEED) for _ in range(5)))
        assert parser._child is child
    assert child is not None
    assert child.returncode == 0


async def test_it_costs_little_time_to_start() -> None:
    started = time.monotonic()
    async with ParserProcess() as parser:
        await parser.parse("generic", GOOD, FEED)
    assert time.monotonic() - started < 3


async def test_what_a_source_refuses_comes_back_as_its_error() -> None:
    async with ParserProcess() as parser:
        with pytest.raises(ParseError, match="bad is not from generic"):
            await parser.parse("generic", Response("bad", b"Rate exceeded."), FEED)
        with pytest.raises(UsageError, match="no source is called 'nope'"):
            await parser.parse("nope", GOOD, FEED)
        assert titles(await parser.parse("generic", GOOD, FEED)) == ["Fine"]


async def test_too_much_processor_time_ends_the_process_but_not_the_next_feed() -> None:
    slow = Response("slow", HEAD + b"<item><author>" + b"a" * 60_000 + b"</author></item>")
    async with ParserProcess(ParseLimits(cpu_seconds=1)) as parser:
        with pytest.raises(ParseError, match=r"'journal': .* more than 1 s of processor time"):
            await parser.parse("generic", slow, FEED)
        assert titles(await parser.parse("generic", GOOD, FEED)) == ["Fine"]


async def test_processor_time_is_counted_for_each_feed_alone() -> None:
    # About 0.4 s each: together more than the limit.
    body = HEAD + b"<item><title>x</title></item>" * 3_000 + b"</channel></rss>"
    async with ParserProcess(ParseLimits(cpu_seconds=2)) as parser:
        for _ in range(6):
            await parser.parse("generic", Response("long", body), FEED)


async def test_too_much_time_by_the_clock_ends_the_process() -> None:
    async with ParserProcess(ParseLimits(wall_seconds=0.01)) as parser:
        with pytest.raises(ParseError, match=r"'journal': .* more than 0\.01 s"):
            await parser.parse("generic", GOOD, FEED)


async def test_too_much_memory_ends_the_process_but_not_the_next_feed() -> None:
    large = Response("large", HEAD + b"<item><title>" + b"x" * 15_000_000 + b"</title>")
    async with ParserProcess(ParseLimits(memory_bytes=160 * 2**20)) as parser:
        with pytest.raises(ParseError, match="more than 160 MB of memory"):
            await parser.parse("generic", large, FEED)
        assert titles(await parser.parse("generic", GOOD, FEED)) == ["Fine"]


@pytest.mark.parametrize(
    "bomb",
    [
        HEAD + b"<item><title>x</title><description>" + b"<!--" * 87_500,
        HEAD + b"<item><title>x</title><description>" + b"&lt;!--" * 87_500,
        HEAD + b"<item><title>x</title><description>" + b"<b>" * 100_000,
        HEAD + b"<item><title>x</title><description>" + b"&lt;b>" * 100_000 + b"</description>",
    ],
)
async def test_bombs_end_within_the_limits(bomb: bytes) -> None:
    started = time.monotonic()
    async with ParserProcess(ParseLimits(cpu_seconds=5, wall_seconds=15)) as parser:
        try:
            await parser.parse("generic", Response("bomb", bomb), FEED)
        except ParseError as error:
            assert "\n" not in str(error)
    assert time.monotonic() - started < 15


async def test_a_child_that_dies_is_replaced() -> None:
    async with ParserProcess() as parser:
        await parser.parse("generic", GOOD, FEED)
        assert parser._child is not None
        parser._child.kill()
        await parser._child.wait()
        assert titles(await parser.parse("generic", GOOD, FEED)) == ["Fine"]


async def test_after_a_cancelled_question_the_next_gets_its_own_answer() -> None:
    long = Response("long", HEAD + b"<item><title>Long</title></item>" * 3_000)
    async with ParserProcess() as parser:
        await parser.parse("generic", GOOD, FEED)
        task = asyncio.create_task(parser.parse("generic", long, FEED))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert titles(await parser.parse("generic", GOOD, FEED)) == ["Fine"]


async def test_a_fault_of_ours_is_told_and_costs_only_its_feed() -> None:
    broken = Response("x", None)  # type: ignore[arg-type]
    async with ParserProcess() as parser:
        with pytest.raises(ParseError, match=r"'journal': .* fault in digest.*Error in \w+\.py"):
            await parser.parse("generic", broken, FEED)
        assert titles(await parser.parse("generic", GOOD, FEED)) == ["Fine"]


async def test_without_a_question_there_is_nothing_to_close() -> None:
    async with ParserProcess():
        pass
