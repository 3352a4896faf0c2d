"""A daemon in a process of its own that is there in no time, because it is forked from one that has imported everything."""

import multiprocessing
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import yaml

from integration.serving import PATIENCE, ask, eventually, free_port
from syncwatch.cli.run import command

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(
    ["syncwatch.cli.run", "syncwatch.state.store.postgres", "prometheus_client.parser"]
)


class Victim:
    """`syncwatch run` as a process that a test kills.

    Attributes:
        log: what it has said.
    """

    def __init__(self, process: BaseProcess, port: int, log: Path) -> None:
        self.log = log
        self._process = process
        self._port = port

    def ask(self) -> bytes:
        """The page of its metrics."""
        return ask(self._port).body

    def ready(self) -> None:
        """Wait until it is, or fail with its log."""

        def is_ready() -> None:
            assert ask(self._port, "/-/ready").status == 200

        eventually(is_ready)


@contextmanager
def victim(folder: Path, config: Mapping[str, object]) -> Iterator[Victim]:
    """A daemon that dies by SIGKILL in the end, whatever it is about."""
    port, log, file = free_port(), folder / "log", folder / "syncwatch.yaml"
    file.write_text(yaml.safe_dump({"web": {"listen": f"127.0.0.1:{port}"}, **config}), encoding="utf-8")
    process = FORKING.Process(target=_run, args=(file, log), daemon=True)
    process.start()
    try:
        yield Victim(process, port, log)
    finally:
        process.kill()
        process.join(PATIENCE)


def _run(config: Path, log: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SYNCWATCH_")]:
        del os.environ[name]
    with log.open("ab") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    command(config)
