"""`triage`: how good the local classifier is, and how sure of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from countersign.cli.app import AsJson, DeskFolder, app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from countersign.domain.desk import Example
    from countersign.triage.classifier import Options
    from countersign.triage.embeddings import Access

triage = typer.Typer(help="The local classifier: how good it is, and how sure of it.", no_args_is_help=True)
app.add_typer(triage, name="triage")

Embeddings = Annotated[
    str | None,
    typer.Option(
        "--embeddings",
        metavar="SOURCE",
        help="Join sentence embeddings: a folder, a package, or https://host/v1#model. "
        "[default: COUNTERSIGN_EMBEDDINGS__SOURCE]",
        show_default=False,
    ),
]
TargetError = Annotated[
    float,
    typer.Option("--target-error", min=0.001, max=0.5, metavar="SHARE", help="Allowed among the accepted."),
]


@triage.command()
def calibrate(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Labelled texts: .csv, .jsonl, or a folder of them.")],
    target_error: TargetError = 0.02,
    embeddings: Embeddings = None,
    as_json: AsJson = False,
) -> None:
    """Choose thresholds for a target error.

    DATA is held out in turn from a model of the rest; the thresholds keep the target among accepted texts, with a
    confidence of 99 %. Texts that no request covers have the label none. A desk's own target is in its desk.toml.
    """
    from countersign.cli.progress import said
    from countersign.cli.style import console, print_json
    from countersign.display.measures import summary, thresholds
    from countersign.triage.labelled import read_labelled
    from countersign.triage.measure import measure

    options, access = told(target_error, embeddings)
    found = measure(read_labelled(data), options, access, said, thoroughly=False).measures
    if as_json:
        print_json(found.model_dump(mode="json", include={*_THRESHOLDS}))
        return
    console().print(thresholds(found))
    console().print(summary(found))


@triage.command()
def report(
    data: Annotated[
        Path | None, typer.Argument(metavar="DATA", help="Labelled texts; the desk's own examples if left out.")
    ] = None,
    target_error: Annotated[
        float | None,
        typer.Option("--target-error", min=0.001, max=0.5, metavar="SHARE", help="[default: the desk's]"),
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option("--pictures", metavar="DIR", help="Write the pictures there, as SVG.")
    ] = None,
    embeddings: Embeddings = None,
    as_json: AsJson = False,
    desk: DeskFolder = None,
) -> None:
    """Tell how good triage is on held-out labels.

    Coverage, achieved error with its interval, what more coverage would cost, whether confidences keep their word,
    what is taken for what, unknowns in and out of domain, and how many labels would help.
    """
    from countersign.cli.progress import said
    from countersign.cli.style import console, print_json
    from countersign.desk import load_desk
    from countersign.display.measures import details, summary, thresholds
    from countersign.settings import read_settings
    from countersign.triage.measure import measure

    target = target_error or load_desk(read_settings(desk=desk).desk_folder).settings.triage.target_error
    options, access = told(target, embeddings)
    measured = measure(_labels(data, desk), options, access, said)
    if as_json:
        print_json(measured.measures.model_dump(mode="json"))
    else:
        for draw in (summary, thresholds, details):
            console().print(draw(measured.measures))
    if pictures:
        from countersign.triage.pictures import draw as paint

        for path in paint(measured, pictures):
            typer.echo(f"{path}", err=as_json)


_THRESHOLDS = (
    "examples", "requests", "target_error", "confidence", "least_accepted", "accuracy", "coverage", "accepted", "wrong",
    "error_interval", "pooled", "by_request",
)  # fmt: skip


def _labels(data: Path | None, desk: Path | None) -> "Sequence[Example]":
    from countersign.desk import examples, load_desk
    from countersign.settings import read_settings
    from countersign.triage.labelled import read_labelled

    return read_labelled(data) if data else examples(load_desk(read_settings(desk=desk).desk_folder))


@triage.command()
def bench(
    data: Annotated[Literal["clinc150", "banking77", "hint3"], typer.Argument(metavar="DATA", help="Which set.")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Its file or folder, as published, or a part of it.")],
    embeddings: Embeddings = None,
    target_error: TargetError = 0.02,
    resamples: Annotated[
        int,
        typer.Option("--resamples", min=0, max=1000, metavar="N", help="Try so many times whether the target is kept."),
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Measure triage on clinc150, banking77 or hint3.

    Follows the published protocol and puts the published figures beside ours, with their source. A resample chooses
    the thresholds on a random half of held-out texts and counts the errors among what they accept of the other.
    """
    from countersign.cli.progress import said
    from countersign.cli.style import console, print_json
    from countersign.display.bench import bench_table
    from countersign.triage.bench.run import run
    from countersign.triage.bench.tasks import BENCHES

    options, access = told(target_error, embeddings)
    outcomes = [run(task, options, access, said, resamples=resamples) for task in BENCHES[data](path)]
    if as_json:
        print_json([outcome.model_dump(mode="json") for outcome in outcomes])
        return
    for outcome in outcomes:
        console().print(bench_table(outcome))


def told(target_error: float, embeddings: str | None) -> "tuple[Options, Access]":
    """What a training is told, and how an endpoint is reached: from the command, else from the settings."""
    from countersign.settings import read_settings
    from countersign.triage.classifier import Options
    from countersign.triage.embeddings import Access

    settings = read_settings().embeddings
    source = settings.source if embeddings is None else embeddings
    access = Access(settings.key.get_secret_value(), settings.timeout)
    return Options(target_error=target_error, embeddings=source), access
