"""The command line: one file per command, each of which parses, calls the library once, and shows."""


def main() -> None:
    """Run the command line on `sys.argv` and leave with its exit code."""
    from arvae_music.cli.errors import run

    raise SystemExit(run())
