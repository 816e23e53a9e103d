"""MELD's dev and test splits with voices and faces: learnt from dev, tested on test.

Citation, source, licence, emotions: as in ``meld_voices.py``. Faces are 105 statistics of
OpenFace's action units over a clip, of a face in it that need not be the speaker's.

Nobody has published faces of the training split. So a model learns from the dialogues of dev, a
tenth of them set aside to validate, and is chosen by folds over dev alone; its scores on test do
not compare with published ones.
"""

from dataclasses import replace
from pathlib import Path

from synctva.corpus import Corpus
from synctva.data.corpora.meld_voices import has_train, is_archive, read_archive
from synctva.data.kind import Kind
from synctva.data.split import set_aside

NAME = "meld-faces"


def read_meld_faces(source: Path) -> Corpus:
    """Returns dev's dialogues as ``train`` and ``valid``, and test's, with voices and faces.

    Raises:
        InputError: As ``read_archive``.
    """
    corpus = read_archive(source, NAME, ("valid", "test"), has_faces=True)
    aside = set_aside(d.id for d in corpus.dialogues if d.split == "valid")
    return replace(
        corpus,
        dialogues=tuple(
            replace(d, split="train") if d.split == "valid" and d.id not in aside else d
            for d in corpus.dialogues
        ),
    )


KIND = Kind(
    NAME,
    lambda path: is_archive(path) and not has_train(path),
    read_meld_faces,
    ("fold",),
    folded=("train", "valid"),
)
