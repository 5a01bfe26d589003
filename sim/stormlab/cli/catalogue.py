"""``stormlab scenarios`` and ``stormlab models``: what there is to run, and what can be set."""

from typing import Any

import click

from stormlab.console import fail, print_json, say, table


@click.command(
    short_help="List the built-in scenarios, or print one.",
    epilog="""\b
Examples:
  stormlab scenarios
  stormlab scenarios server-down > mine.toml     a start for your own
  stormlab run mine.toml""",
)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def scenarios(name: str | None, as_json: bool) -> None:  # noqa: FBT001  a click option
    """List the built-in scenarios: name, title, model. With NAME, print that scenario's file."""
    from stormlab.cli.completion import did_you_mean  # noqa: PLC0415  imported when called
    from stormlab.model import built_in_scenarios, load_scenario  # noqa: PLC0415
    from stormlab.scenario import ScenarioError  # noqa: PLC0415

    texts = built_in_scenarios()
    if name is not None:
        if name not in texts:
            fail(f"{name}: no such scenario{did_you_mean(name, [*texts])}; see: stormlab scenarios")
        if not as_json:
            say(texts[name].rstrip("\n"))
            return
    rows: list[dict[str, Any]] = []
    for each in [name] if name else sorted(texts):
        try:
            found = load_scenario(each)
        except ScenarioError as error:  # one broken package must not hide the others
            rows.append({"name": each, "title": f"(cannot be used: {error})", "model": None})
            continue
        rows.append(
            {
                "name": each,
                "title": found.title,
                "model": found.model,
                "duration_s": found.duration_s,
                "description": found.description,
                "hash": found.hash,
            }
        )
    if as_json:
        print_json(rows)
        return
    table(["name", "title", "model"], [[row["name"], row["title"], row["model"]] for row in rows])
    say("Run one: stormlab run NAME     Read one: stormlab scenarios NAME")


@click.command(
    short_help="List the models, or every parameter of one.",
    epilog="""\b
Examples:
  stormlab models
  stormlab models tac-webbuilder                 all keys for --set and for files""",
)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; of one model, its JSON schema.")
def models(name: str | None, as_json: bool) -> None:  # noqa: FBT001  a click option
    """List the installed models. With NAME, its parameters: key, default, what is allowed."""
    from stormlab.model import find_model, model_names  # noqa: PLC0415  imported when called

    if name is None:
        found = [{"name": each, "summary": find_model(each).summary} for each in model_names()]
        if as_json:
            print_json(found)
        else:
            table(["name", "summary"], [[each["name"], each["summary"]] for each in found])
            say("All parameters of one: stormlab models NAME")
        return
    parameters = find_model(name, f"models {name}").parameters
    if as_json:
        print_json(parameters.model_json_schema())
        return
    from stormlab.cli.parameters import described  # noqa: PLC0415

    table(["key", "default", "allowed"], described(parameters))
    say("Set one: stormlab run SCENARIO --set KEY=VALUE, or write it into a scenario file.")
