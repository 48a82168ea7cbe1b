"""Runs first in the executable. The single file is two processes: one that unpacks and waits, and the program.

When the first is killed the program must stop too, or it would go on holding the port and the data folder.
"""

import os
import signal
import sys

unpacked = os.path.dirname(getattr(sys, "_MEIPASS", "")) != os.path.dirname(os.path.realpath(sys.executable))
if sys.platform == "linux" and unpacked:
    import ctypes

    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
