"""PostgreSQL with synchronous_commit on, and memory that suits the machine."""

import os
import pathlib
import shutil
import signal

from harness import arguments, processes

DURABILITY = ("synchronous_commit", "fsync", "full_page_writes", "wal_sync_method", "commit_delay")


class PostgreSql(processes.Server):
    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # ends sessions and writes a checkpoint
    user = "postgres"

    def __init__(self, options, folder):
        self.port = processes.free_port()
        data = folder / "postgresql"
        if not data.exists():
            self.initialize(data)
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "",
                    "max_connections": 300, "shared_buffers": "1GB", "max_wal_size": "4GB", "jit": "off",
                    "checkpoint_timeout": "30min",  # it runs on while PostgreSQL stands still, and a checkpoint would be due at each start
                    "synchronous_commit": "on", "fsync": "on", "full_page_writes": "on", "commit_delay": 0}
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        super().__init__([newest_binaries() / "postgres", "-D", data, *flags], folder / "postgresql.log",
                         "database system is ready to accept connections", [*self.as_its_user(), *processes.DIES_WITH_US])
        self.address = f"127.0.0.1:{self.port}"

    def initialize(self, data):
        data.mkdir()
        if os.getuid() == 0:
            shutil.chown(data, self.user)
            if not arguments.open_to_all(data.parent):
                raise processes.Failed(f"PostgreSQL's user cannot reach {data}: take a --data that everybody may pass through")
        processes.output(*self.as_its_user(), newest_binaries() / "initdb", "--pgdata", data, "--username", self.user, "--auth", "trust",
                         "--no-sync", "--encoding", "UTF8", "--locale", "C")

    def as_its_user(self):
        """It refuses to run as root."""
        return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups"] if os.getuid() == 0 else []

    def ask(self, statement, limit_s=processes.COMMAND_TIMEOUT_S):
        return processes.output(newest_binaries() / "psql", "-X", "-h", "127.0.0.1", "-p", self.port, "-U", self.user, "-d", "postgres",
                                "-Atc", statement, limit_s=limit_s)

    def version(self):
        return "PostgreSQL " + self.ask("SHOW server_version").split()[0]

    def durability(self):
        return {f"SHOW {name}": self.ask(f"SHOW {name}") for name in (*DURABILITY, "shared_buffers", "max_wal_size", "checkpoint_timeout")}

    def syncs(self):
        """Of its log, as the backends told so far; they tell when they have nothing else to do."""
        return int(self.ask("SELECT wal_sync FROM pg_stat_wal"))


def newest_binaries():
    """Debian keeps them out of the PATH, by version."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    path = shutil.which("postgres")
    if path is None:
        raise SystemExit("there is no PostgreSQL server on this machine")
    return pathlib.Path(path).resolve().parent
