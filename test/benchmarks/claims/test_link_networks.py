"""What it pays that a network knows the codec."""

from benchmarks.claims.link_networks import (
    CLAIM,
    LinkNetworkRow,
    LinkNetworksSettings,
    gains,
    link_networks_table,
)


def result_of(enveloped, *points):
    """At each point: bytes, LPIPS of the clean network and of the one that knows the codec."""
    rows = [
        LinkNetworkRow(
            recording="a clip",
            model=model,
            quality=quality,
            frames=1,
            bytes_per_frame=size,
            lpips_alex=lpips,
            psnr_db=30.0,
        )
        for quality, (size, *both) in enumerate(points, start=1)
        for model, lpips in zip(("edgesrgan_x4", "edgesrgan_x4_link"), both, strict=True)
    ]
    return enveloped(CLAIM, LinkNetworksSettings(codec="webp", scale=4), rows)


def test_gains_are_those_at_few_bytes(enveloped, kept):
    result = result_of(enveloped, (1999, 0.4, 0.4), (2000, 0.4, 0.36), (6000, 0.2, 0.19), (6001, 0.1, 0.2))
    assert [round(gain, 3) for gain in gains(result, "edgesrgan_x4")] == [0.1, 0.05]
    text = link_networks_table(result)
    assert "| a clip | 2 | 2,000 | 0.400 | 0.360 |" in text
    assert text.endswith("`edgesrgan_x4_link` 8% lower than `edgesrgan_x4`, 5% to 10%.")
    assert list(kept(CLAIM, result).values()) == [False, False]  # 7.5 %; tiny was not measured


def test_without_points_of_few_bytes_nothing_is_said(enveloped):
    assert link_networks_table(result_of(enveloped, (1000, 0.4, 0.3))).endswith("a frame: not measured.")
