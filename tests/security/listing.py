"""The list of attempts in docs/security.md; `python -m tests.security.listing` writes it anew."""

from pathlib import Path

from tests.security.attempts import attempts
from tests.security.world import World

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- attempts -->\n", "<!-- end of the attempts -->"


def listing() -> str:
    """The table: for each kind of attempt what is tried, and how many calls that makes over all roles."""
    groups: dict[str, list[str]] = {}
    calls: dict[str, int] = {}
    for attempt in attempts(World()):
        groups.setdefault(attempt.group, []).append(attempt.what)
        calls[attempt.group] = calls.get(attempt.group, 0) + len(list(attempt.calls()))
    rows = [
        f"| {group} | {len(whats)} | {calls[group]} | {'; '.join(dict.fromkeys(whats))} |\n"
        for group, whats in groups.items()
    ]
    total = sum(len(whats) for whats in groups.values())
    return (
        f"\n{total} attempts, made in {sum(calls.values())} calls by each role that could try, over "
        "`/json/2`, JSON-RPC, the web client's `call_kw` and the chatter's routes; by an analyst, an "
        "approver and the integration user over each that they have:\n\n"
        "| kind | attempts | calls | what is tried |\n|---|---|---|---|\n" + "".join(rows) + "\n"
    )


def main() -> None:
    text = DOCUMENT.read_text()
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    DOCUMENT.write_text(before + BEGIN + listing() + after)


if __name__ == "__main__":
    main()
