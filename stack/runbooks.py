"""`python -m stack.runbooks`: write docs/runbooks as the pages that the add-on serves to exception owners."""

import re
from pathlib import Path

from markdown_it import MarkdownIt

from stack.paths import ADDONS, ROOT

SOURCES = ROOT / "docs" / "runbooks"
SERVED = ADDONS / "lockgate" / "static" / "runbooks"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body {{ max-width: 42em; margin: 2em auto; padding: 0 1em; font: 16px/1.5 sans-serif }}</style>
</head>
<body>
{body}</body>
</html>
"""


def served() -> dict[Path, str]:
    """Return {file to be served: its text}, one of each category."""
    sources = sorted(path for path in SOURCES.glob("*.md") if path.stem != "README")
    return {SERVED / f"{path.stem}.html": _page(path.read_text()) for path in sources}


def _page(text: str) -> str:
    """Render a page. Of a link that leads out of the folder, only its words: the rest is not served."""
    text = re.sub(r"\[([^]]+)\]\(\.\./[^)]*\)", r"\1", text)
    title = text.splitlines()[0].removeprefix("# ")
    return PAGE.format(title=title, body=MarkdownIt().render(text))


def main() -> None:
    SERVED.mkdir(parents=True, exist_ok=True)
    for path, text in served().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
