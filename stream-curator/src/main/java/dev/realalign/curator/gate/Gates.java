package dev.realalign.curator.gate;

import dev.realalign.curator.image.Damage;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.RgbImage;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The gates in their order. A picture is judged by each only when all cheaper ones let it pass; the first no of a gate
 * that is on decides.
 */
public final class Gates {

    /** A progressive photograph has about ten scans; every further one costs a whole walk over the picture. */
    private static final int MAX_SCANS = 100;
    /** Pixels times scans a decoder may walk over, as a multiple of the largest picture: this bounds its time. */
    private static final int MAX_WALKS = 4;

    private final GateLimits limits;
    private final RightsPolicy policy;

    /** Gates with these limits and this policy. */
    public Gates(GateLimits limits, RightsPolicy policy) {
        this.limits = limits;
        this.policy = policy;
    }

    /** One gate in its place: whose mode counts, and how it judges. */
    private record Gate(Reason reason, Supplier<Optional<Rejection>> verdict) {}

    /** Size of a picture as stored, and how often a decoder walks over it. */
    private record Shape(int width, int height, int scans) {
        long pixels() {
            return (long) width * height;
        }

        @Override
        public String toString() {
            return width + "x" + height + " pixels";
        }
    }

    private static Optional<Rejection> first(Findings findings, List<Gate> gates) {
        return gates.stream()
                .map(gate -> findings.ask(gate.reason, gate.verdict))
                .flatMap(Optional::stream)
                .findFirst();
    }

    /**
     * Judges the size of a file, before its bytes are fetched.
     *
     * @param bytes size of the file in bytes
     */
    public Optional<Rejection> judgeSize(long bytes) {
        if (bytes == 0) {
            return reject(Reason.EMPTY, "the picture has 0 bytes");
        }
        return bytes > limits.maxBytes()
                ? reject(
                        Reason.TOO_MANY_BYTES,
                        "the picture has " + bytes + " bytes, at most " + limits.maxBytes() + " are allowed")
                : Optional.empty();
    }

    /** Judges what a record says about the rights in its picture, before its bytes are fetched. */
    public Optional<Rejection> judgeRights(Rights rights, Findings findings) {
        return first(
                findings,
                List.of(
                        new Gate(Reason.OPT_OUT, () -> RightsPolicy.judgeOptOut(rights)),
                        new Gate(Reason.LICENCE, () -> policy.judgeLicence(rights))));
    }

    /** Judges a file whose first bytes announce no type that can be read. */
    public static Rejection unknownType(byte[] file) {
        return new Rejection(
                Reason.UNKNOWN_TYPE,
                "the file " + ImageType.describeUnknown(file) + "; JPEG, PNG, GIF, WebP, BMP and TIFF are accepted");
    }

    /** Judges size, structure and statements of a picture, before its pixels are decoded. */
    public Optional<Rejection> judgeStructure(ImageContainer picture, Findings findings) {
        Shape shape = new Shape(picture.width(), picture.height(), picture.scans());
        findings.measured(Measure.WIDTH, shape.width);
        findings.measured(Measure.HEIGHT, shape.height);
        findings.measured(Measure.SCANS, shape.scans);
        return first(
                        findings,
                        List.of(
                                new Gate(Reason.PIXEL_BOMB, () -> pixelBomb(shape)),
                                new Gate(Reason.TOO_SMALL, () -> tooSmall(shape)),
                                new Gate(Reason.ASPECT_RATIO, () -> aspectRatio(shape)),
                                new Gate(Reason.CORRUPT, () -> damaged(picture))))
                .or(() -> judgeDeclarations(picture, findings));
    }

    /** The verdict on damage, whether the structure or the decoder showed it. */
    public static Rejection damaged(ImageType type, Damage damage) {
        Reason reason =
                switch (damage.kind()) {
                    case TRUNCATED -> Reason.TRUNCATED;
                    case CORRUPT -> Reason.CORRUPT;
                    case UNSUPPORTED -> Reason.UNKNOWN_TYPE;
                };
        return new Rejection(reason, type + ": " + damage.evidence());
    }

    /**
     * Judges the pixels of a training picture.
     *
     * @param mean colourfulness of the pictures before it
     */
    public Optional<Rejection> judgePixels(RgbImage picture, RunningMean mean, Findings findings) {
        if (!findings.isAsked(Reason.FLAT)
                && !findings.isAsked(Reason.BADLY_EXPOSED)
                && !findings.isAsked(Reason.BLURRED)
                && !findings.isAsked(Reason.NOT_COLOURFUL)) {
            return Optional.empty();
        }
        PictureMeasures measures = PictureMeasures.of(picture);
        measures.noteIn(findings);
        return first(
                findings,
                List.of(
                        new Gate(Reason.FLAT, () -> flat(measures)),
                        new Gate(Reason.BADLY_EXPOSED, () -> badlyExposed(measures)),
                        new Gate(Reason.BLURRED, () -> blurred(measures)),
                        new Gate(Reason.NOT_COLOURFUL, () -> notColourful(measures, mean, findings))));
    }

    /**
     * What a gate says about a picture that was judged before, from what was written down about it: by its own measures
     * where they are known, otherwise what it said then.
     *
     * @param mean colourfulness of the pictures before it
     * @param findings told of a colourfulness that is compared
     */
    public Optional<Rejection> judgeAgain(Reason gate, Recorded recorded, RunningMean mean, Findings findings) {
        Optional<Shape> shape = recorded.has(Measure.WIDTH, Measure.HEIGHT, Measure.SCANS)
                ? Optional.of(
                        new Shape((int) recorded.measure(Measure.WIDTH), (int) recorded.measure(Measure.HEIGHT), (int)
                                recorded.measure(Measure.SCANS)))
                : Optional.empty();
        Optional<PictureMeasures> pixels = PictureMeasures.of(recorded);
        Optional<Optional<Rejection>> measured =
                switch (gate) {
                    case EMPTY, TOO_MANY_BYTES -> recorded.has(Measure.BYTES)
                            ? Optional.of(judgeSize((long) recorded.measure(Measure.BYTES))
                                    .filter(no -> no.reason() == gate))
                            : Optional.empty();
                    case OPT_OUT -> recorded.rights()
                            .map(rights -> RightsPolicy.judgeOptOut(rights).or(() -> recorded.told(gate)));
                    case LICENCE -> recorded.rights().map(policy::judgeLicence);
                    case PIXEL_BOMB -> shape.map(this::pixelBomb);
                    case TOO_SMALL -> shape.map(this::tooSmall);
                    case ASPECT_RATIO -> shape.map(this::aspectRatio);
                    case FLAT -> pixels.map(this::flat);
                    case BADLY_EXPOSED -> pixels.map(this::badlyExposed);
                    case BLURRED -> pixels.map(this::blurred);
                    case NOT_COLOURFUL -> pixels.map(measures -> notColourful(measures, mean, findings));
                    default -> Optional.empty();
                };
        return measured.orElseGet(() -> recorded.told(gate));
    }

    /** The running mean behind a picture whose colourfulness was measured. */
    public RunningMean after(ColourMeasure measure) {
        return measure.before().with(measure.value(), limits.colourfulnessHalfLife());
    }

    /** The running mean before the first picture. */
    public RunningMean start() {
        return new RunningMean(limits.colourfulnessStart(), 0);
    }

    /** The rule of the gate of colourfulness, in words. */
    public String colourfulnessRule() {
        return String.format(
                Locale.ROOT,
                "above the running mean of its partition, which begins at %s and halves the weight of a picture every %s"
                        + " pictures",
                limits.colourfulnessStart(),
                limits.colourfulnessHalfLife());
    }

    private Optional<Rejection> judgeDeclarations(ImageContainer picture, Findings findings) {
        if (picture.provenance().isEmpty() && picture.exif().isEmpty()) {
            return Optional.empty();
        }
        Declarations declared = new Declarations(picture);
        return first(
                findings,
                List.of(
                        new Gate(Reason.OPT_OUT, () -> declared.miningProhibited()
                                .map(evidence -> new Rejection(Reason.OPT_OUT, evidence))),
                        new Gate(Reason.DECLARED_SYNTHETIC, () -> declared.generated()
                                .map(evidence -> new Rejection(Reason.DECLARED_SYNTHETIC, evidence))),
                        new Gate(
                                Reason.CONTENT_CREDENTIALS,
                                () -> declared.hasContentCredentials()
                                        ? reject(Reason.CONTENT_CREDENTIALS, "it carries content credentials (C2PA)")
                                        : Optional.empty())));
    }

    private Optional<Rejection> pixelBomb(Shape shape) {
        if (shape.pixels() > limits.maxPixels()) {
            return reject(
                    Reason.PIXEL_BOMB,
                    shape + " are " + shape.pixels() + " pixels, at most " + limits.maxPixels() + " are decoded");
        }
        if (shape.scans() > MAX_SCANS) {
            return reject(
                    Reason.PIXEL_BOMB,
                    "the picture comes in " + shape.scans() + " scans, at most " + MAX_SCANS + " are decoded");
        }
        return shape.pixels() * shape.scans() > MAX_WALKS * limits.maxPixels()
                ? reject(
                        Reason.PIXEL_BOMB,
                        shape + " in " + shape.scans() + " scans are "
                                + shape.pixels() * shape.scans() + " pixels to walk over, at most "
                                + MAX_WALKS * limits.maxPixels() + " are decoded")
                : Optional.empty();
    }

    private Optional<Rejection> tooSmall(Shape shape) {
        return Math.min(shape.width(), shape.height()) < limits.minSide()
                ? reject(
                        Reason.TOO_SMALL,
                        shape + ": the shorter side must have at least " + limits.minSide() + " pixels")
                : Optional.empty();
    }

    private Optional<Rejection> aspectRatio(Shape shape) {
        double ratio = (double) Math.max(shape.width(), shape.height()) / Math.min(shape.width(), shape.height());
        return ratio > limits.maxAspectRatio()
                ? reject(
                        Reason.ASPECT_RATIO,
                        String.format(
                                Locale.ROOT,
                                "%s: one side is %.2f times the other, at most %s times is allowed",
                                shape,
                                ratio,
                                limits.maxAspectRatio()))
                : Optional.empty();
    }

    private Optional<Rejection> damaged(ImageContainer picture) {
        return picture.damage().map(damage -> damaged(picture.type(), damage));
    }

    private Optional<Rejection> flat(PictureMeasures measures) {
        return measures.lumaDeviation() < limits.minLumaDeviation()
                ? reject(
                        Reason.FLAT,
                        "the luma deviates by %.2f levels, at least %s are needed",
                        measures.lumaDeviation(),
                        limits.minLumaDeviation())
                : Optional.empty();
    }

    private Optional<Rejection> badlyExposed(PictureMeasures measures) {
        double share = Math.max(measures.blackShare(), measures.whiteShare());
        return share > limits.maxExposureShare()
                ? reject(
                        Reason.BADLY_EXPOSED,
                        "%.1f %% of the pixels are " + (measures.blackShare() == share ? "black" : "white")
                                + ", at most %.1f %% are allowed",
                        100 * share,
                        100 * limits.maxExposureShare())
                : Optional.empty();
    }

    private Optional<Rejection> blurred(PictureMeasures measures) {
        return measures.sharpness() < limits.minSharpness()
                ? reject(
                        Reason.BLURRED,
                        "the Laplacian of the luma has a variance of %.2f, at least %s is needed",
                        measures.sharpness(),
                        limits.minSharpness())
                : Optional.empty();
    }

    private static Optional<Rejection> notColourful(PictureMeasures measures, RunningMean mean, Findings findings) {
        findings.measured(new ColourMeasure(measures.colourfulness(), mean));
        return measures.colourfulness() <= mean.mean()
                ? reject(
                        Reason.NOT_COLOURFUL,
                        "the colourfulness is %.2f, the running mean of %d pictures is %.2f",
                        measures.colourfulness(),
                        mean.images(),
                        mean.mean())
                : Optional.empty();
    }

    private static Optional<Rejection> reject(Reason reason, String evidence) {
        return Optional.of(new Rejection(reason, evidence));
    }

    private static Optional<Rejection> reject(Reason reason, String format, Object... values) {
        return reject(reason, String.format(Locale.ROOT, format, values));
    }
}
