"""*Storage*: what a commit costs, whether RocksDB keeps up, and whether the disk outlasts the retention."""

from __future__ import annotations

from expressions import counted, mean, of, per_second, quantile, quotient, summed
from layout import Dashboard
from panels import (
    BLUE,
    BYTES,
    BYTES_PER_SECOND,
    GREEN,
    NUMBER,
    PER_SECOND,
    RED,
    SECONDS,
    SHARE,
    YELLOW,
    Query,
    graph,
    heatmap,
    stat,
)

USED = f"({of('semel_rocksdb_sst_bytes')} + {of('semel_rocksdb_blob_bytes')} + {of('semel_rocksdb_wal_bytes')})"
QUANTILES = ((0.5, "median"), (0.9, "90 %"), (0.99, "99 %"))
NO_COMMITS = "No commits"

NOW = (
    stat(
        "Storage",
        "`Failed` is for good: a sync failed, and what the disk holds is not known. Nothing more is acknowledged until a "
        "restart has read the disk again.",
        NUMBER,
        f"max({of('semel_storage_failed')})",
        words=(("0", "Serves", GREEN), ("1", "Failed", RED)),
        steps=((None, GREEN), (1, RED)),
    ),
    stat(
        "Writes",
        "`Stopped`: RocksDB takes none because compaction is too far behind.",
        NUMBER,
        f"max({of('semel_rocksdb_write_stopped')})",
        words=(("0", "Flow", GREEN), ("1", "Stopped", RED)),
        steps=((None, GREEN), (1, RED)),
    ),
    stat(
        "Disk free",
        "Of the file system that holds the data; the least of the servers shown.",
        SHARE,
        f"min({of('instance:semel_data_disk_free:ratio')})",
        steps=((None, RED), (0.1, YELLOW), (0.25, GREEN)),
        decimals=1,
    ),
    stat(
        "Data",
        "Table files, large results and the write-ahead log.",
        BYTES,
        f"sum({USED})",
        steps=((None, BLUE),),
    ),
    stat(
        "Settled keys",
        "Keys with an outcome on disk, estimated by RocksDB; expired ones count until their space is reclaimed.",
        NUMBER,
        summed("semel_rocksdb_settled_keys_estimate"),
        steps=((None, BLUE),),
    ),
    stat(
        "Last backup",
        "How long ago the oldest of the servers' last backups was made.",
        SECONDS,
        f"time() - min({of('semel_backup_last_success_timestamp_seconds')} > 0)",
        empty="None is known",
        steps=((None, GREEN), (90000, YELLOW), (180000, RED)),
    ),
)

COMMITS = (
    graph(
        "Sync",
        "How long the disk takes to make a group commit safe. Every acknowledgement waits for one.",
        SECONDS,
        *(Query(quantile(share, "semel_sync_seconds"), name) for share, name in QUANTILES),
        empty=NO_COMMITS,
    ),
    graph(
        "Commit",
        "Write and sync of a group commit. Much more than the sync: RocksDB holds writes back.",
        SECONDS,
        *(Query(quantile(share, "semel_commit_seconds"), name) for share, name in QUANTILES),
        empty=NO_COMMITS,
    ),
    heatmap(
        "Sync, spread",
        "How many syncs took how long: a second band far above the first is a disk that pauses.",
        SECONDS,
        counted("semel_sync_seconds"),
        empty=NO_COMMITS,
    ),
    graph(
        "Operations decided together",
        "Size of the groups that share a decision and a commit. It grows with the load: that is how one sync serves many.",
        NUMBER,
        Query(mean("semel_batch_operations"), "mean"),
        Query(quantile(0.99, "semel_batch_operations"), "99 %"),
        empty="No operations",
    ),
    graph(
        "Commits and operations",
        "Group commits and the operations decided a second. Lookups and duplicates take no commit.",
        PER_SECOND,
        Query(per_second("semel_commits_total"), "commits"),
        Query(per_second("semel_batch_operations_sum"), "operations"),
    ),
    graph(
        "Storage calls that failed",
        "In the hour before. One is enough to look at the log: after a failed sync the server takes no more writes.",
        NUMBER,
        Query(f"increase({of('semel_storage_failures_total')}[1h])", "{{instance}}"),
        decimals=0,
    ),
)

COMPACTION = (
    graph(
        "Writes held back",
        "Share of the time in which RocksDB held writes back because compaction was behind, and the rate that it slows "
        "them down to (0: not at all).",
        SHARE,
        Query(f"rate({of('semel_rocksdb_write_stall_seconds_total')}[$__rate_interval])", "{{instance}}: held back"),
        Query(of("semel_rocksdb_delayed_write_rate_bytes"), "{{instance}}: slowed to", axis_right_unit=BYTES_PER_SECOND),
    ),
    graph(
        "Compaction behind",
        "Files of level 0, which every read looks through, and the bytes that compaction has yet to rewrite. Growing "
        "without end: the disk is too slow.",
        NUMBER,
        Query(of("semel_rocksdb_level0_files"), "{{instance}}: level 0 files"),
        Query(of("semel_rocksdb_pending_compaction_bytes"), "{{instance}}: to rewrite", axis_right_unit=BYTES),
    ),
    graph(
        "At work",
        "Compactions and flushes of memtables that run.",
        NUMBER,
        Query(of("semel_rocksdb_running_compactions"), "{{instance}}: compactions"),
        Query(of("semel_rocksdb_running_flushes"), "{{instance}}: flushes"),
        decimals=0,
    ),
    graph(
        "Block cache",
        "Memory that the cache of blocks uses, and may use (storage.block_cache).",
        BYTES,
        Query(of("semel_rocksdb_block_cache_bytes"), "{{instance}}: used"),
        Query(of("semel_rocksdb_block_cache_capacity_bytes"), "{{instance}}: may use"),
    ),
    graph(
        "Memtables",
        "Writes that are in the log and in memory, and not yet in a table file (storage.memtable bounds one).",
        BYTES,
        Query(of("semel_rocksdb_memtable_bytes"), "{{instance}}"),
    ),
    graph(
        "Write-ahead log",
        "Bytes written to it a second: what the disk must sync.",
        BYTES_PER_SECOND,
        Query(f"rate({of('semel_rocksdb_wal_written_bytes_total')}[$__rate_interval])", "{{instance}}"),
    ),
)

DISK = (
    graph(
        "Data on disk",
        "Table files, large results (which are kept beside them), the write-ahead log.",
        BYTES,
        Query(summed("semel_rocksdb_sst_bytes"), "table files"),
        Query(summed("semel_rocksdb_blob_bytes"), "large results"),
        Query(summed("semel_rocksdb_wal_bytes"), "write-ahead log"),
        stacked=True,
    ),
    graph(
        "Disk",
        "The file system that holds the data. What is used and not Semel's data belongs to something else on this disk.",
        BYTES,
        Query(f"{of('semel_data_disk_size_bytes')} - {of('semel_data_disk_free_bytes')}", "{{instance}}: used"),
        Query(of("semel_data_disk_free_bytes"), "{{instance}}: free"),
        Query(USED, "{{instance}}: Semel's data"),
    ),
    graph(
        "Until the disk is full, against retention",
        "When the disk is full if it fills as in the last six hours, and how long it takes until the retention begins to "
        "free what was stored first. Full sooner than freed: a larger disk or a shorter retention is needed. No line of "
        "the former: the disk does not fill.",
        SECONDS,
        Query(of("instance:semel_data_disk_full:seconds"), "{{instance}}: full in"),
        Query(of("instance:semel_key_retention_left:seconds"), "{{instance}}: freed in"),
        Query(f"max by (job, instance) ({of('semel_key_retention_seconds')})", "{{instance}}: longest retention"),
        empty="No retention is known",
        logarithmic=True,
    ),
    graph(
        "Bytes of a key",
        "Data on disk for each settled key: what sizing multiplies with the rate and the retention. Estimated, as the "
        "number of keys is.",
        BYTES,
        Query(quotient(f"sum({USED})", summed("semel_rocksdb_settled_keys_estimate")), "bytes of a key"),
        empty="No settled keys",
    ),
    graph(
        "Settled keys over time",
        "Keys with an outcome on disk, estimated. Level once as many expire as are added.",
        NUMBER,
        Query(of("semel_rocksdb_settled_keys_estimate"), "{{instance}}"),
    ),
    graph(
        "Journal of open keys",
        "Entries that a restart reads, and how far the trimming of the journal is behind.",
        NUMBER,
        Query(of("semel_journal_entries"), "{{instance}}: entries"),
        Query(
            f"time() - ({of('semel_journal_trimmed_timestamp_seconds')} > 1)",
            "{{instance}}: trimmed up to",
            axis_right_unit=SECONDS,
        ),
    ),
)

BACKUPS = (
    graph(
        "Age of the last backup",
        "What a lost disk would cost: all that was acknowledged since then.",
        SECONDS,
        Query(f"time() - ({of('semel_backup_last_success_timestamp_seconds')} > 0)", "{{instance}}"),
        empty="No backup is known",
    ),
    graph(
        "Backups made",
        "Backups asked for in the day before, by what came of them.",
        NUMBER,
        Query(f"increase({of('semel_backups_total')}[1d])", "{{instance}}: {{result}}"),
        decimals=0,
    ),
    graph(
        "Duration of the last backup",
        "Of those that this process made. They copy what is new, and grow with it.",
        SECONDS,
        Query(of("semel_backup_last_duration_seconds"), "{{instance}}"),
    ),
)

STORAGE = Dashboard(
    "storage",
    "Semel / Storage",
    "What a commit costs, whether RocksDB keeps up, whether the disk outlasts the retention, and the backups.",
    (
        ("Now", NOW),
        ("Commits", COMMITS),
        ("RocksDB", COMPACTION),
        ("Disk against retention", DISK),
        ("Backups", BACKUPS),
    ),
)
