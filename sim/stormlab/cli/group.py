"""The command ``stormlab``: finds its subcommands, and turns every end into an exit code.

A subcommand is imported when it is called, so that ``stormlab run`` does not pay for what it does
not use. Further commands come from the entry-point group ``stormlab.commands`` (click commands); a
built-in name cannot be taken over.
"""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import Any, NoReturn

import click

from stormlab import __version__
from stormlab.console import BAD_INPUT, DEFECT, READER_GONE, STOPPED, fail, note

COMMANDS_GROUP = "stormlab.commands"
BUILT_IN = {
    "run": "stormlab.cli.run:run",
    "compare": "stormlab.cli.compare:compare",
    "sweep": "stormlab.cli.sweep:sweep",
    "tune": "stormlab.cli.tune:tune",
    "check": "stormlab.cli.check:check",
    "replay": "stormlab.cli.replay:replay",
    "recipes": "stormlab.cli.recipes:recipes",
    "judge": "stormlab.cli.judge:judge",
    "selftest": "stormlab.cli.selftest:selftest",
    "policies": "stormlab.cli.policies:policies",
    "policy": "stormlab.cli.policies:policy",
    "scenarios": "stormlab.cli.catalogue:scenarios",
    "models": "stormlab.cli.catalogue:models",
    "trace": "stormlab.cli.trace:trace",
    "completion": "stormlab.cli.completion:completion",
}
_HELP_WIDTH = 78

EPILOG = """\b
Examples:
  stormlab scenarios                             what can be run
  stormlab run strictmode                        run one and print its figures
  stormlab run strictmode --set react.build=production --seed 7
  stormlab run server-down --out down            keep trace and figures
  stormlab trace down --sockets                  look at what happened

\b
Exit codes: 0 yes, or nothing to judge; 1 no; 2 bad input, or undecided;
130 stopped by Ctrl-C."""


class Commands(click.Group):
    """Loads commands when they are needed and says in one line what went wrong."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Built-in commands in the order of use, then the plugins'."""
        del ctx
        plugins = {point.name for point in entry_points(group=COMMANDS_GROUP)}
        return [*BUILT_IN, *sorted(plugins - BUILT_IN.keys())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; a plugin that cannot be imported becomes one that says so."""
        del ctx
        if cmd_name in BUILT_IN:
            module, _, attribute = BUILT_IN[cmd_name].partition(":")
            built_in: click.Command = getattr(import_module(module), attribute)
            return built_in
        for point in entry_points(group=COMMANDS_GROUP):
            if point.name == cmd_name:
                return _plugin(cmd_name, point.value, point.load)
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; suggest the likeliest when there is none."""
        if not ctx.resilient_parsing and args and not args[0].startswith("-"):
            known = self.list_commands(ctx)
            if args[0] not in known:
                close = get_close_matches(args[0], known, n=1)
                hint = f", did you mean '{close[0]}'?" if close else ""
                ctx.fail(f"no such command '{args[0]}'{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  as click declares it
        """Run the command; expected errors become one line and an exit code."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except KeyboardInterrupt:
            note("stormlab: stopped")
            raise SystemExit(STOPPED) from None
        except BrokenPipeError:
            # what is still buffered must not raise again when the interpreter ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(READER_GONE) from None
        except OSError as error:
            fail(f"{error.filename or 'input or output'}: {error.strerror or error}")
        except Exception as error:
            if _is_expected(error):
                fail(str(error))
            raise
        return result


def _is_expected(error: Exception) -> bool:
    """Tell whether the message was written for a person; imports only once something failed."""
    from stormlab.openmetrics import OpenMetricsError  # noqa: PLC0415
    from stormlab.scenario import ScenarioError  # noqa: PLC0415
    from stormlab.trace import TraceError  # noqa: PLC0415

    return isinstance(error, ScenarioError | TraceError | OpenMetricsError)


def _plugin(name: str, value: str, load: Callable[[], Any]) -> click.Command:
    try:
        command = load()
    except Exception as error:  # noqa: BLE001  a plugin may fail in any way
        kind = type(error).__name__
        return _broken(name, kind, f"{value} cannot be loaded ({kind}: {error})")
    if isinstance(command, click.Command):
        return command
    reason = f"{value} is not a click command but {type(command).__name__}"
    return _broken(name, "not a click command", reason)


def _broken(name: str, short: str, reason: str) -> click.Command:
    """Stand in for a plugin that does not work."""

    def say_so(**_: object) -> None:
        fail(f"{name}: {reason}; repair or uninstall the package that offers it")

    return click.Command(
        name,
        callback=say_so,
        short_help=f"(does not work: {short})",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        add_help_option=False,
    )


def _show_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001
    if not value or ctx.resilient_parsing:
        return
    parts = [f"Python {sys.version.split()[0]}"]
    for name in ("numpy", "simpy"):
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            parts.append(f"{name} missing")
    click.echo(f"stormlab {__version__} ({', '.join(parts)})")
    ctx.exit()


@click.group(
    cls=Commands,
    name="stormlab",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": _HELP_WIDTH},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and those of its engines.",
)
def stormlab() -> None:
    """See a WebSocket reconnect storm before you ship it.

    A model turns a scenario and a seed into a trace: clients, network and server in virtual time.
    The same scenario, seed and version give the same trace, event for event.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code; ``arguments``: sys.argv without name."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:  # a terminal that lacks a sign shows "?", instead of ending the run
            reconfigure(errors="replace")
    try:
        code = stormlab.main(
            list(arguments) if arguments is not None else None,
            prog_name="stormlab",
            standalone_mode=False,
        )
    except click.exceptions.NoArgsIsHelpError as error:
        note(error.format_message())
        raise SystemExit(BAD_INPUT) from None
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "stormlab"
        fail(f"{error.format_message().rstrip('.')} (see: {path} --help)")
    except click.Abort:
        note("stormlab: stopped")
        raise SystemExit(STOPPED) from None
    except Exception:  # noqa: BLE001  the last resort: a defect must not look like the answer "no"
        traceback.print_exc()
        note("stormlab: a defect in stormlab or one of its plugins, not in your input")
        raise SystemExit(DEFECT) from None
    raise SystemExit(code if isinstance(code, int) else 0)
