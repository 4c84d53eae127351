"""The last line of `make test` counts every part's tests."""

from stack.checks import closing_line


def write(folder, name, **outcomes):
    """A report of `passed=3, failure=2`, …: each test has a name of its own."""
    cases = [
        f'<testcase classname="{outcome}" name="{number}">'
        + ("" if outcome == "passed" else f"<{outcome}/>")
        + "</testcase>"
        for outcome, count in outcomes.items()
        for number in range(count)
    ]
    file = folder / f"{name}.xml"
    file.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    return file


def test_the_closing_line_adds_up_what_passed(tmp_path):
    files = [write(tmp_path, "sidecar", passed=310), write(tmp_path, "whole", passed=190)]
    assert closing_line(files, 61.5).strip("= ") == "500 passed in 61.50s"


def test_a_failure_in_one_part_shows_in_the_closing_line_of_all(tmp_path):
    files = [
        write(tmp_path, "sidecar", passed=4, failure=2, skipped=3, error=1),
        write(tmp_path, "whole", passed=5),
    ]
    line = closing_line(files, 2).strip("= ")
    assert line == "2 failed, 9 passed, 3 skipped, 1 errors in 2.00s"


def test_a_part_that_ended_without_a_report_is_an_error(tmp_path):
    files = [write(tmp_path, "sidecar", passed=3), tmp_path / "attacks.xml"]
    assert closing_line(files, 1).strip("= ") == "3 passed, 1 errors in 1.00s"


def test_a_test_with_parts_counts_once_and_fails_with_one_of_them(tmp_path):
    file = tmp_path / "parts.xml"
    well = "<testcase classname='a' name='b'/>"
    failed = "<testcase classname='a' name='b'><failure/></testcase>"
    file.write_text(f"<testsuites><testsuite>{well}{failed}{well}</testsuite></testsuites>")
    assert closing_line([file], 1).strip("= ") == "1 failed in 1.00s"
