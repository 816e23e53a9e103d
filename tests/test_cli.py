"""The command line: help with examples, bad input in one line, and a whole road through it."""

import errno
import json
import os
import pickle
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import typer
import typer.core
from support.recordings import Making, record
from support.tiny import SETTINGS, only, tiny_corpus, tiny_run, tiny_store

from synctva import cli
from synctva.corpus import Corpus, Description
from synctva.files import file_sha256

VERBS = (
    *("recognise", "live", "serve", "measure"),
    *("import", "check", "compose", "features", "train", "evaluate", "agreement", "compare"),
    *("predict", "export"),
    *("sweep", "report"),
    *("demo", "faces"),
)
TABLE = "dialogue,turn,speaker,split,emotion,text,audio_0,audio_1\n"
ROW = "{0},{1},{2},{3},{4},Some words.,1.5,2\n"
TINY = [word for setting in SETTINGS for word in ("--set", setting)]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Call = Callable[..., Ended]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command in this process."""

    def run(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["synctva", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with a store and a run, which no test changes."""
    return tiny_run(tmp_path_factory.mktemp("trained"), epochs=1).parent


@pytest.fixture
def road(trained: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return shutil.copytree(trained, tmp_path / "road")


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def table(path: Path, header: str = TABLE, *, emotion: str = "joy", second: str = "valid") -> Path:
    rows = [ROW.format("a", 0, "x", "train", "sadness"), ROW.format("b", 0, "x", "train", emotion)]
    return write(path, header + "".join(rows) + ROW.format("c", 0, "x", second, "joy"))


def rewrite_shard(store: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    (shard,) = store.glob("*.parquet")
    changed = change(pq.read_table(shard))
    pq.write_table(changed, shard)
    manifest = json.loads((store / "manifest.json").read_text())
    manifest["shards"][0]["sha256"] = file_sha256(shard)
    (store / "manifest.json").write_text(json.dumps(manifest))


def with_audio(values: np.ndarray) -> Callable[[pa.Table], pa.Table]:
    """Returns a change that puts these values in place of a shard's audio features."""

    def change(rows: pa.Table) -> pa.Table:
        flat = pa.array(values.astype(np.float32).reshape(-1))
        column = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
        return rows.set_column(rows.column_names.index("audio_features"), "audio_features", column)

    return change


class Hostile:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch ran",)


# Bad input: each function makes some in a folder, and returns the command and what must be told.
Bad = tuple[list[object], list[str]]


def missing_column(path: Path) -> Bad:
    source = table(path / "own.csv", TABLE.replace("emotion", "feeling"))
    return ["import", source, "--out", path / "new"], ["own.csv", "emotion"]


def unknown_emotion(path: Path) -> Bad:
    source = table(path / "own.csv", emotion="joyy")
    words = ["import", source, "--out", path / "new", "--schema", "meld-7"]
    return words, ["own.csv", "line 3", "'joyy'", "Did you mean 'joy'?"]


def nan_in_a_table(path: Path) -> Bad:
    source = table(path / "own.csv")
    source.write_text(source.read_text().replace("1.5", "nan", 1))
    return ["import", source, "--out", path / "new"], ["own.csv", "line 2", "'audio_0' is NaN"]


def nan_in_a_store(path: Path) -> Bad:
    values = np.zeros((len(tiny_corpus()), 24))
    values[3, 2] = np.nan
    rewrite_shard(path / "store", with_audio(values))
    words = ["train", "--store", path / "store", "--out", path / "new"]
    return words, ["part-00000", "dialogue 'planted-00000' turn 3", "audio", "NaN"]


def another_width_in_a_store(path: Path) -> Bad:
    rewrite_shard(path / "store", with_audio(np.zeros((len(tiny_corpus()), 5))))
    words = ["train", "--store", path / "store", "--out", path / "new"]
    return words, ["part-00000", "audio_features", "manifest.json says 24", "extract audio again"]


def a_hostile_pickle(path: Path) -> Bad:
    source = path / "features.pkl"
    source.write_bytes(pickle.dumps([{"a": Hostile()}]))
    words = ["import", source, "--out", path / "new", "--label-order", "joy,anger"]
    return words, ["features.pkl", "system", "refused"]


def a_truncated_shard(path: Path) -> Bad:
    (shard,) = (path / "store").glob("*.parquet")
    shard.write_bytes(shard.read_bytes()[:-1000])
    return ["check", path / "store"], [shard.name, "damaged", "import the corpus again"]


def a_truncated_shard_in_training(path: Path) -> Bad:
    a_truncated_shard(path)
    return ["train", "--store", path / "store", "--out", path / "new"], ["damaged"]


def a_misspelt_recipe_key(path: Path) -> Bad:
    recipe = write(path / "own.toml", "[model]\nwidht = 3\n")
    words = ["train", recipe, "--store", path / "store", "--out", path / "new"]
    return words, ["own.toml", "'model.widht'", "known are width", "Did you mean 'width'?"]


def a_misspelt_setting(path: Path) -> Bad:
    words = ["train", "--store", path / "store", "--out", path / "new", "--set", "loss.focal=2"]
    return words, ["--set loss.focal=2", "unknown key 'loss.focal'", "known are imbalance"]


def features_of_another_extractor(path: Path) -> Bad:
    corpus = tiny_corpus()
    other = replace(corpus.features["text"], description=Description("roberta"))
    features = {**corpus.features, "text": other}
    tiny_store(path / "other", Corpus(corpus.name, corpus.schema, corpus.dialogues, features))
    words = ["evaluate", path / "run", "--store", path / "other"]
    return words, ["other", "text features", "extractor", "again with that one"]


def an_empty_split(path: Path) -> Bad:
    source = table(path / "own.csv", second="train")
    from synctva.data.own.table import read_table

    tiny_store(path / "other", read_table(source))
    words = ["train", "--store", path / "other", "--out", path / "new"]
    return words, ["other", "'valid' is empty", "import the corpus again"]


def an_empty_test_split(path: Path) -> Bad:
    corpus = tiny_corpus()
    tiny_store(path / "other", corpus.select(d.id for d in corpus.dialogues if d.split != "test"))
    words = ["evaluate", path / "run", "--store", path / "other"]
    return words, ["other", "'test' is empty", "import the corpus again"]


def a_dialogue_in_two_splits(path: Path) -> Bad:
    source = table(path / "own.csv")
    source.write_text(source.read_text() + ROW.format("a", 1, "x", "test", "joy"))
    return ["import", source, "--out", path / "new"], ["own.csv", "line 5", "'a'", "two splits"]


def a_folder_of_something_else(path: Path) -> Bad:
    words = ["import", table(path / "own.csv"), "--out", path / "run"]
    return words, ["run: something other than a feature store is here", "name a new folder"]


def a_store_that_is_there(path: Path) -> Bad:
    words = ["import", table(path / "own.csv"), "--out", path / "store"]
    return words, ["store: a feature store is here", "add --overwrite"]


def a_run_that_is_there(path: Path) -> Bad:
    words = ["train", "--store", path / "store", "--out", path / "run"]
    return words, ["run: holds a run of another recipe (", " now); name a new folder"]


def no_store(path: Path) -> Bad:
    return ["train", "--store", path, "--out", path / "new"], ["no feature store here", "import"]


def no_run(path: Path) -> Bad:
    return ["evaluate", path / "none"], ["none: no run here", "`synctva train"]


def a_run_that_is_not_evaluated(path: Path) -> Bad:
    words = ["report", path / "run", "--out", path / "new.html"]
    return words, ["run/evaluation.json", "not evaluated yet", "run `synctva evaluate"]


def no_such_device(path: Path) -> Bad:
    words = ["evaluate", path / "run", "--device", "tpu"]
    return words, ["device tpu: no such device here", "take cpu"]


def one_run_to_compare(path: Path) -> Bad:
    return ["compare", path / "run"], ["name two runs or more"]


def no_epochs_for_the_community_number(path: Path) -> Bad:
    words = ["evaluate", path / "run", "--community"]
    return words, ["run: it kept no epochs", "training.keep_epochs=true"]


def the_old_name_of_a_report_of_sweeps(path: Path) -> Bad:
    words = ["results", path / "sweep", "--out", path / "docs"]
    return words, [f"write `synctva report {path / 'sweep'} --out {path / 'docs'}.html`"]


def the_old_spelling_of_agreement(path: Path) -> Bad:
    words = ["evaluate", path / "talk.json", "--against", path / "talk.eaf"]
    return words, [f"write `synctva agreement {path / 'talk.json'} {path / 'talk.eaf'}`"]


def a_run_beside_a_sweep(path: Path) -> Bad:
    (path / "sweep").mkdir()
    words = ["report", path / "run", path / "sweep", "--out", path / "new.html"]
    return words, ["sweep: not a run", "name runs only, or sweeps only"]


def an_unknown_kind(path: Path) -> Bad:
    words = ["import", table(path / "own.csv"), "--out", path / "new", "--kind", "tabel"]
    return words, ["unknown kind 'tabel'", "Did you mean 'table'?"]


def a_place_below_a_file(path: Path) -> Bad:
    words = ["train", "--store", path / "store", "--out", path / "run" / "run.json" / "new"]
    return words, ["run.json", "Not a directory"]


BAD = (
    *(missing_column, unknown_emotion, nan_in_a_table, nan_in_a_store, another_width_in_a_store),
    *(a_hostile_pickle, a_truncated_shard, a_truncated_shard_in_training, a_misspelt_recipe_key),
    *(a_misspelt_setting, features_of_another_extractor, an_empty_split, an_empty_test_split),
    *(a_dialogue_in_two_splits, a_folder_of_something_else, a_store_that_is_there),
    *(a_run_that_is_there, no_store, no_run, a_run_that_is_not_evaluated, one_run_to_compare),
    *(the_old_name_of_a_report_of_sweeps, the_old_spelling_of_agreement, a_run_beside_a_sweep),
    *(no_epochs_for_the_community_number, an_unknown_kind, a_place_below_a_file, no_such_device),
)


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_bad_input_is_one_line_exit_code_2_and_nothing_half_written(
    call: Call, road: Path, make: Callable[[Path], Bad], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(road)
    words, told = make(road)
    before = contents(road)
    ended = call(*words)
    assert ended.code == 2, ended
    assert ended.out == ""
    assert re.fullmatch(r"synctva: [^\n]+\n", ended.err), ended.err
    assert all(part in ended.err for part in told), ended.err
    after = contents(road)
    assert sorted(after) == sorted(before)
    assert after == before


def contents(folder: Path) -> dict[str, bytes]:
    """Returns every file with what is in it, but what an evaluation had found before it failed."""
    names = ("evaluation.json", "predictions")
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
        if not path.name.startswith(names)
    }


def test_an_unknown_option_or_verb_is_exit_code_2(call):
    for words in (
        ["train", "--sede", "3"],
        ["trian"],
        ["train", "--seeds", "0"],
        ["train", "--save-every", "-1"],
    ):
        ended = call(*words, "--store", "a", "--out", "b")
        assert (ended.code, ended.out) == (2, "")
        assert words[-2:][0] in ended.err
        assert "Traceback" not in ended.err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(call: Call, verb: str):
    ended = call(verb, "--help")
    assert ended.code == 0
    assert re.search(rf"Examples?: synctva {verb} ", ended.out), ended.out
    assert "\x1b" not in ended.out
    assert all(len(line) <= 80 for line in ended.out.splitlines())


def test_every_example_of_the_help_is_a_command_that_there_is(tmp_path, monkeypatch):
    command = typer.main.get_command(cli.app)
    in_order = command.list_commands(typer.Context(command))
    verbs = {verb: command.commands[verb] for verb in in_order}
    verbs = {verb: own for verb, own in verbs.items() if not own.hidden}
    assert tuple(verbs) == VERBS
    for verb, own in verbs.items():
        shown = re.sub(r"\[[^\]]*\]", " ", own.epilog).split("·")
        for example in shown:
            name, *words = shlex.split(example.split(":", 1)[-1])[1:]
            assert name == verb
            if isinstance(own, typer.core.TyperGroup):
                own.commands[words[0]].make_context(words[0], words[1:])
            own.make_context(verb, words)


@pytest.mark.parametrize(("old", "new"), [("train-faces", "train"), ("evaluate-faces", "evaluate")])
def test_an_old_spelling_names_the_new_one(call: Call, old: str, new: str):
    for words in ([], ["--help"], ["fer2013.parquet", "--out", "runs/faces"]):
        ended = call(old, *words)
        told = f"synctva: {old}: write `synctva faces {new}` now; the rest is unchanged\n"
        assert (ended.code, ended.out, ended.err) == (2, "", told)


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_the_verbs_of_a_group_have_help_with_an_example(call: Call, verb: str):
    ended = call("faces", verb, "--help")
    assert ended.code == 0
    assert f"Example: synctva faces {verb} " in ended.out


def test_help_imports_nothing_heavy():
    script = (
        "import sys; from synctva.cli import main; sys.argv = ['synctva', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = ('torch', 'pydantic', 'numpy', 'pyarrow', 'transformers', 'sklearn', 'scipy')\n"
        "sys.exit(', '.join(name for name in heavy if name in sys.modules) or 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert all(f" {verb} " in ended.stdout for verb in VERBS)


def test_a_full_disk_is_one_line_however_it_is_met(call, tmp_path, monkeypatch):
    def fill(*arguments: object, **settings: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("synctva.features.store.write_store", fill)
    ended = call("import", table(tmp_path / "own.csv"), "--out", tmp_path / "new")
    assert ended.code == 2
    assert ended.err == (
        "synctva: files: the disk is full; make room, and run the same command again\n"
    )


def test_an_empty_command_shows_the_help(call):
    ended = call()
    assert "Begin with: synctva demo" in ended.out + ended.err


def test_the_version_is_that_of_the_package(call):
    assert call("--version") == Ended(0, f"synctva {version('synctva')}\n", "")


def test_json_is_alone_on_stdout_and_nothing_is_coloured(call, road):
    ended = call("evaluate", road / "run", "--json", "--subsets", "--robustness")
    assert ended.code == 0
    result = json.loads(ended.out)
    assert result == json.loads((road / "run" / "evaluation.json").read_text())
    assert {"test", "valid", "seeds", "parameters", "seconds_per_epoch"} <= result.keys()
    assert list(result["subsets"])[-1] == "text+audio+visual"
    assert list(result["missing_rates"])[-1] == "0.7"
    assert ended.err == ""
    shown = call("evaluate", road / "run", "--subsets", "--robustness", "--stress")
    assert shown.out == ""
    assert "weighted F1" in shown.err
    assert "text+audio+visual" in shown.err
    assert "modalities in conflict" in shown.err
    assert "\x1b" not in shown.err


def test_a_second_training_of_a_finished_run_shows_it_finished(call, road):
    words = ["train", *TINY, "--set", "training.epochs=1", "--store", road / "store"]
    ended = call(*words, "--out", road / "run")
    assert ended.code == 0, ended.err
    assert "1/1" in ended.err
    assert f"Next: synctva evaluate {road / 'run'}" in ended.err.replace("\n", "")


def test_check_tells_and_its_exit_code_says_whether_scores_would_be_wrong(call, tmp_path):
    corpus = tiny_corpus((60, 6, 6))
    ended = call("check", tiny_store(tmp_path / "good", corpus))
    assert ended.code == 0, ended.err
    assert "Nothing stands in the way of training." in ended.err
    assert "…" not in ended.err  # nothing is cut at 80 columns
    bad = corpus.select(d.id for d in corpus.dialogues if d.split != "valid")
    ended = call("check", tiny_store(tmp_path / "bad", bad))
    assert ended.code == 1
    assert "error" in ended.err


def test_check_of_a_corpus_without_features_ends_with_the_command_that_makes_some(call, tmp_path):
    store = tiny_store(tmp_path / "[store]", only(tiny_corpus((60, 6, 6))))
    rows = (f"{d},{emotion},Hm {d}." for d in range(12) for emotion in ("joy", "anger"))
    source = write(tmp_path / "own.csv", "\n".join(("dialogue,emotion,text", *rows)))
    for path, more in ((store, ""), (source, " --out STORE")):
        ended = call("check", path)
        assert ended.code == 0, ended.err
        assert f"Next: synctva features {path}{more}" in ended.err.replace("\n", "")
        assert "Nothing stands in the way" not in ended.err


def test_what_a_reader_asks_for_can_be_given_to_every_verb_that_reads(call, tmp_path):
    one = write(tmp_path / "one.csv", "dialogue,emotion,text\na,joy,Hi.\n")
    for words in (["check"], ["features", "--out", tmp_path / "store"]):
        refused = call(*words, one)
        assert refused.code == 2
        assert "--schema" in refused.err
    known = ("--schema", "meld-7", "--name", "a name")
    ended = call("check", one, *known)
    assert ended.code == 1
    assert "a name" in ended.err
    assert call("import", one, *known, "--out", tmp_path / "store").code == 0
    refused = call("check", tmp_path / "store", *known)
    assert refused.code == 2
    assert "already a feature store; leave out --schema" in refused.err


def test_a_store_may_be_the_folder_one_is_in(call: Call, tmp_path, monkeypatch):
    (tmp_path / "own.csv").write_text("dialogue,text,emotion\na,Hi.,joy\nb,No.,anger\n")
    (tmp_path / "store").mkdir()
    monkeypatch.chdir(tmp_path / "store")
    call("import", "../own.csv", "--out", ".")
    assert (tmp_path / "store" / "manifest.json").is_file()


def test_a_refused_import_changes_no_file(call, tmp_path):
    rows = "a.wav,train,joy\na.wav,train,anger\n"
    for name, step_s in (("one", 0.2), ("two", 0.6)):
        (tmp_path / name).mkdir()
        record(tmp_path / name / "a.wav", Making(step_s=step_s))
        write(tmp_path / name / "clips.csv", "clip,split,emotion\n" + rows)
    words = ["--speed", 0.9, "--out", tmp_path / "store"]
    assert call("import", tmp_path / "one", *words).code == 0
    before = contents(tmp_path)
    assert call("import", tmp_path / "two", *words).code == 2
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [("Hm 1.", "Oh 1."), ("joy", "surprise"), ("a3,valid", "a3,test"), ("1,2", "1,3")],
    ids=["text", "emotion", "split", "features"],
)
def test_features_goes_on_with_a_store_only_while_its_source_is_the_same(
    call, tmp_path, monkeypatch, old: str, new: str
):
    monkeypatch.setenv("SYNCTVA_CACHE", str(tmp_path / "cache"))
    splits = ("train", "train", "train", "valid", "test")
    rows = [f"a{n},{split},joy,Hm {n}.,1,2\n" for n, split in enumerate(splits)]
    rows += [f"b{n},{split},anger,Hm.,3,{n}\n" for n, split in enumerate(splits)]
    header = "dialogue,split,emotion,text,audio_0,audio_1\n"
    source = write(tmp_path / "own.csv", header + "".join(rows))
    words = [
        "features",
        source,
        "--set",
        "modalities=text",
        "--workers",
        1,
        "--out",
        tmp_path / "store",
    ]
    for _ in range(2):
        ended = call(*words)
        assert ended.code == 0, ended.err
    assert "Resuming" in ended.err
    before = contents(tmp_path / "store")
    write(source, source.read_text().replace(old, new, 1))
    refused = call(*words)
    assert refused.code == 2
    assert "not made of" in refused.err
    assert contents(tmp_path / "store") == before
    assert call(*words, "--overwrite").code == 0


def test_a_path_with_brackets_is_printed_as_it_is(call, tmp_path):
    store = tmp_path / "[bold]a[/x]"
    ended = call("import", table(tmp_path / "own.csv"), "--out", store)
    assert ended.code == 0
    assert "[bold]a[/x]" in ended.err


def test_features_of_a_corpus_without_all_splits_end_with_what_is_lacking(
    call, tmp_path, monkeypatch
):
    monkeypatch.setenv("SYNCTVA_CACHE", str(tmp_path / "cache"))
    source = table(tmp_path / "own.csv")
    ended = call("features", source, "--out", tmp_path / "store", "--workers", 1)
    assert ended.code == 0, ended.err
    assert "no dialogue is in the split test" in ended.err
    assert "Next:" not in ended.err


@pytest.mark.slow
def test_the_whole_road_from_a_table_to_a_report(call, tmp_path):
    moods = {"joy": "What a lovely day, I am so happy!", "anger": "Leave me alone, I hate this!"}
    lines = ["dialogue,turn,speaker,split,emotion,text"]
    for number in range(12):
        split = "train" if number < 8 else "valid" if number < 10 else "test"
        for turn in range(4):
            emotion = list(moods)[(number + turn // 2) % 2]
            lines.append(f'd{number},{turn},{"AB"[turn % 2]},{split},{emotion},"{moods[emotion]}"')
    source = write(tmp_path / "talks.csv", "\n".join(lines) + "\n")
    store, run, other = tmp_path / "store", tmp_path / "run", tmp_path / "other"

    ended = call("import", source, "--out", store)
    assert ended.code == 0, ended.err
    assert f"Next: synctva features {store}\n" in ended.err
    early = call("train", "--store", store, "--out", run)
    assert early.code == 2
    assert f"`synctva features {store}`" in early.err

    ended = call("features", store)
    assert ended.code == 0, ended.err
    assert "384 numbers of transformer minilm" in ended.err
    assert "48 vectors computed now" in ended.err
    assert f"Next: synctva train --store {store}" in ended.err
    assert "in the cache" not in ended.err
    again = call("features", store)
    assert "0 vectors computed now; 48 were in the cache." in again.err
    assert call("features", store, "--verify").code == 0

    for out, name in ((run, "one"), (other, "two")):
        words = ["train", "--store", store, "--out", out, *TINY, "--set", f"name={name}"]
        ended = call(*words, "--set", "training.averaging=0", "--set", "training.epochs=8")
        assert ended.code == 0, ended.err
        ended = call("evaluate", out, "--json")
        assert ended.code == 0, ended.err
    score = json.loads(ended.out)["test"]["weighted_f1"]["mean"]
    assert score > 0.9  # two sentences that are told apart with ease

    ended = call("compare", run, other)
    assert ended.code == 0, ended.err
    assert "weighted F1" in ended.err
    ended = call("report", run, other, "--out", tmp_path / "report.html")
    assert ended.code == 0, ended.err
    assert all((tmp_path / f"report.{kind}").is_file() for kind in ("html", "md", "csv", "tex"))
    assert all(name in (tmp_path / "report.md").read_text() for name in ("one", "two"))
