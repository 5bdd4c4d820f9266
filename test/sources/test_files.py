import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.sources.files import list_images, read_image, write_image


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".ppm", ".tiff"])
def test_lossless_formats_give_back_the_same_rgb(tmp_path, picture, suffix):
    write_image(tmp_path / f"a{suffix}", picture)
    assert np.array_equal(read_image(tmp_path / f"a{suffix}"), picture)


def test_writing_makes_the_folder(tmp_path, picture):
    write_image(tmp_path / "new" / "deeper" / "a.png", picture)
    assert (tmp_path / "new" / "deeper" / "a.png").is_file()


def test_grey_files_are_kept_grey_only_on_request(tmp_path):
    path = tmp_path / "grey.pgm"
    path.write_bytes(b"P5 3 2 255\n" + bytes([0, 50, 100, 150, 200, 250]))
    assert read_image(path).shape == (2, 3, 3)
    assert read_image(path, keep_grey=True).tolist() == [[0, 50, 100], [150, 200, 250]]


def test_images_are_listed_by_name_without_other_files(tmp_path, picture):
    for name in ("b.png", "a.JPG", "sub/c.png"):
        write_image(tmp_path / name, picture)
    (tmp_path / "notes.txt").write_text("no image")
    assert [path.name for path in list_images(tmp_path)] == ["a.JPG", "b.png"]
    assert [path.name for path in list_images(tmp_path, recursive=True)] == ["a.JPG", "b.png", "c.png"]


def test_mistakes_are_one_line(tmp_path, picture):
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(InputError, match=r"none\.png: no such file$"):
        read_image(tmp_path / "none.png")
    with pytest.raises(InputError, match=r"text\.png: not an image"):
        read_image(tmp_path / "text.png")
    with pytest.raises(InputError, match=r"none: no such folder$"):
        list_images(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty: no image in it"):
        list_images(tmp_path / "empty")
    with pytest.raises(InputError, match=r"a\.xyz: cannot be written"):
        write_image(tmp_path / "a.xyz", picture)
