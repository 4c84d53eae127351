"""Where Debian's packages come from is read from the system's own apt sources, in both of their formats."""

import pytest

from stack.console import Missing
from stack.debian import debian_mirror, system_mirror

STANZAS = """\
Types: deb
URIs: http://mirror.example/other
Suites: stable
Components: main

Types: deb
# Comments stand between the fields.
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


@pytest.mark.parametrize(
    "line",
    [
        "deb http://mirror.example/debian bookworm main",
        "deb [signed-by=/keys/a.gpg arch=amd64] http://mirror.example/debian/ bookworm main contrib",
    ],
)
def test_the_archive_is_read_from_the_one_line_format(line):
    assert debian_mirror(f"# a comment\n{line}\n") == "http://mirror.example/debian"


def test_the_archive_is_read_from_the_deb822_format():
    assert debian_mirror(STANZAS) == "http://mirror.example/debian"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# deb http://mirror.example/debian bookworm main",
        "deb-src http://mirror.example/debian bookworm main",
        "deb http://mirror.example/debian-security bookworm-security main",
        "deb http://packages.example/tool bookworm main",
        "Types: deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main",
        "Enabled: no\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main",
    ],
)
def test_what_is_not_the_archive_in_use_is_passed_over(text):
    assert debian_mirror(text) is None


def test_the_archive_is_found_among_third_parties(tmp_path):
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "aaa.list").write_text("deb http://packages.example/tool bookworm main\n")
    (parts / "debian.sources").write_text(STANZAS)

    assert system_mirror(tmp_path) == "http://mirror.example/debian"


def test_a_system_without_debians_archive_is_told_the_other_way(tmp_path):
    with pytest.raises(Missing, match="docker compose up"):
        system_mirror(tmp_path)
