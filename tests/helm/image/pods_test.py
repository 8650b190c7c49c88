"""The pods of the rendered chart, run on the image's files: serve, are told of, back up, drain, and find their keys again."""

import json
import re

import pytest
from chart import Values, nested
from dockerfile import Image
from installation import HASTY, LIFETIME, Install
from node import Pod

OTHERS = ["minimal", "backup", "existing-claim", "scheduling"]
UNHURRIED = nested("config.shutdown", {"drain_delay": "5m", "timeout": "6m"})


# Those with certificates are in tls_test.py. `default` ends with the pauses that the chart has by itself.
@pytest.mark.parametrize(("values", "settings"), [("default", {}), *((other, HASTY) for other in OTHERS)])
def test_every_pod_of_the_chart_runs(install: Install, values: str, settings: Values) -> None:
    with install(values, settings) as installed, installed.serving() as server:
        installed.run_all()
        assert server.end() == 0, server.process.output()


def test_the_server_is_process_1_and_may_do_nothing_else(install: Install, image: Image) -> None:
    with install("default") as installed, installed.serving() as server:
        assert server.execute("/bin/cat", "/proc/1/comm") == "semeld\n"
        about = dict(line.split(":\t", 1) for line in server.execute("/bin/cat", "/proc/1/status").splitlines())
        user, group = image.user.split(":")
        assert set(about["Uid"].split()) == {user}
        assert set(about["Gid"].split()) == {group}
        assert {about[name] for name in about if name.startswith("Cap")} == {"0" * 16}
        assert about["NoNewPrivs"] == "1"


def test_the_chart_and_the_image_mean_the_same_user(install: Install, image: Image) -> None:
    with install("backup") as installed:
        for pod in installed.release.pods:
            context = pod["spec"]["securityContext"]
            assert f"{context['runAsUser']}:{context['runAsGroup']}" == image.user
            assert context["runAsNonRoot"] is True


def test_the_server_writes_to_its_volumes_alone(install: Install) -> None:
    with install("backup") as installed, installed.serving() as server:
        mounted = {mount["mountPath"] for mount in server.container["volumeMounts"] if not mount.get("readOnly")}
        script = 'for place; do (: >"$place/x") && echo "$place"; done 2>/dev/null; true'
        places = ["/", "/etc", "/etc/semel", "/usr/bin", "/tmp", "/var/tmp", "/run", "/var/lib", *sorted(mounted)]
        assert server.execute("/bin/sh", "-c", script, "sh", *places).split() == sorted(mounted)


def test_keys_outlive_the_pod(install: Install) -> None:
    with install("default", HASTY) as installed:
        with installed.serving() as server:
            token = installed.ask("begin", "order/1")["token"]
            installed.ask("complete", "order/1", "--token", str(token), "--result", "placed as 88")
            open_token = installed.ask("begin", "order/2", "--lease", "10m")["token"]
            assert server.end() == 0, server.process.output()
        with installed.serving() as server:
            assert "placed as 88" in json.dumps(installed.ask("lookup", "order/1"))
            installed.ask("complete", "order/2", "--token", str(open_token), "--result", "placed as 89")
            assert server.end() == 0, server.process.output()


def test_keys_outlive_a_kill(install: Install) -> None:
    with install("default") as installed:
        with installed.serving():
            token = installed.ask("begin", "order/1")["token"]
            installed.ask("complete", "order/1", "--token", str(token), "--result", "placed as 88")
        with installed.serving():
            assert "placed as 88" in json.dumps(installed.ask("lookup", "order/1"))


def test_the_end_answers_who_waits_and_lets_owners_finish(install: Install) -> None:
    with install("default", UNHURRIED) as installed:
        with installed.serving() as server:
            token = installed.ask("begin", "order/1", "--lease", "10m")["token"]
            waiting = installed.asking("begin", "order/1", "--wait", "10m", "--output", "json")
            server.await_metric("semel_waiters 1")
            server.signal_end()
            assert waiting.wait(LIFETIME) == 5, waiting.output()
            assert json.loads(waiting.output())["answer"] == "in_progress"
            assert not server.probe("readinessProbe"), "callers are sent elsewhere"
            assert server.probe("livenessProbe"), "it is not killed while it drains"
            installed.ask("complete", "order/1", "--token", str(token), "--result", "placed as 88")
            server.signal_end()  # a second time: now
            assert server.process.wait(LIFETIME) == 0, server.process.output()
        with installed.serving():
            assert "placed as 88" in json.dumps(installed.ask("lookup", "order/1"))


def test_a_backup_lies_whole_on_the_second_volume(install: Install) -> None:
    with install("backup") as installed, installed.serving() as server:
        token = installed.ask("begin", "order/1")["token"]
        installed.ask("complete", "order/1", "--token", str(token), "--result", "placed as 88")
        status, said = installed.node.run(installed.release.backup)
        assert status == 0, said
        directory = configured(server, "backup", "directory")
        [backup] = json.loads(server.execute("/usr/bin/semel", "backups", directory, "--output", "json"))["backups"]
        assert backup["damaged"] is False, backup


def configured(server: Pod, section: str, key: str) -> str:
    """A setting of the configuration in force, as the server itself prints it."""
    told = server.execute("/usr/bin/semeld", "--check-config", "/etc/semel/semeld.yaml")
    found = re.search(rf"^{section}:\n(?:  .*\n)*?  {key}: (\S+)", told, re.MULTILINE)
    assert found, told
    return found[1]
