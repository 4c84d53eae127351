"""The last line of `make test` counts every part's tests."""

from stack.checks import closing_line

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="{}" failures="{}" skipped="{}" tests="{}"/></testsuites>"""


def write(folder, name, *counts):
    file = folder / f"{name}.xml"
    file.write_text(REPORT.format(*counts))
    return file


def test_the_closing_line_adds_up_what_passed(tmp_path):
    files = [write(tmp_path, "sidecar", 0, 0, 0, 310), write(tmp_path, "whole", 0, 0, 0, 190)]
    assert closing_line(files, 61.5).strip("= ") == "500 passed in 61.50s"


def test_a_failure_in_one_part_shows_in_the_closing_line_of_all(tmp_path):
    files = [write(tmp_path, "sidecar", 1, 2, 3, 10), write(tmp_path, "whole", 0, 0, 0, 5)]
    line = closing_line(files, 2).strip("= ")
    assert line == "2 failed, 9 passed, 3 skipped, 1 errors in 2.00s"


def test_a_part_that_ended_without_a_report_is_an_error(tmp_path):
    files = [write(tmp_path, "sidecar", 0, 0, 0, 3), tmp_path / "attacks.xml"]
    assert closing_line(files, 1).strip("= ") == "3 passed, 1 errors in 1.00s"
