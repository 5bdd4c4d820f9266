"""Runs of the launch files that together take every way through them."""

# Name of the file and its arguments; files and folders are relative to where the test runs.
RUNS: tuple[tuple[str, dict[str, str]], ...] = (
    ("onboard", {}),
    (
        "onboard",
        {"namespace": "/a/b", "image": "camera/image", "camera_info": "/c/info", "use_sim_time": "true"},
    ),
    ("onboard", {"cameras": "front,rear", "image": "/cams/{camera}/image"}),
    ("ground_station", {}),
    ("ground_station", {"cameras": "front,rear", "image_lr": "/robot/{camera}/image_lr"}),
    ("ground_station", {"namespace": "operator", "image_lr": "/robot/image_lr", "link_report": "/report"}),
    ("ground_station", {"model": "edgesrgan_tiny_x4_link", "interpolation": "1"}),
    ("ground_station", {"model": "bicubic", "overlay": "true", "use_sim_time": "true"}),
    ("operator", {"port": "0"}),
    (
        "operator",
        {
            "namespace": "ground",
            "cameras": "front,rear",
            "focus": "/rover/focus",
            "listen": "127.0.0.1",
            "port": "0",
            "recordings": "there",
            "use_sim_time": "true",
        },
    ),
    ("teleop", {"source": "pictures"}),
    ("teleop", {"source": "pictures", "link": "none", "loop": "false", "output": "12"}),
    ("teleop", {"source": "pictures", "output": "record", "seconds": "8", "use_sim_time": "true"}),
    ("teleop", {"camera": "/camera/image", "camera_info": "/camera/info", "link": "lte"}),
    ("teleop", {"camera": "/camera/image", "link": "none", "output": "record", "overlay": "true"}),
    ("teleop", {"cameras": "front,rear", "source": "pictures", "output": "record"}),
    ("teleop", {"cameras": "front,rear", "camera": "/cams/{camera}/image", "link": "none"}),
    ("degradation", {"source": "pictures"}),
    ("degradation", {"experiment": "no_such"}),
    ("replay", {"bag": "pictures"}),
    ("replay", {"bag": "pictures", "output": "record"}),
    ("replay", {"bag": "pictures", "player": "rosbag2", "topic": "/image", "model": "bicubic"}),
)


def title(run: tuple[str, dict[str, str]]) -> str:
    """As one would write it behind `ros2 launch edgesr_ros`."""
    return " ".join([run[0], *(f"{name}:={value}" for name, value in run[1].items())])
