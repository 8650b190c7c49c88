"""The restore that docs/backup.md types, in its pod, on the image's files, with owners and modes of volumes as a cluster has them."""

import json
import pathlib
import re
import shlex

import yaml
from installation import HASTY, Install

FENCED = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"^ *kubectl -n semel exec semel-rescue -- (.+)$", re.MULTILINE)
UNSOUND = 14


def test_a_lost_database_is_restored(install: Install, repository: pathlib.Path) -> None:
    document = (repository / "docs/backup.md").read_text(encoding="utf-8")
    manifests = [manifest for block in FENCED.findall(document) for manifest in yaml.safe_load_all(block)]
    [rescue] = [manifest for manifest in manifests if manifest.get("kind") == "Pod"]
    look, *restore = map(shlex.split, TYPED.findall(document))
    assert look[:2] == ["semel", "verify"]
    assert ["semel", "restore"] in [words[:2] for words in restore]
    with install("backup", HASTY) as installed:
        with installed.serving() as server:
            token = installed.ask("begin", "order/1")["token"]
            installed.ask("complete", "order/1", "--token", str(token), "--result", "placed as 88")
            installed.run_all()
            assert server.end() == 0, server.process.output()
        for table in installed.node.volumes.claim("data-semel-0").rglob("*.sst"):
            table.write_bytes(b"what a broken disk left of it")
        pod = installed.node.start(rescue)
        try:
            pod.execute(*look, status=UNSOUND)
            for words in restore:
                pod.execute(*words)
        finally:
            pod.process.kill()
        with installed.serving():
            assert "placed as 88" in json.dumps(installed.ask("lookup", "order/1"))
