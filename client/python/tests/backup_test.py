"""Backups that operators ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import semel
import semel.aio
from semeld import Semeld


@pytest.fixture
def keeping_server(tmp_path: Path) -> Iterator[Semeld]:
    """One that has a directory for backups."""
    (tmp_path / "server").mkdir()
    configuration = f"log:\n  level: warning\nbackup:\n  directory: {tmp_path / 'backups'}\nnamespaces:\n  shop: {{}}\n"
    semeld = Semeld(tmp_path / "server", configuration)
    semeld.start()
    yield semeld
    semeld.stop()


def test_a_backup_is_made_and_told(keeping_server: Semeld) -> None:
    address = keeping_server.address
    with semel.Client(address, namespace="shop") as client, semel.AdminClient(address) as admin:
        client.run("order/17", lambda attempt: "placed")
        assert admin.get_stats().last_backup is None
        made = admin.create_backup(actor="jo", reason="before the release")
        assert (made.backup.id, made.backups_kept) == (1, 1)
        assert 0 < made.copied_bytes <= made.backup.size_bytes
        assert made.duration.total_seconds() > 0
        assert admin.get_stats().last_backup == made.backup
        assert admin.create_backup(actor="jo").backup.id == 2


async def test_a_backup_is_made_in_asyncio(keeping_server: Semeld) -> None:
    async with semel.aio.AdminClient(keeping_server.address) as admin:
        made = await admin.create_backup(actor="jo", timeout=60)
        assert (await admin.get_stats()).last_backup == made.backup


def test_without_a_directory_none_is_made(admin: semel.AdminClient) -> None:
    with pytest.raises(semel.BackupRefused) as caught:
        admin.create_backup(actor="jo")
    assert caught.value.reason == "BACKUP_NOT_CONFIGURED"
    with pytest.raises(semel.InvalidRequest) as wrong:
        admin.create_backup(actor="")
    assert [violation.field for violation in wrong.value.field_violations] == ["actor"]


def test_one_that_failed_is_not_tried_again(keeping_server: Semeld, tmp_path: Path) -> None:
    with semel.AdminClient(keeping_server.address) as admin:
        admin.create_backup(actor="jo")
        backups = tmp_path / "backups"
        backups.rename(tmp_path / "away")
        backups.write_text("a file where the directory was")
        with pytest.raises(semel.BackupRefused) as caught:
            admin.create_backup(actor="jo")
        assert caught.value.reason == "BACKUP_FAILED"
        backups.unlink()
        (tmp_path / "away").rename(backups)
