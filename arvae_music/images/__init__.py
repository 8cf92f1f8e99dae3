"""The same method on images: their data sets, and what is measured of them."""

from arvae_music.images.archive import SpritesArchive
from arvae_music.images.data import ImageAttribute, ImageData, Splits
from arvae_music.images.digits import Digits, folder_of_digits, small_digits
from arvae_music.images.load import load_images
from arvae_music.images.morphometry import morphometry
from arvae_music.images.sprites import Sprites

__all__ = [
    "Digits",
    "ImageAttribute",
    "ImageData",
    "Splits",
    "Sprites",
    "SpritesArchive",
    "folder_of_digits",
    "load_images",
    "morphometry",
    "small_digits",
]
