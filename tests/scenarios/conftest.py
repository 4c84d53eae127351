"""One running stack for all scenarios: real Odoo, PostgreSQL, Redis, workers, shop; and a browser."""

import pytest
from playwright.sync_api import Page, expect

from stack import browser
from stack.demo import parts_of
from stack.scene import Parts
from stack.stack import Stack
from stack.story import Story

# A file that Odoo's web client names, and that Debian's package leaves out.
ODOOS_OWN = "selfie_segmentation.js"


@pytest.fixture(scope="session")
def stack():
    with Stack("scenarios") as running:
        yield running


@pytest.fixture(scope="session")
def parts(stack) -> Parts:
    return parts_of(stack)


@pytest.fixture(scope="session")
def story(parts) -> Story:
    return Story(parts)


@pytest.fixture(scope="module")
def chromium():
    with browser.browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def windows(chromium):
    """{login: a person's own browser window}, so that each signs in once."""
    contexts = {}
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture
def sign_in(chromium, windows, stack):
    """Open a page in a person's window, signed in. The test fails on whatever its client reports."""
    pages, errors = [], []

    def signed_in(login: str) -> Page:
        if login not in windows:
            size = {"width": 1500, "height": 950}
            windows[login] = chromium.new_context(base_url=stack.odoo.url, viewport=size)
            browser.sign_in(windows[login], login).close()
        page = windows[login].new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        pages.append(page)
        return page

    yield signed_in
    for page in pages:
        expect(page.locator(".o_error_dialog")).to_have_count(0)
        page.close()
    assert [error for error in errors if ODOOS_OWN not in error] == []
