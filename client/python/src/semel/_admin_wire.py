"""From the messages of AdminService to plain values."""

from __future__ import annotations

from semel import _answers as answers
from semel._durations import from_wire as duration
from semel._durations import instant
from semel._from_wire import optional_instant, record, state
from semel.v1 import admin_service_pb2 as admin
from semel.v1 import record_pb2


def keys_page(message: admin.ListKeysResponse) -> answers.KeysPage:
    """Some keys of a listing."""
    return answers.KeysPage(
        tuple(
            answers.ListedKey(listed.namespace, listed.key, record(listed.record), listed.checkpoint_size)
            for listed in message.keys
        ),
        message.next_page_token,
    )


def resolved(message: admin.ResolveKeyResponse) -> answers.Resolved:
    """A key that was in doubt."""
    free = message.state == record_pb2.STATE_UNSPECIFIED
    return answers.Resolved(
        None if free else state(message.state),
        optional_instant(message.HasField("expire_time"), message.expire_time),
        message.already_applied,
    )


def deleted(message: admin.DeleteKeyResponse) -> answers.State:
    """In what state the key was."""
    return state(message.state)


def stats(message: admin.GetStatsResponse) -> answers.Stats:
    """Figures about the server."""
    open_keys = message.open_keys
    return answers.Stats(
        version=message.version,
        start_time=instant(message.start_time),
        server_time=instant(message.server_time),
        wall_clock_offset=duration(message.wall_clock_offset),
        not_ready_reason=message.not_ready_reason,
        open_keys=answers.OpenKeys(
            open_keys.in_progress, open_keys.in_doubt, open_keys.bytes, open_keys.max_keys, open_keys.max_bytes
        ),
        waiters=message.waiters,
        calls_in_flight=message.calls_in_flight,
        namespaces=tuple(
            answers.NamespaceFigures(
                figures.namespace,
                dict(figures.begins),
                figures.takeovers,
                figures.stale_tokens,
                figures.completed_done,
                figures.completed_failed,
            )
            for figures in message.namespaces
        ),
        storage=dict(message.storage),
        last_backup=_backup(message.last_backup) if message.HasField("last_backup") else None,
    )


def created_backup(message: admin.CreateBackupResponse) -> answers.CreatedBackup:
    """The backup is on disk."""
    return answers.CreatedBackup(
        backup=_backup(message.backup),
        copied_bytes=message.copied_bytes,
        duration=duration(message.duration),
        backups_kept=message.backups_kept,
    )


def _backup(message: admin.Backup) -> answers.Backup:
    return answers.Backup(message.id, instant(message.create_time), message.size_bytes)
