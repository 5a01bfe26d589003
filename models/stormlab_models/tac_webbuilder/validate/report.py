"""The agreement with the project's measured conditions, as a section of the report."""

from stormlab.console import progress
from stormlab_models.tac_webbuilder.validate.agreement import (
    MAIN_TIME,
    Agreement,
    validate_conditions,
)
from stormlab_models.tac_webbuilder.validate.command import built_in, shown


def markdown(*, quiet: bool, workers: int | None = None) -> str:
    """Simulate the built-in conditions and say how far the model agrees with them."""
    with progress("measured conditions", quiet=quiet) as steps:
        agreement = validate_conditions(built_in(), workers=workers, over=steps.over)
    return section(agreement)


def section(agreement: Agreement) -> str:
    """The section for one file's agreement."""
    counts, times = agreement.share("count"), agreement.share("time", figure=MAIN_TIME)
    number = len(agreement.conditions)
    exact = "Exactly where the measured spread is zero, else inside a 95 % interval."
    opening = (
        f"The model was held against {number} measured conditions: a page with eight WebSockets "
        "in Chromium and Firefox against uvicorn. `stormlab validate` repeats this.\n"
    )
    weak = f"counts {shown(agreement.weak('count'))}, times {shown(agreement.weak('time'))}"
    lines = [
        opening,
        f"- **Counts** that agree: {shown(counts)}. {exact}",
        f"- **Median time to data** within a factor 1.5: {shown(times)}.",
        f"- Weak measurements, without a vote: {weak}.\n",
        "| mechanism | conditions | counts that agree | times that agree |",
        "|---|---|---|---|",
    ]
    for name in sorted({condition.mechanism for condition in agreement.conditions}):
        size = sum(condition.mechanism == name for condition in agreement.conditions)
        count = shown(agreement.share("count", mechanism=name))
        time = shown(agreement.share("time", mechanism=name))
        lines.append(f"| {name} | {size} | {count} | {time} |")
    lines += ["", "Not judged, and not counted as agreed:", ""]
    lines += [f"- {count} figures: {reason}" for reason, count in agreement.not_judged.items()]
    lines += ["", "Every figure that disagrees, with its likely cause:", ""]
    lines += [
        "| condition | figure | measured | interval | predicted | likely cause |",
        "|---|---|---|---|---|---|",
    ]
    for judgement in agreement.disagreements:
        interval = ""
        if judgement.low is not None and judgement.high is not None:
            interval = f"{judgement.low:.4g} to {judgement.high:.4g}"
        cause = agreement.causes[judgement.condition, judgement.figure]
        figure = judgement.figure.replace("|", "\\|")
        lines.append(
            f"| {judgement.condition} | {figure} | {_figure(judgement.measured)} | {interval} "
            f"| {_figure(judgement.predicted)} | {cause} |"
        )
    return "\n".join(lines) + "\n"


def _figure(value: float | str | None) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else str(value or "-")
