"""A real browser: the system's chromium, driven by Playwright."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from stack.console import Missing, say, step

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
# No sandbox, as root cannot have one; the rest keeps the browser from calling anybody but the stack.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def chromium() -> str:
    """Return the browser's program. Where there is none, root gets Debian's; anybody else `Missing`."""
    found = _found()
    if found:
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing("no browser was found: install the package chromium")
    with step("no browser was found: installing Debian's chromium"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            done = subprocess.run(
                ["apt-get", "-q", *command],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise Missing(f"apt-get {command[0]} failed, install chromium: {done.stderr.strip()[-400:]}")
    say("chromium is installed; `apt-get remove chromium` takes it away again")
    return _found() or "chromium"


@contextmanager
def browser() -> Iterator[Browser]:
    """Yield a headless browser."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            yield opened
        finally:
            opened.close()


def sign_in(context: BrowserContext, login: str) -> Page:
    """Open a page of the web client, signed in as one of the demo's people: the password is the login."""
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto("/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("button[type=submit]")
    page.wait_for_selector(".o_web_client")
    return page
