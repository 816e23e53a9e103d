"""A folder of recordings: each with its transcript and a place for its results, or one line."""

from pathlib import Path

import pytest
from support.recordings import record
from support.talks import talk

from synctva.errors import InputError
from synctva.inference.folder import jobs_in, jobs_of
from synctva.model.load import name_of
from synctva.reports.recognition import player, write_report


def folder_of(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_recordings_with_the_transcript_of_their_name(tmp_path: Path):
    talks = folder_of(
        tmp_path / "talks", "b.wav", "a.mp4", "a.srt", "day/c.MOV", "day/c.vtt", "d.TextGrid",
        "notes.txt", ".b.srt", ".cache/e.wav",
    )  # fmt: skip
    jobs = jobs_in(talks, [f"{tmp_path}/out/{{name}}.json", f"{tmp_path}/html/{{name}}.html"])
    told = [
        (job.recording.name, job.transcript and job.transcript.name, job.outs[0].name)
        for job in jobs
    ]
    assert sorted(told, key=str) == [
        ("a.mp4", "a.srt", "a.json"),
        ("b.wav", None, "b.json"),
        ("c.MOV", "c.vtt", "c.json"),
        ("d.TextGrid", None, "d.json"),
    ]
    assert {job.outs[1] for job in jobs} >= {tmp_path / "html" / "day" / "c.html"}


def test_what_is_left_of_a_recording_are_the_results_that_are_not_there(tmp_path: Path):
    talks = folder_of(tmp_path / "talks", "a.wav", "b.wav", f"{'c' * 240}.wav")
    outs = [f"{tmp_path}/{{name}}.csv", f"{tmp_path}/{{name}}-in-words.srt"]
    folder_of(tmp_path, "a.csv", "a-in-words.srt", "b.csv", f"{'c' * 240}.csv")
    left = [job.rest().outs for job in jobs_in(talks, outs)]
    too_long = tmp_path / f"{'c' * 240}-in-words.srt"
    assert left == [(), (tmp_path / "b-in-words.srt",), (too_long,)]


@pytest.mark.parametrize(
    ("names", "outs", "complaint"),
    [
        (["a.wav"], [], "say where results go"),
        (["a.wav"], ["out/a.json"], "one file for talks: a folder"),
        (["a.wav"], ["talks/{name}.srt"], "read as a transcript next time"),
        (["a.wav", "a.mp4"], ["out/{name}.json"], "another recording of this name"),
        (["a.txt"], ["out/{name}.json"], "no recording in it"),
    ],
)
def test_what_cannot_be_told_apart_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: list[str],
    outs: list[str],
    complaint: str,
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=complaint):
        jobs_in(folder_of(Path("talks"), *names), outs)


def test_of_all_that_whisper_writes_one_file_is_used_and_the_others_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    talks = folder_of(
        tmp_path / "talks", "a.wav", "a.srt", "a.vtt", "a.txt", "b.en.srt", "b.mkv", "c.mid",
        "d.aac", "e.wma", "f.3gp", "g.aiff", "h.mts", "h.mts.srt", ".DS_Store",
    )  # fmt: skip
    (talks / "a.json").write_text('{"segments": []}')
    jobs = jobs_in(talks, [f"{tmp_path}/{{name}}.json"])
    found = {job.recording.name: job.transcript and job.transcript.name for job in jobs}
    assert found == {
        **{"a.wav": "a.json", "b.mkv": "b.en.srt", "h.mts": "h.mts.srt"},
        **dict.fromkeys(["d.aac", "e.wma", "f.3gp", "g.aiff"]),
    }
    assert "a.wav: a.json says who says what; not used: a.vtt, a.srt" in caplog.text
    assert "2 files that are not read are left out: c.mid, a.txt" in caplog.text


def test_tiers_are_asked_of_files_that_have_some(tmp_path: Path):
    talks = folder_of(tmp_path / "talks", "a.wav", "a.eaf", "b.wav", "b.srt", "c.TextGrid", "d.wav")
    outs = [f"{tmp_path}/{{name}}.json"]
    jobs = jobs_of(talks, None, outs, (".json",), tiers=["Ada"])
    assert {job.said.name: job.tiers for job in jobs} == {
        "a.eaf": ["Ada"],
        "b.srt": (),
        "c.TextGrid": ["Ada"],
        "d.wav": (),
    }
    none = folder_of(tmp_path / "none", "b.wav", "b.srt")
    for source, transcript in (
        (none, None),
        (none / "b.wav", none / "b.srt"),
        (none / "b.wav", None),
    ):
        with pytest.raises(InputError, match="there are no tiers; leave out --tiers"):
            jobs_of(source, transcript, outs, (".json",), tiers=["Ada"])


def test_results_beside_the_recordings_are_fine_where_they_are_no_transcripts(tmp_path: Path):
    talks = folder_of(tmp_path / "talks", "a.wav")
    job = jobs_in(talks, [f"{talks}/{{name}}.html"])[0]
    assert job.outs == (talks / "a.html",)


def test_tables_and_json_alone_are_transcripts_if_they_say_who_speaks_when(tmp_path: Path):
    contents = {
        "a.mp4": b"", "a.info.json": b'{"id": "a", "title": "A"}', "a.chat.json": b'[{"time": 1}]',
        "participants.csv": b"id;age\n1;30\n", "latin.csv": "name,âge\nZoë,30".encode("latin-1"),
        "empty.csv": b"", "recognition.json": b'{"utterances": [], "fingerprint": ""}',
        "whisper.json": b'{"segments": []}', "cpp.json": b'{"transcription": []}',
        "list.json": b'[{"start": 0, "end": 1, "text": "Hi."}]', "damaged.json": b'{"segm',
        "times.csv": b"\xef\xbb\xbfwho;Start;Duration\nAda;0;1\n", "ms.tsv": b"start_ms\tend_ms\n",
    }  # fmt: skip
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    found = {job.recording.name for job in jobs_in(tmp_path, ["out/{name}.json"])}
    assert found == {
        "a.mp4", "whisper.json", "cpp.json", "list.json", "damaged.json", "times.csv", "ms.tsv",
    }  # fmt: skip
    (tmp_path / "a.json").write_bytes(contents["a.info.json"])
    job = jobs_in(tmp_path, ["out/{name}.json"])[0]
    assert job.transcript == tmp_path / "a.json"


def test_what_a_page_plays_is_no_recording_but_what_is_only_called_so_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(player, "EMBEDDED_BYTES", 100)
    talks = folder_of(tmp_path / "talks", "b.preview.mp4", "b.html", "c.preview.mp4")
    film = record(talks / "[a] & 1%.avi")
    pages = write_report(talk(), talks / "[a] & 1%.HTML", recording=film)
    assert [page.name for page in pages] == ["[a] & 1%.HTML", "[a] & 1%.preview.mp4"]
    found = [job.recording.name for job in jobs_in(talks, [f"{tmp_path}/{{name}}.json"])]
    assert found == ["[a] & 1%.avi", "b.preview.mp4", "c.preview.mp4"]


def test_a_runs_seed_is_named_with_its_run_however_it_is_given(tmp_path: Path, monkeypatch):
    checkpoint = tmp_path / "meld" / "seed-0" / "checkpoint"
    checkpoint.mkdir(parents=True)
    for folder in (checkpoint, checkpoint.parent):
        assert name_of(folder) == "meld/seed-0"
        monkeypatch.chdir(folder)
        assert name_of(".") == "meld/seed-0"
    assert (name_of("lite"), name_of("someone/model")) == ("lite", "model")
    (tmp_path / "own").mkdir()
    assert name_of(tmp_path / "own") == "own"
