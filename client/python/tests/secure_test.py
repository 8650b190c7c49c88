"""TLS and tokens, through a gRPC proxy that terminates TLS in front of a real server, and notes who calls."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

import semel
import semel.aio
from semeld import Semeld


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, and what it signed for a server called `semel.test` and for a client."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    elliptic = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *elliptic, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test ca")
    for name in ("server", "client"):
        openssl("req", *elliptic, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (folder / "names.txt").write_text("subjectAltName=DNS:semel.test\n")
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-out", f"{name}.pem", "-days", "2", "-extfile", "names.txt"),
        )
    return folder


@dataclass
class Gateway:
    address: str
    seen: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def gateway(server: Semeld, certificates: Path) -> Iterator[Gateway]:
    """Passes calls on as bytes; wants a certificate of the client."""
    seen: list[dict[str, str]] = []
    target = grpc.insecure_channel(server.address)

    class Passing(grpc.GenericRpcHandler):
        def service(self, details: grpc.HandlerCallDetails) -> Any:
            seen.append({name: str(value) for name, value in details.invocation_metadata})
            return grpc.unary_unary_rpc_method_handler(
                lambda request, context: target.unary_unary(details.method)(request, timeout=10)
            )

    with ThreadPoolExecutor(4) as pool:
        proxy = grpc.server(pool, handlers=[Passing()])
        pair = ((certificates / "server.key").read_bytes(), (certificates / "server.pem").read_bytes())
        ca = (certificates / "ca.pem").read_bytes()
        credentials = grpc.ssl_server_credentials([pair], ca, require_client_auth=True)
        port = proxy.add_secure_port("localhost:0", credentials)
        proxy.start()
        yield Gateway(f"localhost:{port}", seen)
        proxy.stop(None).wait()
    target.close()


def tls(folder: Path) -> semel.Tls:
    return semel.Tls(folder / "ca.pem", folder / "client.pem", folder / "client.key")


def test_speaks_tls_and_shows_its_token(gateway: Gateway, certificates: Path, key: str) -> None:
    tokens = iter(["one", "two"])
    with semel.Client(
        gateway.address,
        namespace="shop",
        tls=tls(certificates),
        authority="semel.test",
        token=lambda: next(tokens),
    ) as client:
        assert client.run(key, lambda attempt: "ok").value == "ok"
    assert [call["authorization"] for call in gateway.seen] == ["Bearer one", "Bearer two"]
    assert gateway.seen[0]["user-agent"].startswith(f"semel-python/{semel.__version__}")


async def test_in_asyncio_the_token_may_be_awaited(gateway: Gateway, certificates: Path, key: str) -> None:
    async def token() -> str:
        return "three"

    async def fn(attempt: semel.aio.Attempt) -> str:
        return "ok"

    async with semel.aio.Client(
        gateway.address, namespace="shop", tls=tls(certificates), authority="semel.test", token=token
    ) as client:
        assert (await client.run(key, fn)).value == "ok"
    assert {call["authorization"] for call in gateway.seen} == {"Bearer three"}


def test_a_server_that_is_not_trusted_is_an_error_at_once(gateway: Gateway, certificates: Path, key: str) -> None:
    for wrong in (semel.Tls(), tls(certificates)):  # signed by nobody whom gRPC knows; of another name
        with semel.Client(gateway.address, namespace="shop", tls=wrong) as client:
            with pytest.raises(semel.NotTrusted, match="is not trusted") as caught:
                client.lookup(key)
            assert not caught.value.outcome_unknown
