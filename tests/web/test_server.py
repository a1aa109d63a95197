"""The server as it runs: behind another one, and told to stop."""

import asyncio

import httpx2
import pytest
from web.conftest import House

from digest.web import serve_pages
from servers import free_port


@pytest.mark.parametrize(
    ("proxies", "told"),
    [
        ('["127.0.0.1"]', [200, 200, 429]),  # each client has its own limit
        ("[]", [200, 429, 429]),  # anybody can write such a header: it is not believed
    ],
    ids=["behind a proxy", "alone"],
)
async def test_a_clients_address_is_believed_of_a_trusted_proxy_only(tmp_path, proxies, told):
    port = free_port()
    house = House(tmp_path, f"letters_per_client = 1\nport = {port}\nproxies = {proxies}\n")
    stopping = asyncio.Event()
    serving = asyncio.create_task(serve_pages(house.app, stopping))
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        for _ in range(100):
            try:
                await client.get("/healthz")
                break
            except httpx2.ConnectError:
                await asyncio.sleep(0.05)
        codes = []
        for number, host in enumerate(("192.0.2.1", "192.0.2.2", "192.0.2.2")):
            form = {"phrases": "ice", "address": f"r{number}@example.org", "do": "subscribe"}
            answer = await client.post("/", data=form, headers={"x-forwarded-for": host})
            codes.append(answer.status_code)
    stopping.set()
    await asyncio.wait_for(serving, 10)
    house.app.close()
    assert codes == told
