"""tidegate policy: check, judge by, keep versions of and calibrate to written policies."""

from __future__ import annotations

import math
import tempfile
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from tidegate.cli import options
from tidegate.cli.evaluations import show_compared, show_evaluation, signed
from tidegate.names import counted

if TYPE_CHECKING:
    from tidegate.runs.judging.improving import Improvement
    from tidegate.runs.workspace import Workspace

CHECK_FAILED = 1
WRONG = {
    "missed": "violates, and passed",
    "stopped": "is fine, and was stopped",
    "grounds": "rightly decided, and called wrong by reviewers",
}
"""`signals.judge.propose.Wrong`, in words."""

here = click.option(
    "--workspace",
    "root",
    type=click.Path(path_type=Path, exists=True),
    default=Path("."),
    help="The workspace; that of the working folder without it.",
)


@click.group("policy", short_help="Check written policies, keep their versions, try judges on them.")
def command() -> None:
    """Written policies: golden cases, versions, and the judges that read them."""


@command.command("check")
@click.argument("workspace", type=click.Path(path_type=Path), required=False)
@click.option("--all", "everything", is_flag=True, help="Also by language and difficulty.")
def check(workspace: Path | None, everything: bool) -> None:
    """Check that every policy of WORKSPACE is whole, and how many of its golden cases each detector gets
    right.

    Exit status 1 says that a floor set in tidegate.toml ([floors.<detector>]) was not met.
    """
    import polars as pl

    from tidegate.cli import show
    from tidegate.runs.policies import check_workspace

    checked = check_workspace(workspace)
    policies, results = checked.policies, checked.results
    cases = sum(len(found) for found in policies.golden.values())
    if checked.is_starter:
        click.echo("No tidegate.toml here: these are the starter policies that ship with Tidegate.", err=True)
    click.echo(
        f"{counted(len(policies), 'policy', 'policies')} of {checked.folder} are whole, with "
        f"{counted(cases, 'golden case')}."
    )
    overall = results.filter(pl.col("slice") == "all").drop("detector_version", "slice", "value")
    shown = results.drop("detector_version") if everything else overall
    show.frame(shown.with_columns(pl.col("share", "precision", "recall").round(2)))
    for line in checked.weak_spots():
        click.echo(f"  {line}")
    missed = results.filter(~pl.col("met"))
    if len(missed):
        click.echo(f"Not met: {counted(len(missed), 'floor')}.", err=True)
        raise click.exceptions.Exit(CHECK_FAILED)


@command.command("commit")
@click.argument("policy")
@click.option("-m", "--message", required=True, help="Why it was changed.")
@click.option("--author", help="Who changed it; the system's user without it.")
@click.option("--label", help="Move this label to it, such as candidate.")
@click.option("--new", is_flag=True, help="The label is a new one.")
@here
def commit(policy: str, message: str, author: str | None, label: str | None, new: bool, root: Path) -> None:
    """Keep POLICY as it stands as a version, under policies/history/."""
    from tidegate.policy import versions

    place = _workspace(root)
    act = versions.commit(
        place.policies, policy, message, author or options.actor(), label=label, new=new, ladder=place.ladder
    )
    click.echo(f"{policy} {act.version} kept" + (f", and {label} points to it" if label else ""))


@command.command("log")
@click.argument("policy")
@here
def log(policy: str, root: Path) -> None:
    """Who kept which version of POLICY and why, and where labels were moved; newest first."""
    from tidegate.policy import versions

    folder = _workspace(root).policies
    acts = versions.log(folder, policy)
    if not acts:
        versions.file_of(folder, policy)  # one that does not exist cannot be kept, as is advised below
    now = {version: name for name, version in versions.labels(acts).items()}
    for act in reversed(acts):
        what = act.message if act.message is not None else f"moved {act.label} here"
        pointed = f" [{', '.join(n for n, v in versions.labels(acts).items() if v == act.version)}]"
        click.echo(
            f"{act.at}  {act.version}{pointed if act.version in now and act.message else ''}  "
            f"{act.author}: {what}"
        )
    if not acts:
        click.echo(f'No version of {policy} was kept yet: tidegate policy commit {policy} -m "…"', err=True)


@command.command("label")
@click.argument("policy")
@click.argument("version")
@click.argument("label")
@click.option("--author", help="Who moves it; the system's user without it.")
@click.option("--new", is_flag=True, help="The label is a new one.")
@here
def label(policy: str, version: str, label: str, author: str | None, new: bool, root: Path) -> None:
    """At VERSION of POLICY, named by its first digits or by another label, put LABEL: moved forward, or back.

    `tidegate policy label hateful-behaviour candidate production` makes the candidate what production reads.
    """
    from tidegate.policy import versions

    folder, who = _workspace(root).policies, author or options.actor()
    act, before = versions.move(folder, policy, version, label, who, new=new)
    was = f"was {before}" if before else "is new"
    click.echo(f"{policy}, {label}: {was}, is now {act.version}")


@command.command("diff")
@click.argument("policy")
@click.argument("before")
@click.argument("after", default="working")
@here
def diff(policy: str, before: str, after: str, root: Path) -> None:
    """What changed in POLICY from BEFORE to AFTER (versions or labels; the file as it stands without
    AFTER)."""
    from tidegate.policy import compare, versions

    place = _workspace(root)
    texts = [versions.at_label(place.policies, policy, name, place.ladder) for name in (before, after)]
    lines = list(compare.changes(texts[0], texts[1]))
    for line in lines or ["The two read the same."]:
        click.echo(line)


@command.command("prompt")
@click.argument("prompt", type=click.Path(path_type=Path), required=False)
@click.option("--lint", is_flag=True, help="Say what would break the judge, or make it dear.")
def prompt(prompt: Path | None, lint: bool) -> None:
    """Print the PROMPT of judges (the one that ships without it), or check it.

    Exit status 1 says that it would break the judge.
    """
    from tidegate.signals.judge.prompt import BUILT_IN
    from tidegate.signals.judge.prompt import lint as lint_of

    path = prompt or BUILT_IN
    text = path.read_text(encoding="utf-8")
    if not lint:
        click.echo(text, nl=False)
        return
    problems = list(lint_of(text, path))
    for problem in problems:
        line = f":{problem.line}" if problem.line else ""
        click.echo(f"{path}{line}: {'warning: ' if problem.mild else ''}{problem.what}\n  → {problem.remedy}")
    if not problems:
        click.echo("Nothing to mend.")
    if any(not problem.mild for problem in problems):
        raise click.exceptions.Exit(CHECK_FAILED)


@command.command("eval")
@click.argument("policy")
@click.option("--judge", default="judge", show_default=True, help="Which judge of tidegate.toml.")
@click.option("--version", help="A version or label of the policy; what the judge is set to without it.")
@click.option("--against", help="Another judge on the same cases.")
@click.option("--against-version", help="Another version or label of the policy on the same cases.")
@click.option("--reformats", is_flag=True, help="How many verdicts the mere layout of a text changes.")
@click.option("--injections", is_flag=True, help="How many verdicts are turned by texts that give orders.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@here
def evaluate(
    policy: str,
    judge: str,
    version: str | None,
    against: str | None,
    against_version: str | None,
    reformats: bool,
    injections: bool,
    as_json: bool,
    root: Path,
) -> None:
    """Put the golden cases of POLICY to a judge: how good it is, what it costs, how long it takes.

    Two judges or versions are compared on the cases that both answered. Exit status 1: a judge had no answer
    to any case.
    """
    from tidegate.runs.judging.evaluate import compare
    from tidegate.runs.judging.evaluate import evaluate as evaluated

    place = _workspace(root)
    if against is not None or against_version is not None:
        found = compare(
            place,
            policy,
            (judge, version),
            (against or judge, against_version or (version if against else None)),
        )
        if as_json:
            click.echo(_json(found))
        else:
            show_compared(found)
        if not (found.first.answered and found.second.answered):
            raise click.exceptions.Exit(CHECK_FAILED)
        return
    one, _ = evaluated(place, policy, judge, version=version, reformats=reformats, injections=injections)
    if as_json:
        click.echo(_json(one))
    else:
        show_evaluation(one)
    if not one.answered:
        raise click.exceptions.Exit(CHECK_FAILED)


@command.command("calibrate")
@click.argument("posts", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--labels", required=True, type=click.Path(path_type=Path, exists=True), help="What people found."
)
@click.option("--judge", default="judge", show_default=True, help="Which judge of tidegate.toml.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File to write.")
@here
def calibrate(posts: tuple[Path, ...], labels: Path, judge: str, out: Path, root: Path) -> None:
    """Make a judge's probabilities hold on LABELS of POSTS; name the file in tidegate.toml then."""
    from tidegate.errors import SignalError
    from tidegate.runs.judging.calibrating import calibrate as calibrated
    from tidegate.runs.judging.cases import judges_of

    there = judges_of(_workspace(root))
    if judge not in there:
        raise SignalError(f"there is no judge '{judge}'", remedy="Judges are set up in tidegate.toml.")
    found = calibrated(_workspace(root), there[judge], posts, labels, out)
    for line in found.lines:
        after = f"→ {line.error_after:.3f} on labels that did not teach"
        if math.isnan(line.error_after):
            after = "before; too few to try it on labels that did not teach"
        click.echo(
            f"{line.policy}: {counted(line.labels, 'label')}, {line.violating:,} violating; "
            f"calibration error {line.error_before:.3f} {after}"
        )
    for name, (violating, fine) in found.short.items():
        few = f"{violating:,} violating and {fine:,} fine items are too few"
        click.echo(f"{name}: is not calibrated in this file: {few}")
    for note in found.left:
        click.echo(f"  left out: {note}")
    click.echo(f'Written to {out}: calibration = "{out.name}" in tidegate.toml.')


@command.command("improve")
@click.argument("policy")
@click.argument("posts", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--labels", type=click.Path(path_type=Path, exists=True), help="What people decided.")
@click.option(
    "--feedback",
    type=click.Path(path_type=Path, exists=True),
    help="What reviewers said of the judge's answers, as JSON lines.",
)
@click.option(
    "--from",
    "source",
    type=click.Choice(["server"]),
    help="In place of files: what people said in the service.",
)
@click.option("--zone", help="With --from server: the zone, such as us.")
@click.option("--since", type=options.TIME, help="With --from server: answered from this time on (UTC).")
@click.option(
    "--most",
    type=click.IntRange(1),
    default=1_000,
    show_default=True,
    help="With --from server: so many posts; the judge is paid for each.",
)
@click.option("--judge", default="judge", show_default=True, help="Which judge of tidegate.toml.")
@click.option("--edits", type=click.Path(path_type=Path, exists=True), help="Edits of yours, as JSON lines.")
@click.option("--propose", type=click.IntRange(0), default=0, help="Ask the model about so many groups.")
@click.option(
    "--through",
    type=click.Choice(["model", "dspy"]),
    default="model",
    show_default=True,
    help="How it is asked: once, or in a search by dspy's optimiser GEPA (pip install 'tidegate[dspy]').",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where the best policy is written, if one is better."
)
@here
def improve(
    policy: str,
    posts: tuple[Path, ...],
    labels: Path | None,
    feedback: Path | None,
    source: str | None,
    zone: str | None,
    since: datetime | None,
    most: int,
    judge: str,
    edits: Path | None,
    propose: int,
    through: str,
    out: Path | None,
    root: Path,
) -> None:
    """Group where a judge and people disagree about POLICY, and try edits of it on posts kept aside.

    Give POSTS with --labels, or --from server --zone us. An edit is better only if the interval of what it
    gains lies above zero. Exit status 1: edits were asked for, and none is better (0 where there is no group
    to ask about), or the judge had no answer to any post; nothing is written then.
    """
    from tidegate.runs.judging.cases import judge_named
    from tidegate.runs.judging.feedback import read_feedback
    from tidegate.runs.judging.improving import by_the_model
    from tidegate.runs.judging.improving import improve as improved
    from tidegate.runs.judging.proposing_dspy import by_dspy
    from tidegate.runs.outputs import new

    if out is not None:
        new(out)
    place = _workspace(root)
    asked = judge_named(place, judge, policy)
    with ExitStack() as stack:
        if source is not None:
            if zone is None or posts or labels or feedback:
                raise click.UsageError(
                    "What people said in the service is read with --from server --zone us."
                )
            taken = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidegate-")))
            posts, labels, feedback = _take_out(policy, judge, zone, since, most, taken, root)
        elif labels is None or not posts:
            raise click.UsageError("Give posts and --labels, or --from server --zone us.")
        found = improved(
            place,
            asked,
            posts,
            labels,
            feedback=read_feedback(feedback) if feedback else (),
            edits=edits,
            proposals=propose,
            proposer=by_dspy if through == "dspy" else by_the_model,
        )
    _show_improvement(found)
    best = found.best
    if best is not None and best.text is not None and out is not None:
        out.write_text(best.text, encoding="utf-8")
        click.echo(f"Written to {out}. Say it in the other languages too, then `tidegate policy commit`.")
    if propose and not found.clusters:
        click.echo("The model was asked for no edit: there is no group to ask it about.")
    if (best is None and (found.trials or found.unproposed)) or found.unanswered == found.posts:
        raise click.exceptions.Exit(CHECK_FAILED)


def _take_out(
    policy: str, judge: str, zone: str, since: datetime | None, most: int, out: Path, root: Path
) -> tuple[tuple[Path, ...], Path, Path]:
    from tidegate.server.boot import boot

    boot(_workspace(root).root)

    from tidegate.server.exports import said

    told = said.write_said(
        zone, policy, judge, out, actor=options.actor(), since=options.utc(since), most=most
    )
    click.echo(
        f"{counted(told.posts, 'post')} with a label, {told.settled:,} settled by more than one voice; "
        f"{told.feedback:,} with feedback; {told.open:,} left out, since people differ about them",
        err=True,
    )
    return (out / said.POSTS,), out / said.TOLD, out / said.FEEDBACK


def _show_improvement(found: Improvement) -> None:
    click.echo(f"{counted(found.posts, 'labelled post')}, {found.unanswered:,} without a verdict")
    for reason, count in found.reasons.items():
        click.echo(f"    {count:,} × {reason}")
    for note in found.told.notes():
        click.echo(f"  left out: {note}")
    if found.useful is not None:
        of = found.useful
        click.echo(
            f"{of.estimate:.0%} ({of.low:.0%} to {of.high:.0%}) of {counted(of.cases, 'answer')} of the "
            "judge that reviewers spoke of were useful"
        )
    for cluster in found.clusters:
        why = f"; {counted(len(cluster.reasons), 'reason')} of reviewers" if cluster.reasons else ""
        click.echo(
            f"  {len(cluster.ids):,} × {WRONG[cluster.wrong]}, citing {cluster.clause}: "
            f"{', '.join(cluster.ids[:5])}{why}"
        )
    for reason, count in found.unproposed.items():
        click.echo(f"The model has no edit of {counted(count, 'group')}: {reason}")
    for trial in found.trials:
        click.echo(
            f"{trial.edit.kind} {trial.edit.clause} ({trial.edit.language}), "
            f"by {trial.edit.by}: {trial.edit.why}"
        )
        if trial.paired is None:
            click.echo(f"  cannot be tried: {trial.problem}")
            continue
        gain = trial.paired.difference
        click.echo(
            f"  {signed(gain.estimate)} ({signed(gain.low)} to {signed(gain.high)}) on {gain.cases:,} "
            f"posts kept aside: {'better' if trial.better else 'not shown to be better'}"
        )


def _workspace(root: Path) -> Workspace:
    from tidegate.runs.workspace import find_workspace

    return find_workspace(root)


def _json(found: Any) -> str:
    """A dataclass as JSON; a figure that there is not is null."""
    return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode()
