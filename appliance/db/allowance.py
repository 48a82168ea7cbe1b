"""What this process may keep open: files by the system's limit, connections by that and by the machine's memory."""

import contextlib
import os
import resource
from pathlib import Path

# Nothing here needs more, and some systems allow a thousand million.
FILES_MOST = 65_536
# A connection that rests: 0.36 MB for the schema and statements it has made out, and the pages of a small file.
CONNECTION_BYTES = 600_000
_GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def raise_files() -> None:
    """As far as the system lets a process do for itself: most begin with 1,024 files and may have many more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES_MOST if hard == resource.RLIM_INFINITY else min(hard, FILES_MOST)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def files() -> int:
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return FILES_MOST if soft == resource.RLIM_INFINITY else min(soft, FILES_MOST)


def connections() -> int:
    """At most an eighth of the memory, at least a handful."""
    return max(16, memory() // 8 // CONNECTION_BYTES)


def memory() -> int:
    """Bytes of the machine, or of the container on it."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):
        return min(machine, int(_GROUP_LIMIT.read_text()))
    return machine
