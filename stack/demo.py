"""`make demo`: the story, played against the running parts, told as a table."""

import os
import signal
import sys
import textwrap
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from stack.console import say
from stack.onboarding import onboard
from stack.scene import NotHeld, Parts
from stack.stack import Stack
from stack.story import Row, Story
from stack.user import Refused, User

PEOPLE = {
    "analyst": "drafts price changes",
    "approver": "approves them",
    "operator": "watches channels, freezes and resumes them",
    "owner": "resolves exceptions",
    "admin": "administrator",
}


def parts_of(stack: Stack) -> Parts:
    """Bring the stack to life and sign the people of the story in."""
    admin, channels = onboard(stack)

    def person(login: str) -> User:
        return User(stack.odoo.url, stack.odoo.database, login, login)

    return Parts(
        admin=admin,
        analyst=person("analyst"),
        approver=person("approver"),
        owner=person("owner"),
        shop=stack.shop,
        fake_url=stack.fake.url,
        redis_url=stack.redis.url,
        workers=stack.sidecar.worker,
        channels=channels,
    )


def run() -> int:
    """Play the story; 0 if every step held, 1 if not. On a terminal all stays up until Ctrl-C."""
    stays = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("ONCE") != "1"
    # A plain `kill` ends the demo as Ctrl-C does: in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Stack("demo") as stack:
        story = Story(parts_of(stack), tell=lambda row: say(f"  {row.what} ({row.where}): {row.after}"))
        held = play(story)
        print_table(story.rows)
        if stays:
            stay(stack)
    return 0 if held else 1


def play(story: Story) -> bool:
    """Play the steps in order up to the first that does not hold."""
    for number, (title, step) in enumerate(story.steps, 1):
        say(f"{number}. {title}")
        try:
            step()
        except (NotHeld, Refused) as error:
            say(f"   DID NOT HOLD: {error}")
            return False
    say("every step of the story held")
    return True


def print_table(rows: Iterable[Row]) -> None:
    table = Table("what", "where", "before", "after", title="What happened")
    table.add_column("seconds", justify="right")
    for row in rows:
        table.add_row(row.what, row.where, row.before, row.after, f"{row.seconds:.1f}")
    Console(width=None if sys.stdout.isatty() else 150).print(table)


def stay(stack: Stack) -> None:
    people = "\n".join(f"  {login:9} password {login:9} {what}" for login, what in PEOPLE.items())
    shop = stack.shop
    text = f"""
Odoo: {stack.odoo.url}/odoo (menu Lockgate)
{people}
Web shop: {shop.url} (Vendure's Admin API, {shop.user} / {shop.password})
Demo channel: {stack.fake.url}/listings and /history

Ctrl-C stops everything."""
    print(textwrap.dedent(text), flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        say("stopping")
