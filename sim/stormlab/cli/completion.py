"""``stormlab completion``: the script that completes commands, options and scenario names."""

from difflib import get_close_matches

import click
from click.shell_completion import CompletionItem, get_completion_class

from stormlab.console import fail, say

_SET_UP = {
    "bash": "stormlab completion bash > ~/.local/share/bash-completion/completions/stormlab",
    "zsh": "stormlab completion zsh > ~/.zfunc/_stormlab   (with ~/.zfunc in fpath)",
    "fish": "stormlab completion fish > ~/.config/fish/completions/stormlab.fish",
}


@click.command(
    short_help="Print the completion script of a shell.",
    epilog="\b\nSet up once:\n" + "\n".join(f"  {line}" for line in _SET_UP.values()),
)
@click.argument("shell", type=click.Choice(sorted(_SET_UP)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and scenarios in SHELL."""
    found = get_completion_class(shell)
    if found is None:  # pragma: no cover  click ships all three
        fail(f"completion: this version of click cannot complete in {shell}")
    root = ctx.find_root().command
    say(found(root, {}, "stormlab", "_STORMLAB_COMPLETE").source())


def complete_scenario(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete built-in names first, then files."""
    from stormlab.model import built_in_scenarios  # noqa: PLC0415  only while completing

    names = [name for name in built_in_scenarios() if name.startswith(incomplete)]
    return [*(CompletionItem(name) for name in names), CompletionItem(incomplete, type="file")]


def did_you_mean(found: str, known: list[str]) -> str:
    """`` (did you mean 'x'?)``, or nothing when nothing is close."""
    close = get_close_matches(found, known, n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""
