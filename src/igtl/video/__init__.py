"""Compressed images: IMAGE to VIDEO and back, frame by frame.

    encoder, decoder = igtl.video.Encoder("H264"), igtl.video.Decoder()
    video = encoder.encode(image)
    pixels = decoder.decode(video)

Every image gives one VIDEO and every VIDEO one picture, at once: nothing waits for what comes
later. PyAV (the extra `video`) does the work, except for I420, which needs only numpy.
"""

from __future__ import annotations

from igtl.video.codecs import CODEC_NAMES
from igtl.video.decoder import Decoder
from igtl.video.encoder import Encoder

__all__ = ["CODEC_NAMES", "Decoder", "Encoder"]
