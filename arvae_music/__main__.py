"""`python -m arvae_music`: the same as the command `arvae-music`."""

from arvae_music.cli import main

if __name__ == "__main__":
    main()
