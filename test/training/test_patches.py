import msgspec
import numpy as np
import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.frames.resize import resize_bicubic
from edgesr_ros.sources.files import list_images, read_image, write_image
from edgesr_ros.training.patches import PatchRecipe, PatchSet, prepare_patches

SCALE = 4
RECIPE = PatchRecipe(size=24, stride=12, validation_every=3)


def files(cache):
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in cache.glob("*")}


def test_patches_are_where_they_belong_in_photograph_and_reduction(tmp_path):
    """The photograph's pixels tell where they are: red is the column, green is the row."""
    y, x = np.mgrid[:101, :90]
    blue = np.random.default_rng(0).integers(0, 256, y.shape)
    photograph = np.stack([x, y, blue], axis=-1).astype(np.uint8)
    for name in ("0_validates", "1_trains"):
        write_image(tmp_path / "in" / f"{name}.png", photograph)
    patches = prepare_patches(tmp_path / "in", RECIPE, SCALE, tmp_path / "cache")
    reduced = resize_bicubic(photograph[:100, :88], 25, 22)
    assert len(patches.low) == len(patches.high) == 101 * 90 // 12**2
    places = set()
    for low, high in zip(patches.low, patches.high, strict=True):
        left, top = int(high[0, 0, 0]), int(high[0, 0, 1])
        places.add((top, left))
        np.testing.assert_array_equal(high, photograph[top : top + 24, left : left + 24])
        np.testing.assert_array_equal(low, reduced[top // 4 : top // 4 + 6, left // 4 : left // 4 + 6])
        assert top % SCALE == left % SCALE == 0
    assert len(places) > 40


def test_the_nth_photographs_validate_whole_and_do_not_train(tmp_path, photographs):
    folder = photographs((40, 50), (30, 30), (30, 30), (45, 41))
    patches = prepare_patches(folder, RECIPE, SCALE, tmp_path / "cache")
    images = [read_image(path) for path in list_images(folder)]
    assert [high.shape for _, high in patches.validation] == [(40, 48, 3), (44, 40, 3)]
    np.testing.assert_array_equal(patches.validation[1][1], images[3][:44, :40])
    assert len(patches.low) == 2 * (30 * 30 // 12**2)


def test_photographs_are_found_in_folders_below(tmp_path, photographs):
    folder = photographs((40, 50), (30, 30))
    (folder / "001.png").rename((folder / "deep").mkdir() or folder / "deep" / "001.png")
    assert len(prepare_patches(folder, RECIPE, SCALE, tmp_path / "cache").low)


def test_reductions_add_patches_of_smaller_photographs(tmp_path, photographs):
    folder = photographs((40, 50), (60, 60))
    recipe = msgspec.structs.replace(RECIPE, reductions=(1.0, 0.5, 0.1))  # a tenth is too small to cut from
    patches = prepare_patches(folder, recipe, SCALE, tmp_path / "cache")
    assert len(patches.low) == 60**2 // 12**2 + 30**2 // 12**2


def test_the_second_time_nothing_is_cut(tmp_path, photographs):
    folder, cache = photographs((40, 50), (60, 60), (24, 24)), tmp_path / "cache"
    first = prepare_patches(folder, RECIPE, SCALE, cache)
    written = files(cache)
    second = prepare_patches(folder, RECIPE, SCALE, cache)
    assert files(cache) == written
    assert len(written) == 2
    np.testing.assert_array_equal(first.high, second.high)


@pytest.mark.parametrize(
    ("scale", "changes"),
    [(2, {}), (SCALE, {"size": 32}), (SCALE, {"stride": 10}), (SCALE, {"reductions": (0.9,)})],
)
def test_another_recipe_has_patches_of_its_own(tmp_path, photographs, scale, changes):
    folder, cache = photographs((40, 50), (60, 60)), tmp_path / "cache"
    prepare_patches(folder, RECIPE, SCALE, cache)
    prepare_patches(folder, msgspec.structs.replace(RECIPE, **changes), scale, cache)
    assert len(files(cache)) == 4


def test_other_photographs_have_patches_of_their_own(tmp_path, photographs):
    cache = tmp_path / "cache"
    few = prepare_patches(photographs((40, 50), (60, 60)), RECIPE, SCALE, cache)
    more = prepare_patches(photographs((40, 50), (60, 60), (60, 60)), RECIPE, SCALE, cache)
    assert len(more.low) == 2 * len(few.low)


def test_an_interruption_leaves_no_half_file(tmp_path, photographs, monkeypatch):
    folder, cache = photographs((40, 50), (60, 60)), tmp_path / "cache"
    whole = prepare_patches(folder, RECIPE, SCALE, tmp_path / "other")

    def interrupted(_path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("edgesr_ros.training.patches.tqdm", lambda images, **_: map(interrupted, images))
        prepare_patches(folder, RECIPE, SCALE, cache)
    assert not list(cache.glob("*.npy"))
    again = prepare_patches(folder, RECIPE, SCALE, cache)
    np.testing.assert_array_equal(again.low, whole.low)
    np.testing.assert_array_equal(again.high, whole.high)
    assert not list(cache.glob("*.part"))


@pytest.fixture
def patches() -> PatchSet:
    """Two patches in which every pixel is another; `low` says which of `high` it stands for."""
    high = np.random.default_rng(1).integers(0, 256, (2, 12, 12, 3), np.uint8)
    return PatchSet(np.ascontiguousarray(high[:, 1::4, 1::4]), high, [])


def test_a_batch_depends_on_seed_and_step_alone(patches):
    first = [patches.batch(8, seed=3, step=step) for step in range(4)]
    for step in (2, 0, 3):
        for again, before in zip(patches.batch(8, seed=3, step=step), first[step], strict=True):
            np.testing.assert_array_equal(again, before)
    highs = [high.tobytes() for _, high in first] + [patches.batch(8, seed=4, step=0)[1].tobytes()]
    assert len(set(highs)) == 5


def test_a_batch_turns_and_flips_and_stays_aligned(patches):
    low, high = patches.batch(400, seed=0, step=0)
    assert (low.shape, high.shape, low.dtype) == ((400, 3, 3, 3), (400, 12, 12, 3), np.uint8)
    centres = [(1, 1), (1, 2), (2, 1), (2, 2)]  # where pixel (1, 1) of a block comes to lie
    for small, large in zip(low, high, strict=True):
        assert any(np.array_equal(small, large[y::4, x::4]) for y, x in centres)
    assert len({large.tobytes() for large in high}) == 2 * 8


@pytest.mark.parametrize("sizes", [[(23, 90), (90, 23)], [(40, 40), (23, 90), (1, 1)], [(40, 40)]])
def test_photographs_that_are_too_small_or_too_few_are_one_line(tmp_path, photographs, sizes):
    folder = photographs(*sizes)
    with pytest.raises(InputError, match="no photograph of at least 24x24 pixels") as error:
        prepare_patches(folder, RECIPE, SCALE, tmp_path / "cache")
    assert str(error.value).startswith(f"{folder}: ")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "cache").exists() or not files(tmp_path / "cache")


def test_a_photograph_that_is_too_small_is_left_out(tmp_path, photographs):
    folder = photographs((40, 50), (60, 60), (20, 60), (3, 3))
    patches = prepare_patches(folder, RECIPE, SCALE, tmp_path / "cache")
    assert (len(patches.low), len(patches.validation)) == (60**2 // 12**2, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "no such folder"),
        (lambda folder: folder.mkdir(), "no image in it"),
        (
            lambda folder: write_image(folder / "a.png", np.zeros((30, 30, 3), np.uint8)),
            "text.png: not an image",
        ),
    ],
)
def test_a_folder_without_photographs_is_one_line(tmp_path, make, message):
    folder = tmp_path / "in"
    make(folder)
    if "text" in message:
        (folder / "text.png").write_text("no image")
    with pytest.raises(InputError, match=message):
        prepare_patches(folder, RECIPE, SCALE, tmp_path / "cache")


def test_a_size_that_the_scale_does_not_divide_is_one_line(tmp_path, photographs):
    folder = photographs((40, 50), (60, 60))
    with pytest.raises(InputError, match=r"patches\.size: expected a multiple of the scale 8, got 20"):
        prepare_patches(folder, PatchRecipe(size=20), 8, tmp_path / "cache")
