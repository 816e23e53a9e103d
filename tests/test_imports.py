"""Who may import whom: the house of docs/design.md, checked by reading the import statements."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "synctva"

NOUNS = ("errors", "budget", "files", "emotions", "dialogue")

ONLY = {
    "errors": NOUNS,
    "budget": NOUNS,
    "files": NOUNS,
    "emotions": NOUNS,
    "dialogue": NOUNS,
    "corpus": NOUNS,
    "batch": (*NOUNS, "corpus"),
    "output": NOUNS,
    "tables": ("errors", "budget"),
    "parquet": ("errors", "budget"),
    "tensors": ("errors", "files"),
    "work": ("errors", "budget", "files", "work"),
    "media": (*NOUNS, "work", "media"),
    "transcripts": (*NOUNS, "parquet", "transcripts"),
    "data": (*NOUNS, "tables", "parquet", "corpus", "media", "transcripts", "work", "data"),
    "features": (*(*NOUNS, "parquet", "corpus", "tables", "tensors", "media", "work", "features"),),
    "encoders": (*NOUNS, "corpus", "batch", "media", "features", "encoders"),
    "networks": ("errors", "files", "emotions", "batch", "output", "networks"),
    "run": (*NOUNS, "corpus", "run"),
}
"""All of synctva that a module, or the modules of a folder, may import."""

NEVER = {
    "model": ("training", "evaluation", "inference", "listening", "reports", "data"),
    "evaluation": ("training", "inference", "listening", "reports", "data"),
    "training": ("inference", "listening", "reports", "data"),
    "listening": ("data", "training", "evaluation", "inference", "model", "networks"),
    "inference": ("data", "training", "reports"),
    "serving": ("data", "training"),
    "reports": ("model", "networks", "training", "features", "data", "batch"),
}
"""What of synctva a folder may not import; the rest is free."""

ORDER = (
    *("errors", "budget", "files", "tables", "parquet", "tensors", "emotions"),
    *("dialogue", "corpus", "output", "batch"),
    *("work", "media", "transcripts", "networks", "data", "features", "encoders", "run", "recipe"),
    *(
        "model",
        "evaluation",
        "training",
        "listening",
        "inference",
        "reports",
        "serving",
        "terminal",
    ),
    *("demo", "cli", "__main__"),
)
"""The rooms of docs/design.md: each imports none that comes after it."""

MOST_AT_ROOT = 14
"""Nouns and entry points alone lie loose at the root."""

MOST_LINES = 300
"""Of a file; in a longer one there is a second story."""

ONLY_PACKAGES = dict.fromkeys(NOUNS, ()) | {"corpus": ("numpy", "jaxtyping")}
"""All packages beyond the standard library that a module may import."""

LIGHT = ("cli", "media", "transcripts", "data", "reports", "terminal", "run", "work")
"""Importing these must not import torch, not even by way of other modules of synctva."""

FOLDERS = {"av": "media.libav", "transformers": "features.extractors.hub"}
"""A heavy package that a folder is the door to, in place of one file."""

HEAVY = (
    *("transformers", "opensmile", "cv2", "av", "gradio", "plotly", "ray", "matplotlib"),
    *("faster_whisper", "pyannote", "silero_vad", "peft", "py3langid"),
)
"""Each is imported in one file or one folder at the most, so only what needs it pays."""


@dataclass(frozen=True)
class Module:
    """A file's imports, as dotted names: all of them, and those that run when it is imported."""

    imports: frozenset[str]
    at_import: frozenset[str]


def read_modules(source: Path) -> dict[str, Module]:
    """Returns the modules of a package's folder by name within it; the package's own is ``""``."""
    modules = {}
    for file in sorted(source.rglob("*.py")):
        parts = file.relative_to(source).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        package = ["synctva", *(parts[:-1])]
        tree = ast.parse(file.read_text(encoding="utf-8"))
        modules[name] = Module(
            frozenset(n for node in ast.walk(tree) for n in _imported(node, package)),
            frozenset(n for node in _run_at_import(tree) for n in _imported(node, package)),
        )
    return modules


def _imported(node: ast.AST, package: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        start = package[: len(package) + 1 - node.level] if node.level else []
        origin = ".".join([*start, *([node.module] if node.module else [])])
        yield from (f"{origin}.{alias.name}" for alias in node.names)


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yields the nodes outside functions and outside ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _run_at_import(child)


def own(names: frozenset[str], modules: dict[str, Module]) -> set[str]:
    """Returns the modules of synctva among imported names, by name within it."""
    found = set()
    for name in names:
        parts = name.split(".")
        if parts[0] == "synctva":
            ways = [".".join(parts[1:end]) for end in range(len(parts), 0, -1)]
            found.add(next(way for way in ways if way in modules or not way))
    return found - {""}


def loaded(name: str, modules: dict[str, Module]) -> set[str]:
    """Returns all modules of synctva that importing this one imports, itself included."""
    reached, waiting = set(), [name, ""]
    while waiting:
        parts = waiting.pop().split(".")
        for module in {".".join(parts[:end]) for end in range(1, len(parts) + 1)} - reached:
            if module in modules:
                reached.add(module)
                waiting += own(modules[module].at_import, modules)
    return reached


def circles(modules: dict[str, Module]) -> list[list[str]]:
    """Returns the groups of modules that import each other, by whatever way."""
    reached = {name: _reached(name, modules) for name in modules}
    groups = {
        tuple(sorted({name, *(other for other in others if name in reached[other])}))
        for name, others in reached.items()
    }
    return sorted([list(group) for group in groups if len(group) > 1])


def _reached(name: str, modules: dict[str, Module]) -> set[str]:
    """Returns all modules of synctva that one imports, itself only by a circle."""
    found: set[str] = set()
    waiting = own(modules[name].imports, modules)
    while waiting:
        found |= waiting
        waiting = {n for way in waiting for n in own(modules[way].imports, modules)} - found
    return found


def violations(modules: dict[str, Module]) -> Iterator[str]:
    """Yields a line for every import that breaks a rule."""
    for name, module in modules.items():
        room = name.split(".")[0]
        for imported in sorted(own(module.imports, modules)):
            other = imported.split(".")[0]
            if room in ONLY and other not in ONLY[room]:
                yield f"{name} imports {imported}; it may import only {', '.join(ONLY[room])}"
            if other in NEVER.get(room, ()):
                yield f"{name} imports {imported}; {room} never imports {other}"
        packages = {n.split(".")[0] for n in module.imports} - {"synctva"}
        if room in ONLY_PACKAGES:
            for package in sorted(packages - set(ONLY_PACKAGES[room]) - sys.stdlib_module_names):
                yield f"{name} imports the package {package}"
        if room in LIGHT:
            for way in sorted(loaded(name, modules)):
                if "torch" in {n.split(".")[0] for n in modules[way].at_import}:
                    yield f"{name} imports torch, by way of {way or 'synctva'}"
    for package in HEAVY:
        users = [n for n, m in modules.items() if package in {i.split(".")[0] for i in m.imports}]
        door = FOLDERS.get(package, "")
        outside = [name for name in users if not door or not f"{name}.".startswith(f"{door}.")]
        places = [*outside, *([door] if len(outside) < len(users) else [])]
        if len(places) > 1:
            yield f"{package} is imported in {' and '.join(places)}; one place is enough"


def test_the_house_imports_in_one_direction():
    assert list(violations(read_modules(SOURCE))) == []


def test_no_arrow_goes_against_the_order_of_the_rooms():
    modules, order = read_modules(SOURCE), {room: place for place, room in enumerate(ORDER)}
    back = [
        f"{name} imports {imported}"
        for name, module in modules.items()
        for imported in own(module.imports, modules)
        if name and order[imported.split(".")[0]] > order[name.split(".")[0]]
    ]
    assert back == []


def test_no_modules_import_each_other():
    assert circles(read_modules(SOURCE)) == []


def test_a_circle_is_found(tmp_path: Path):
    lines = {"a": "import synctva.b", "b": "def f():\n    from synctva.c import x", "c": ""}
    for name, line in lines.items():
        (tmp_path / f"{name}.py").write_text(line)
    assert circles(read_modules(tmp_path)) == []
    (tmp_path / "c.py").write_text("from synctva import a")
    assert circles(read_modules(tmp_path)) == [["a", "b", "c"]]


def test_the_root_holds_nouns_and_entry_points_and_no_file_is_long():
    assert len(list(SOURCE.glob("*.py"))) <= MOST_AT_ROOT
    long = [f for f in SOURCE.rglob("*.py") if len(f.read_text().splitlines()) > MOST_LINES]
    assert long == []


def test_every_rule_is_about_a_module_that_is_there():
    rooms = {name.split(".")[0] for name in read_modules(SOURCE)}
    assert {*ONLY, *NEVER, *LIGHT, *ORDER} - rooms <= {"serving"}  # not yet built


@pytest.mark.parametrize(
    ("file", "line", "complaint"),
    [
        ("emotions.py", "import numpy", "emotions imports the package numpy"),
        ("files.py", "from synctva import corpus", "files imports corpus"),
        ("corpus.py", "import torch", "corpus imports the package torch"),
        ("batch.py", "from synctva.features.store import open_store", "batch imports features.st"),
        ("data/meld.py", "from synctva.features import store", "data.meld imports features.store"),
        ("data/meld.py", "from torch import nn", "data.meld imports torch"),
        ("data/meld.py", "from ..batch import Batch", "data.meld imports batch"),
        ("features/text.py", "import synctva.data.meld", "features.text imports data.meld"),
        (
            "networks/net.py",
            "def f():\n    from synctva.corpus import Corpus",
            "networks.net imports corpus",
        ),
        ("networks/gru.py", "from ..model.net import Net", "networks.gru imports model.net"),
        ("evaluation/score.py", "from synctva.training import loop", "never imports training"),
        ("inference/live.py", "from synctva.data.corpora.meld import read", "never imports data"),
        ("reports/page.py", "from synctva.model.net import Net", "never imports model"),
        ("reports/page.py", "from synctva.recipe import Recipe", "by way of training.settings"),
        ("cli.py", "from synctva.recipe import Recipe", "by way of training.settings"),
        ("cli.py", "try:\n    import torch\nexcept ImportError:\n    pass", "cli imports torch"),
        ("__init__.py", "from synctva.batch import Batch", "cli imports torch, by way of batch"),
        (
            "features/text.py",
            "def f():\n    import transformers.models",
            "transformers is imported in",
        ),
        (
            "features/extractors/hub/text.py",
            "import transformers",
            "transformers is imported in model.net and features.extractors.hub",
        ),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, file: str, line: str, complaint: str):
    house = {
        **dict.fromkeys(["__init__.py", "cli.py", "corpus.py", "emotions.py", "files.py"], ""),
        **dict.fromkeys(["data/__init__.py", "data/meld.py", "features/store.py"], ""),
        **dict.fromkeys(["evaluation/score.py", "training/loop.py", "reports/page.py"], ""),
        "batch.py": "import torch",
        "recipe.py": "from synctva.training.settings import Settings",
        "training/settings.py": "import torch.optim",
        "model/net.py": "import transformers",
    }
    for name, text in house.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert list(violations(read_modules(tmp_path))) == []
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(line)
    assert any(complaint in found for found in violations(read_modules(tmp_path)))


@pytest.mark.parametrize(
    "line",
    [
        "def train():\n    from synctva.batch import Batch",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch",
        "from synctva import corpus, __version__",
    ],
)
def test_the_command_line_may_import_torch_when_it_needs_it(tmp_path: Path, line: str):
    (tmp_path / "batch.py").write_text("import torch")
    (tmp_path / "corpus.py").write_text("import numpy")
    (tmp_path / "cli.py").write_text(line)
    assert list(violations(read_modules(tmp_path))) == []
