"""Ends what stands still (SIGSTOP) when the script is killed: a stopped process cannot notice that its parent has gone, and those that a
server started are nobody's children then. Reads "PID BEGUN" lines until its stdin ends, which is when the script does.
"""

import contextlib
import sys

import psutil

CLOCK_S = 2  # the kernel's word on when a process began may shift by so much


def main():
    told = {tuple(line.split()) for line in sys.stdin}
    for pid, begun in told:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(pid))
            if abs(process.create_time() - float(begun)) < CLOCK_S:  # else the number is another's by now
                process.kill()


if __name__ == "__main__":
    main()
