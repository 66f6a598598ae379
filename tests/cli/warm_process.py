"""A process that has imported the program and forks for each command it is told of.

A forked command is a process of its own, with its own files, folder and environment, and ends as any other; only the
seconds that importing takes are spent once. What depends on how the interpreter starts needs a cold start.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO


def serve(told: TextIO, answers: TextIO) -> None:
    """Forks for each line of JSON and answers with the exit code; returns in the forked process, ready to run."""
    for line in told:
        child = os.fork()
        if child == 0:
            become(json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()
    os._exit(0)


def become(command: dict[str, Any]) -> None:
    """This process as a shell would have started it: three streams, a folder, an environment, arguments."""
    modes = (os.O_RDONLY, os.O_WRONLY | os.O_APPEND, os.O_WRONLY | os.O_APPEND)
    for number, (name, mode) in enumerate(zip(command["streams"], modes, strict=True)):
        opened = os.open(name, mode)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115  as the interpreter holds them
        for number, mode in enumerate(("r", "w", "w"))
    )
    os.chdir(command["cwd"])
    os.environ.clear()
    os.environ.update(command["env"])
    sys.argv = ["countersign", *command["words"]]


if __name__ == "__main__":
    from countersign.cli.app import main, register

    register()
    import_module("countersign.compose")  # what most commands import when they begin

    with Path(f"/dev/fd/{sys.argv[1]}").open() as told, Path(f"/dev/fd/{sys.argv[2]}").open("w") as answers:
        serve(told, answers)
        main()
