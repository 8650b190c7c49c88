"""Certificates as an authority issues them, in the files that a Secret of type kubernetes.io/tls has."""

import pathlib
import subprocess

Secret = dict[str, str]


class Authority:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=authority",
                      "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", "ca.key", "-out", "ca.crt")
        self._issued = 0

    def issue(self, names: list[str], days: int = 30) -> Secret:
        self._issued += 1
        of = f"{self._issued}"
        (self.folder / f"{of}.names").write_text(f"subjectAltName={','.join(f'DNS:{name}' for name in names)}\n", encoding="utf-8")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={names[0]}",
                      "-keyout", f"{of}.key", "-out", f"{of}.csr")
        self._openssl("x509", "-req", "-in", f"{of}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", str(days),
                      "-extfile", f"{of}.names", "-out", f"{of}.crt")
        return {"tls.crt": self._text(f"{of}.crt"), "tls.key": self._text(f"{of}.key"), "ca.crt": self._text("ca.crt")}

    def _text(self, file: str) -> str:
        return (self.folder / file).read_text(encoding="utf-8")

    def _openssl(self, *arguments: str) -> None:
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"openssl {arguments}:\n{done.stderr}")
