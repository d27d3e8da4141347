"""Draws the pictures of the docs: `python -m service.pictures`."""

from service.pictures.gallery import FOLDER, GALLERY

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, picture in GALLERY.items():
        (FOLDER / f"{name}.svg").write_bytes(picture())
