"""`python -m stack.screenshots`: take the pictures of docs/images, after the story was played."""

from playwright.sync_api import Page

from stack.browser import browser, sign_in
from stack.demo import parts_of, play
from stack.paths import ROOT
from stack.stack import Stack
from stack.story import CAMPAIGN, Story

IMAGES = ROOT / "docs" / "images"


def main() -> None:
    with Stack("screenshots") as stack, browser() as opened:
        story = Story(parts_of(stack))
        if not play(story):
            raise SystemExit("the story did not hold: no pictures were taken")
        exception = leave_an_exception(story)
        campaign = [("reason", "=", CAMPAIGN)]
        change = story.parts.approver.find("lockgate.price.change", campaign, "id")[0]["id"]
        pictures = {
            "dashboard": ("operator", "lockgate.lockgate_channel_action", 420),
            "price-change": ("approver", f"lockgate_price.lockgate_price_change_action/{change}", 1200),
            "exception": ("owner", f"lockgate.lockgate_exception_action/{exception}", 900),
        }
        IMAGES.mkdir(exist_ok=True)
        for name, (login, action, height) in pictures.items():
            context = opened.new_context(base_url=stack.odoo.url, viewport={"width": 1400, "height": height})
            take(sign_in(context, login), action, name)
            context.close()


def leave_an_exception(story: Story) -> int:
    """Map a listing to a SKU that the shop does not have; returns the exception that comes of it."""
    parts, product = story.parts, story.products[7]
    channel = parts.channels.channels["vendure"]
    mine = [("channel_id", "=", channel), ("product_id", "=", product.id)]
    listing = parts.admin.find("lockgate.listing", mine, "id")[0]["id"]
    parts.admin.call("lockgate.listing", "write", [listing], {"sku": f"{product.sku}-OLD"})
    domain = [("failure_ids.listing_id", "=", listing), ("state", "=", "open")]
    story.wait("an exception is open", lambda: parts.owner.find("lockgate.exception", domain, "id"))
    return parts.owner.find("lockgate.exception", domain, "id")[0]["id"]


def take(page: Page, action: str, name: str) -> None:
    page.goto(f"/odoo/action-{action}")
    page.wait_for_selector(".o_form_view, .o_kanban_record")
    if name == "price-change":
        page.click("a[name=impact]")
    page.wait_for_timeout(3000)  # avatars and icons come after the records
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
