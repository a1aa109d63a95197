import asyncio
import socket

import pytest

from digest.errors import FetchError
from digest.sources.guard import addresses, is_listed, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "2002:7f00:1::1",
        "64:ff9b::7f00:1", "64:ff9b::c0a8:101", "2001:db8::1", "not an address", "",
    ],
)  # fmt: skip
def test_an_address_of_the_own_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "151.101.3.42", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_a_host_is_listed_with_or_without_its_port() -> None:
    assert is_listed("intra", 80, ["intra"])
    assert is_listed("127.0.0.1", 8080, ["127.0.0.1:8080"])
    assert is_listed("::1", 8080, ["[::1]:8080"])
    assert not is_listed("127.0.0.1", 8081, ["127.0.0.1:8080"])
    assert not is_listed("intra.example", 80, ["intra"])


def resolving_to(*found: str):
    async def getaddrinfo(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in found]

    return getaddrinfo


async def test_only_the_public_addresses_of_a_name_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo", resolving_to("10.0.0.1", "8.8.8.8", "8.8.8.8"))
    assert await addresses("mixed.example", 80, allow_private=False) == ["8.8.8.8"]


async def test_a_name_that_resolves_to_private_addresses_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo", resolving_to("10.0.0.1", "::1"))
    with pytest.raises(FetchError, match=r"intra\.example is a private or local address"):
        await addresses("intra.example", 80, allow_private=False)
    assert await addresses("intra.example", 80, allow_private=True) == ["10.0.0.1", "::1"]


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1", "2130706433"])
async def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    with pytest.raises(FetchError):
        await addresses(host, 80, allow_private=False)


async def test_a_name_without_an_address_is_told() -> None:
    with pytest.raises(FetchError, match=r"nowhere\.invalid has no address; check its name"):
        await addresses("nowhere.invalid", 80, allow_private=False)
