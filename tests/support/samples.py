"""Tiny samples of every corpus and format, as the real files are; ``SAMPLES`` lists them."""

import csv
import functools
import io
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from pympi.Elan import Eaf

from synctva.data.corpora import iemocap, iemocap_turns, meld
from synctva.data.corpora.voice_statistics import STATISTICS

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


def meld_dev_arrays() -> dict[str, np.ndarray]:
    """Features of all utterances of ``write_meld_dev`` but one, out of order."""
    return {
        "dialogue": np.array([5, 0, 0, 3], dtype=np.int32),
        "utterance": np.array([0, 2, 0, 1], dtype=np.int32),
        "text": np.arange(12, dtype=np.float32).reshape(4, 3),
        "audio": np.arange(8, dtype=np.float32).reshape(4, 2),
    }


def write_meld_dev(folder: Path) -> Path:
    write_meld(folder)
    for split in ("train", "test"):
        (folder / meld.FILES[split]).unlink()
    with (folder / meld.FILES["valid"]).open("a", encoding="utf-8") as file:
        file.write('4,"Never.",Bob,sadness,negative,3,1,1,1,"01:00:02,000","01:00:03,000"\n')
        file.write('5,"Oh.",Ada,neutral,neutral,5,0,1,1,"00:00:01,000","00:00:02,000"\n')
    np.savez(folder / "dev_features.npz", **meld_dev_arrays())  # pyright: ignore
    return folder / "dev_features.npz"


def meld_voices_arrays() -> dict[str, np.ndarray]:
    """Voices and faces of all utterances of ``write_meld`` but one of test, out of order."""
    keys = [("test", 0, 2), ("dev", 0, 0), ("dev", 0, 2), ("dev", 3, 0), ("test", 0, 0)]
    keys += [("train", 3, 0), ("train", 0, 0), ("train", 0, 2)]
    audio = np.arange(8 * len(keys), dtype=np.float32).reshape(-1, 8)
    audio[6, 3] = audio[2] = np.nan  # a whisper has no pitch; a clip that is missing has nothing
    visual = np.ones((len(keys), 2), dtype=np.float32)
    visual[[3, 5, 6, 7]] = np.nan
    return {
        "split": np.array([key[0] for key in keys]),
        "dialogue": np.array([key[1] for key in keys], dtype=np.int32),
        "utterance": np.array([key[2] for key in keys], dtype=np.int32),
        "speaker": np.array(["Bob" if key[2] == 2 else "Ada" for key in keys]),
        "audio": audio,
        "audio_names": np.array(STATISTICS),
        "visual": visual,
    }


def write_meld_voices(folder: Path) -> Path:
    write_meld(folder)
    np.savez(folder / "audio8_visual105.npz", **meld_voices_arrays())  # pyright: ignore
    return folder / "audio8_visual105.npz"


def write_meld_faces(folder: Path) -> Path:
    archive = write_meld_voices(folder)
    (folder / meld.FILES["train"]).unlink()
    return archive


ALL_TURNS = """Ses01F_a,fru,train,6,7.5,Ses01F,Enough.,200
Ses01F_a,neu,train,1,3,Ses01F,Hello.,
Ses01F_a,xxx,train,2.5,5,Ses01M,Hm.,100
Ses01F_a,sur,train,6.5,7,Ses01M,What?,120
Ses02M_b,hap,valid,0.5,2,Ses02F,Ha!,210
Ses02M_b,ang,valid,2,3,Ses02M,No.,110
Ses05F_c,sad,test,0.25,2,Ses05F,Oh.,220
Ses05F_c,exc,test,2,3,Ses05M,Yes!,130
"""
"""Dialogue, emotion, split, start, end, speaker, words, pitch; not in the order of time."""


def write_iemocap_turns(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [",".join(iemocap_turns.COLUMNS)]
    for number, line in enumerate(ALL_TURNS.splitlines()):
        dialogue, emotion, split, start, end, speaker, text, pitch = line.split(",")
        cells = [dialogue, f"{dialogue}_{number}", speaker, split, emotion, text, start, end]
        lines.append(",".join([*cells, *("1.5",) * 3, pitch, *("2.5",) * 4]))
    (folder / iemocap_turns.FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / iemocap_turns.FILE


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


def put(folder: Path, *names: str) -> Path:
    """Files that only matter by their names."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"recording")
    return folder


def write_meld_raw(folder: Path) -> Path:
    """MELD.Raw as its archives unpack: the test clips in a folder of their own, others not."""
    write_meld(folder)
    (folder / "train").mkdir()
    (folder / "train_sent_emo.csv").rename(folder / "train" / "train_sent_emo.csv")
    return put(
        folder,
        *(f"train/train_splits/dia{name}.mp4" for name in ("0_utt0", "0_utt2", "3_utt0")),
        "dev_splits_complete/dia0_utt0.mp4",
        "dev_splits_complete/dia0_utt2.mp4",
        "dev_splits_complete/._dia3_utt0.mp4",
        *(f"test/output_repeated_splits_test/dia{name}.mp4" for name in ("0_utt0", "3_utt0")),
        "test/output_repeated_splits_test/final_videos_testdia0_utt2.mp4",
        "test/output_repeated_splits_test/dia7_utt1.mp4",
    )


EVALUATION = """% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[3.5000 - 4.2500]\t{id}_M000\tang\t[2.5000, 2.5000, 2.5000]
C-E2:\tAnger;\t()
A-E3:\tval 3; act 2; dom  2;\t()

[1.2500 - 3.0000]\t{id}_F000\tneu\t[2.5000, 2.5000, 2.5000]
C-E2:\tNeutral;\t()

[5.0000 - 6.0000]\t{id}_F001\txxx\t[2.5000, 2.5000, 2.5000]
[6.0000 - 7.5000]\t{id}_F002\thap\t[2.5000, 2.5000, 2.5000]
"""

IEMOCAP_RELEASE = {1: "Ses01F_impro01", 2: "Ses02M_script01_2", 5: "Ses05M_script01_1b"}
"""Session -> its only dialogue; the second is of valid."""


def write_iemocap_release(folder: Path) -> Path:
    for session, id in IEMOCAP_RELEASE.items():
        dialog = folder / f"Session{session}" / "dialog"
        words = [f"{id}_F000 [001.2500-003.0000]: Well, hello.", "F: (laughs)", ""]
        words += [f"{id}_M000 [003.5000-004.2500]: No: not now!", f"{id}_F002 [006.0-007.5]: Ha."]
        texts = {"EmoEvaluation": EVALUATION.format(id=id), "transcriptions": "\n".join(words)}
        for part, text in texts.items():
            put(dialog / part, f"._{id}.txt")
            (dialog / part / f"{id}.txt").write_text(text, encoding="utf-8")
        sounds = [f"sentences/wav/{id}/{id}_{turn}.wav" for turn in ("F000", "M000", "F001")]
        put(folder / f"Session{session}", *sounds)
        if session != 5:
            put(dialog, f"avi/DivX/{id}.avi")
    return folder


def write_ravdess(folder: Path) -> Path:
    names = ["03-01-01-01-01-01-01", "03-01-08-02-02-01-19", "03-01-05-01-02-02-24"]
    return put(
        folder,
        *(f"Actor_{name[-2:]}/{name}.wav" for name in names),
        "Actor_24/01-01-05-01-02-02-24.mp4",
        "Actor_24/02-01-06-01-02-02-24.mp4",
        "Actor_24/03-02-05-01-02-02-24.wav",
        "copy/Actor_19/03-01-08-02-02-01-19.wav",
        "copy/Actor_19/._03-01-08-02-02-01-19.wav",
        "notes.txt",
    )


def write_emodb(folder: Path) -> Path:
    return put(folder, *(f"wav/{name}.wav" for name in ("03a01Fa", "14b10N", "16a05Wb", "16a99Ea")))


def write_nemo(folder: Path) -> Path:
    names = ("KD0_anger_17", "TP0_surprised_3", "WR0_neutral_1", "KD0_sadness_2")
    return put(folder, *(f"samples/{name}.wav" for name in names))


def write_goemotions(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    emotions = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
    (folder / "labels.txt").write_text("\n".join(emotions), encoding="utf-8")
    for file, said in {
        "train.tsv": "Is this in New Orleans??\t4\ta\nI knew it, and I hate it!\t0,6\tb\n",
        "dev.tsv": "Never so sad\t5\tc\n",
        "test.tsv": "What a day\t3\td\n",
    }.items():
        (folder / file).write_text(said, encoding="utf-8")
    return folder


def picture(grey: int = 100, side: int = 48, kind: str = "JPEG") -> bytes:
    content = io.BytesIO()
    Image.new("L", (side, side), grey).save(content, kind)
    return content.getvalue()


def fer2013_columns() -> dict[str, list]:
    return {
        "split": ["test", "train", "train", "valid"],
        "id": [7, 7, 8, 9],
        "emotion": ["angry", "happy", "neutral", "sad"],
        "jpeg": [picture(grey) for grey in (0, 80, 160, 240)],
    }


def write_fer2013(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(fer2013_columns()), folder / "fer2013.parquet")
    return folder / "fer2013.parquet"


CLIPS = """clip,dialogue,turn,speaker,text,emotion,split,start_s,end_s,mood
monday/a.mp4,monday,1,Ben,Really?,surprise,train,,,x
monday/a.mp4,monday,0,Ada,We won!,joy,train,0.5,2,x
b.wav,tuesday,0,Ada,"Well, hm.",,dev,,,x
c.wav,wednesday,0,Ada,,joy,test,,,x
"""


def write_clips(folder: Path) -> Path:
    put(folder, "monday/a.mp4", "b.wav", "c.wav", "unused.mp4")
    (folder / "who.csv").write_text(CLIPS, encoding="utf-8")
    return folder


SRT = """1
00:00:01,000 --> 00:00:02,500
Ada: We won!

2
00:00:00,000 --> 00:00:00,900
<i>What is
this?</i>

3
00:00:03,000 --> 00:00:04,000

4
00:01:00,000 --> 00:01:01,000
note the lower case: no speaker
"""

VTT = """WEBVTT - a talk

NOTE between --> us

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.500 align:start
<v Ada Byron>We <b>won</b> &amp; won!

01:00:03.000 --> 01:00:04.000
<v.loud Ben>No.
<v Ada Byron>Yes.
"""

TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 3
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "Ada"
        xmin = 0
        xmax = 3
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 2
            text = "We won!"
        intervals [3]:
            xmin = 2
            xmax = 3
            text = ""
    item [2]:
        class = "IntervalTier"
        name = "emotion Ada"
        xmin = 0
        xmax = 3
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.4
            text = "anger"
        intervals [2]:
            xmin = 0.4
            xmax = 2.1
            text = "joy"
        intervals [3]:
            xmin = 2.1
            xmax = 3
            text = ""
"""

TOLD = """start_s,end_s,speaker,text,emotion
2,3.5,Ben,Really?,surprise
0.25,2,Ada,We won!,joy
"""


def write_eaf(path: Path) -> None:
    file = Eaf()
    file.remove_tier("default")
    file.add_linguistic_type("felt", constraints="Symbolic_Association")
    for tier, participant in (("ada", "Ada"), ("Ben", None)):
        file.add_tier(tier, part=participant)
    file.add_tier("emotion of ada", ling="felt", parent="ada")
    file.add_tier("words", parent="ada")
    file.add_tier("Ben-Emotion")
    file.add_annotation("ada", 2000, 3000, "We won!")
    file.add_annotation("ada", 0, 900, "")
    file.add_annotation("words", 2000, 2400, "We")
    file.add_annotation("Ben", 1000, 2100, "Really?")
    file.add_ref_annotation("emotion of ada", "ada", 2500, "joy")
    file.add_annotation("Ben-Emotion", 0, 1100, "joy")
    file.add_annotation("Ben-Emotion", 1200, 2000, "surprise")
    file.to_file(str(path))


def write_recordings(folder: Path) -> Path:
    put(folder, "one.mp4", "one.wav", "day/two.webm", "three.mkv", "four.flac", "._four.flac")
    (folder / "one.srt").write_text(SRT, encoding="utf-8-sig")
    (folder / "day" / "two.vtt").write_text(VTT, encoding="utf-8")
    write_eaf(folder / "three.eaf")
    (folder / "four.csv").write_text(TOLD, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Sample:
    """A sample, as it is read: what writes it, its kind, and what its reader is told."""

    write: Callable[[Path], Path]
    kind: str
    settings: Mapping[str, object] = field(default_factory=dict)
    is_of_recordings: bool = False


SAMPLES = {
    "meld": Sample(write_meld, "meld"),
    "meld sentiment": Sample(write_meld, "meld", {"schema": "meld-sentiment-3"}),
    "meld dev features": Sample(write_meld_dev, "meld-dev-features"),
    "meld voices": Sample(write_meld_voices, "meld-voices"),
    "meld faces": Sample(write_meld_faces, "meld-faces"),
    "iemocap": Sample(write_iemocap, "iemocap"),
    "iemocap turns": Sample(write_iemocap_turns, "iemocap-turns"),
    "mosi": Sample(write_mosi, "mosi"),
    "arrays": Sample(write_arrays, "npz"),
    "csv": Sample(write_table, "table"),
    "parquet": Sample(write_parquet, "table"),
    **{
        layout: Sample(
            functools.partial(write_legacy, layout=layout),
            "legacy",
            {"label_order": legacy_order(layout)},
        )
        for layout in LEGACY
    },
    "meld raw": Sample(write_meld_raw, "meld", is_of_recordings=True),
    "iemocap release": Sample(write_iemocap_release, "iemocap-release", is_of_recordings=True),
    "ravdess": Sample(write_ravdess, "ravdess", is_of_recordings=True),
    "emodb": Sample(write_emodb, "emodb", is_of_recordings=True),
    "nemo": Sample(write_nemo, "nemo", is_of_recordings=True),
    "goemotions": Sample(write_goemotions, "goemotions"),
    "fer2013": Sample(write_fer2013, "fer2013", is_of_recordings=True),
    "clips": Sample(write_clips, "folder", is_of_recordings=True),
    "recordings": Sample(write_recordings, "folder", is_of_recordings=True),
}
"""All samples, by what they are; every kind has one, and every contract holds for each."""
