"""A sweep: all seeds of all runs of a plan as independent jobs, on this machine or on a cluster."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from synctva.errors import InputError
from synctva.evaluation.protocol import QUESTIONS
from synctva.features.store import FeatureStore, open_store
from synctva.recipe import Recipe
from synctva.run.folder import RunFolder
from synctva.run.log import Epoch
from synctva.training.description import Survey, lacking, survey
from synctva.training.jobs import TrainingJob
from synctva.training.plan import PlannedRun, PlannedSweep
from synctva.training.run import begin_run
from synctva.work import Engine
from synctva.work.task import one_line


@dataclass
class RunStatus:
    """How far a run of a sweep is.

    Attributes:
        run: The run.
        seeds: Its seeds.
        logs: The epochs so far, by seed.
        finished: The seeds whose training is finished.
        busy: The seeds that are handed out; None among them is the evaluation.
        failures: What went wrong, by seed; None is the evaluation, or the whole run.
        evaluated: Whether its evaluation is that of all its seeds.
        skipped: Why the run is left out; empty = it is not.
    """

    run: PlannedRun
    seeds: range
    logs: dict[int, list[Epoch]] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    busy: set[int | None] = field(default_factory=set)
    failures: dict[int | None, str] = field(default_factory=dict)
    evaluated: bool = False
    skipped: str = ""

    @property
    def trained(self) -> bool:
        """Whether all seeds are finished."""
        return self.finished >= set(self.seeds)

    def read(self, seeds: Sequence[int]) -> None:
        """Reads how far these seeds are; a log that cannot be read now may be so later."""
        for seed in seeds:
            folder = self.run.folder.seed(seed)
            with suppress(InputError, OSError):
                self.logs[seed] = folder.read_log()
            if folder.finished.is_file():
                self.finished.add(seed)


OnDone = Callable[[RunStatus, TrainingJob], None]
"""Called with a run and its job that is over, well or not."""


def run_sweep(
    plan: PlannedSweep,
    engine: Engine,
    *,
    asked: Sequence[str] = (),
    on_look: Callable[[Sequence[RunStatus]], None] = lambda statuses: None,
    on_done: OnDone = lambda status, job: None,
) -> list[RunStatus]:
    """Does every job of a plan that is not done yet, and returns how far each run has come.

    Seed 0 of all runs comes first, so that early results span the comparison; a run is evaluated
    as soon as its last seed is finished. A job that fails stops no other one.

    Args:
        plan: What is to be done.
        engine: From ``jobs.engine_for``.
        asked: What evaluations are asked beside the scores, of ``protocol.QUESTIONS``.
        on_look: Called with how far each run is, again and again.
        on_done: Called with every job that is over.

    Raises:
        InputError: A store cannot be read; no job is begun then.
        MachineError: The machine lacks room, memory, open files or a right; the same sweep resumes.
    """
    statuses = begin(plan, asked)
    questions = tuple(asked)
    by_folder = {status.run.folder.path: status for status in statuses}
    waiting = deque(_jobs(statuses, plan.seeds, questions))

    def jobs() -> Iterator[TrainingJob | None]:
        while waiting or any(status.busy for status in statuses):
            job = waiting.popleft() if waiting else None  # the last seed's end brings another one
            if job is not None:
                by_folder[job.run].busy.add(job.seed)
            yield job

    def look() -> None:
        for status in statuses:
            status.read([seed for seed in status.busy if seed is not None])
        on_look(statuses)

    look()
    for job, outcome in engine.outcomes(jobs(), on_look=look):
        status = by_folder[job.run]
        _close(status, job, outcome)
        on_done(status, job)
        if status.trained and job.seed is not None and not status.busy:
            waiting.appendleft(TrainingJob(job.run, job.store, None, questions))
    look()
    return statuses


def begin(plan: PlannedSweep, asked: Sequence[str] = ()) -> list[RunStatus]:
    """Describes every run in its folder, and returns how far each is already."""
    statuses = [RunStatus(run, range(plan.seeds)) for run in plan.runs]
    stores = {run.store: open_store(run.store) for run in plan.runs}
    for path, store in stores.items():
        found = survey(store)
        begun: list[PlannedRun] = []
        for status in statuses:
            if status.run.store == path:
                _begin(status, store, found, begun, asked)
                if not status.skipped:
                    begun.append(status.run)
    return statuses


def _begin(
    status: RunStatus,
    store: FeatureStore,
    found: Survey,
    begun: Sequence[PlannedRun],
    asked: Sequence[str],
) -> None:
    run = status.run
    missing = lacking(run.recipe, store) if store.features else []
    none = f"{store.path.name} has no {' and no '.join(missing)} features" if missing else ""
    status.skipped = none or _repeated(run, begun, store)
    if status.skipped:
        return
    try:
        begin_run(run.recipe, store, found, run.folder.path, len(status.seeds))
    except (InputError, OSError) as error:
        status.failures[None] = one_line(error)
        return
    status.read(status.seeds)
    status.evaluated = status.trained and _is_evaluated(run.folder, asked)


def _repeated(run: PlannedRun, begun: Sequence[PlannedRun], store: FeatureStore) -> str:
    """Returns which earlier run is the same on a store: a part that cannot be there is no loss."""

    def here(recipe: Recipe) -> Recipe:
        return recipe.within({*store.features, *recipe.encoders})

    own = here(run.recipe)
    same = (one for one in begun if one.corpus == run.corpus and here(one.recipe) == own)
    first = next(same, None)
    return f"on {store.path.name} it is the same as {first.name}" if first else ""


def _is_evaluated(folder: RunFolder, asked: Sequence[str]) -> bool:
    """Returns whether the evaluation there is of all finished seeds, and answers what is asked."""
    finished = [seed.finished.stat().st_mtime_ns for _, seed in folder.finished_seeds()]
    try:
        known = folder.evaluation.read()
    except InputError:
        return False
    written = folder.evaluation.file.stat().st_mtime_ns
    if any(getattr(known, name) is None for one in asked for name in QUESTIONS[one]):
        return False
    return known.seeds == len(finished) and max(finished) <= written


def _jobs(
    statuses: Sequence[RunStatus], seeds: int, asked: tuple[str, ...]
) -> Iterator[TrainingJob]:
    """Yields what is to be done: evaluations that were left over, then seed after seed."""
    going = [s for s in statuses if not s.skipped and not s.failures]
    for status in going:
        if status.trained and not status.evaluated:
            yield TrainingJob(status.run.folder.path, status.run.store, None, asked)
    for seed in range(seeds):
        for status in going:
            if seed not in status.finished:
                yield TrainingJob(status.run.folder.path, status.run.store, seed)


def _close(status: RunStatus, job: TrainingJob, outcome: InputError | None) -> None:
    """Notes how a job has ended."""
    status.busy.discard(job.seed)
    if outcome is not None:
        status.failures[job.seed] = one_line(outcome)
    elif job.seed is None:
        status.evaluated = True
    else:
        status.read([job.seed])
