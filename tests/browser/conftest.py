"""A house whose pages a real browser opens, and whose mails come over SMTP."""

import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from web.conftest import House, on_postgresql, where_houses_stand  # noqa: F401 - fixtures

from digest.web import create
from servers import Inbox, free_port

CHROMIUM = shutil.which("chromium")
PHONE, DESKTOP = (390, 844), (1280, 800)
_REPORT = (
    "addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.blockedURI))"
)


class Living(House):
    """An installation that serves its pages and hands its mails to an inbox."""

    def __init__(self, folder: Path, inbox: Inbox, more: str = "") -> None:
        port = free_port()
        self.base, self.inbox = f"http://127.0.0.1:{port}", inbox
        smtp = f'\n[smtp]\nhost = "127.0.0.1"\nport = {inbox.port}\ntls = "none"\n'
        super().__init__(folder, more + smtp, self.base, "smtp")
        told = uvicorn.Config(create(self.site), port=port, log_config=None, lifespan="off")
        self._server = uvicorn.Server(told)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    # Playwright's loop runs in the thread of the test; ours runs in another one.
    def publish(self) -> Any:
        with ThreadPoolExecutor(1) as other:
            return other.submit(super().publish).result()

    def letters(self) -> list[Any]:
        with ThreadPoolExecutor(1) as other:
            other.submit(self.send_letters).result()
        return [mail for mail in self.inbox.mails if mail["List-Id"] is None]

    def editions(self) -> list[Any]:
        return [mail for mail in self.inbox.mails if mail["List-Id"] is not None]

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self.app.close()


class Visit:
    """A window of the browser, and what went wrong in it."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._opened)
        self.page.on("request", lambda request: self.asked.add(request.url))

    def _heard(self, message: Any) -> None:
        # The browser itself calls an answer like 422 an error.
        if message.type == "error" and "the server responded with a status" not in message.text:
            self.complaints.append(message.text)

    def _opened(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, link: str) -> Page:
        self.page.goto(link)
        return self.page

    def press(self, name: str) -> Page:
        """Press the last button of a name, and wait for the page that comes of it."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).last.click()
        return self.page

    def is_wider_than_its_window(self) -> bool:
        told = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return self.page.evaluate(told) > 0


@pytest.fixture(scope="module")  # its loop runs in this thread; other modules have their own
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@contextmanager
def visiting(
    browser: Browser, size: tuple[int, int] = DESKTOP, *, script: bool = True, **told: Any
) -> Iterator[Visit]:
    """Open a window; when it closes, nothing may have gone wrong in it."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, java_script_enabled=script, **told
    )
    context.set_default_timeout(15_000)
    if script:
        context.add_init_script(_REPORT)
    visit = Visit(context)
    yield visit
    context.close()
    assert visit.complaints == []


@pytest.fixture
def living(tmp_path: Path) -> Iterator[Living]:
    with Inbox() as inbox:
        made = Living(tmp_path, inbox)
        yield made
        made.close()
