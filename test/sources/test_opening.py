import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.sources.files import write_image
from edgesr_ros.sources.image_folder import FolderSource
from edgesr_ros.sources.opening import open_source
from edgesr_ros.sources.video import VideoSource


def test_a_folder_of_images(tmp_path, picture):
    write_image(tmp_path / "a.png", picture)
    assert isinstance(open_source(str(tmp_path)), FolderSource)


def test_recordings(shared):
    video = open_source(str(shared / "data" / "recordings" / "solidWhiteRight.mp4"))
    assert isinstance(video, VideoSource)
    assert video.description == "video solidWhiteRight.mp4: 960x540, 25 Hz"
    bag = open_source(str(shared / "data" / "recordings" / "euroc_micro_cam0"), topic="")
    expected = "topic /cam0/image_raw/compressed: 95 frames, 752x480 mono8, 20 Hz"
    assert bag.description == f"bag euroc_micro_cam0, {expected}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/no/such/place", r"^/no/such/place: no such folder or file"),
        ("camera:", r"^camera:: expected a number after 'camera:'"),
        ("camera:front", r"^camera:front: expected a number"),
        ("camera:-1", r"^camera:-1: expected a number"),
        ("camera:97", r"^camera:97: no such camera"),
    ],
)
def test_names_of_nothing(text, message, capfd):
    with pytest.raises(InputError, match=message):
        open_source(text)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.h264", "a.db3", "a.mcap", "a.bag"])
@pytest.mark.parametrize(
    "content", [b"", b"this is text\n" * 50, bytes(range(256)) * 40], ids=["empty", "text", "bytes"]
)
def test_files_that_are_no_recordings_are_one_line(tmp_path, name, content, capfd):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(
        InputError,
        match=rf"{name}: (not a video|no picture in this video|cannot be read as a (rosbag2|ROS 1 bag))",
    ) as caught:
        open_source(str(tmp_path / name))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["a.txt", "a"])
def test_files_of_another_kind_are_named(tmp_path, name):
    (tmp_path / name).write_text("FFmpeg would draw this as a terminal\n")
    with pytest.raises(
        InputError, match=rf"{name}: suffix is .*, expected one of .avi, .*, .mp4, .*or a folder"
    ):
        open_source(str(tmp_path / name))


def test_folders_without_images(tmp_path):
    with pytest.raises(InputError, match="no image in it"):
        open_source(str(tmp_path))
    (tmp_path / "bag_0.mcap").write_bytes(b"")
    with pytest.raises(InputError, match=r"no metadata.yaml in this rosbag2 \(recording cut short\?"):
        open_source(str(tmp_path))
    (tmp_path / "metadata.yaml").write_text("{half a: file")
    with pytest.raises(InputError, match="cannot be read as a rosbag2") as caught:
        open_source(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_only_a_bag_has_topics(tmp_path, picture):
    write_image(tmp_path / "a.png", picture)
    with pytest.raises(InputError, match="topic is /image, but only a rosbag2 has topics"):
        open_source(str(tmp_path), topic="/image")
