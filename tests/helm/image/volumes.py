"""What a node mounts into the pods of the chart: claims, and the files of ConfigMaps and Secrets; and whose all of it is."""

import os
import pathlib
import stat
from typing import Any

from chart import Manifest
from release import Release
from sandbox import Mount


class Files:
    """Those of an object by way of links, so that all of them change at once when it does."""

    def __init__(self, folder: pathlib.Path, data: dict[str, str], mode: int, context: Manifest) -> None:
        self.folder = folder
        self._mode, self._context, self._version = mode, context, 0
        folder.mkdir(parents=True)
        self.change(data)
        for file in data:
            (folder / file).symlink_to(f"..data/{file}")
        give_to_group(folder, context, read_only=True)

    def change(self, data: dict[str, str]) -> None:
        self._version += 1
        version = self.folder / f"..{self._version}"
        version.mkdir()
        for file, text in data.items():
            (version / file).write_text(text, encoding="utf-8")
            (version / file).chmod(self._mode)
        give_to_group(version, self._context, read_only=True)
        (self.folder / "..next").symlink_to(version.name)
        (self.folder / "..next").rename(self.folder / "..data")


class Volumes:
    def __init__(self, release: Release, room: pathlib.Path) -> None:
        self.secrets: dict[str, dict[str, str]] = {}
        self._release, self._room = release, room
        self._mounted: list[tuple[str, dict[str, str], Files]] = []

    def claim(self, name: str) -> pathlib.Path:
        """A volume as a cluster makes it: a new file system, which belongs to root and is not quite empty."""
        volume = self._room / "claims" / name
        if not volume.exists():
            volume.mkdir(parents=True)
            volume.chmod(0o755)
            (volume / "lost+found").mkdir(mode=0o700)
        return volume

    def renew(self, secret: str, data: dict[str, str]) -> None:
        """Changes it under the pods that have it mounted."""
        self.secrets[secret] = data
        for name, chosen, files in self._mounted:
            if name == secret:
                files.change({path: data[key] for path, key in chosen.items()})

    def mounts(self, spec: Manifest, container: Manifest) -> list[Mount]:
        server = self._release.server
        claims = [template["metadata"]["name"] for template in server["spec"].get("volumeClaimTemplates", [])]
        volumes: dict[str, Any] = {
            name: {"persistentVolumeClaim": {"claimName": f"{name}-{server['metadata']['name']}-0"}} for name in claims}
        volumes |= {volume["name"]: volume for volume in spec.get("volumes", [])}
        mounts = []
        for wanted in container.get("volumeMounts", []):
            if wanted.keys() - {"name", "mountPath", "readOnly"}:
                raise NotImplementedError(f"mount {wanted}")
            source, read_only = self._source(volumes[wanted["name"]], spec["securityContext"])
            mounts.append(Mount(wanted["mountPath"], source, read_only or wanted.get("readOnly", False)))
        return mounts

    def _source(self, volume: Manifest, context: Manifest) -> tuple[pathlib.Path | None, bool]:
        """Where it is (None: in memory), and whether it is one that can only be read."""
        match volume:
            case {"persistentVolumeClaim": {"claimName": name}}:
                path = self.claim(name)
                give_to_group(path, context)
                return path, False
            case {"configMap": {"name": name, **rest}} if rest.keys() <= {"defaultMode"}:
                data = self._release.named("ConfigMap", name)["data"]
                return self._files(data, rest, context).folder, True
            case {"secret": {"secretName": name, **rest}} if rest.keys() <= {"defaultMode", "items"}:
                secret = self.secrets[name]
                chosen = {item["path"]: item["key"] for item in rest.get("items", [])} or {key: key for key in secret}
                files = self._files({path: secret[key] for path, key in chosen.items()}, rest, context)
                self._mounted.append((name, chosen, files))
                return files.folder, True
            case {"emptyDir": {**rest}} if rest.keys() <= {"sizeLimit", "medium"}:
                return None, False
            case _:
                raise NotImplementedError(f"volume {volume}")

    def _files(self, data: dict[str, str], about: Manifest, context: Manifest) -> Files:
        kept = self._room / "files"
        kept.mkdir(parents=True, exist_ok=True)
        return Files(kept / str(len(list(kept.iterdir()))), data, about.get("defaultMode", 0o644), context)


def give_to_group(volume: pathlib.Path, context: Manifest, read_only: bool = False) -> None:
    """fsGroup: everything in the volume is also the group's, and what will be made there too."""
    if "fsGroup" not in context:
        return
    group, root = context["fsGroup"], volume.stat()
    for_files, for_folders = (0o440, 0o2550) if read_only else (0o660, 0o2770)
    if context.get("fsGroupChangePolicy") == "OnRootMismatch" and root.st_gid == group and root.st_mode & for_folders == for_folders:
        return
    for path in [volume, *volume.rglob("*")]:
        if not path.is_symlink():
            os.chown(path, -1, group)
            path.chmod(stat.S_IMODE(path.stat().st_mode) | (for_folders if path.is_dir() else for_files))
