"""docs/reproduce.md, command by command, on small trees in the corpora's layouts, with tiny models.

The commands are the document's own; only the download of MELD is left out. In the hub's cache, tiny
models of random weights stand under the names of RoBERTa-large and ResNet-50.
"""

import json
import re
import shlex
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import wavfile
from support.command import call
from support.drawn import draw_face, paste, room
from support.hub_models import hub_folder, make_resnet, make_roberta, offline_with
from support.models import voice
from support.samples import IEMOCAP_RELEASE, MELD_HEADER, write_iemocap_release
from transformers import RobertaForMaskedLM

from synctva.features.store import open_store
from synctva.media import SAMPLE_RATE_HZ, write_movie
from synctva.model.checkpoint import read_checkpoint
from synctva.run.folder import RunFolder

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "reproduce.md").read_text(encoding="utf-8")
MELD = {
    "train": "train_splits",
    "dev": "dev_splits_complete",
    "test": "output_repeated_splits_test",
}
"""Archive -> the folder of its clips."""
EMOTIONS = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")


def commands(heading: str) -> list[str]:
    """Returns the commands of the first block below a heading of the document."""
    below = DOCUMENT.partition(f"\n## {heading}\n")[2]
    block = re.search(r"^```sh\n(.*?)^```$", below, re.MULTILINE | re.DOTALL)
    assert block, heading
    return block[1].replace("\\\n", " ").strip().splitlines()


def write_meld_archive(folder: Path) -> None:
    """Packs five dialogues as MELD.Raw.tar.gz packs MELD: one clip is missing, two are strays."""
    clips = []
    for number in range(2):
        clips.append(folder / f"clip{number}.mp4")
        picture = paste(room(number), draw_face(160, 0.3 * number), (320, 180))
        write_movie(clips[-1], [picture] * 5, 10, voice(0.5 + 0.1 * number), SAMPLE_RATE_HZ)
    raw = folder / "packed" / "MELD.Raw"
    for name, clip_folder in MELD.items():
        unpacked = raw / clip_folder
        unpacked.mkdir(parents=True)
        lines = [MELD_HEADER]
        for row in range(12 if name == "train" else 4):
            dialogue, turn = divmod(row, 4)
            said = f"{row + 1},I am so happy!,{'AB'[turn % 2]},{EMOTIONS[row % 7]},neutral"
            lines.append(f'{said},{dialogue},{turn},1,1,"00:00:01,000","00:00:02,000"')
            (unpacked / f"dia{dialogue}_utt{turn}.mp4").write_bytes(clips[row % 2].read_bytes())
        (raw / f"{name}_sent_emo.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (raw / MELD["dev"] / "dia0_utt3.mp4").unlink()
    for stray in ("._dia0_utt0.mp4", "final_videos_testdia0_utt0.mp4"):
        (raw / MELD["test"] / stray).write_bytes(b"stray")
    for name, clip_folder in MELD.items():
        with tarfile.open(raw / f"{name}.tar.gz", "w:gz") as packed:
            packed.add(raw / clip_folder, clip_folder)
            if name == "train":
                packed.add(raw / "train_sent_emo.csv", "train_sent_emo.csv")
    with tarfile.open(folder / "MELD.Raw.tar.gz", "w:gz") as packed:
        names = [*(f"{name}.tar.gz" for name in MELD), "dev_sent_emo.csv", "test_sent_emo.csv"]
        for name in names:
            packed.add(raw / name, f"MELD.Raw/{name}")


def write_iemocap(folder: Path) -> None:
    """Writes the sample of IEMOCAP's release, with movies and sounds that can be played."""
    release = write_iemocap_release(folder / "IEMOCAP_full_release")
    movie, wide = folder / "talk.mp4", np.concatenate([room(0), room(1)], 1)
    picture = paste(paste(wide, draw_face(160), (320, 180)), draw_face(150, 0.6), (960, 180))
    write_movie(movie, [picture] * 40, 5, voice(8.0), SAMPLE_RATE_HZ)
    for session, id in IEMOCAP_RELEASE.items():
        films = release / f"Session{session}" / "dialog" / "avi" / "DivX"
        films.mkdir(parents=True, exist_ok=True)
        (films / f"{id}.avi").write_bytes(movie.read_bytes())
    for number, sound in enumerate(sorted(release.glob("Session*/sentences/wav/*/*.wav"))):
        samples = voice(0.5 + 0.1 * (number % 2))
        wavfile.write(sound, 22_050, (samples * 2**15).astype(np.int16))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The clone's root to be, with tiny models in the hub's cache, and no network."""
    torch.manual_seed(0)
    large = hub_folder(tmp_path / "hub", "FacebookAI/roberta-large")
    make_roberta(large, kind=RobertaForMaskedLM, tokens=512)
    make_resnet(hub_folder(tmp_path / "hub", "microsoft/resnet-50"), preparation={"size": 48})
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    monkeypatch.chdir(tmp_path)
    offline_with(monkeypatch, tmp_path / "hub")
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # one seed after the other, in this process
    return tmp_path


@pytest.fixture
def run(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """Runs a command of the document as a user would; returns what it shows."""

    def run(command: str) -> str:
        if not command.startswith("synctva "):
            subprocess.run(command, shell=True, check=True)
            return ""
        capfd.readouterr()
        code = call(monkeypatch, *shlex.split(command)[1:])
        shown = "".join(capfd.readouterr())
        assert code == 0, f"{command}\n{shown}"
        assert "LOAD REPORT" not in shown
        return shown

    return run


def assert_road(
    place: Path, corpus: str, tokens: int, recordings: int, shown: dict[str, str]
) -> None:
    """The store and the checkpoints are what the recipe says, and the road ends in tables."""
    store = open_store(place / "stores" / f"{corpus}-paper")
    assert store.name == corpus
    text, audio, visual = (store.features[m] for m in ("text", "audio", "visual"))
    assert (text.maker, text.dim, text.settings["context"]) == ("tokens", tokens, 8)
    assert (audio.model, audio.dim) == ("is10", 1582)
    assert (visual.model, visual.settings["speaker"]) == ("resnet50", "moving")
    held = store.read()
    found = {m: int(own.present.sum()) for m, own in held.features.items()}
    assert found == {"text": len(held), "audio": recordings, "visual": recordings}
    folder = RunFolder(place / "runs" / f"{corpus}-paper")
    assert [number for number, _ in folder.finished_seeds()] == [0, 1, 2]
    arguments, _, weights = read_checkpoint(folder.seed(0).checkpoint)
    assert arguments["encoders"]["text"]["model"] == "roberta-large"
    assert any("encoder.layer.0" in name for name in weights if name.startswith("encoders.text."))
    table = shown["evaluate"]
    assert re.search(r"weighted F1 .*\d\d?\.\d", table)
    assert re.search(r"accuracy .*\d\d?\.\d", table)
    evaluation = json.loads((folder.path / "evaluation.json").read_text(encoding="utf-8"))
    assert evaluation["seeds"] == 3
    assert (place / "reports" / f"{corpus}-paper.html").is_file()


def follow(heading: str, run: Callable[[str], str]) -> dict[str, str]:
    """Runs the commands below a heading but a download; returns what each verb showed."""
    own = commands(heading)
    assert len(own) <= 6
    wget = [command for command in own if command.startswith("wget ")]
    assert all(command.endswith("/MELD.Raw.tar.gz") for command in wget)
    return {shlex.split(command)[1]: run(command) for command in own if command not in wget}


@pytest.mark.slow
def test_meld_from_its_archive_to_the_table(place: Path, run: Callable[[str], str]):
    write_meld_archive(place)
    shown = follow("MELD", run)
    assert_road(place, "meld", 160, 19, shown)
    assert not list((place / "MELD.Raw").glob("*.tar.gz"))


@pytest.mark.slow
def test_iemocap_from_its_release_to_the_table(place: Path, run: Callable[[str], str]):
    write_iemocap(place)
    assert_road(place, "iemocap", 256, 9, follow("IEMOCAP", run))
