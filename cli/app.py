"""The Typer application: the commands under their names."""

from typing import Annotated

import typer
from arvae_music.cli.attributes import attributes
from arvae_music.cli.convert import convert
from arvae_music.cli.data import data
from arvae_music.cli.evaluate import evaluate
from arvae_music.cli.generate import generate
from arvae_music.cli.help import Command
from arvae_music.cli.images import images
from arvae_music.cli.interpolate import interpolate
from arvae_music.cli.morph import morph
from arvae_music.cli.pairs import PairsCommand
from arvae_music.cli.reconstruct import reconstruct
from arvae_music.cli.train import train

app = typer.Typer(
    name="arvae-music",
    help="Change a melody along musical attributes: more notes, wider, rising instead of falling.",
    epilog="Example: arvae-music interpolate data/examples/reel.mid --attr density +2",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        from arvae_music import __version__

        typer.echo(f"arvae-music {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _main(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit(2)


app.command("attributes", cls=Command)(attributes)
app.command("interpolate", cls=PairsCommand)(interpolate)
app.command("morph", cls=Command)(morph)
app.command("generate", cls=PairsCommand)(generate)
app.command("convert", cls=Command)(convert)
app.command("reconstruct", cls=Command)(reconstruct)
app.command("train", cls=Command)(train)
app.command("evaluate", cls=Command)(evaluate)
app.add_typer(data, name="data")
app.add_typer(images, name="images")
