"""What an experiment finds: the structure of its results.json, the same for simulated and for real runs."""

from typing import Literal

from edgesr_ros.schema import Struct


class Course(Struct):
    """A run second by second; null: nothing to tell of that second."""

    shown_per_s: list[float]
    oldest_ms: list[float | None]  # greatest age of what was on the screen
    lpips: list[float | None]  # of what was on the screen
    sent_kbps: list[float]
    capacity_kbps: list[float | None]  # null: unlimited


class Row(Struct):
    """A contender on a link with a recording; ages and times as the operator has them, null: not defined."""

    contender: str
    link: str
    recording: str
    time: Literal["simulated", "real"]
    seconds: float
    capacity_kbps: float | None  # mean of the link; null: unlimited
    usable_kbps: float  # mean of the link's capacity, as far as the recording at its best could fill it
    capacity_used: float  # bytes that the link carried, of all cameras, by those usable
    propagation_ms: float  # mean delay of the link without any waiting; no picture can be younger
    frames_sent: int
    frames_shown: int
    fps_shown: float
    age_p50_ms: float | None  # of pictures when they appeared
    age_p95_ms: float | None
    age_on_screen_p95_ms: (
        float | None
    )  # of what was on the screen at any moment; it ages until the next comes
    stale: float  # share of the time in which no picture had come for a second, as `stale` says
    lost: dict[str, int]  # frames by reason: queue, loss, burst, …
    lost_overload: float  # share of the frames sent that found the queue full
    sent_kbps: float
    bytes_per_frame: float | None  # of real runs with what was sent to repair it
    lpips_on_screen: float  # a frozen picture or an empty screen counts as what is on the screen
    psnr_on_screen_db: float
    flicker: float | None  # change from picture to picture of what they add to the original, grey levels
    recovery_s: float | None  # longest time from the end of an outage to a picture taken after it; null: none
    timeline: Course | None = None
    frozen: float | None = None  # share of the time in gaps of more than 250 ms between pictures
    reports_kbps: float | None = None  # that went back, all headers included


class CurvePoint(Struct):
    """Frames of a recording at one setting, without a link: means over the frames."""

    recording: str
    method: str  # jpeg, webp, avif, h264, ours, …
    setting: str
    bytes_per_frame: float  # for 640x480 pixels
    lpips: float
    psnr_db: float


class Results(Struct):
    """results.json."""

    description: str
    camera: str
    seed: int
    rows: list[Row]
    curves: list[CurvePoint]
