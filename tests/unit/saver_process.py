"""Another process of the saver's tests: `python -m tests.unit.saver_process ROLE FILE ARGUMENTS`."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from checkpoints.strict import enable_strict

enable_strict()


def killer(number: int) -> Callable[[str], None]:
    """A fault hook that kills this process, without warning, at the point of that number."""
    passed = 0

    def on_point(_point: str) -> None:
        nonlocal passed
        passed += 1
        if passed == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return on_point


def main(role: str, file: str, *arguments: str) -> None:
    """Runs one role."""
    from tests.unit import saver_graphs as graphs

    if role == "killed":  # COUNT POINTS: one child for each point, on a thread of its own, killed there
        for kill_at in range(1, int(arguments[1]) + 1):
            child = os.fork()
            if not child:
                with graphs.open_saver(Path(file), on_point=killer(kill_at)) as saver:
                    graph = graphs.steps(saver, int(arguments[0]))
                    graph.invoke({"trail": []}, graphs.config(f"t{kill_at}"), durability="sync")
                os._exit(0)
            if os.WTERMSIG(os.waitpid(child, 0)[1]) != signal.SIGKILL:
                sys.exit(f"point {kill_at} was not reached")
    if role == "many":  # PREFIX THREADS COUNT
        prefix, threads, count = arguments[0], int(arguments[1]), int(arguments[2])
        with graphs.open_saver(Path(file)) as saver:
            for number in range(threads):
                graphs.steps(saver, count).invoke({"trail": []}, graphs.config(f"{prefix}{number}"), durability="sync")
    if role == "ask":  # THREAD
        with graphs.open_saver(Path(file)) as saver:
            graphs.asking(saver).invoke({}, graphs.config(arguments[0]), durability="sync")


if __name__ == "__main__":
    main(*sys.argv[1:])
