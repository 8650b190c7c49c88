"""A Kubernetes API server on an etcd of its own, and nothing else of a cluster: what is asked of it is judged and kept, nothing is run.

    with Cluster(folder) as cluster:
        cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
        cluster.helm("install", "semel", chart, "--namespace", "shop")
"""

from __future__ import annotations

import dataclasses
import json
import secrets
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from types import TracebackType
from typing import Any, Self

BINARY = Path(__file__).resolve().parents[3] / "build/apiserver/kube-apiserver"
PATIENCE = 180.0  # seconds; an API server on a busy machine takes half a minute to begin
_GLANCE = 0.1
_TOKEN = secrets.token_hex(16)

Manifest = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Answer:
    code: int
    body: Manifest
    warnings: list[str]


class Cluster:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._kubeconfig = folder / "kubeconfig"
        self._address = ""
        self._trust = ssl.create_default_context()
        self._places: dict[tuple[str, str], str] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    # ---- asking ----

    def request(self, method: str, path: str, body: Manifest | None = None) -> Answer:
        """Whatever the server answers, an error's body too."""
        asked = urllib.request.Request(f"{self._address}{path}", method=method,
                                       data=None if body is None else json.dumps(body).encode(),
                                       headers={"Authorization": f"Bearer {_TOKEN}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE, context=self._trust) as answer:
                return _read(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as refused:
            with refused:
                return _read(refused.code, refused.read(), refused.headers)

    def create(self, path: str, body: Manifest) -> Answer:
        answer = self.request("POST", path, body)
        assert answer.code == 201, answer
        return answer

    def stored(self, manifest: Manifest, namespace: str) -> Answer:
        """What the server keeps of an object."""
        kind = manifest["apiVersion"], manifest["kind"]
        if kind not in self._places:
            self._discover(manifest["apiVersion"])
        return self.request("GET", self._places[kind].format(namespace=namespace) + "/" + manifest["metadata"]["name"])

    def await_kind(self, version: str, kind: str) -> None:
        """A definition is not of use at once."""
        deadline = time.monotonic() + PATIENCE
        while (version, kind) not in self._places:
            assert time.monotonic() < deadline, f"{kind} of {version} did not come to be known"
            self._discover(version)
            time.sleep(_GLANCE)

    def helm(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["helm", *map(str, words), "--kubeconfig", str(self._kubeconfig)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)

    def _discover(self, version: str) -> None:
        base = f"/apis/{version}" if "/" in version else f"/api/{version}"
        for resource in self.request("GET", base).body.get("resources", []):
            if "/" not in resource["name"]:
                where = "/namespaces/{namespace}" if resource["namespaced"] else ""
                self._places[version, resource["kind"]] = f"{base}{where}/{resource['name']}"

    # ---- running ----

    def _start(self) -> None:
        if not BINARY.exists():
            raise RuntimeError(f"there is no {BINARY}: tests/helm/apiserver/build.sh makes it")
        client, peer, port = _free_ports(3)
        self._spawn("etcd", "--data-dir", self._folder / "etcd", "--listen-client-urls", f"http://127.0.0.1:{client}",
                    "--advertise-client-urls", f"http://127.0.0.1:{client}", "--listen-peer-urls", f"http://127.0.0.1:{peer}",
                    "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}", "--initial-cluster", f"default=http://127.0.0.1:{peer}")
        key = self._folder / "accounts.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True, timeout=PATIENCE)
        tokens = self._folder / "tokens.csv"
        tokens.write_text(f"{_TOKEN},operator,operator,system:masters\n", encoding="utf-8")
        certificates = self._folder / "certificates"
        self._spawn(BINARY, "--etcd-servers", f"http://127.0.0.1:{client}", "--bind-address", "127.0.0.1", "--secure-port", str(port),
                    "--cert-dir", certificates, "--token-auth-file", tokens, "--authorization-mode", "RBAC",
                    "--service-account-issuer", "https://semel.test", "--service-account-key-file", key,
                    "--service-account-signing-key-file", key, "--service-cluster-ip-range", "10.77.0.0/16")
        self._address = f"https://127.0.0.1:{port}"
        self._await_ready(certificates / "apiserver.crt")

    def _spawn(self, program: str | Path, *arguments: str | Path) -> None:
        name = Path(program).name
        with (self._folder / f"{name}.log").open("wb") as log:
            self._processes.append((name, subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)))

    def _await_ready(self, certificate: Path) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._ready(certificate):
            for name, process in self._processes:
                assert process.poll() is None, f"{name} ended:\n{self._log(name)}"
            assert time.monotonic() < deadline, f"the API server is not ready:\n{self._log(BINARY.name)}"
            time.sleep(_GLANCE)
        self._kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self._address, "certificate-authority": str(certificate)}}],
            "users": [{"name": "operator", "user": {"token": _TOKEN}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "operator"}}]}), encoding="utf-8")
        self._kubeconfig.chmod(0o600)

    def _ready(self, certificate: Path) -> bool:
        if not certificate.exists():
            return False
        try:
            self._trust = ssl.create_default_context(cafile=str(certificate))
            return self.request("GET", "/readyz").code == 200
        except (ssl.SSLError, urllib.error.URLError):
            return False  # the certificate is being written, or the port is not open yet

    def _log(self, name: str) -> str:
        return "\n".join((self._folder / f"{name}.log").read_text(encoding="utf-8", errors="replace").splitlines()[-30:])

    def _stop(self) -> None:
        for _, process in reversed(self._processes):
            process.terminate()
        for _, process in reversed(self._processes):
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _read(code: int, body: bytes, headers: Message) -> Answer:
    text = body.decode()
    return Answer(code, json.loads(text) if text.startswith("{") else {"text": text}, headers.get_all("Warning") or [])


def _free_ports(count: int) -> list[int]:
    """Ports that nobody has now: neither program takes any free one and says which."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in held]
    for listener in held:
        listener.close()
    return ports
