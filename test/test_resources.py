import pytest

from edgesr_ros import resources
from edgesr_ros.errors import InputError
from edgesr_ros.resources import config, find, models, share, share_of


def test_this_installation_has_its_files():
    assert (share() / "package.xml").is_file()
    assert list(models().glob("*.onnx"))
    assert config("rmw", "fastdds.xml").is_file()
    assert (share() / "launch").is_dir()


def make(folder):
    folder.mkdir(parents=True)
    (folder / "package.xml").touch()
    return folder


def package(prefix, *parts):
    folder = prefix.joinpath(*parts, resources.PACKAGE)
    folder.mkdir(parents=True)
    return folder


def test_in_a_checkout_it_is_the_checkout(tmp_path):
    checkout = make(tmp_path / "src" / "anything")
    assert share_of(package(checkout)) == checkout


@pytest.mark.parametrize(
    "parts",
    [
        ("lib", "python3.12", "site-packages"),  # a virtual environment, pip --user, colcon
        ("local", "lib", "python3.10", "dist-packages"),  # colcon on Ubuntu 22.04
    ],
)
def test_installed_it_is_below_the_prefix(tmp_path, parts):
    prefix = tmp_path / "install" / "edgesr_ros"
    expected = make(prefix / "share" / "edgesr_ros")
    assert share_of(package(prefix, *parts)) == expected


def test_the_nearest_prefix_wins(tmp_path):
    make(tmp_path / "share" / "edgesr_ros")
    inner = make(tmp_path / "venv" / "share" / "edgesr_ros")
    assert share_of(package(tmp_path / "venv", "lib", "site-packages")) == inner


def test_a_package_without_its_files_is_one_line(tmp_path):
    with pytest.raises(InputError, match="no share/edgesr_ros above it; install"):
        share_of(package(tmp_path, "lib"))


def test_finds_a_shipped_name():
    assert find("config/links", "lte", ".yaml") == config("links", "lte.yaml")


def test_a_file_wins_over_a_shipped_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lte").touch()
    assert find("config/links", "lte", ".yaml").resolve() == tmp_path / "lte"


def test_a_folder_of_a_shipped_name_does_not_hide_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lte").mkdir()
    assert find("config/links", "lte", ".yaml") == config("links", "lte.yaml")


def test_the_home_folder_may_be_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.yaml").touch()
    assert find("config/links", "~/mine.yaml", ".yaml") == tmp_path / "mine.yaml"


@pytest.mark.parametrize("name", ["5g", "lte.yml", "../links/lte", ""])
def test_neither_is_one_line_that_names_the_shipped_ones(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"no such file, nor one of config/links \(.*lte.*\)") as error:
        find("config/links", name, ".yaml")
    assert "\n" not in str(error.value)
