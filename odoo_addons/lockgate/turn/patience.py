"""When a value that fails is a person's matter: after the channel's most tries, or its most hours of failing.

The only place that decides it. What counts is the results' matter: see `results.COUNTS`.
"""

TOO_OLD = "p.failing_since <= %(now)s - make_interval(hours => %(most_hours)s)"
SPENT = f"({{tries}} >= %(most_tries)s OR coalesce({TOO_OLD}, false))"
GIVEN_UP = """(' Given up after ' || CASE WHEN {tries} >= %(most_tries)s THEN {tries} || ' tries'
    ELSE %(most_hours)s || ' hours' END || '; press Retry when it is mended.')"""
