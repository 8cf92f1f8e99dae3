"""`arvae-music images`: the same method on images: 2-d sprites and digits."""

from __future__ import annotations

import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from arvae_music.cli import options, show
from arvae_music.cli.help import Command

if TYPE_CHECKING:
    from arvae_music.images.data import ImageData
    from arvae_music.images.settings import ImageSettings

images = typer.Typer(
    help="The same method on images: 2-d sprites, digits, Morpho-MNIST.",
    epilog="Example: arvae-music images train sprites -o run",
    rich_markup_mode=None,
)

Dataset = Annotated[
    str,
    typer.Argument(metavar="DATASET", help="sprites, digits or morpho-mnist.", show_default=False),
]
Npz = Annotated[
    Path | None,
    typer.Option(
        "--npz",
        metavar="FILE",
        help="sprites: the official archive instead of those drawn here.",
        show_default=False,
    ),
]
Idx = Annotated[
    Path | None,
    typer.Option(
        "--idx",
        metavar="DIR",
        help="digits and morpho-mnist: a folder of MNIST's IDX files, plain or gzipped.",
        show_default=False,
    ),
]
ImageModel = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A checkpoint or a run's folder.", show_default=False)
]


_COMPARED = {"digits": "morpho-mnist"}
"""Data sets of the paper that others stand beside: the same attributes of other digits."""


def _setting(help: str, metavar: str = "NUMBER") -> Any:  # noqa: A002 - Typer's own name
    """An option that is a field of ImageSettings; without it the data set's and preset's own is taken."""
    return typer.Option(help=help, metavar=metavar, show_default=False)


@images.command("train", cls=Command)
def train(
    ctx: typer.Context,
    dataset: Dataset,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="The run's folder.", show_default="runs/DATASET"),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with the run in the folder; the settings are those that it began with."
        ),
    ] = False,
    npz: Npz = None,
    idx: Idx = None,
    preset: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What the other settings are if not given: default, paper (Pati & Lerch 2020) or beta-vae.",
        ),
    ] = "default",
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Regularize this attribute; may be given again. Shapes and angles have no order: "
            "they are only taken where they are named.",
            show_default="all that are ordered",
        ),
    ] = None,
    latent: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Latent dimensions.", show_default="10; of digits 16"),
    ] = None,
    epochs: Annotated[int | None, _setting("How often a score is taken.")] = None,
    images: Annotated[
        int | None, _setting("Images drawn for each epoch; 0 takes each of the training split once.")
    ] = None,
    batch_size: Annotated[
        int | None, _setting("Images in a step: 64; of morpho-mnist and the paper 128.")
    ] = None,
    schedule: Annotated[str | None, _setting("Learning rate: one-cycle or constant.", "NAME")] = None,
    learning_rate: Annotated[float | None, _setting("Peak of the one-cycle rate: 0.001.")] = None,
    weight_decay: Annotated[float | None, _setting("Weight decay of AdamW: 0.")] = None,
    beta: Annotated[float | None, _setting("Weight of the KL divergence: 1.")] = None,
    gamma: Annotated[float | None, _setting("Weight of the attribute term: 10.")] = None,
    delta: Annotated[float | None, _setting("Sharpness of the attribute term: 1.")] = None,
    linearity: Annotated[
        float | None,
        _setting(
            "Weight of the term that makes regularized dimensions linear in their attributes: "
            "10; of digits 200."
        ),
    ] = None,
    swapped: Annotated[
        float | None,
        _setting(
            "Share of the last steps that decode each image with the rest of one that differs in the "
            "regularized attributes alone: 1 where such are known."
        ),
    ] = None,
    seed: Annotated[int | None, _setting("Makes the run repeatable: 0.")] = None,
    threads: Annotated[int | None, _setting("CPU threads; 0 leaves the choice to torch.")] = None,
    device: Annotated[str | None, _setting("auto, cpu or cuda.", "NAME")] = None,
    devices: Annotated[int | None, _setting("How many of them.")] = None,
    precision: Annotated[str | None, _setting("auto, 32-true or bf16-mixed.", "NAME")] = None,
    json: options.Json = None,
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file of --json.")] = False,
) -> None:
    """Train a model of images. Stop it with Ctrl-C at any time; --resume goes on where it stopped.

    Example: arvae-music images train sprites -o run
    """
    options.check_json(json, force=force)
    from arvae_music.cli.train import remade

    from arvae_music.images.load import load_images
    from arvae_music.images.settings import ImageSettings, settings_for
    from arvae_music.training.folder import check_folder, resumed_settings
    from arvae_music.training.peers import follows

    folder = output or Path("runs") / dataset
    names = {field.name for field in fields(ImageSettings)} - {"preset", "model"}
    given = {name: ctx.params[name] for name in sorted(names) if ctx.params.get(name) is not None}
    data = load_images(dataset, npz=npz, idx=idx)
    if resume:
        settings = resumed_settings(folder, given, ImageSettings.from_json)
    else:
        check_folder(folder)
        settings = settings_for(data, preset, attribute or (), latent, **given)
    quiet = options.is_stdout(json) or follows()
    result = _train(data, settings, folder, remade(sys.argv[1:]), resume=resume, quiet=quiet)
    if not follows():
        options.write_json(json, result, force=force)


def _train(
    data: ImageData, settings: ImageSettings, folder: Path, command: str, *, resume: bool, quiet: bool
) -> dict[str, object]:
    """The library's call between the live lines before and the closing line after."""
    from arvae_music.cli.live import Live, stopping

    from arvae_music.images.run import train_images
    from arvae_music.training.folder import last_figures

    if not quiet:
        names = settings.model.attributes
        show.line(f"{data.name}: {len(data.splits.train):,} images to train on, {data.source}")
        show.line(f"regularized: {', '.join(names) or 'nothing'}")
        _say_what_is_free(data, names)
    with stopping(folder), Live(quiet=quiet, rows="images") as live:
        best = train_images(data, settings, folder, live, resume=resume, command=command)
    if not quiet:
        show.line(f"best checkpoint: {best}")
    return {
        "checkpoint": str(best),
        "data": data.name,
        "seed": settings.seed,
        "figures": last_figures(folder),
    }


def _say_what_is_free(data: ImageData, names: tuple[str, ...]) -> None:
    """Tell of attributes that are not regularized because there is no more and less of them."""
    free = [a.name for a in data.attributes if a.name not in names and not a.ordered]
    if free:
        show.line(f"left free, as their values have no order: {', '.join(free)}")


@images.command("evaluate", cls=Command)
def evaluate(
    model: ImageModel,
    npz: Npz = None,
    idx: Idx = None,
    split: Annotated[str, typer.Option(metavar="NAME", help="train, validation or test.")] = "test",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of all that is drawn.")] = 0,
    json: options.Json = None,
    force: options.Force = False,
) -> None:
    """Measure a model of images on held-out ones, beside the paper.

    Example: arvae-music images evaluate run
    """
    options.check_json(json, force=force)
    from arvae_music.evaluation.needed import check_packages
    from arvae_music.evaluation.published import PUBLISHED_IMAGES, SOURCE
    from arvae_music.images.checkpoint import load_image_checkpoint
    from arvae_music.images.load import load_images
    from arvae_music.images.report import report_on_images

    check_packages()
    checkpoint = load_image_checkpoint(model)
    data = load_images(checkpoint.dataset, npz=npz, idx=idx)
    report = asdict(report_on_images(checkpoint, data, split, seed=seed))
    compared = _COMPARED.get(checkpoint.dataset, checkpoint.dataset)
    paper = PUBLISHED_IMAGES.get(compared, {})
    result = {
        "model": str(model),
        "data": data.name,
        "split": split,
        "seed": seed,
        **report,
        "paper": {"source": SOURCE, "data": compared, **paper},
    }
    if not options.is_stdout(json):
        from arvae_music.cli.image_tables import show_report

        show_report(f"{model} on the {split} split of {data.name}", result)
        _say_what_is_free(data, checkpoint.settings.attributes)
    options.write_json(json, result, force=force)


@images.command("traverse", cls=Command)
def traverse(
    model: ImageModel,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="The picture to write (.png, .svg, .pdf), or an animation (.gif).",
            show_default=False,
        ),
    ],
    npz: Npz = None,
    idx: Idx = None,
    count: Annotated[int, typer.Option("--rows", metavar="N", min=1, max=50, help="Images.")] = 6,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Draws the images.")] = 0,
    force: options.Force = False,
) -> None:
    """Draw held-out images as each regularized dimension is moved from low to high.

    Rows are images, and each attribute has its columns; a .gif moves.

    Example: arvae-music images traverse run -o walk.png
    """
    from arvae_music.control.picture import check_picture, saved
    from arvae_music.files import atomic_write, check_free
    from arvae_music.images.checkpoint import load_image_checkpoint
    from arvae_music.images.load import load_images
    from arvae_music.images.traverse import walk, walk_animation, walk_chart

    moving = output.suffix.lower() == ".gif"
    kind = "" if moving else check_picture(output, force=force, besides=(".gif",))
    if moving:
        check_free(output, force=force)
    checkpoint = load_image_checkpoint(model)
    data = load_images(checkpoint.dataset, npz=npz, idx=idx)
    if moving:
        content = walk_animation(checkpoint, data, count, seed)
    else:
        content = saved(lambda: walk_chart(walk(checkpoint, data, count, seed=seed)), kind)
    atomic_write(output, content, force=force)
    show.line(f"wrote {output}")
