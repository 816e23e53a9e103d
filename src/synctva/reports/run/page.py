"""One self-contained HTML page about one or several runs, and its tables in files beside it.

The page asks the network for nothing, and its content policy forbids it to: script, style and
numbers are inside. Everything from a run folder passes Jinja's escaping.
"""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from synctva.errors import InputError
from synctva.files import write_text
from synctva.reports.run import figures
from synctva.reports.run.record import RunRecord, load_run
from synctva.reports.run.tables import community_text, scores_table, seeds_table
from synctva.reports.templating import check_page, environment
from synctva.run.scores import Score
from synctva.run.words import WORDS


@dataclasses.dataclass(frozen=True)
class Card:
    """A headline figure: a test score, and the best possible one where it is known."""

    name: str
    score: Score
    ceiling: float | None = None
    note: str = ""


def write_run_report(run_paths: Sequence[Path], out: Path) -> list[Path]:
    """Writes the page and, beside it, its tables as Markdown, CSV and LaTeX.

    Args:
        run_paths: Finished and evaluated run folders; more than one are compared.
        out: The page, ``NAME.html``. ``NAME.md`` and ``NAME.tex`` hold both tables, ``NAME.csv``
            one row per run, ``NAME-seeds.csv`` one row per seed.

    Returns:
        The paths written, the page first.

    Raises:
        InputError: No run, a run that is not finished or evaluated, the same run twice, or an
            ``out`` that cannot be written; nothing is written then.
    """
    check_page(out)
    runs = _named_apart([load_run(Path(path)) for path in run_paths])
    tables = (scores_table(runs), seeds_table(*runs))
    texts = {
        out: render_page(runs),
        out.with_suffix(".md"): "\n".join(table.to_markdown() for table in tables),
        out.with_suffix(".csv"): tables[0].to_csv(),
        out.with_suffix(".tex"): "\n".join(table.to_latex() for table in tables),
        out.with_name(f"{out.stem}-seeds.csv"): tables[1].to_csv(),
    }
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            write_text(path, text)
    except OSError as error:
        raise InputError(
            f"{out}: cannot be written ({error.strerror}); name a file in another folder"
        ) from error
    return list(texts)


def render_page(runs: Sequence[RunRecord]) -> str:
    """Returns the page about these runs; their names must differ."""
    return (
        environment()
        .get_template("page.html")
        .render(
            title=runs[0].name if len(runs) == 1 else f"{len(runs)} runs compared",
            scores=scores_table(runs),
            comparison=_comparison(runs) if len(runs) > 1 else [],
            runs=[_run_section(run) for run in runs],
            several=len(runs) > 1,
            plotly_script=Markup(figures.plotly_script()),
        )
    )


def _comparison(runs: Sequence[RunRecord]) -> list[dict[str, str]]:
    """Returns the figures that show several runs at once."""
    shown = [
        _plot("Scores and their intervals", figures.run_comparison(runs)),
        _plot("F1 of each emotion, ± sd over seeds", figures.emotion_bars(runs)),
    ]
    if sum(bool(run.evaluation.missing_rates) for run in runs) > 1:
        shown.append(_plot("With modalities missing", figures.robustness_curve(runs)))
    return shown


def _run_section(run: RunRecord) -> dict[str, object]:
    """Returns what the template shows of one run."""
    own, *others = (_scores_section(one) for one in run.on_each_store())
    return {
        "run": run,
        "own": own,
        "others": others,
        "facts": _facts(run),
        "seeds": seeds_table(run),
        "curves": _plot("Training", figures.training_curves(run)),
    }


def _scores_section(run: RunRecord) -> dict[str, object]:
    """Returns what the template shows of a run's scores on one store."""
    evaluation = run.evaluation
    return {
        "store": run.store,
        "path": evaluation.store.path if evaluation.store else "",
        "seeds": evaluation.seeds,
        "cards": _cards(run),
        "community": community_text(run) if evaluation.community else "",
        "confusion": _plot("Confusion", figures.confusion_matrix(run)),
        "emotions": _plot("F1 of each emotion", figures.emotion_bars([run])),
        "subsets": _plot("Subsets of the modalities", figures.subset_bars(run))
        if evaluation.subsets
        else None,
        "robustness": _plot("With modalities missing", figures.robustness_curve([run]))
        if evaluation.missing_rates
        else None,
    }


def _cards(run: RunRecord) -> list[Card]:
    test, ceiling = run.evaluation.test, run.evaluation.ceiling
    return [
        *(
            Card(_title(name), getattr(test, name), getattr(ceiling, name, None))
            for name in ("weighted_f1", "macro_f1", "accuracy")
        ),
        Card(_title("ece"), test.ece, note="calibration error: lower is better"),
    ]


def _title(score: str) -> str:
    words = WORDS[score]
    return words[0].upper() + words[1:]


def _facts(run: RunRecord) -> dict[str, str]:
    """Returns what was trained on what, as terms and their values."""
    info, evaluation = run.info, run.evaluation
    utterances = {split: sum(counts.values()) for split, counts in evaluation.support.items()}
    minutes = sum(end.seconds for end in run.finished.values()) / 60
    return {
        "Corpus": info.corpus,
        "Utterances": ", ".join(f"{n:,} {split}" for split, n in utterances.items()),
        "Emotions": f"{', '.join(run.schema.emotions)} ({run.schema.name})",
        "Features": ", ".join(f"{modality} {dim}" for modality, dim in info.dims.items()),
        "Feature store": info.store,
        "Scores are of": _scores_are_of(run),
        "Seeds": _seeds_text(run),
        "Parameters": f"{evaluation.parameters:,}",
        "Time": f"{evaluation.seconds_per_epoch:.2f} s an epoch, {minutes:.1f} min for all seeds",
        "Run folder": str(run.path),
        "Command": info.command,
    }


def _scores_are_of(run: RunRecord) -> str:
    """Returns of which store the scores are."""
    store = run.evaluation.store
    if store is None:
        return f"an unknown store; run `synctva evaluate {run.path}` again"
    if store.is_own:
        return "this store"
    return f"{store.name} ({store.path}), which is not what the run was trained on"


def _seeds_text(run: RunRecord) -> str:
    text = ", ".join(str(seed) for seed in sorted(run.finished))
    missing = len(run.info.seeds) - len(run.finished)
    return f"{text} ({missing} of {len(run.info.seeds)} not finished)" if missing else text


def _plot(name: str, figure: figures.Figure) -> dict[str, str]:
    return {"name": name, "figure": str(figure.to_json())}


def _named_apart(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Returns the runs, those of equal names told apart by their folders.

    Raises:
        InputError: There is no run, or one is given twice.
    """
    if not runs:
        raise InputError("no run to report on: give at least one run folder")
    for folder, times in Counter(run.path.resolve() for run in runs).items():
        if times > 1:
            raise InputError(f"{folder}: given {times} times; name each run folder once")
    times = Counter(run.name for run in runs)
    return [
        dataclasses.replace(run, name=f"{run.name} ({run.path})") if times[run.name] > 1 else run
        for run in runs
    ]
