"""Tiny samples of every corpus and format, as the real files are written."""

import csv
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synctva.data import iemocap, meld

MELD_HEADER = (
    "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,"
    "StartTime,EndTime"
)


def write_meld(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file in meld.FILES.values():
        lines = [
            MELD_HEADER,
            '1,"Well, hello.",Ada,joy,positive,0,0,1,1,"00:00:01,500","00:00:02,000"',
            '2,What?,Bob,surprise,negative,0,2,1,1,"00:00:09,000","00:00:03,250"',
            '3,No!,Ada,anger,negative,3,0,1,1,"01:00:00,000","01:00:01,001"',
        ]
        (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return folder


def write_iemocap(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "utterances.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*iemocap.COLUMNS, "utt_id"])
        for number, split in enumerate(["train", "valid", "test"]):
            for turn, emotion in enumerate(["happy", "frustrated"]):
                audio = [""] * 8 if (number, turn) == (2, 1) else [0.5 * turn + number] * 8
                speaker = "FM"[turn]
                writer.writerow([f"Ses0{number}", turn, speaker, split, emotion, "Hi.", *audio, ""])
    return path


def mosi_arrays() -> dict[str, np.ndarray]:
    return {
        "video": np.array(["one"] * 3 + ["two"] * 2 + ["three"] * 2),
        "segment": np.array([1, 10, 2, 1, 2, 1, 2], dtype=np.int32),
        "split": np.array(["train"] * 3 + ["valid"] * 2 + ["test"] * 2),
        "transcript": np.array(["FIRST", "TENTH", "SECOND", "A", "B", "C", "D"]),
        "sentiment": np.array([0, 1, 1, 0, 1, 0, 1], dtype=np.int8),
        "audio": np.arange(14, dtype=np.float32).reshape(7, 2),
    }


def write_mosi(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "mosi.npz", **mosi_arrays())  # pyright: ignore
    return folder / "mosi.npz"


def own_arrays() -> dict[str, np.ndarray]:
    return {
        "dialogue": np.array(["a", "a", "b", "c"]),
        "turn": np.array([0, 1, 0, 0]),
        "speaker": np.array(["x", "y", "x", "x"]),
        "split": np.array(["train", "train", "valid", "test"]),
        "emotion": np.array(["good", "bad", "", "good"]),
        "names": np.array(["good", "bad"]),
        "text": np.arange(12, dtype=np.float32).reshape(4, 3),
        "audio": np.array([[1.0], [np.nan], [2.0], [3.0]], dtype=np.float32),
        "visual": np.zeros((4, 0), dtype=np.float32),
        "present": np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=bool),
    }


def write_arrays(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "own.npz", **own_arrays())  # pyright: ignore
    return folder / "own.npz"


TABLE = """dialogue,turn,speaker,split,emotion,text,start_s,end_s,media,audio_0,audio_1
a,1,y,train,bad,"Two
lines, quoted.",1.5,2,clips/a1.mp4,,
a,0,x,train,good,Hello.,0,1.25,clips/a0.mp4,1,-2.5
b,0,x,dev,,Hm.,,,,3,4e-1
c,0,x,test,good,Bye.,,,,5,6
"""


def write_table(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "own.csv").write_text(TABLE, encoding="utf-8")
    return folder / "own.csv"


def write_parquet(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {
            "dialogue": [7, 7, 8, 9],
            "split": ["train", "train", "valid", "test"],
            "emotion": ["joy", "sad", None, "sad"],
            "visual_features": pa.array([[1.0, 2.0], None, [3.0, 4.0], [5.0, 6.0]]),
            "text_0": [1.0, 2.0, 3.0, None],
        }
    )
    pq.write_table(table, folder / "own.parquet")
    return folder / "own.parquet"


Dialogues = Mapping[object, Sequence[int]]
"""Dialogue -> the number of each utterance's emotion."""


def entry(dialogues: Dialogues, value: Callable[[object, int], object]) -> dict[object, list]:
    return {id: [value(id, turn) for turn in range(len(own))] for id, own in dialogues.items()}


def vectors(dialogues: Dialogues, width: int, start: float = 0.0) -> dict[object, list]:
    return entry(dialogues, lambda id, turn: np.full(width, start + turn, dtype=np.float32))


def words(dialogues: Dialogues, word: str) -> dict[object, list]:
    return entry(dialogues, lambda id, turn: f"{word} {id} {turn}")


IEMOCAP_DIALOGUES = {"S1": [0, 1, 2], "S2": [3, 4], "S3": [5, 5], "S4": [0]}
MELD_DIALOGUES = {0: [0, 1, 2], 1: [3, 4], 2: [5, 6], 3: [0]}
IEMOCAP_ORDER = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
MELD_ORDER = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")


def legacy_content(dialogues: Dialogues, layout: str) -> tuple:
    """The entries of a pickle: the layout's letters say which, in order."""
    ids = list(dialogues)
    made = {
        "i": lambda: words(dialogues, "id"),
        "s": lambda: entry(dialogues, lambda id, turn: "MF"[turn % 2]),
        "h": lambda: entry(dialogues, lambda id, turn: np.eye(9)[turn % 9]),
        "e": lambda: {id: list(numbers) for id, numbers in dialogues.items()},
        "t": lambda: vectors(dialogues, 5),
        "r": lambda: vectors(dialogues, 8, start=10.0),
        "R": lambda: vectors(dialogues, 8, start=20.0),
        "a": lambda: vectors(dialogues, 3),
        "v": lambda: vectors(dialogues, 2),
        "w": lambda: words(dialogues, "said"),
        "T": lambda: ids[:2],
        "V": lambda: {ids[2]},
        "2": lambda: [*ids[:2], ids[2]],
        "X": lambda: {ids[3]},
        "_": lambda: None,
    }
    return tuple(made[letter]() for letter in layout)


LEGACY = {
    "iemocap-9": (IEMOCAP_DIALOGUES, "isetavw2X"),
    "iemocap-12": (IEMOCAP_DIALOGUES, "iserrRRavw2X"),
    "iemocap-10": (IEMOCAP_DIALOGUES, "serrRRwTXV"),
    "iemocap-6": (IEMOCAP_DIALOGUES, "iesw2X"),
    "iemocap-6-cosmic": (IEMOCAP_DIALOGUES, "sewTXV"),
    "meld-10": (MELD_DIALOGUES, "ihetavw2X_"),
    "meld-13": (MELD_DIALOGUES, "iherrRRavw2X_"),
    "meld-14": (MELD_DIALOGUES, "iheerrRRavw2X_"),
    "meld-11": (MELD_DIALOGUES, "heerrRRwTXV"),
}
"""Layout -> its dialogues and entries."""


def write_legacy(folder: Path, layout: str, protocol: int = 2) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{layout}.pkl"
    path.write_bytes(pickle.dumps(legacy_content(*LEGACY[layout]), protocol=protocol))
    return path


def legacy_order(layout: str) -> tuple[str, ...]:
    return IEMOCAP_ORDER if layout.startswith("iemocap") else MELD_ORDER
