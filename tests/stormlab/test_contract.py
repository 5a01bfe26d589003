"""A policy's tests for pytest: one named test per promise, each class its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from stormlab.check import Budget, CheckError, PromiseBrokenError, Verdict
from stormlab.contract import ClientContract, ReconnectContract
from stormlab.hosts.finding import recipes
from stormlab.policy import Delays, Exponential, Full, Reconnect, Reset, Terms

SOUND = Reconnect(
    Delays(Exponential(1.0), Full(), cap_s=20.0),
    reset=Reset("proof"),
    terms=Terms(connect_timeout_s=10.0),
)
SMALL = Budget("small", {"bare": 30, "herd": 1, "fleet": 1}, 30, 20_000)

FILE = """
from dataclasses import replace
from stormlab.check import Budget
from stormlab.contract import ClientContract, ReconnectContract
from stormlab.hosts.finding import recipes
from stormlab.policy import Delays, Exponential, Full, NoJitter, Reconnect, Reset, Terms

SOUND = Reconnect(
    Delays(Exponential(1.0), Full(), cap_s=20.0), reset=Reset("proof"),
    terms=Terms(connect_timeout_s=10.0),
)
NAMES = ("converges", "backoff-survives-flapping", "budget-kept")


class TestSound(ReconnectContract):
    policy = SOUND
    budget = Budget("small", {"bare": 250}, 30, 20_000)
    promises = NAMES
    replays = None


class TestKnown(TestSound):
    policy = replace(SOUND, reset=Reset("open"))
    expected_to_fail = {"backoff-survives-flapping": "OPS-12"}


class TestForgiven(TestSound):
    expected_to_fail = {"converges": "OPS-13"}


class TestUnforgiven(TestSound):
    policy = replace(SOUND, reset=Reset("open"))
    expected_to_fail = {}
    replays = "found"
"""


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )


def test_a_class_has_a_named_test_for_each_promise(tmp_path: Path) -> None:
    (tmp_path / "test_ours.py").write_text(FILE, encoding="utf-8")
    run = run_pytest(tmp_path)
    said = run.stdout
    assert run.returncode == 1, said + run.stderr
    for line in (
        "PASSED test_ours.py::TestSound::test_converges",
        "PASSED test_ours.py::TestSound::test_backoff_survives_flapping",
        "XFAIL test_ours.py::TestKnown::test_backoff_survives_flapping - OPS-12",
        "FAILED test_ours.py::TestForgiven::test_converges - [XPASS(strict)] OPS-13",
        "FAILED test_ours.py::TestUnforgiven::test_backoff_survives_flapping",
    ):
        assert line in said, said
    assert "SKIPPED [4]" in said, said
    assert "it declares no retry budget" in said
    assert "again: stormlab replay found" in said
    assert [path.suffix for path in (tmp_path / "found").iterdir()] == [".json"]
    assert said.splitlines()[-1].startswith("2 failed, 5 passed, 4 skipped, 1 xfailed")


def contract(**attributes: object) -> type[ReconnectContract]:
    given = {"policy": SOUND, "budget": SMALL, "replays": None, **attributes}
    return type("Made", (ReconnectContract,), given)


def own_tests(made: type[ReconnectContract]) -> dict[str, object]:
    return {name: test for name, test in vars(made).items() if name.startswith("test_")}


def test_no_two_classes_share_a_function() -> None:
    first, second = contract(), contract()
    child = type("Child", (first,), {"policy": SOUND})
    assert set(own_tests(first)) == set(own_tests(second)) == set(own_tests(child))
    for name, test in own_tests(first).items():
        assert test is not own_tests(second)[name]
        assert test is not own_tests(child)[name]


def test_the_base_itself_has_no_tests() -> None:
    assert not own_tests(ReconnectContract)


def test_a_class_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = contract(promises=("converges", "one-live-socket"))
    counted: list[str] = []
    verdict = Verdict("x", (), "small")

    def check(*_: object, **__: object) -> Verdict:
        counted.append("check")
        return verdict

    monkeypatch.setattr("stormlab.contract.check_policy", check)
    assert made.verdict() is made.verdict() is verdict
    assert counted == ["check"]


def test_a_policy_that_fails_says_so_in_every_test() -> None:
    def broken() -> None:
        raise OSError("no disk")

    made = contract(policy=broken, promises=("converges", "one-live-socket"))
    for test in own_tests(made).values():
        assert callable(test)
        with pytest.raises(CheckError, match="broken: making it raised OSError: no disk"):
            test(made())


def test_a_breach_is_an_assertion_with_the_evidence() -> None:
    from dataclasses import replace  # noqa: PLC0415  beside its use

    flapper = replace(SOUND, reset=Reset("open"))
    made = contract(
        policy=flapper,
        promises=("backoff-survives-flapping",),
        budget=Budget("small", {"bare": 250}, 30, 20_000),
    )
    [test] = own_tests(made).values()
    assert callable(test)
    with pytest.raises(PromiseBrokenError, match="backoff-survives-flapping: Opening alone"):
        test(made())


@pytest.mark.parametrize(
    "attributes",
    [
        {"promises": ("nice",)},
        {"expected_to_fail": {"nice": "x"}},
        {"expected_to_fail": {"sends-when-open": "about pages"}},
        {"budget": "huge"},
    ],
)
def test_wrong_attributes_are_refused_when_the_class_is_made(
    attributes: dict[str, object],
) -> None:
    with pytest.raises((CheckError, ValueError), match=r"nice|sends-when-open|huge"):
        contract(**attributes)


def test_nothing_is_a_plugin() -> None:
    from importlib.metadata import entry_points  # noqa: PLC0415  beside its use

    offered = entry_points(group="pytest11")
    assert not [point for point in offered if point.value.startswith("stormlab")]
    code = "import sys, stormlab.contract; print({'pytest', 'hypothesis'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "set()"


# --- real code -----------------------------------------------------------------------------------

CLIENT = """
export default (url: string, env: { note(kind: string): void }) => {
  let socket: WebSocket, timer: number, closed = false, failures = 0;
  const connect = () => {
    socket = new WebSocket(url);
    socket.onopen = () => { failures = 0; };
    socket.onclose = () => {
      if (closed) return;
      if (++failures > 5) return env.note("gave up");
      timer = setTimeout(connect, 1000 + 4000 * Math.random());
    };
  };
  connect();
  return { close() { closed = true; clearTimeout(timer); socket.close(); } };
};
"""
CLIENT_FILE = """
from pathlib import Path

from stormlab.check import Budget
from stormlab.contract import ClientContract
from stormlab.hosts.recipe import Declares


class TestOurClient(ClientContract):
    client = Path("client.ts")
    declares = Declares(gives_up=True, attempts_max=5)
    budget = Budget("small", {"code": 60}, 30, 20_000)
    promises = ("converges", "gives-up-as-declared", "raises-nothing", "sends-when-open")
    replays = None


class TestWithoutAWord(TestOurClient):
    declares = None
    expected_to_fail = {"converges": "gives up", "gives-up-as-declared": "declares nothing"}
"""


@pytest.mark.npm
def test_a_client_of_real_code_has_a_test_for_each_promise(tmp_path: Path) -> None:
    (tmp_path / "client.ts").write_text(CLIENT, encoding="utf-8")
    (tmp_path / "test_client.py").write_text(CLIENT_FILE, encoding="utf-8")
    ended = run_pytest(tmp_path, "test_client.py")
    assert ended.returncode == 0, ended.stdout
    assert "PASSED test_client.py::TestOurClient::test_converges" in ended.stdout
    assert "PASSED test_client.py::TestOurClient::test_gives_up_as_declared" in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("4 passed, 2 skipped, 2 xfailed")


def test_a_promise_that_code_cannot_be_held_to_is_refused_at_once() -> None:
    with pytest.raises(CheckError, match="promise 'one-pending-timer' is about policies or"):

        class _Ours(ClientContract):
            client = "npm:phoenix@1.8.16"
            promises = ("one-pending-timer",)


def test_a_recipe_or_a_text_is_a_client_and_is_called_by_its_name() -> None:
    recipe = recipes()["phoenix"]

    class _Recipe(ClientContract):
        client = recipe
        start = "() => {}"

    class _Text(ClientContract):
        client = "npm:phoenix@1.8.16"

    assert _Recipe.policy.start == "() => {}"
    assert _Recipe._label == "phoenix"
    assert _Text.policy == _Text._label == "npm:phoenix@1.8.16"
