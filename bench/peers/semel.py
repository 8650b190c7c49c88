"""semeld, the one that this is all about, and the bare gRPC echo, its ceiling."""

from harness import processes

READY = r"\bready\b.*\bgrpc=(?P<grpc>\S+)(?:.*\badmin=(?P<admin>\S+))?"


class Semel(processes.Server):
    name = "Semel"

    def __init__(self, options, folder, flags=()):
        command = [options.build / "server/semeld", "--data-dir", folder / "semel", "--listen", "127.0.0.1:0",
                   "--admin-listen", "127.0.0.1:0", *options.semeld_flag, *flags]
        super().__init__(command, folder / "semel.log", READY)
        self.address = self.ready["grpc"]

    def version(self):
        return processes.output(self.command[0], "--version")

    def durability(self):
        return {"flags": " ".join(self.command[7:]) or "none", "acknowledged before its sync": "nothing, there is no such setting"}

    def metrics(self):
        return processes.metrics(f"http://{self.ready['admin']}/metrics")

    def syncs(self):
        """Group commits that were synced so far."""
        return int(self.metrics()["semel_sync_seconds_count"])


class Echo(processes.Server):
    name = "gRPC echo"

    def __init__(self, options, folder):
        super().__init__([options.build / "bench/semel_bench_echo"], folder / "echo.log", READY)
        self.address = self.ready["grpc"]

    def version(self):
        return "of this repository"

    def durability(self):
        return {"keeps": "nothing: the ceiling of what gRPC carries"}

    def syncs(self):
        return None
