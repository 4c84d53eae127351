"""What processes use, from /proc: processor time of one with all its descendants, and memory."""

import os
from pathlib import Path

from stack.processes import Process

TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(process: Process) -> float:
    """User and system time so far, of it and its descendants, those that have ended included."""
    parents: dict[int, int] = {}
    times: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile, and its parent has its time
        parents[int(entry.name)] = int(fields[1])
        times[int(entry.name)] = sum(int(ticks) for ticks in fields[11:15])
    return sum(ticks for pid, ticks in times.items() if _below(pid, process.pid, parents)) / TICKS


def _below(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        if pid == ancestor:
            return True
        pid = parents[pid]
    return False


def memory_megabytes(process: Process) -> int:
    """The most that the process itself has had in memory (its resident set)."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    (most,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return round(int(most) / 1024)
