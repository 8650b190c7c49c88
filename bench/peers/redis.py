"""Redis with an append-only file that is synced before each answer."""

from harness import processes


class Redis(processes.Server):
    name = "Redis"
    settings = {"appendonly": "yes", "appendfsync": "always", "save": ""}

    def __init__(self, options, folder):
        self.port = processes.free_port()
        (folder / "redis").mkdir(exist_ok=True)
        flags = [word for name, value in self.settings.items() for word in (f"--{name}", value)]
        super().__init__(["redis-server", "--bind", "127.0.0.1", "--port", self.port, "--dir", folder / "redis", *flags],
                         folder / "redis.log", "Ready to accept connections")
        self.address = f"127.0.0.1:{self.port}"

    def ask(self, *command):
        return processes.output("redis-cli", "-p", self.port, *command)

    def version(self):
        return "Redis " + self.ask("info", "server").split("redis_version:")[1].split()[0]

    def durability(self):
        found = {f"CONFIG GET {name}": self.ask("config", "get", name).removeprefix(name).strip() or '""' for name in self.settings}
        return found | {"INFO aof_enabled": self.ask("info", "persistence").split("aof_enabled:")[1].split()[0]}

    def syncs(self):
        return None  # it does not count them


class UntidyRedis(Redis):
    """Never rewrites its log, which for a while is faster, and then wants more disk and a longer restart."""

    settings = Redis.settings | {"auto-aof-rewrite-percentage": "0"}
