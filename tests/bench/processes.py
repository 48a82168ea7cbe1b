"""What a process uses, as the kernel counts it."""

import os
from pathlib import Path


def resident_mb(pid: int) -> float:
    """Memory as `ps` shows it, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def cpu_ms(pid: int) -> float:
    """Of all threads of a process, in user and system mode, since its start."""
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, used)) * 1000 / os.sysconf("SC_CLK_TCK")
