"""A model's predictions for a whole store, however large: shard by shard, resumable, on many cores.

Every shard's predictions go into a separate file beside the result, whose name says which shard and
which model they are of; a killed job needs no more to resume. When all are there, they become one
file.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float

from synctva.batch import batch_of
from synctva.corpus import Corpus
from synctva.errors import InputError
from synctva.evaluation.evaluated_run import with_absent
from synctva.features.extractors.hub import weights_sha256
from synctva.features.store import FeatureStore, open_store
from synctva.files import alone, remove_staged, write_bytes, written
from synctva.inference.predictions import probabilities_of
from synctva.model.causal import causal
from synctva.model.emotion_model import EmotionModel
from synctva.model.load import load_model
from synctva.parquet import opened_parquet, plain, read_parquet_file
from synctva.work import LostError, MakeEngine, Task, on_this_machine


@dataclass(frozen=True)
class PredictionJob:
    """The predictions of a shard.

    Attributes:
        model: The model's name, folder or hub id.
        is_causal: Whether it looks at no later utterance.
        digest: Of the model, wherever it is loaded.
        store: The store's folder.
        file: The shard's name in it.
        part: Where its predictions go.
    """

    model: str
    is_causal: bool
    digest: str
    store: Path
    file: str
    part: Path


@dataclass(frozen=True)
class PlannedPredictions:
    """The predictions of a store, to be made.

    Attributes:
        jobs: One for each shard, in the store's order.
        folder: Where their predictions lie until all are there.
        utterances: Of the whole store.
        lacking: The modalities that the model reads and the store does not hold.
    """

    jobs: tuple[PredictionJob, ...]
    folder: Path
    utterances: int
    lacking: tuple[str, ...]


def plan_predictions(
    source: str, store_path: Path, out: Path, *, is_causal: bool = False
) -> PlannedPredictions:
    """Returns what is to be done for the predictions of a store.

    Args:
        source: The model: ``lite``, a checkpoint's folder, a run's seed, or a hub id.
        store_path: The feature store.
        out: The Parquet file for the predictions.
        is_causal: Whether to look at no later utterance.

    Raises:
        InputError: There is no such model or store, or they do not fit; ``is_causal`` is set but
            later utterances had a part in the features; or ``out`` is no such file.
    """
    if out.suffix != ".parquet" or out.is_dir():
        raise InputError(f"{out}: predictions are a Parquet file; name one that ends in .parquet")
    if Path(source).is_dir():
        source = str(Path(source).absolute())  # a worker may be somewhere else
    store = open_store(store_path)
    model, digest = _loaded(source, is_causal)
    lacking = _lacking(model, store, source)
    if is_causal:
        _check_causal(model, store)
    folder = out.absolute().with_name(f".{out.name}-parts")
    jobs = tuple(
        PredictionJob(
            *(source, is_causal, digest, store.path.absolute(), file),
            folder / f"{sha256[:16]}-{digest[:16]}.parquet",
        )
        for file, sha256 in store.shards.items()
    )
    return PlannedPredictions(jobs, folder, sum(store.utterances.values()), lacking)


def predict_store(
    plan: PlannedPredictions,
    out: Path,
    *,
    engine: MakeEngine = on_this_machine,
    workers: int | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> Counter[str]:
    """Makes the predictions that are not there yet, and then the one file of all.

    The result is the same, bit for bit, wherever and by how many processes it is made.

    Args:
        plan: What is to be done.
        out: The file; what is there is replaced, at once, at the end.
        engine: Where: ``synctva.work.on_this_machine``, or ``on_cluster``.
        workers: Processes; None = as many as the engine has cores for.
        advance: Called with the number of utterances that are done.

    Returns:
        How many utterances have each emotion.

    Raises:
        InputError: A shard is damaged, or its process has died again and again (what is done
            stays, and the same command resumes); or another process makes the same file.
    """
    with alone(plan.folder):
        counts = _predict_store(plan, out, engine, workers, advance)
    with suppress(OSError):  # the next one is there already
        plan.folder.rmdir()
    return counts


def _predict_store(
    plan: PlannedPredictions,
    out: Path,
    engine: MakeEngine,
    workers: int | None,
    advance: Callable[[int], None],
) -> Counter[str]:
    remove_staged(plan.folder)
    todo = []
    for job in plan.jobs:
        if job.part.is_file():
            advance(len(_read(job.part)))
        else:
            todo.append(job)
    with engine(Task(predict_shard, imported=__name__), workers) as own:
        for job, outcome in own.outcomes(todo):
            if isinstance(outcome, LostError):
                raise InputError(f"{job.store / job.file}: {outcome}") from outcome
            if isinstance(outcome, InputError):
                raise outcome
            advance(len(_read(job.part)))
    counts: Counter[str] = Counter()
    schema = _read(plan.jobs[0].part).schema
    with (
        written(out) as staged,
        pq.ParquetWriter(staged, schema, write_page_checksum=True) as writer,
    ):
        for job in plan.jobs:
            table = _read(job.part)
            writer.write_table(table)
            counts.update(table["emotion"].to_pylist())
    for part in plan.folder.glob("*.parquet"):  # also of models and stores as they were before
        part.unlink()
    return counts


def predict_shard(job: PredictionJob) -> None:
    """Writes the predictions of a shard.

    Raises:
        InputError: The shard is damaged, or there is another model here than where it was planned.
    """
    model, digest = _loaded(job.model, job.is_causal)
    if digest != job.digest:
        raise InputError(f"{job.model}: another model than where the command runs; copy that here")
    part = next(open_store(job.store).read_shards([job.file]))
    batch = batch_of(with_absent(part, model.dims)).keep(tuple(model.dims))
    table = _table(part, probabilities_of(model, batch), model.emotions)
    facts = {"model": job.model, "digest": digest, "causal": job.is_causal, "store": part.name}
    sink = pa.BufferOutputStream()
    table = table.replace_schema_metadata({"synctva": json.dumps(facts)})
    pq.write_table(table, sink)
    job.part.parent.mkdir(parents=True, exist_ok=True)
    content = sink.getvalue().to_pybytes()
    write_bytes(job.part, content + hashlib.sha256(content).digest())


@lru_cache(maxsize=1)
def _loaded(source: str, is_causal: bool) -> tuple[EmotionModel, str]:
    """Returns a model and the digest of all that its probabilities depend on."""
    model = load_model(source)
    if is_causal:
        model = causal(model, source)
    facts = (weights_sha256(model), asdict(cast(Any, model.settings)), asdict(model.provenance))
    return model, hashlib.sha256(repr(facts).encode()).hexdigest()


def _lacking(model: EmotionModel, store: FeatureStore, source: str) -> tuple[str, ...]:
    """Returns the modalities that a model reads and a store does not hold.

    Raises:
        InputError: It holds none of them, or those of another extractor.
    """
    lacking = tuple(m for m in model.dims if m not in store.features)
    remedy = f"run `synctva features {store.path} --for {source}`"
    if len(lacking) == len(model.dims):
        held = ", ".join(store.features) or "none"
        raise InputError(
            f"{store.path}: {source} reads features of {', '.join(model.dims)}; the store holds"
            f" {held}; {remedy}"
        )
    dims = {m: known.dim for m, known in store.features.items()}
    model.check_features(dims, store.fingerprints, str(store.path), remedy)
    return lacking


def _check_causal(model: EmotionModel, store: FeatureStore) -> None:
    """Refuses features that later utterances had a part in.

    Raises:
        InputError: Those of a modality are normalised, and some utterance has it.
    """
    read = {m: known for m, known in store.features.items() if m in model.dims}
    for modality, known in read.items():
        by = known.normalised_by
        if by and any(part.features[modality].present.any() for part in store.read_shards()):
            raise InputError(
                f"{store.path}: its {modality} features are normalised by {by} over whole"
                " recordings, later utterances too; run `synctva recognise --causal` on the"
                " recordings, or leave out --causal"
            )


def _table(
    corpus: Corpus,
    probabilities: Float[np.ndarray, "utterance emotion"],
    emotions: tuple[str, ...],
) -> pa.Table:
    """Returns the predictions of a shard, a row per utterance."""
    pairs = list(corpus.utterances())
    columns = {
        "dialogue": pa.array([dialogue.id for dialogue, _ in pairs], pa.string()),
        "turn": pa.array([utterance.turn for _, utterance in pairs], pa.int64()),
        "split": pa.array([dialogue.split for dialogue, _ in pairs], pa.string()),
        "speaker": pa.array([utterance.speaker for _, utterance in pairs], pa.string()),
        "start_s": pa.array([utterance.start_s for _, utterance in pairs], pa.float64()),
        "end_s": pa.array([utterance.end_s for _, utterance in pairs], pa.float64()),
        "emotion": pa.array([emotions[n] for n in probabilities.argmax(1)], pa.string()),
        "probability": pa.array(probabilities.max(1), pa.float64()),
    }
    columns |= {f"p_{name}": probabilities[:, n] for n, name in enumerate(emotions)}
    return pa.table(columns)


def _read(part: Path) -> pa.Table:
    """Returns the predictions of a shard, which end with their hash."""
    whole = part.read_bytes()
    content, digest = whole[:-32], whole[-32:]
    if hashlib.sha256(content).digest() != digest:
        raise InputError(f"{part}: damaged; delete it and run the same command again to resume")
    with opened_parquet(content) as file:
        return plain(read_parquet_file(part, file, file_bytes=len(content)))
