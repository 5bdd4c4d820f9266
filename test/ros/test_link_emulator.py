"""The link emulator over real DDS: what the profile says happens to frames, and nothing else."""

from diagnostic_msgs.msg import DiagnosticArray
from ros_messages import compressed_message
from sensor_msgs.msg import CompressedImage

from edgesr_ros.nodes.messages import nanoseconds


def write_profile(folder, text):
    path = folder / "link.yaml"
    path.write_text(f"description: for a test\n{text}")
    return path


def test_an_unlimited_link_changes_nothing(bench, picture):
    bench.start("link_emulator", profile="unlimited")
    arrived = bench.collect(CompressedImage, "ground/image_lr/compressed")
    robot = bench.publisher(CompressedImage, "robot/image_lr/compressed")
    sent = [compressed_message(picture, stamp, (64, 48)) for stamp in range(20)]
    for message in sent:
        robot.publish(message)
        bench.spin(0.02)
    bench.wait(lambda: len(arrived) == 20, "every frame")
    assert arrived == sent
    bench.wait(lambda: bench.count("link_emulator", "frames_out") == 20, "the counts")
    assert bench.dropped("link_emulator") == 0


def test_a_slow_link_drops_what_does_not_fit_its_queue(bench, picture, tmp_path):
    # 100 kbit/s carries 12.5 kB/s: of 60 frames of about 3 kB a second most are dropped.
    profile = write_profile(tmp_path, "capacity: {steps: [{seconds: 1, kbps: 100}]}\nqueue_bytes: 8000\n")
    bench.start("link_emulator", profile=profile)
    arrived = bench.collect(CompressedImage, "ground/image_lr/compressed")
    robot = bench.publisher(CompressedImage, "robot/image_lr/compressed")
    for stamp in range(60):
        robot.publish(compressed_message(picture, stamp, (64, 48)))
        bench.spin(0.02)
    bench.spin(2.0)
    assert bench.count("link_emulator", "frames_in") == 60
    assert bench.count("link_emulator", "dropped.link_queue") > 20
    assert bench.count("link_emulator", "frames_out") == len(arrived) == 60 - bench.dropped("link_emulator")
    stamps = [nanoseconds(message.header.stamp) for message in arrived]
    assert stamps == sorted(stamps)


def test_a_lossy_link_loses_by_seed(bench, picture, tmp_path):
    profile = write_profile(tmp_path, "capacity: {steps: [{seconds: 1, kbps: null}]}\nloss: 0.3\n")
    bench.start("link_emulator", profile=profile, seed=7)
    arrived = bench.collect(CompressedImage, "ground/image_lr/compressed")
    robot = bench.publisher(CompressedImage, "robot/image_lr/compressed")
    for stamp in range(100):
        robot.publish(compressed_message(picture[:8, :8], stamp, (8, 8)))
        bench.spin(0.01)
    bench.wait(lambda: len(arrived) + bench.count("link_emulator", "dropped.link_loss") == 100, "the counts")
    assert 15 <= bench.count("link_emulator", "dropped.link_loss") <= 45


def test_duplicates_are_counted_apart(bench, picture, tmp_path):
    profile = write_profile(tmp_path, "capacity: {steps: [{kbps: null}]}\nduplicate: 1\njitter_ms: 20\n")
    bench.start("link_emulator", profile=profile)
    arrived = bench.collect(CompressedImage, "ground/image_lr/compressed")
    robot = bench.publisher(CompressedImage, "robot/image_lr/compressed")
    for stamp in range(20):
        robot.publish(compressed_message(picture[:8, :8], stamp, (8, 8)))
        bench.spin(0.03)
    bench.wait(lambda: bench.count("link_emulator", "duplicates") == 20, "the duplicates")
    assert bench.count("link_emulator", "frames_out") == 20
    stamps = [nanoseconds(message.header.stamp) for message in arrived]
    assert sorted(stamps) == sorted([*range(20), *range(20)])


def test_reports_come_back(bench):
    bench.start("link_emulator", profile="unlimited")
    back = bench.collect(DiagnosticArray, "robot/link_report")
    ground = bench.publisher(DiagnosticArray, "ground/link_report")
    message = DiagnosticArray()
    message.header.stamp.sec = 5
    ground.publish(message)
    bench.wait(lambda: back, "the report")
    assert back[0] == message
