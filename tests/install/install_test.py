"""Installs everything into an empty prefix, and builds and runs a program of somebody else against what is there.

    install_test.py BUILD_DIR CXX_COMPILER
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

build, compiler = pathlib.Path(sys.argv[1]), sys.argv[2]
project = pathlib.Path(__file__).with_name("shop")
LIBRARY_NAMES = re.compile(r"libsemel_(client|proto)\.a$")


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=600, **options)
    if done.returncode != 0:
        sys.exit(f"{command} exited with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def files(prefix):
    return {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}


def check(condition, message):
    if not condition:
        sys.exit(message)


def install_by_component(root):
    """Each component alone; together they are all, and no file belongs to two (they become packages)."""
    seen = {}
    for component in ("server", "client", "dev"):
        prefix = root / component
        run("cmake", "--install", build, "--prefix", prefix, "--component", component)
        for file in files(prefix):
            check(file not in seen, f"{file} is of {component} and of {seen.get(file)}")
            seen[file] = component
    run("cmake", "--install", build, "--prefix", root / "all")
    check(files(root / "all") == set(seen), f"of no component: {files(root / 'all') ^ set(seen)}")
    for component, file in (("server", "bin/semeld"), ("server", "share/doc/semel-server/semeld.example.yaml"), ("client", "bin/semel"),
                            ("dev", "include/semel/client.h"), ("dev", "share/semel/proto/semel/v1/error.proto")):
        check(seen.get(file) == component, f"{file} is not in {component}: {sorted(seen)}")
    return root / "all"


def check_headers(prefix):
    """Public headers know the standard library, Abseil and each other."""
    headers = sorted((prefix / "include").rglob("*.h"))
    check(len(headers) >= 8, f"too few headers: {headers}")
    for header in headers:
        for included in re.findall(r'#\s*include\s+[<"]([^>"]+)[>"]', header.read_text(encoding="utf-8")):
            known = included.startswith("absl/") or "/" not in included or (prefix / "include" / included).is_file()
            check(known and not included.endswith(".pb.h"), f"{header} includes {included}")


def check_package(prefix, root):
    for path in prefix.rglob("semelTargets*.cmake"):
        check(str(build) not in path.read_text(encoding="utf-8"), f"{path} names the build folder")
    check(sum(bool(LIBRARY_NAMES.search(file)) for file in files(prefix)) == 2, f"libraries: {sorted(files(prefix))}")
    run("cmake", "-G", "Ninja", "-S", project, "-B", root / "shop", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_CXX_COMPILER={compiler}")
    run("cmake", "--build", root / "shop", "-j2")
    wrong = subprocess.run(["cmake", "-S", project, "-B", root / "nowhere", "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={compiler}",
                            "-DCMAKE_PREFIX_PATH=/nowhere"], capture_output=True, text=True)
    check(wrong.returncode != 0 and "semel" in wrong.stderr, "the package was found without its prefix")


def check_service(prefix, root):
    server = subprocess.Popen([prefix / "bin/semeld", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
                               "--data-dir", root / "data"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        ready = server.stdout.readline()
        address = re.search(r"grpc=(\S+)", ready)
        check(address, f"semeld did not come up: {ready!r}")
        environment = os.environ | {"SEMEL_ADDRESS": address[1], "SEMEL_NAMESPACE": "shop"}
        check(run(root / "shop/shop", env=environment) == "placed by attempt 1\n", "the first run")
        check(run(root / "shop/shop", env=environment) == "placed by attempt 1, replayed\n", "the second run")
        told = run(prefix / "bin/semel", "lookup", "order/1017", env=environment)
        check("placed by attempt 1" in told, f"semel lookup said {told}")
    finally:
        server.terminate()
        server.wait(timeout=60)
    check(server.returncode == 0, f"semeld exited with {server.returncode}")


with tempfile.TemporaryDirectory(prefix="semel-install-") as folder:
    root = pathlib.Path(folder)
    prefix = install_by_component(root)
    check_headers(prefix)
    check_package(prefix, root)
    check_service(prefix, root)
    print("\n".join(sorted(files(prefix))))
