"""The verb recognise: tables and files out, folders that resume, bad input told."""

import errno
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.models import SAID, film, model_of, silence

from synctva import cli
from synctva.inference.export import SUFFIXES, read_recognition

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command in this process; gives its exit code and what it told."""

    def run(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["synctva", "recognise", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


@pytest.fixture
def model(tmp_path: Path) -> Path:
    model_of("text", "audio").save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def srt(tmp_path: Path) -> Path:
    path = tmp_path / "talk.srt"
    path.write_text(SAID)
    return path


def test_a_folder_may_be_the_one_one_is_in(
    call: Call, model: Path, srt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "talks").mkdir()
    srt.rename(tmp_path / "talks" / "talk.srt")
    monkeypatch.chdir(tmp_path / "talks")
    code, told = call(".", "--model", model, "--out", "../out/{name}.xyz")
    assert (code, "out/talk.xyz: unknown ending" in told) == (2, True)
    assert call(".", "--model", model, "--out", "../out/{name}.json")[0] == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["talk.json"]


def test_a_table_and_files_of_all_formats(call: Call, model: Path, srt: Path, tmp_path: Path):
    kinds = [*SUFFIXES, ".html"]
    outs = [word for kind in kinds for word in ("--out", f"{tmp_path}/out/{{name}}{kind}")]
    code, told = call(srt, "--model", model, *outs)
    assert code == 0
    assert "Ada" in told
    assert "0:00.2-0:01.0" in told
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == set(kinds)
    assert {path.stem for path in (tmp_path / "out").iterdir()} == {"talk"}
    found = read_recognition(tmp_path / "out" / "talk.json")
    assert [utterance.text for utterance in found.utterances] == ["Oh no!", "Yes."]
    assert found.model == "model"


def test_corrections_by_hand_are_not_replaced_unasked(call: Call, model: Path, srt: Path):
    outs = [srt.with_name("out.eaf"), srt.with_name("out.json")]
    words = [srt, "--model", model, *(word for out in outs for word in ("--out", out))]
    assert call(*words)[0] == 0
    made = outs[0].read_text()
    outs[0].write_text(corrected := made.replace("Oh no!", "Oh, no."))
    code, told = call(*words)
    assert (code, "add --overwrite" in told, outs[0].read_text()) == (2, True, corrected)
    assert call(*words, "--overwrite")[0] == 0
    assert "Oh no!" in outs[0].read_text()


def test_of_a_folder_only_the_results_that_are_not_there_are_written(
    call: Call, model: Path, srt: Path, tmp_path: Path
):
    outs = [("--out", f"{tmp_path}/res/{{name}}.{kind}") for kind in ("eaf", "json")]
    (tmp_path / "talks").mkdir()
    srt.rename(tmp_path / "talks" / "a.srt")
    words = [tmp_path / "talks", "--model", model, *outs[0]]
    assert call(*words)[0] == 0
    made = tmp_path / "res" / "a.eaf"
    made.write_text(corrected := made.read_text().replace("Oh no!", "Oh, no."))
    code, told = call(*words, *outs[1])
    assert (code, "1 recognised, 0 failed" in told) == (0, True), told
    assert made.read_text() == corrected
    assert read_recognition(tmp_path / "res" / "a.json").utterances[0].text == "Oh no!"
    assert call(*words, *outs[1], "--overwrite")[0] == 0
    assert "Oh no!" in made.read_text()


def test_nobody_who_speaks_is_no_error(call: Call, model: Path, tmp_path: Path):
    quiet = film(tmp_path / "quiet.mp4", silence(2))
    outs = [word for kind in SUFFIXES for word in ("--out", tmp_path / f"quiet{kind}")]
    code, told = call(quiet, "--model", model, "--workers", 1, *outs)
    assert (code, "no speech found" in told) == (0, True), told
    assert read_recognition(tmp_path / "quiet.json").utterances == ()


def test_what_lies_beyond_the_end_is_told_and_kept(call: Call, model: Path, tmp_path: Path):
    late = SAID + "\n3\n00:01:00,000 --> 00:01:01,000\nAda: Later.\n"
    (tmp_path / "talk.srt").write_text(late)
    talk = film(tmp_path / "talk.mp4", silence(2))
    outs = [word for kind in ("json", "html") for word in ("--out", tmp_path / f"out.{kind}")]
    words = [talk, "--transcript", tmp_path / "talk.srt", "--model", model, "--workers", 1]
    code, told = call(*words, *outs)
    assert code == 0
    told = " ".join(told.split())
    assert "begins after the recording's end at 2.000 s; 1 of 3 left out" in told
    found = read_recognition(tmp_path / "out.json")
    assert found.note in told
    assert len(found.utterances) == 2
    assert "1 of 3 left out" in found.note
    assert "1 of 3 left out" in (tmp_path / "out.html").read_text()


def test_a_full_disk_ends_it_and_is_no_failure_of_a_recording(
    call: Call, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fill(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "out/a.json")

    monkeypatch.setattr("synctva.inference.export.write_recognition", fill)
    (tmp_path / "talks").mkdir()
    for name in ("a", "b"):
        (tmp_path / "talks" / f"{name}.srt").write_text(SAID)
    told = call(tmp_path / "talks", "--model", model, "--out", f"{tmp_path}/out/{{name}}.json")
    assert told[0] == 2
    assert "out/a.json: the disk is full; make room" in told[1]
    assert "failed" not in told[1]


def test_a_folder_goes_on_and_tells_what_failed(call: Call, model: Path, tmp_path: Path):
    talks = tmp_path / "talks"
    talks.mkdir()
    for name in ("a", "b"):
        (talks / f"{name}.srt").write_text(SAID)
    (talks / "c.wav").write_bytes(b"")
    (talks / "d.vtt").write_text("nothing")
    words = [talks, "--model", model, "--workers", 1, "--out", f"{tmp_path}/out/{{name}}.json"]
    code, told = call(*words)
    assert code == 1
    assert "2 recognised, 2 failed" in told
    assert "c.wav: empty" in told
    assert "d.vtt" in told
    before = (tmp_path / "out" / "a.json").stat().st_mtime_ns
    (tmp_path / "out" / "b.json").unlink()
    for broken in ("c.wav", "d.vtt"):
        (talks / broken).unlink()
    code, told = call(*words)
    assert code == 0
    assert "1 of 2 have their results already" in told
    assert (tmp_path / "out" / "a.json").stat().st_mtime_ns == before
    assert json.loads((tmp_path / "out" / "b.json").read_text())
    code, told = call(*words)
    assert (code, "0 recognised, 0 failed" in told) == (0, True)


def test_a_name_in_no_encoding_is_no_obstacle(call: Call, model: Path, tmp_path: Path):
    talks = tmp_path / "talks"
    talks.mkdir()
    talk = film(talks / "t\udce4lk.mp4", silence(2))
    (talks / "t\udce4lk.srt").write_text(SAID)
    kinds = [*SUFFIXES, ".html"]
    outs = [word for kind in kinds for word in ("--out", f"{tmp_path}/out/{{name}}{kind}")]
    common = ["--model", model, "--workers", 1, *outs]
    sys.stderr.reconfigure(errors="backslashreplace")  # as it is where no test captures it
    for words in ([talk, "--transcript", talks / "t\udce4lk.srt"], [talks]):
        code, told = call(*words, *common)
        assert code == 0, told
        written = list((tmp_path / "out").iterdir())
        assert {path.suffix for path in written} == set(kinds)
        for path in written:
            path.unlink()


def test_of_a_folder_only_what_cannot_be_written_fails(call: Call, model: Path, tmp_path: Path):
    talks = tmp_path / "talks"
    talks.mkdir()
    for name in ("a", "b" * 200, "c"):
        (talks / f"{name}.srt").write_text(SAID)
    out = f"{tmp_path}/out/{{name}}{'-' * 60}/talk.json"
    for done in (2, 0):
        code, told = call(talks, "--model", model, "--out", out)
        assert (code, f"{done} recognised, 1 failed" in told) == (1, True), told
        assert f"{'b' * 200}.srt" in told


@pytest.mark.parametrize("words", [["talk.srt"], ["."]])
def test_a_place_within_a_file_is_refused_before_anything_is_recognised(
    call: Call, srt: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
):
    monkeypatch.chdir(srt.parent)
    code, told = call(*words, "--model", "missing", "--out", "talk.srt/new/{name}.html")
    assert code == 2
    assert "talk.srt/new/talk.html: cannot be made" in told
    assert "a file, not a folder" in told
    assert srt.read_text() == SAID


def test_a_folder_is_no_result(call: Call, srt: Path, tmp_path: Path):
    (tmp_path / "own.json").mkdir()
    code, told = call(srt, "--model", "missing", "--out", tmp_path / "own.json")
    assert code == 2
    assert "own.json: is a folder; name a file in it" in told


def test_endings_are_known_in_capitals_too(call: Call, model: Path, srt: Path, tmp_path: Path):
    outs = [w for kind in (*SUFFIXES, ".html") for w in ("--out", f"{tmp_path}/a/b{kind.upper()}")]
    code, told = call(srt, "--model", model, *outs)
    assert code == 0, told
    assert len(list((tmp_path / "a").iterdir())) == len(SUFFIXES) + 1


def test_no_result_replaces_what_it_is_made_from(
    call: Call, model: Path, srt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    talk = film(tmp_path / "talk.mp4", silence(2))
    (tmp_path / "link.srt").symlink_to(srt)
    for words in ([srt], [talk, "--transcript", srt], [tmp_path / "link.srt"]):
        for out in ("{name}.srt", "talk.srt", "../" + tmp_path.name + "/talk.srt"):
            code, told = call(*words, "--model", model, "--out", "new.json", "--out", out)
            assert (code, "give it another name" in told) == (2, True), told
            assert srt.read_text() == SAID
    assert not (tmp_path / "new.json").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["missing.mp4"], "missing.mp4: no such file"),
        (["talk.srt", "--out", "talk.docx"], "talk.docx: unknown ending"),
        (["talk.srt", "--transcript", "talk.srt"], "another one"),
        (["."], "say where results go"),
        ([".", "--transcript", "talk.srt", "--out", "{name}.html"], "one transcript for a folder"),
        (["talk.srt", "--model", "."], "no checkpoint here"),
    ],
)
def test_bad_input_is_one_line(
    call: Call,
    model: Path,
    srt: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    complaint: str,
):
    monkeypatch.chdir(srt.parent)
    code, told = call(*([] if "--model" in words else ["--model", model]), *words)
    assert code == 2
    assert complaint in told
    assert told.strip().count("\n") == 0


@pytest.mark.slow  # a process of its own: this one has loaded everything
def test_to_recognise_words_loads_nothing_that_trains(tmp_path: Path):
    script = tmp_path / "talk.srt"
    script.write_text("1\n00:00:00,000 --> 00:00:01,000\nAda: I am so happy!\n")
    unwanted = (
        *("peft", "accelerate", "transformers", "torch._dynamo", "sympy", "plotly", "matplotlib"),
        *("scipy", "sklearn", "pandas", "pyarrow", "opensmile", "silero_vad", "huggingface_hub"),
    )
    program = (
        "import sys\nfrom synctva.cli import main\n"
        f"try:\n    main()\nfinally:\n    print({{*{unwanted}}} & {{*sys.modules}})"
    )
    words = [sys.executable, "-c", program, "recognise", str(script)]
    ended = subprocess.run(words, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "set()", ended.stdout
