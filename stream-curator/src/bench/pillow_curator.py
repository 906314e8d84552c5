#!/usr/bin/env python3
"""The curator's work on a picture, written with Pillow, for comparison on the same machine.

    ./realalign bench curator --keep DIR      measures the curator and writes the files it used
    python3 pillow_curator.py DIR             does the same work on them, prints pictures per second of processor time

The work: SHA-256, decode, RGB, shorter side to 512 by Lanczos and centre cut where needed, deviation, exposure, sharpness and
colourfulness, the perceptual hash (cosine transform of 32x32 cells), one of four local perturbations in a region that fades in at
its rim, RMS difference, the perceptual distance of the pair (MS-SSIM with sliding windows of 8 pixels, similarity of the
chromaticity, at 256 px), both pictures as PNG. It is measured with Pillow's own way of writing PNG (zlib level 6) and with the curator's (Huffman codes only). Needs Pillow
(Debian: python3-pil), no NumPy.
"""

import hashlib
import io
import json
import math
import pathlib
import random
import sys
import time
from operator import mul

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageMath, ImageStat, __version__

SIDE = 512
SECONDS = 4.0
CELLS = 32
COSINES = [[math.cos(math.pi * (2 * x + 1) * f / (2 * CELLS)) for x in range(CELLS)] for f in range(1, 9)]
EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
LAPLACIAN = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), 1, 128)


def training_picture(file):
    image = Image.open(io.BytesIO(file))
    image.load()
    image = image.convert("RGB")
    shorter = min(image.size)
    if shorter != SIDE:
        size = tuple(max(SIDE, round(edge * SIDE / shorter)) for edge in image.size)
        image = image.resize(size, Image.LANCZOS)
    if image.size != (SIDE, SIDE):
        left, top = (image.width - SIDE) // 2, (image.height - SIDE) // 2
        image = image.crop((left, top, left + SIDE, top + SIDE))
    return image


def measures(image):
    luma = image.convert("L")
    histogram = luma.histogram()
    red, green, blue = image.split()
    red_green = ImageStat.Stat(ImageChops.subtract(red, green, 2, 128))
    yellow = ImageChops.add(red, green, 2)
    yellow_blue = ImageStat.Stat(ImageChops.subtract(yellow, blue, 2, 128))
    deviation = 2 * math.hypot(red_green.stddev[0], yellow_blue.stddev[0])
    mean = 2 * math.hypot(red_green.mean[0] - 128, yellow_blue.mean[0] - 128)
    return (
        ImageStat.Stat(luma).stddev[0],
        sum(histogram[:6]),
        sum(histogram[250:]),
        ImageStat.Stat(luma.filter(LAPLACIAN)).var[0],
        deviation + 0.3 * mean,
    )


def perceptual_hash(image):
    cells = list(image.convert("L").resize((CELLS, CELLS), Image.BOX).getdata())
    rows = [
        [sum(map(mul, cosine, row)) for cosine in COSINES]
        for row in (cells[at : at + CELLS] for at in range(0, CELLS * CELLS, CELLS))
    ]
    columns = list(zip(*rows))
    spectrum = [sum(map(mul, cosine, column)) for cosine in COSINES for column in columns]
    middle = sorted(spectrum)[31:33]
    return sum((value > sum(middle) / 2) << bit for bit, value in enumerate(spectrum))


def windows(plane):
    """Sums over all squares of 8 pixels, by doubling."""
    width, height = plane.size
    for step in (1, 2, 4):
        width -= step
        plane = ImageMath.eval("a + b", a=plane.crop((0, 0, width, height)), b=plane.crop((step, 0, width + step, height)))
    for step in (1, 2, 4):
        height -= step
        plane = ImageMath.eval("a + b", a=plane.crop((0, 0, width, height)), b=plane.crop((0, step, width, height + step)))
    return plane


def mean_of(plane):
    return plane.resize((1, 1), Image.BOX).getpixel((0, 0))


def structure(first, second):
    similarity = 1
    for scale, exponent in enumerate(EXPONENTS):
        a, b = first.convert("F"), second.convert("F")
        mean_a, mean_b = windows(a), windows(b)
        squares = windows(ImageMath.eval("a * a + b * b", a=a, b=b))
        products = windows(ImageMath.eval("a * b", a=a, b=b))
        parts = {"a": mean_a, "b": mean_b, "s": squares, "p": products}
        contrast = ImageMath.eval(
            "(2 * (p / 64 - a * b / 4096) + 58.5225) / (s / 64 - (a * a + b * b) / 4096 + 58.5225)", **parts)
        similarity *= max(0, mean_of(contrast)) ** exponent
        if scale == len(EXPONENTS) - 1:
            light = ImageMath.eval("(a * b / 2048 + 6.5025) / ((a * a + b * b) / 4096 + 6.5025)", **parts)
            similarity *= mean_of(light) ** exponent
        first, second = first.reduce(2), second.reduce(2)
    return similarity


def chromaticity(first, second):
    planes = [channel.convert("F") for image in (first, second) for channel in image.split()]
    h1, h2 = (ImageMath.eval("30 * r + 4 * g - 35 * b", **dict(zip("rgb", planes[at : at + 3]))) for at in (0, 3))
    m1, m2 = (ImageMath.eval("34 * r - 60 * g + 17 * b", **dict(zip("rgb", planes[at : at + 3]))) for at in (0, 3))
    return mean_of(ImageMath.eval(
        "(2 * (h * i + m * n) + 5500000) / (h * h + i * i + m * m + n * n + 5500000)", h=h1, i=h2, m=m1, n=m2))


def perceptual_distance(first, second):
    first, second = first.reduce(2), second.reduce(2)
    return 1 - structure(first.convert("L"), second.convert("L")) * chromaticity(first, second)


def negative(image, chance):
    width, height = (chance.randint(SIDE * 2 // 5, SIDE * 13 // 20) for _ in range(2))
    best = None
    luma = image.convert("L")
    for _ in range(8):
        left, top = chance.randint(0, SIDE - width), chance.randint(0, SIDE - height)
        contrast = ImageStat.Stat(luma.crop((left, top, left + width, top + height))).stddev[0]
        if best is None or contrast > best[0]:
            best = (contrast, left, top)
    _, left, top = best
    box = (left, top, left + width, top + height)
    region = image.crop(box)
    kind = chance.randrange(4)
    if kind == 0:
        changed = ImageChops.offset(region, width // 3, height // 3)
    elif kind == 1:
        changed = region.rotate(100, Image.BILINEAR)
    elif kind == 2:
        changed = region.filter(ImageFilter.BoxBlur(20)).filter(ImageFilter.BoxBlur(20)).filter(ImageFilter.BoxBlur(20))
    else:
        noise = Image.merge("RGB", [Image.effect_noise(region.size, 50) for _ in range(3)])
        changed = ImageChops.add(region, noise, 1, -128)
    fade = max(1, min(width, height) * 8 // 100)
    mask = Image.new("L", region.size, 0)
    ImageDraw.Draw(mask).rectangle((fade, fade, width - fade, height - fade), fill=255)
    mask = mask.filter(ImageFilter.BoxBlur(fade / 2))
    worse = image.copy()
    worse.paste(changed, (left, top), mask)
    return worse


def rms(first, second):
    return math.sqrt(sum(value * value for value in ImageStat.Stat(ImageChops.difference(first, second)).rms) / 3)


def png(image, options):
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


def curate(file, options):
    chance = random.Random(hashlib.sha256(file).digest())
    real = training_picture(file)
    measures(real)
    perceptual_hash(real)
    worse = negative(real, chance)
    rms(real, worse)
    perceptual_distance(real, worse)
    return len(png(real, options)) + len(png(worse, options))


def rate(files, work):
    for warm_up in files[:20]:
        work(warm_up)
    start, done = time.process_time(), 0
    while time.process_time() - start < SECONDS:
        work(files[done % len(files)])
        done += 1
    return done / (time.process_time() - start)


def bare(file):
    out = io.BytesIO()
    image = Image.open(io.BytesIO(file)).convert("RGB")
    image.save(out, "JPEG", quality=75)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    files = [path.read_bytes() for path in sorted(pathlib.Path(sys.argv[1]).iterdir()) if path.is_file()]
    huffman = {"compress_type": 2, "compress_level": 6}
    print(json.dumps({
        "pillow": __version__,
        "images": len(files),
        "imagesPerSecondPerCore": {
            "record, PNG as Pillow writes it": round(rate(files, lambda file: curate(file, {})), 1),
            "record, PNG by Huffman codes only": round(rate(files, lambda file: curate(file, huffman)), 1),
            "bareToJpeg": round(rate(files, bare), 1),
        },
        "meanPairBytes": {
            "as Pillow writes it": round(sum(curate(file, {}) for file in files[:20]) / len(files[:20])),
            "Huffman codes only": round(sum(curate(file, huffman) for file in files[:20]) / len(files[:20])),
        },
    }, indent=2))


if __name__ == "__main__":
    main()
