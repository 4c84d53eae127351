"""The turn's statements, in the order in which a turn runs them: results, values, leases.

Each takes the turn's own cursor and works on sets; none is reachable from outside.
"""
