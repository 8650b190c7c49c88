"""One etcd node."""

from harness import processes


class Etcd(processes.Server):
    name = "etcd"

    def __init__(self, options, folder):
        client, peer = (f"http://127.0.0.1:{processes.free_port()}" for _ in range(2))
        # Its default snapshot count and quota; old revisions are kept, so that nothing is compacted meanwhile.
        super().__init__(["etcd", "--name", "bench", "--data-dir", folder / "etcd", "--listen-client-urls", client,
                          "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                          "--initial-cluster", f"bench={peer}"], folder / "etcd.log", "ready to serve client requests|serving insecure client")
        self.url = client
        self.address = client.removeprefix("http://")

    def version(self):
        return processes.output("etcd", "--version").splitlines()[0].replace("etcd Version:", "etcd")

    def durability(self):
        unsafe = [word for word in self.command if "unsafe" in word]
        return {"flags that leave out syncs (--unsafe-no-fsync)": " ".join(unsafe) or "none", "nodes": "1"}

    def syncs(self):
        """Of its log."""
        return int(processes.metrics(f"{self.url}/metrics")["etcd_disk_wal_fsync_duration_seconds_count"])
