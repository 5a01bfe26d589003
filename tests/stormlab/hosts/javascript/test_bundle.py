"""Bundles: every locked client in an embedded engine, users' own files, what is told of errors."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
import quickjs

from stormlab.hosts.javascript import bundle as module
from stormlab.hosts.javascript.bundle import Bundle, BundleError, bundle, is_package
from stormlab.hosts.javascript.npm import CACHE_VARIABLE, NpmError, cache_folder, set_of_esbuild

pytestmark = pytest.mark.npm

# What a web platform gives and these clients want while they load, and no more.
WEB = """
var console = { log() {}, warn() {}, error() {} };
var navigator = { onLine: true }, window = globalThis, location = { href: "https://example.org/" };
var crypto = { subtle: {}, getRandomValues: (array) => array };
var process = { env: {}, versions: {}, nextTick() {}, on() {}, stderr: {} };
function WebSocket(url, protocols) { this.url = url; this.protocols = protocols; }
Object.assign(WebSocket, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
var Event = class {}, EventTarget = class { addEventListener() {} };
"""
CLIENTS = {
    "@anycable/core": "Cable",
    "@microsoft/signalr": "HubConnectionBuilder",
    "@rails/actioncable": "createConsumer",
    "centrifuge": "Centrifuge",
    "graphql-ws": "createClient",
    "home-assistant-js-websocket": "createConnection",
    "partysocket": "default",
    "phoenix": "Socket",
    "reconnecting-websocket": "default",
    "robust-websocket": "",  # the module itself
    "socket.io-client": "io",
    "y-websocket": "WebsocketProvider",
}


def versioned(name: str) -> str:
    """A package at the version of the lock."""
    return f"{name}@{set_of_esbuild().versions[name]}"


def evaluate(made: Bundle, expression: str, platform: str = WEB) -> object:
    """The value of an expression after a bundle has loaded in an engine of its own."""
    context = quickjs.Context()
    context.eval(platform)
    context.eval(made.code)
    return context.eval(expression)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's project: TypeScript that imports a neighbour, own and locked packages."""
    root = tmp_path / "project"
    for name, text in {
        "src/client.ts": (
            'import { limit, type Options } from "./shared/limit";\n'
            'import own from "own";\n'
            'import ReconnectingWebSocket from "reconnecting-websocket";\n'
            "export function told(options: Options): string {\n"
            "  return `${own} ${limit(options)} ${typeof ReconnectingWebSocket}` as string;\n"
            "}\n"
            "export enum Kind { Calm = 3 }\n"
        ),
        "src/shared/limit.ts": (
            "export interface Options { n: number }\n"
            "export const limit = ({ n }: Options): number => Math.min(n, 5);\n"
        ),
        "node_modules/own/package.json": '{"name": "own", "version": "1.0.0"}',
        "node_modules/own/index.js": 'module.exports = "mine";\n',
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


# --- Packages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLIENTS)
def test_every_locked_client_loads_in_an_embedded_engine(name: str) -> None:
    made = bundle(versioned(name))
    assert (made.name, made.version) == (name, set_of_esbuild().versions[name])
    exported = f"__lib.{CLIENTS[name]}" if CLIENTS[name] else "__lib"
    assert evaluate(made, f"typeof {exported}") == "function"


@pytest.mark.parametrize("name", CLIENTS)
def test_without_a_web_platform_a_client_misses_only_that(name: str) -> None:
    missing = {"partysocket": "console", "robust-websocket": "navigator", "y-websocket": "crypto"}
    made = bundle(versioned(name))
    if name in missing:
        with pytest.raises(quickjs.JSException, match=f"^ReferenceError: {missing[name]} is not"):
            evaluate(made, "0", "")
    else:
        assert evaluate(made, "typeof __lib", "") == "object"


def test_the_same_package_gives_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = bundle("phoenix@1.8.16")
    assert kept.digest == hashlib.blake2b(kept.code.encode(), digest_size=16).hexdigest()
    with monkeypatch.context() as patch:
        patch.setattr(module, "cache_folder", lambda: tmp_path)  # nothing is kept there yet
        assert bundle("npm:phoenix@1.8.16") == kept
    assert str(cache_folder()) not in kept.code + kept.source_map
    assert bundle("phoenix@1.8.16", profile="node").digest != kept.digest


def test_a_file_of_a_package_can_be_bundled() -> None:
    whole = bundle("socket.io-client@4.8.4/dist/socket.io.js")
    assert evaluate(whole, "typeof __lib.io") == "function"
    assert whole.digest != bundle("socket.io-client@4.8.4").digest


def test_an_entry_takes_in_only_what_it_exports() -> None:
    entry = 'export { createClient, CloseCode } from "graphql-ws";'
    made = bundle("graphql-ws@6.4.2", entry=entry)
    assert evaluate(made, "Object.keys(__lib).sort().join()") == "CloseCode,createClient"
    assert len(made.code) * 4 < len(bundle("graphql-ws@6.4.2").code)


def test_an_entry_may_import_several_packages() -> None:
    entry = (
        'import { Doc } from "yjs"; import { WebsocketProvider } from "y-websocket";\n'
        "export { Doc, WebsocketProvider };"
    )
    made = bundle("y-websocket@3.1.0", entry=entry)
    assert evaluate(made, "typeof new __lib.Doc().getMap") == "function"


# --- What is kept --------------------------------------------------------------------------------


@pytest.fixture
def kept_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder for bundles, while packages are where they are."""
    monkeypatch.setattr(module, "cache_folder", lambda: tmp_path)
    return tmp_path / "bundles"


def test_what_was_kept_needs_no_npm(monkeypatch: pytest.MonkeyPatch, kept_alone: Path) -> None:
    made = bundle("phoenix@1.8.16")
    folder = kept_alone.parent
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv(CACHE_VARIABLE, str(folder / "no packages here"))
    assert bundle("phoenix@1.8.16") == made
    with pytest.raises(NpmError, match="npm, which is not on PATH"):
        bundle("partysocket@1.3.0")


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"code": "x", "source_map": "", "digest": ""}'])
def test_a_damaged_file_is_made_anew(damage: str, kept_alone: Path) -> None:
    made = bundle("phoenix@1.8.16")
    [file] = kept_alone.iterdir()
    whole = file.read_text("utf-8")
    file.write_text(damage, "utf-8")
    assert bundle("phoenix@1.8.16") == made
    assert file.read_text("utf-8") == whole
    assert list(kept_alone.iterdir()) == [file]


def test_other_input_is_kept_apart(kept_alone: Path) -> None:
    for entry in (None, 'export { Socket } from "phoenix";', 'export * from "phoenix";'):
        bundle("phoenix@1.8.16", entry=entry)
    bundle("phoenix@1.8.16", profile="node")
    assert len(list(kept_alone.iterdir())) == 4


def test_a_bundle_that_cannot_be_kept_is_still_made(kept_alone: Path) -> None:
    kept_alone.write_text("a file where the folder should be", "utf-8")
    assert bundle("phoenix@1.8.16").name == "phoenix"


# --- The profile of Node -------------------------------------------------------------------------


def node(entry: str, expression: str) -> object:
    """What an entry gives that is bundled as for Node."""
    return evaluate(bundle("ws@8.23.0", entry=entry, profile="node"), expression)


@pytest.mark.parametrize(
    "entry",
    [
        'import WS from "ws"; export { WS };',
        'import { WebSocket as WS } from "ws"; export { WS };',
        'import * as ws from "ws"; export const WS = ws.WebSocket;',
        'import * as ws from "ws"; export const WS = ws.default;',
        'import Plain, { WebSocket } from "ws"; export const WS = Plain === WebSocket && Plain;',
        'export const WS = require("ws");',
        'export const WS = require("ws").WebSocket;',
    ],
)
def test_ws_is_the_global_websocket(entry: str) -> None:
    assert node(entry, 'new __lib.WS("ws://a/", ["p"], { headers: {} }).protocols[0]') == "p"
    assert node(entry, 'new __lib.WS("ws://a/").url') == "ws://a/"
    assert node(entry, 'new __lib.WS("ws://a/") instanceof WebSocket') is True
    assert node(entry, 'new WebSocket("ws://a/") instanceof __lib.WS') is True
    assert node(entry, "__lib.WS.OPEN + __lib.WS.CLOSED") == 4


def test_ws_is_the_websocket_of_the_moment() -> None:
    """A host may put its own in place after a bundle has loaded."""
    late = 'WebSocket = class { kind = "late" }; new __lib.WS("ws://a/").kind'
    assert node('import WS from "ws"; export { WS };', late) == "late"


@pytest.mark.parametrize(
    "entry",
    [
        'import { spawn } from "node:child_process"; export const run = () => spawn("x");',
        'import cp, { spawn } from "child_process"; export const run = () => spawn(cp.x);',
        'import cp from "child_process"; export const run = () => cp.spawn("x");',
        'const { spawn } = require("child_process"); export const run = () => new spawn("x");',
    ],
)
def test_a_part_of_node_fails_by_name_and_only_when_used(entry: str) -> None:
    assert node(entry, "typeof __lib.run") == "function"
    with pytest.raises(quickjs.JSException, match=r"child_process\.spawn is a part of Node"):
        node(entry, "__lib.run()")


def test_what_libraries_call_while_they_load_is_there() -> None:
    entry = 'import util from "util"; export const twice = util.deprecate((n) => 2 * n, "old");'
    assert node(entry, "__lib.twice(4)") == 8
    entry = 'import { webcrypto } from "crypto"; export { webcrypto };'
    assert node(entry, "__lib.webcrypto === crypto") is True


@pytest.mark.parametrize("name", CLIENTS)
def test_every_locked_client_loads_as_for_node(name: str) -> None:
    made = bundle(versioned(name), profile="node")
    assert evaluate(made, "typeof __lib") in {"object", "function"}


# --- Users' files --------------------------------------------------------------------------------


def test_a_typescript_file_is_bundled_with_what_it_imports(project: Path) -> None:
    before = sorted(project.rglob("*"))
    made = bundle(str(project / "src" / "client.ts"))
    assert evaluate(made, "__lib.told({ n: 9 })") == "mine 5 function"
    assert evaluate(made, "__lib.Kind.Calm") == 3
    assert (made.name, made.version) == ("client.ts", made.digest[:12])
    assert sorted(project.rglob("*")) == before


def test_a_file_gives_the_same_bytes_wherever_it_lies(project: Path, tmp_path: Path) -> None:
    made = bundle(str(project / "src" / "client.ts"))
    shutil.copytree(project, tmp_path / "a" / "b" / "other")
    assert bundle(str(tmp_path / "a" / "b" / "other" / "src" / "client.ts")) == made
    named = set(re.findall(r"^  // (.+)$", made.code, re.MULTILINE))
    assert named == {
        "client.ts",
        "shared/limit.ts",
        "../node_modules/own/index.js",
        "node_modules/reconnecting-websocket/dist/reconnecting-websocket-mjs.js",
    }
    sources = json.loads(made.source_map)["sources"]
    assert set(sources) == named


def test_a_project_s_own_version_comes_first(project: Path) -> None:
    other = project / "node_modules" / "reconnecting-websocket"
    other.mkdir()
    (other / "index.js").write_text("module.exports = 7;\n", "utf-8")
    made = bundle(str(project / "src" / "client.ts"))
    assert evaluate(made, "__lib.told({ n: 1 })") == "mine 1 number"


def test_a_change_of_an_imported_file_is_seen(project: Path) -> None:
    client = str(project / "src" / "client.ts")
    before = bundle(client)
    limit = project / "src" / "shared" / "limit.ts"
    limit.write_text(limit.read_text("utf-8").replace("5", "6"), "utf-8")
    after = bundle(client)
    assert after.digest != before.digest
    assert evaluate(after, "__lib.told({ n: 9 })") == "mine 6 function"


@pytest.mark.parametrize("suffix", [".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"])
def test_every_kind_of_file_can_be_bundled(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"-a b{suffix}"  # no option, whatever its name
    path.write_text("exports.x = 2;\n" if "c" in suffix else "export const x = 2;\n", "utf-8")
    assert evaluate(bundle(str(path)), "__lib.x") == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("const a = 1;\n  let b = ;\n", ':2:11: Unexpected ";"'),
        ('import { x } from "./gone";\nx();\n', ':1:19: Could not resolve "./gone"'),
        (
            'import x from "gone/y";\nx();\n',
            ':1:15: Could not resolve "gone/y"; install it in the file\'s project: npm install',
        ),
        (
            'import "phoenix/gone";\n',
            ':1:8: Could not resolve "phoenix/gone"; phoenix@1.8.16, which the lab ships with,',
        ),
        (
            'import fs from "fs";\nfs.x();\n',
            ':1:16: Could not resolve "fs"; fs is a part of Node, which browsers do not have; a',
        ),
        ("await 1;\nexport {};\n", ":1:1: Top-level await is not available"),
        ('import "./a.svg";\n', ':1:8: No loader is configured for ".svg" files: a.svg'),
    ],
)
def test_an_error_is_one_line_with_its_place(
    text: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.svg").touch()
    (tmp_path / "src" / "client.ts").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError) as refusal:
        bundle("src/client.ts")
    assert str(refusal.value).startswith(f"src/client.ts{complaint}")
    assert "\n" not in str(refusal.value)


def test_an_error_in_an_imported_file_names_that_file(project: Path) -> None:
    limit = project / "src" / "shared" / "limit.ts"
    limit.write_text("export const\n", "utf-8")
    with pytest.raises(BundleError, match=re.escape(f"{limit}:2:1: Expected identifier but found")):
        bundle(str(project / "src" / "client.ts"))


@pytest.mark.parametrize(
    ("spec", "entry", "complaint"),
    [
        ("phoenix@1.8.16/gone", None, 'phoenix@1.8.16/gone: Could not resolve "phoenix/gone"'),
        (
            "phoenix@1.8.16",
            'import { x } from "gone";\nx();',
            'phoenix@1.8.16: entry.mjs:1:19: Could not resolve "gone"',
        ),
        ("gone.ts", None, "gone.ts: no such file, and no npm package (NAME@VERSION)"),
        ("Phoenix@1.0.0", None, "Phoenix@1.0.0: no such file, and no npm package (NAME@VERSION)"),
        (__file__, None, f"{__file__}: found .py; allowed: .js, .mjs, "),
    ],
)
def test_what_cannot_be_bundled_is_told(spec: str, entry: str | None, complaint: str) -> None:
    with pytest.raises(BundleError) as refusal:
        bundle(spec, entry=entry)
    assert str(refusal.value).startswith(complaint)


def test_an_entry_is_for_packages(project: Path) -> None:
    with pytest.raises(BundleError, match="an entry is for packages; a file is an entry itself"):
        bundle(str(project / "src" / "client.ts"), entry="export {};")


@pytest.mark.parametrize(
    ("spec", "package"),
    [
        ("npm:x", True),
        ("phoenix", True),
        ("socket.io@1.0.0", True),
        ("@a/b@1.0.0/c.js", True),
        ("client.js@1.0.0", True),
        ("client.js", False),
        ("./phoenix", False),
        ("/a@1.0.0", False),
        ("src/a@2/client.ts", False),
        ("C:\\a@b.ts", False),
        ("", False),
    ],
)
def test_packages_and_files_are_told_apart(spec: str, *, package: bool) -> None:
    assert is_package(spec) == package


def test_a_file_that_is_there_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_package("client@1.0.0")
    (tmp_path / "client@1.0.0").touch()
    assert not is_package("client@1.0.0")


@pytest.mark.parametrize("name", ["events", "node:events"])
def test_a_file_for_node_has_events(name: str, tmp_path: Path) -> None:
    path = tmp_path / "client.ts"
    text = """import { EventEmitter } from "NAME";
    class Mine extends EventEmitter {}
    export const told = () => {
      const mine = new Mine(), heard: unknown[] = [];
      mine.once("a", (value) => heard.push(value));
      return [mine.emit("a", 1), mine.emit("a", 2), heard.join()].join();
    };"""
    path.write_text(text.replace("NAME", name), "utf-8")
    assert evaluate(bundle(str(path), profile="node"), "__lib.told()") == "true,false,1"
