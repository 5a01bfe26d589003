"""The page of licences is that of the lock, and the lock is fit to be shipped."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

import stormlab_models.policies
from stormlab_models.libraries.npm import licences
from stormlab_models.libraries.npm.licences import Row, document, locked, rows

FOLDER = files("stormlab_models.libraries.npm")
NAMED = re.compile(r"npm ((?:@[\w.-]+/)?[\w.-]+)@(\d+\.\d+\.\d+)")


def test_the_page_is_that_of_the_lock() -> None:
    page = FOLDER.joinpath(licences.PAGE).read_text(encoding="utf-8")
    assert page == document(locked()), "run: python -m stormlab_models.libraries.npm.licences"


def test_every_licence_is_known() -> None:
    assert [row for row in rows(locked()) if row.licence == "not stated"] == []


def test_rows_say_what_needs_a_package() -> None:
    lock = {
        "packages": {
            "": {"dependencies": {"a": "1", "b": "1"}},
            "node_modules/a": {"version": "1.0.0", "license": "MIT", "dependencies": {"b": "2"}},
            "node_modules/b": {"version": "1.0.0", "license": "ISC", "peerDependencies": {"a": ""}},
            "node_modules/a/node_modules/b": {"version": "2.0.0"},
        }
    }
    assert list(rows(lock)) == [
        Row("a", "1.0.0", "MIT", ("", "b")),
        Row("b", "2.0.0", "not stated", ("a",)),
        Row("b", "1.0.0", "ISC", ("",)),
    ]


def test_the_programs_of_esbuild_are_one_row() -> None:
    assert len(re.findall(r"^\| @esbuild/", document(locked()), re.MULTILINE)) == 1


def test_the_lock_names_no_registry_and_a_hash_for_each_file() -> None:
    packages = locked()["packages"]
    for place, entry in packages.items():
        assert "resolved" not in entry, place
        assert place == "" or entry["integrity"].startswith("sha512-"), place
    settings = FOLDER.joinpath(".npmrc").read_text(encoding="utf-8").split()
    assert {"omit-lockfile-registry-resolved=true", "ignore-scripts=true"} <= set(settings)


def test_the_manifest_pins_exactly_what_the_lock_holds() -> None:
    manifest = json.loads(FOLDER.joinpath("package.json").read_text(encoding="utf-8"))
    packages = locked()["packages"]
    assert packages[""]["dependencies"] == manifest["dependencies"]
    held = {name: packages[f"node_modules/{name}"]["version"] for name in manifest["dependencies"]}
    assert held == manifest["dependencies"]


def test_the_lock_holds_the_versions_that_the_catalogue_tells_of() -> None:
    [folder] = map(Path, stormlab_models.policies.__path__)
    told = {
        match.groups()
        for module in folder.glob("*.py")
        for match in NAMED.finditer(module.read_text(encoding="utf-8"))
    }
    packages = locked()["packages"]
    both = {name: version for name, version in told if f"node_modules/{name}" in packages}
    assert len(both) > 8, both
    assert both == {name: packages[f"node_modules/{name}"]["version"] for name in both}


def test_the_command_rewrites_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licences, "__file__", str(tmp_path / "licences.py"))
    licences.main([], standalone_mode=False)
    assert (tmp_path / licences.PAGE).read_text(encoding="utf-8") == document(locked())
