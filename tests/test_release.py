"""What is handed out works: the wheel outside the checkout, the sdist, the types, the version."""

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from synctva.cli.app import TRAINING

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TALK = """1
00:00:00,000 --> 00:00:02,000
Ada: I hate you, you ruined everything!

2
00:00:02,500 --> 00:00:04,000
Ben: What a wonderful surprise!
"""
CLIENT = '''"""A program of somebody who uses the package."""

from pathlib import Path

from synctva import EmotionModel, Recogniser
from synctva.inference.recognition import RecognisedUtterance, Recognition


def surest(found: Recognition) -> RecognisedUtterance | None:
    return max(found.utterances, key=lambda one: max(one.probabilities), default=None)


def told(recogniser: Recogniser, recording: Path) -> list[tuple[float, str, str | None]]:
    found = recogniser.recognise(recording)
    return [(one.start_s, one.speaker, found.emotion_of(one)) for one in found.utterances]


model: EmotionModel = EmotionModel.from_pretrained("my-model")
with Recogniser.load("lite", workers=2) as recogniser:
    print(told(recogniser, Path("talk.mp4")), recogniser.model.emotions)
'''
LACKING = sorted({*TRAINING, "peft", "ray", "tensorboard"})
"""What a plain installation lacks."""

OUTS = [word for ending in ("json", "html", "eaf") for word in ("--out", f"talk.{ending}")]

WITHOUT_EXTRAS = """
import sys
from importlib.machinery import PathFinder
find_spec = PathFinder.find_spec
def found(name, path=None, target=None):
    return None if name.partition(".")[0] in {lacking} else find_spec(name, path, target)
PathFinder.find_spec = found
import synctva
print(synctva.__file__)
sys.argv = ["synctva", *sys.argv[1:]]
from synctva.cli import main
main()
"""


def built(folder: Path, target: str, out: Path) -> Path:
    """Returns what hatchling builds of a source tree."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    [made] = out.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


def run_installed(wheel: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of the unpacked wheel, outside the checkout, without what extras bring."""
    with zipfile.ZipFile(wheel) as content:
        content.extractall(folder / "installed")
    program = WITHOUT_EXTRAS.replace("{lacking}", repr(LACKING))
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "installed")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )


@pytest.mark.slow  # builds the wheel, and loads torch in a new process
def test_the_wheel_recognises_outside_the_checkout_without_what_training_needs(
    wheel: Path, tmp_path: Path
):
    (tmp_path / "talk.srt").write_text(TALK, encoding="utf-8")
    ended = run_installed(wheel, tmp_path, "recognise", "talk.srt", *OUTS)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(str(tmp_path / "installed"))
    found = json.loads((tmp_path / "talk.json").read_text(encoding="utf-8"))
    assert [one["speaker"] for one in found["utterances"]] == ["Ada", "Ben"]


@pytest.mark.slow  # as above
def test_what_the_extra_brings_is_named_where_it_is_missing(wheel: Path, tmp_path: Path):
    ended = run_installed(wheel, tmp_path, "demo", "--out", "demo")
    assert ended.returncode == 2
    assert "pip install 'synctva[train]'" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "demo").exists()


@pytest.mark.slow  # builds the sdist, and a wheel of it
def test_the_sdist_makes_the_same_wheel(wheel: Path, tmp_path: Path):
    with tarfile.open(built(ROOT, "sdist", tmp_path / "dist")) as content:
        content.extractall(tmp_path, filter="data")
    [unpacked] = tmp_path.glob("synctva-*")
    again = built(unpacked, "wheel", tmp_path / "again")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert {i.filename: i.CRC for i in one.infolist()} == {
            i.filename: i.CRC for i in other.infolist()
        }


def test_a_typed_client_passes_the_strictest_check_and_a_wrong_one_does_not(tmp_path: Path):
    """Mypy's, with nothing known but this package and its types."""
    (tmp_path / "client.py").write_text(CLIENT, encoding="utf-8")
    wrong = CLIENT.replace("one.start_s,", "one.start,")
    (tmp_path / "wrong.py").write_text(wrong, encoding="utf-8")
    options = ("--strict", "--no-site-packages", "--ignore-missing-imports", "--no-incremental")
    files = ("--follow-imports=silent", "client.py", "wrong.py")
    said = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *files],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    errors = [line for line in said.stdout.splitlines() if ": error: " in line]
    assert len(errors) == 1, said.stdout
    assert errors[0].startswith("wrong.py:")
    assert '"RecognisedUtterance" has no attribute "start"' in errors[0]


def test_one_version_is_told_everywhere():
    told = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    assert told is not None
    assert told[1] == PROJECT["version"]
    changes = re.findall(
        r"^## \[(\d\S+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert changes[0] == PROJECT["version"]


def test_tests_have_all_that_training_and_serving_need():
    needed = {Requirement(one).name for one in PROJECT["optional-dependencies"]["train"]}
    assert needed
    assert not needed & {Requirement(one).name for one in PROJECT["dependencies"]}
    dev = [Requirement(one) for one in PROJECT["optional-dependencies"]["dev"]]
    assert {"train", "serve"} <= {
        extra for one in dev if one.name == "synctva" for extra in one.extras
    }
