"""Imports go one way, and the quick commands stay quick."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "arvae_music"

# A part may import from the parts of the rows below its own, and from those of its own row that are
# named with it in BESIDE. `_version`, `files` (writing whole or not at all), `memory` and `kept` (arrays
# in files) are everybody's.
LAYERS = [
    {"__main__"},
    {"cli"},
    {"control", "training", "evaluation", "images", "data"},
    {"formats", "attributes", "model", "objective"},
    {"measures"},
    {"tokens", "pieces"},
    {"melody", "tonality"},
    {"meter"},
    {"errors", "files", "kept", "memory", "_version"},
]
BESIDE = {
    "control": {"training", "evaluation", "data"},  # an edit loads checkpoints; its benchmark reads a corpus
    "training": {"evaluation", "data"},
    "evaluation": {"data"},
    "images": {"training", "evaluation"},
    "data": {"formats"},
    "objective": {"model", "attributes"},  # the expected values of attributes
    "files": {"errors"},
    "kept": {"errors", "files"},
}
RUN = "from arvae_music.cli.errors import run; "
HEAVY = {"torch", "music21", "pretty_midi", "matplotlib", "lightning_fabric", "sklearn", "scipy"}


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the package: its part of the package, and its file."""
    for path in sorted(PACKAGE.rglob("*.py")):
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        yield part, path
    for part in ("cli", "data"):
        yield from ((part, path) for path in sorted((ROOT / part).rglob("*.py")))


def imported(path: Path) -> Iterator[str]:
    """Full names of what a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where they go"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rank(part: str) -> int:
    return next(i for i, layer in enumerate(LAYERS) if part in layer)


@pytest.mark.parametrize(
    ("part", "path"),
    [pytest.param(part, path, id=str(path.relative_to(ROOT))) for part, path in modules()],
)
def test_imports_go_one_way(part: str, path: Path) -> None:
    if part == "__init__":  # the public names, from everywhere
        return
    known = set().union(*LAYERS)
    assert part in known, f"name the layer of arvae_music.{part} in {__file__}"
    for name in imported(path):
        parts = name.split(".")
        if parts[0] in ("cli", "data"):
            pytest.fail(f"{path}: {name} is imported as arvae_music.{name}")
        if parts[0] != "arvae_music" or len(parts) == 1 or parts[1] not in known | {"pretrained"}:
            continue
        other = parts[1]
        allowed = other == part or rank(other) > rank(part) or other in BESIDE.get(part, set())
        assert allowed, f"{path.relative_to(ROOT)} imports {name}, which is not below {part}"


def test_nothing_in_the_row_beside_goes_in_a_circle() -> None:
    for part, others in BESIDE.items():
        seen, todo = set(), set(others)
        while todo:
            seen |= todo
            todo = set().union(*(BESIDE.get(other, set()) for other in todo)) - seen
        assert part not in seen


@pytest.mark.parametrize(
    "code",
    [
        "import arvae_music",
        "from arvae_music import Melody, Note, Meter, ArvaeError, attributes",
        "from arvae_music.cli.errors import run; assert run(['--help']) == 0",
        "from arvae_music.cli.errors import run; assert run([]) == 2",
        "from arvae_music.cli.errors import run; assert run(['attributes', '--help']) == 0",
        "from arvae_music.cli.errors import run; assert run(['no-such-command']) == 2",
        f"{RUN}assert run('interpolate no.mid --attr weight +2'.split()) == 2",
        f"{RUN}assert run('interpolate no.mid --attr density +2'.split()) == 1",
        f"{RUN}assert run('reconstruct no.mid -o out.mid'.split()) == 1",
        f"{RUN}assert run('generate --attr weight 2 -o no.mid'.split()) == 2",
    ],
)
def test_loads_nothing_heavy(code: str) -> None:
    # A child process: this one has loaded everything.
    code += "; import sys; print(*sys.modules, file=sys.stderr)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in child.stderr.split()}
    assert "arvae_music" in loaded
    assert not loaded & HEAVY


def test_a_model_loads_without_what_no_edit_needs() -> None:
    code = "from arvae_music import load_model; load_model('folk'); import sys; print(*sys.modules)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(child.stdout.split())
    assert "arvae_music.control.edit" in loaded
    # The compiler of torch alone takes longer than the rest of torch.
    assert not loaded & {"torch._dynamo", "arvae_music.data", "arvae_music.control.morph", "matplotlib"}


def test_an_edit_loads_no_format_but_its_own(tmp_path: Path) -> None:
    out = tmp_path / "out.mid"
    words = [
        "interpolate",
        str(ROOT / "data" / "examples" / "reel.mid"),
        "--attr",
        "density",
        "+1",
        "-o",
        str(out),
    ]
    code = (
        f"from arvae_music.cli.errors import run; assert run({words!r}) == 0; import sys; print(*sys.modules)"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(child.stdout.split())
    assert out.exists()
    assert "arvae_music.formats.midi_edit" in loaded
    assert not loaded & {"arvae_music.formats.abc_edit", "arvae_music.formats.musicxml_edit"}
    assert not loaded & {"torch._dynamo", "arvae_music.data", "music21", "matplotlib"}


def test_every_public_name_is_there() -> None:
    import arvae_music

    for name in arvae_music.__all__:
        assert getattr(arvae_music, name) is not None
    assert set(arvae_music.__all__) <= set(dir(arvae_music))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = arvae_music.no_such_name


@pytest.mark.parametrize("first", ["arvae_music.attributes", "arvae_music.attributes.table", "arvae_music"])
def test_attributes_is_called_whatever_was_imported_first(first: str) -> None:
    code = (
        f"import {first}\n"
        "from arvae_music import Melody, attributes\n"
        "assert attributes(Melody((), ())) == []\n"
        "import arvae_music\n"
        "assert arvae_music.attributes(Melody((), ())) == []\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
