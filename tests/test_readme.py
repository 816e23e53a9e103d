"""What the documents show is true: Python runs, commands parse, recipes load, links lead on."""

import doctest
import importlib
import re
import shlex
from pathlib import Path

import pytest
import typer
import typer.core
from support.recordings import Making, record

from synctva.cli import app
from synctva.data.made.planted import planted_corpus
from synctva.data.source import read_source
from synctva.features.preset import load_preset
from synctva.features.store import write_store
from synctva.recipe import load_recipe
from synctva.training.run import train_run

ROOT = Path(__file__).parents[1]
DOCUMENTS = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
}
VERBS = {
    name: verb for name, verb in typer.main.get_command(app).commands.items() if not verb.hidden
}
RECIPES = [
    str(path.relative_to(ROOT))
    for folder in (ROOT / "recipes", ROOT / "recipes" / "paper")
    for path in sorted(folder.glob("*.toml"))
]
FENCE = re.compile(r"^```(\w*) ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

every_document = pytest.mark.parametrize("document", DOCUMENTS)


def blocks(document: str, language: str) -> list[tuple[str, str]]:
    """Returns the fenced blocks in a language: the rest of their first line, and their text."""
    found = FENCE.findall(DOCUMENTS[document])
    return [(rest, text) for own, rest, text in found if own == language]


def shell_lines(document: str) -> list[str]:
    """Returns the commands in a document's shell blocks, each on one line."""
    text = "".join(text for _, text in blocks(document, "sh")).replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip()]


def synctva_words(line: str) -> list[str]:
    """Returns what stands after ``synctva`` in a command, or nothing if it is another."""
    words = shlex.split(line, comments=True)
    end = next((i for i, word in enumerate(words) if word in ("|", ">", "&&", ";")), len(words))
    is_own = bool(words) and words[0].rpartition("/")[2] == "synctva"
    return words[1:end] if is_own else []


def prose(document: str) -> str:
    return FENCE.sub("", DOCUMENTS[document])


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with what ``make demo`` leaves there, only smaller."""
    monkeypatch.chdir(tmp_path)
    store = write_store(planted_corpus(dialogues=(6, 3, 3)), tmp_path / "demo" / "store")
    recipe = load_recipe(settings=("training.epochs=1", "model.width=16"))
    train_run(recipe, store.path, tmp_path / "demo" / "run", seeds=1)
    record(tmp_path / "talk.mp4", Making(length_s=1.0))
    (tmp_path / "talk.srt").write_text("1\n00:00:00,000 --> 00:00:00,900\nAda: I am so happy!\n")
    return tmp_path


def write_tables(document: str, folder: Path) -> list[Path]:
    """Writes the files that follow ``csv`` or ``text`` in a document; returns its tables."""
    files = [*blocks(document, "csv"), *blocks(document, "text")]
    for name, text in [(name, text) for name, text in files if name]:
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name, _ in blocks(document, "csv")]


@pytest.mark.slow
@pytest.mark.parametrize("document", [d for d in DOCUMENTS if blocks(d, "python")])
def test_python_runs(document: str, demo: Path):
    write_tables(document, demo)
    names: dict[str, object] = {"__name__": document}
    for number, (_, text) in enumerate(blocks(document, "python"), start=1):
        exec(compile(text, f"{document}, Python block {number}", "exec"), names)


@every_document
def test_tables_can_be_imported(document: str, tmp_path: Path):
    for table in write_tables(document, tmp_path):
        assert len(read_source(table)) > 0


@every_document
def test_presets_load(document: str, tmp_path: Path):
    for rest, text in blocks(document, "toml"):
        if rest == "preset":
            (tmp_path / "own.toml").write_text(text, encoding="utf-8")
            load_preset(str(tmp_path / "own.toml"))


def check_command(words: list[str]) -> None:
    """Fails where a user who types this would be told of a mistake."""
    given = parsed(words)
    if words[0] == "train":
        recipe, settings = given["recipe"], given["set_"]
        load_recipe(recipe and ROOT / str(recipe), tuple(settings or ()))
    if words[0] == "features":
        load_preset(given["preset"], given["set_"] or ())


def parsed(words: list[str]) -> dict[str, object]:
    """Returns the parameters of a command line, or raises what its user would be told."""
    verb, *arguments = words
    assert verb in VERBS, f"synctva has no verb {verb!r}"
    own = VERBS[verb]
    if isinstance(own, typer.core.TyperGroup):
        verb, *arguments = arguments
        own = own.commands[verb]
    return own.make_context(verb, arguments).params


@every_document
def test_commands_parse(document: str):
    for line in shell_lines(document):
        words = synctva_words(line)
        if words and words != ["--help"]:
            check_command(words)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_opens_with_commands_that_parse(recipe: str):
    text = (ROOT / recipe).read_text(encoding="utf-8")
    commands = re.findall(r"^# +(synctva .*)$", text, re.MULTILINE)
    assert any(recipe in command for command in commands)
    for command in commands:
        check_command(synctva_words(command))


@every_document
def test_commands_in_prose_name_verbs_and_options_that_exist(document: str):
    for mention in re.findall(r"`synctva ([a-z][^`]*)`", prose(document)):
        verb, *words = mention.split()
        assert verb in VERBS, mention
        own = VERBS[verb]
        if isinstance(own, typer.core.TyperGroup):
            own = own.commands[words.pop(0)]
        known = {option for parameter in own.params for option in parameter.opts}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, mention


@every_document
def test_make_targets_exist(document: str):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    calls = [*shell_lines(document), *re.findall(r"`(make [^`]*)`", prose(document))]
    for call in calls:
        words = shlex.split(call, comments=True)
        if "make" in words:
            named = [word for word in words[words.index("make") + 1 :] if "=" not in word]
            assert set(named) <= targets, call


@every_document
def test_links_lead_to_files_and_headings(document: str):
    text = prose(document)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, heading = link.partition("#")
        linked = (ROOT / document).parent / path if path else ROOT / document
        assert linked.exists(), link
        if heading:
            assert heading in anchors(linked.read_text(encoding="utf-8")), link


def anchors(text: str) -> set[str]:
    """Returns the anchors that GitHub gives a document's headings."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verbs_help_shows_an_example_that_parses(verb: str):
    plain = re.sub(r"\[/?[a-z_ ]*\]", "", VERBS[verb].epilog or "")
    examples = re.findall(rf"synctva {verb}[^·]*", plain)
    assert examples
    for example in examples:
        parsed(synctva_words(example))


def test_examples_in_docstrings_are_true():
    for file in sorted((ROOT / "src").rglob("*.py")):
        if ">>> " in file.read_text(encoding="utf-8"):
            name = ".".join(file.relative_to(ROOT / "src").with_suffix("").parts)
            assert doctest.testmod(importlib.import_module(name)).failed == 0, name
