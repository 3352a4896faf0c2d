"""The image as its Dockerfile makes it, and a container of it that may do as little as anybody could forbid it.

Built on a stand-in for the base (see base.py), run by Podman as root, with runc: what holds here by the kernel holds
elsewhere by the same kernel. The last test builds everything a second time, which takes long: `make soak`.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from chart.engine import Engine
from chart.release import Release
from image.base import name_of, stand_in
from image.podman import alone, inspect, podman, reaching_the_index
from integration.serving import ask, eventually, free_port, sample_lines

ROOT = Path(__file__).resolve().parents[2]
VERSION, REVISION = "98.7.6", "0123456789abcdef0123456789abcdef01234567"
USER = 10001
MEMORY = 256 << 20
FIRMS = ("firm-001", "firm-002")
TAKEN = (
    "polling",
    "budgets",
    "credentials",
    "panels",
    "tenants",
)  # of a configuration, as values of the chart

# The folders of a container in which its user can make a file, without those below them.
WRITABLE = """
import json, os, tempfile
found = []
for folder, below, _ in os.walk("/"):
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        continue
    found.append(folder)
    below.clear()
print(json.dumps(sorted(found)))
"""


def may_run_containers():
    """Whether this is root on Linux, and nothing around it forbids namespaces: being in a container itself may."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return False
    tried = ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "true"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not may_run_containers(), reason="a container is only run by root on Linux, where namespaces are allowed"
)


def build(folder, *options):
    """The id of what is built from the checkout, with the base that is there."""
    given = {
        "VERSION": VERSION,
        "REVISION": REVISION,
        "SOURCE": "https://example.com/syncwatch",
    }
    arguments = [part for name, text in given.items() for part in ("--build-arg", f"{name}={text}")]
    # The format that has a health check; and the network of this machine, since Podman's own would change it.
    how = ["--format=docker", "--pull=never", "--network=host", "--isolation=oci", "--timestamp=0"]
    file = folder / "id"
    podman("build", *how, *arguments, *reaching_the_index(folder), "--iidfile", file, *options, ROOT)
    return file.read_text().removeprefix("sha256:")


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Built as users build it; unchanged steps are taken from the last time, and what is older is removed."""
    with alone():
        podman("rm", "--all", "--force", "--time=0", "--volumes")  # of a run that was killed
        stand_in(name_of(ROOT / "Dockerfile"))
        folder = tmp_path_factory.mktemp("build")
        build(folder, "--layers", "--target=build", "--tag=syncwatch-build:tested")
        made = build(folder, "--layers", "--tag=syncwatch:tested")
        podman("image", "prune", "--force")
        yield made


class Container:
    """A container of the image, with everything forbidden that can be.

    Args:
        image: of what.
        mounts: options that mount something.
        command: what it runs; what the image says by default.
    """

    def __init__(self, image, *mounts, command=()):
        forbidden = [
            "--read-only",
            "--read-only-tmpfs=false",
            "--cap-drop=all",
            "--security-opt=no-new-privileges",
            f"--memory={MEMORY}",
        ]
        place = [
            "--detach",
            "--network=host",
            "--tmpfs=/tmp",
            "--no-healthcheck",
            "--env=SYNCWATCH_SHUTDOWN_GRACE=1s",
        ]
        self.id = podman("run", *place, *forbidden, *mounts, image, *command).stdout.strip()

    @property
    def state(self):
        return inspect(self.id)["State"]

    @property
    def log(self):
        done = podman("logs", self.id)
        return done.stdout + done.stderr

    def process(self, file):
        """What the kernel says of its first process."""
        return Path(f"/proc/{self.state['Pid']}/{file}").read_text()

    def run(self, *command):
        return podman("exec", self.id, *command, check=False)

    def python(self, program):
        done = self.run("python", "-c", program)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def remove(self):
        podman("rm", "--force", "--time=0", "--volumes", self.id)


@pytest.fixture(scope="module")
def simulator(image, tmp_path_factory):
    """Panels that are simulated by the same image; gives the folder with what it takes to watch them."""
    folder = tmp_path_factory.mktemp("fleet")
    os.chown(folder, USER, USER)
    options = [
        f"--listen=127.0.0.1:{free_port()}",
        "--fleet=/var/lib/syncwatch/fleet.yaml",
        "--poll-interval=1s",
    ]
    size = [f"--tenants={len(FIRMS)}", "--users=5"]
    container = Container(
        image, f"--volume={folder}:/var/lib/syncwatch", command=["simulate", *options, *size]
    )
    try:
        eventually((folder / "fleet.yaml").stat)
        yield folder
    finally:
        container.remove()


@pytest.fixture(scope="module")
def daemon(image, simulator):
    """The daemon that watches them by the image's own command; its configuration lies where that looks for it."""
    port = free_port()
    config = yaml.safe_load((simulator / "fleet.yaml").read_text())
    config |= {"state": {}, "web": {"listen": f"127.0.0.1:{port}"}}
    (simulator / "syncwatch.yaml").write_text(yaml.safe_dump(config))
    container = Container(image, f"--volume={simulator}:/etc/syncwatch:ro")
    container.port = port
    try:
        eventually(lambda: ask(port, "/-/ready"))
        yield container
    finally:
        container.remove()


@pytest.fixture(scope="module")
def release(simulator):
    """What the chart makes of the same fleet."""
    config = yaml.safe_load((simulator / "fleet.yaml").read_text())
    for credential in config["credentials"].values():
        name = Path(credential["client_secret_file"]).name
        credential["client_secret_file"] = f"/etc/syncwatch/secrets/simulator/{name}"
    values = {"secrets": ["simulator"], "config": {key: config[key] for key in TAKEN if key in config}}
    engine = Engine()
    try:
        yield Release(engine.render(values))
    finally:
        engine.close()


@pytest.fixture
def charted(image, simulator, release, tmp_path):
    """A container as the chart's pod runs it, but for the port, which may be taken on this machine."""
    maps = {each["metadata"]["name"]: each["data"] for each in release.all("ConfigMap")}
    folders = {each["mountPath"]: each["name"] for each in release.daemon["volumeMounts"]}
    volumes = {each["name"]: each for each in release.pod["volumes"]}
    (secret,) = simulator.glob("*.secret")
    mounts = []
    for number, (path, name) in enumerate(folders.items()):
        volume = volumes.get(name, {})
        if not {"configMap", "secret"} & volume.keys():
            continue  # the journal and /tmp, which every container here has
        files = (
            maps[volume["configMap"]["name"]] if "configMap" in volume else {secret.name: secret.read_text()}
        )
        folder = tmp_path / str(number)
        folder.mkdir()
        for file, content in files.items():
            (folder / file).write_text(content)
        mounts.append(f"--volume={folder}:{path}:ro")
    port = free_port()
    environment = {each["name"]: each["value"] for each in release.daemon["env"]}
    environment |= {"SYNCWATCH_LISTEN": f"127.0.0.1:{port}", "SYNCWATCH_SHUTDOWN_GRACE": "1s"}
    settings = [f"--env={name}={text}" for name, text in environment.items()]
    who = release.pod["securityContext"]
    user = f"--user={who['runAsUser']}:{who['runAsGroup']}"
    container = Container(image, *mounts, *settings, user, command=release.daemon["args"])
    container.port = port
    try:
        eventually(lambda: ask(port, "/-/ready"))
        yield container
    finally:
        container.remove()


def firms_are_polled(daemon):
    def polled():
        page = sample_lines(ask(daemon.port).body)
        assert [line for line in page if line.startswith("inboxsync_tenant_up")] == [
            f'inboxsync_tenant_up{{tenant="{firm}"}} 1' for firm in FIRMS
        ], daemon.log

    eventually(polled)


def test_every_firm_is_polled_and_shown(daemon):
    firms_are_polled(daemon)


def test_what_the_chart_renders_runs_in_it(charted, release):
    firms_are_polled(charted)
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = release.daemon[probe]["httpGet"]
        assert ask(charted.port, asked["path"]).status == 200, probe
    program, *_ = release.tester["spec"]["containers"][0]["command"]
    assert charted.run(program, "-c", "").returncode == 0


def test_its_own_health_check_asks_the_daemon(image, daemon):
    kind, *command = inspect(image)["HealthCheck" if "HealthCheck" in inspect(image) else "Healthcheck"][
        "Test"
    ]
    assert kind == "CMD"
    done = daemon.run(*command)
    assert (done.returncode, done.stdout.strip()) == (0, "healthy"), done.stderr


def test_it_is_nobody_in_particular_and_may_do_nothing(daemon):
    said = dict(line.split(":\t", 1) for line in daemon.process("status").splitlines() if ":\t" in line)
    assert {said["Uid"], said["Gid"]} == {"\t".join([str(USER)] * 4)}
    assert said["Groups"].split() in ([], [str(USER)])
    assert [int(said[each], 16) for each in ("CapEff", "CapPrm", "CapBnd", "CapAmb")] == [0, 0, 0, 0]
    assert (said["NoNewPrivs"], said["Seccomp"]) == ("1", "2")
    assert daemon.python("import os, pwd, json; print(json.dumps(pwd.getpwuid(os.getuid())[:3]))") == [
        "syncwatch",
        "x",
        USER,
    ]


def test_no_shell_is_between_it_and_whoever_stops_it(daemon):
    program, *_ = daemon.process("cmdline").split("\0")
    assert Path(program).name.startswith("python")


def test_nothing_can_be_written_but_the_journal_and_what_is_temporary(daemon):
    assert daemon.python(WRITABLE) == ["/dev/mqueue", "/dev/shm", "/tmp", "/var/lib/syncwatch"]


def test_its_memory_is_limited_and_enough(daemon):
    assert inspect(daemon.id)["HostConfig"]["Memory"] == MEMORY
    assert not daemon.state["OOMKilled"]


def test_version_and_labels_are_those_it_was_built_with(image, daemon):
    labels = inspect(image)["Config"]["Labels"]
    said = {
        key.removeprefix("org.opencontainers.image."): text
        for key, text in labels.items()
        if "opencontainers" in key
    }
    assert said.pop("description")
    assert said == {
        "title": "syncwatch", "licenses": "Apache-2.0", "version": VERSION, "revision": REVISION,
        "source": "https://example.com/syncwatch",
    }  # fmt: skip
    assert daemon.run("syncwatch", "version").stdout.startswith(f"syncwatch {VERSION} ")
    assert re.search(
        rf'^syncwatch_build_info{{.*version="{VERSION}"', ask(daemon.port).body.decode(), re.MULTILINE
    )


def test_it_holds_exactly_what_the_bill_of_materials_says(daemon):
    program = """
import importlib.metadata, json
print(json.dumps({each.name.lower().replace("_", "-"): each.version for each in importlib.metadata.distributions()}))
"""
    bill = [sys.executable, str(ROOT / "scripts" / "sbom.py"), VERSION]
    told = json.loads(subprocess.run(bill, capture_output=True, check=True, timeout=60).stdout)
    listed = [told["metadata"]["component"], *told["components"]]
    assert daemon.python(program) == {each["name"]: each["version"] for each in listed}


def test_every_module_is_compiled_already_and_the_same_whenever_that_was(daemon):
    program = """
import importlib.util, json, pathlib, sysconfig
unchecked = (1).to_bytes(4, "little")  # of PEP 552: by the hash of the source, which is not looked at
def fits(file):
    compiled = pathlib.Path(importlib.util.cache_from_source(file))
    return compiled.exists() and compiled.read_bytes()[4:8] == unchecked
files = pathlib.Path(sysconfig.get_path("purelib")).rglob("*.py")
print(json.dumps([str(each) for each in files if not fits(each)]))
"""
    assert daemon.python(program) == []


def test_the_log_is_one_json_object_a_line(daemon):
    entries = [json.loads(line) for line in daemon.log.splitlines()]
    assert "started" in {entry["event"] for entry in entries}


def test_sigterm_ends_it_with_0(daemon):
    podman("kill", "--signal=TERM", daemon.id)
    podman("wait", daemon.id)
    assert (daemon.state["ExitCode"], daemon.state["OOMKilled"]) == (0, False), daemon.log


@pytest.mark.soak
def test_a_second_build_gives_the_same_bytes(image, tmp_path):
    again = build(tmp_path, "--no-cache")
    assert inspect(again)["RootFS"]["Layers"] == inspect(image)["RootFS"]["Layers"]
    podman("image", "prune", "--force")
