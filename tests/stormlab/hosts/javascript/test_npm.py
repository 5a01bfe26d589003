"""Packages from npm: what is asked for, what is refused, and that an installation is whole.

What npm does is tried with the real npm against a small registry on loopback.
"""

import base64
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from stormlab.hosts.javascript import npm
from stormlab.hosts.javascript.npm import NpmError, Package, installation_of, parse_package

needs_npm = pytest.mark.npm
CLOSED = "http://127.0.0.1:9"  # nobody listens at the port of "discard"


# --- What is asked for ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("sockette@2.0.6", Package("sockette", "2.0.6")),
        ("npm:sockette@2.0.6", Package("sockette", "2.0.6")),
        ("@microsoft/signalr@10.0.11", Package("@microsoft/signalr", "10.0.11")),
        ("a@1.0.0-rc.1+build.5", Package("a", "1.0.0-rc.1+build.5")),
        ("socket.io-client@4.8.4/dist/a.js", Package("socket.io-client", "4.8.4", "dist/a.js")),
        ("@a/b@1.2.3/c", Package("@a/b", "1.2.3", "c")),
    ],
)
def test_a_package_is_read(text: str, package: Package) -> None:
    assert parse_package(text) == package
    assert str(package) == text.removeprefix("npm:")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "found ''; allowed: the name of an npm package"),
        ("Sockette@1.0.0", "found 'Sockette'"),
        ("-g@1.0.0", "found '-g'"),
        (".x@1.0.0", "found '.x'"),
        ("a b@1.0.0", "found 'a b'"),
        ("a/b@1.0.0", "found 'a/b'"),
        ("../a@1.0.0", "found '../a'"),
        ("@a@1.0.0", "found '@a'"),
        ("a;b@1.0.0", "found 'a;b'"),
        ("node_modules@1.0.0", "found 'node_modules'"),
        ("a" * 215 + "@1.0.0", "found 'aaa"),
        ("sockette", "no version; allowed: one exact version (such as sockette@1.2.3)"),
        ("sockette@", "no version"),
        ("sockette@latest", "found 'latest'"),
        ("sockette@^2.0.6", "found '^2.0.6'"),
        ("sockette@2.0", "found '2.0'"),
        ("sockette@file:x", "found 'file:x'"),
        ("sockette@2.0.6/", "found ''; allowed: the path of a file inside of sockette"),
        ("sockette@2.0.6/../x", "found '../x'"),
        ("sockette@2.0.6/a/../../x", "found 'a/../../x'"),
        ("sockette@2.0.6//x", "found '/x'"),
        ("phoenix", "; the lab ships with phoenix@1.8.16"),
    ],
)
def test_what_is_no_package_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(NpmError) as refusal:
        parse_package(text)
    assert complaint in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_version_that_the_lock_holds_is_installed_with_the_lock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(npm.CACHE_VARIABLE, str(tmp_path))
    locked = [each.installation().folder for each in npm.locked_sets()]
    assert installation_of(Package("phoenix", "1.8.16", "x.js")).folder in locked
    assert installation_of(Package("engine.io-client", "6.6.8")).folder in locked
    alone = installation_of(Package("@a/phoenix", "1.8.15")).folder
    assert alone.parent == tmp_path / "npm"
    assert alone.name.startswith("@a+phoenix@1.8.15-")


def test_only_what_can_be_imported_counts_as_locked() -> None:
    """Another version that a package keeps for itself is out of reach."""
    lock = {
        "packages": {
            "": {},
            "node_modules/a": {"version": "1.0.0"},
            "node_modules/@s/b": {"version": "2.0.0"},
            "node_modules/a/node_modules/c": {"version": "3.0.0"},
        }
    }
    held = npm.LockedSet("x", {npm.LOCK: json.dumps(lock).encode()})
    assert held.versions == {"a": "1.0.0", "@s/b": "2.0.0"}


# --- Where it is kept ----------------------------------------------------------------------------


def test_the_cache_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(npm.CACHE_VARIABLE, str(tmp_path / "here"))
    assert npm.cache_folder() == tmp_path / "here"


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="where Linux keeps caches")
def test_else_it_is_in_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(npm.CACHE_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert npm.cache_folder() == tmp_path / "caches" / "stormlab"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored, says the XDG specification
    monkeypatch.setenv("HOME", str(tmp_path))
    assert npm.cache_folder() == tmp_path / ".cache" / "stormlab"


def test_another_lock_is_another_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(npm.CACHE_VARIABLE, str(tmp_path))
    places = {
        npm.LockedSet("x", {npm.LOCK: lock, npm.MANIFEST: manifest}).installation().folder
        for lock in (b"1", b"2")
        for manifest in (b"1", b"2")
    }
    assert len(places) == 4


def test_without_npm_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(npm.CACHE_VARIABLE, str(tmp_path))
    ended = CliRunner().invoke(npm.main, ["sockette@2.0.6"])
    assert ended.exit_code == 2
    assert ended.stderr.startswith("stormlab: JavaScript clients are fetched by npm, which is not")
    assert "https://nodejs.org" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_without_a_locked_set_there_is_no_esbuild(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npm, "locked_sets", tuple)
    with pytest.raises(NpmError, match="no installed package offers esbuild"):
        npm.set_of_esbuild()


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ("npm error code E404\nnpm error 404 Not Found\n", "npm knows no such package"),
        ("npm ERR! code E404\n", "npm knows no such package"),
        (
            "npm error code ETARGET\nnpm error notarget No matching version found for a@9.\n",
            "npm: No matching version found for a@9.",
        ),
        (
            "npm error code EAI_AGAIN\nnpm error syscall getaddrinfo\n",
            "npm cannot reach its registry (EAI_AGAIN); what was fetched once needs no network",
        ),
        (
            "npm error code EINTEGRITY\nnpm error errno 1\nnpm error sha512 does not match\n",
            "npm failed: EINTEGRITY sha512 does not match",
        ),
        ("", "npm failed: it gave no reason"),
    ],
)
def test_npms_errors_become_one_line(printed: str, reason: str) -> None:
    assert npm._reason(printed) == reason


# --- What npm does -------------------------------------------------------------------------------


def tarball(manifest: Mapping[str, object]) -> bytes:
    """A package as npm fetches it: two files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in {
            "package.json": json.dumps(manifest),
            "index.js": "exports.tiny = 1;\n",
        }.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A registry with one package, ``tiny`` 1.0.0, whose own script would leave a mark."""
    leave_mark = "node -e \"require('fs').writeFileSync('mark', '')\""
    manifest = {"name": "tiny", "version": "1.0.0", "scripts": {"postinstall": leave_mark}}
    packed = tarball(manifest)
    digest = base64.b64encode(hashlib.sha512(packed).digest()).decode()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = f"http://{self.headers['Host']}"
            dist = {"tarball": f"{host}/tiny/-/tiny-1.0.0.tgz", "integrity": f"sha512-{digest}"}
            page = {
                "name": "tiny",
                "dist-tags": {"latest": "1.0.0"},
                "versions": {"1.0.0": manifest | {"dist": dist, "hasInstallScript": True}},
            }
            answers = {"/tiny": json.dumps(page).encode(), "/tiny/-/tiny-1.0.0.tgz": packed}
            self.send_response(200 if self.path in answers else 404)
            self.end_headers()
            self.wfile.write(answers.get(self.path, b"{}"))

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("npm_config_registry", address)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm-cache"))
    monkeypatch.setenv(npm.CACHE_VARIABLE, str(tmp_path / "cache"))
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


def left(folder: Path) -> list[str]:
    """Names in the folder of installations."""
    return names(folder / "cache" / "npm")


def names(folder: Path) -> list[str]:
    """Names in a folder."""
    return sorted(path.name for path in folder.iterdir())


@needs_npm
def test_a_package_is_installed_once_and_its_scripts_are_not_run(
    registry: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = installation_of(Package("tiny", "1.0.0"))
    folder = place.install()
    assert capsys.readouterr().err == f"fetching tiny@1.0.0 from npm into {folder}, once\n"
    assert left(tmp_path) == [folder.name]
    inside = folder / "node_modules" / "tiny"
    assert names(inside) == ["index.js", "package.json"]
    lock = (folder / npm.LOCK).read_text()
    assert '"version": "1.0.0"' in lock
    assert registry not in lock
    monkeypatch.setenv("npm_config_registry", CLOSED)
    assert place.install() == folder
    assert capsys.readouterr().err == ""
    assert place.lock_digest() == hashlib.blake2b(lock.encode(), digest_size=16).hexdigest()


@needs_npm
@pytest.mark.parametrize(
    ("package", "registry_at", "complaint"),
    [
        ("gone@1.0.0", None, "gone@1.0.0: npm knows no such package"),
        ("tiny@9.9.9", None, "tiny@9.9.9: npm: No matching version found for tiny@9.9.9."),
        ("tiny@1.0.0", CLOSED, "tiny@1.0.0: npm cannot reach its registry (ECONNREFUSED)"),
    ],
)
@pytest.mark.usefixtures("registry")
def test_what_npm_refuses_is_one_line_and_leaves_nothing(
    package: str,
    registry_at: str | None,
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if registry_at:
        monkeypatch.setenv("npm_config_registry", registry_at)
    ended = CliRunner().invoke(npm.main, [package])
    assert ended.exit_code == 2
    told = ended.stderr.splitlines()
    assert len(told) == 2
    assert told[1].startswith(f"stormlab: {complaint}")
    assert left(tmp_path) == []


@needs_npm
@pytest.mark.usefixtures("registry")
def test_two_processes_may_install_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", npm.__name__, "tiny@1.0.0"]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ended = [(*process.communicate(timeout=60), process.returncode) for process in both]
    assert [code for _, _, code in ended] == [0, 0], ended
    assert ended[0][0] == ended[1][0]
    assert left(tmp_path) == [Path(ended[0][0].strip()).name]


@needs_npm
@pytest.mark.usefixtures("registry")
def test_who_comes_second_takes_what_is_there(tmp_path: Path) -> None:
    """The other process is done while npm still runs in this one."""
    first, second = (installation_of(Package("tiny", "1.0.0")) for _ in range(2))
    mark = first.install() / "mark"
    mark.touch()
    second._make(npm.find_npm())
    assert mark.exists()
    assert left(tmp_path) == [first.folder.name]


@needs_npm
def test_a_folder_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(npm.CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(NpmError, match=r"cannot be written \(.*\); set STORMLAB_CACHE"):
        installation_of(Package("tiny", "1.0.0")).install()


@needs_npm
def test_esbuild_runs_without_its_script() -> None:
    program, version = npm.esbuild()
    command = [str(program), "--version"]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    assert ended.stdout.strip() == version == npm.esbuild_version()


@needs_npm
def test_what_is_installed_is_what_the_lock_says() -> None:
    for each in npm.locked_sets():
        folder = each.installation().install()
        found = {
            name: json.loads(manifest.read_text("utf-8"))["version"]
            for name in each.versions
            if (manifest := folder / "node_modules" / name / "package.json").is_file()
        }
        other_machines = {name for name in each.versions if name.startswith("@esbuild/")}
        assert found.items() <= each.versions.items()
        assert each.versions.keys() - found.keys() < other_machines
