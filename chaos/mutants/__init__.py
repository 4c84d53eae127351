"""Mutants of the real code: each breaks one promise, and names the property that must be seen to fail.

`chaos.hunt` plays the scene of each on it.
"""

from chaos.mutants import channels, leases, wanted

MUTANTS = {**wanted.MUTANTS, **leases.MUTANTS, **channels.MUTANTS}
