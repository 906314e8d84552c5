package dev.realalign.curator;

import com.sun.management.OperatingSystemMXBean;
import dev.realalign.curator.gate.Findings;
import dev.realalign.curator.gate.Gates;
import dev.realalign.curator.image.DamagedImageException;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.PngEncoder;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.image.TrainingPicture;
import dev.realalign.curator.negative.Negative;
import dev.realalign.curator.negative.PerturbedNegatives;
import dev.realalign.curator.pair.PairSettings;
import dev.realalign.curator.pair.PerceptualDistance;
import dev.realalign.curator.pair.RankWindows;
import dev.realalign.curator.pair.WindowsInMemory;
import dev.realalign.curator.similar.HeldOutPictures;
import dev.realalign.curator.similar.PerceptualHash;
import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.KeyPartitioner;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Topics;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.apache.kafka.common.serialization.Serializer;

/**
 * How fast one thread curates: each part by itself, and the whole work on a record from the bytes that the broker hands
 * out to the bytes that go back to it. Rates are by processor time, so that what else runs on the machine hardly
 * counts.
 */
public final class CuratorBenchmark {
    private static final String REGISTRY = "mock://curator-benchmark";
    private static final String WHOLE_RECORD = "record";
    private static final String BARE_TO_PNG = "bareToPng";
    /** Pictures in a turn of each of two parts that are measured side by side. */
    private static final int TURN = 25;
    /** The whole record is much code: it is warmed up for several times as long as it is measured. */
    private static final int WARM_UP = 3;

    private final CuratorConfig config;
    private final List<byte[]> originals;
    private final Duration timeForEach;

    /**
     * What was measured.
     *
     * @param images different pictures used
     * @param meanBytes mean size of their files, in bytes
     * @param resolution width and height of the pairs, in pixels
     * @param accepted share of the pictures that became triples
     * @param recordOfBare rate of {@code record} as a share of {@code bareToPng}, which were measured in turns, so that what else
     *     runs on the machine hits both
     * @param imagesPerSecondPerCore pictures per second of processor time, by part: {@code gates} (digest, type,
     *     structure, statements, pixels), {@code decode} (with resizing, orientation and colours), {@code hash} (perceptual),
     *     {@code perturbation}, {@code distance} (perceptual, of the pair), {@code encode}
     *     (both halves), {@code record} (all of it, with both records' Avro), and for comparison {@code bareToPng} (nothing
     *     but the JDK's decoder and both halves' PNG encoder) and {@code bareToJpeg} (nothing but the JDK's JPEG decoder and
     *     one run of its JPEG encoder)
     */
    public record Report(
            int images,
            long meanBytes,
            int resolution,
            double accepted,
            double recordOfBare,
            Map<String, Double> imagesPerSecondPerCore) {}

    /** Work on one picture. */
    private interface Part {
        void run(int picture) throws DamagedImageException;
    }

    /**
     * A benchmark.
     *
     * @param resolution width and height of the pairs, in pixels; smaller pictures are enlarged
     * @param originals files to curate again and again
     * @param timeForEach processor time to spend on each part, after as much to warm up
     */
    public CuratorBenchmark(int resolution, List<byte[]> originals, Duration timeForEach) {
        this.config = CuratorConfig.from(Map.of(
                ClusterConfig.BOOTSTRAP_SERVERS,
                "none:1",
                ClusterConfig.SCHEMA_REGISTRY_URL,
                REGISTRY,
                ClusterConfig.IMAGE_PARTITIONS,
                "1",
                "blob.store.uri",
                "file:///none",
                CuratorConfig.RESOLUTION_PX,
                String.valueOf(resolution),
                CuratorConfig.MIN_SIDE_PX,
                "1"));
        this.originals = List.copyOf(originals);
        this.timeForEach = timeForEach;
    }

    /**
     * Measures in the calling thread.
     *
     * @throws UserErrorException if no picture can be curated
     */
    public Report run() {
        PairSettings settings = config.pairs();
        TrainingPicture pictures = new TrainingPicture(settings.resolution(), settings.background());
        List<byte[]> usable = new ArrayList<>();
        List<RgbImage> reals = new ArrayList<>();
        for (byte[] original : originals) {
            try {
                reals.add(pictures.of(container(original)));
                usable.add(original);
            } catch (DamagedImageException | IllegalArgumentException unusable) {
                // counted by its absence
            }
        }
        if (usable.isEmpty()) {
            throw UserErrorException.failure(
                    "none of the " + originals.size() + " pictures can be decoded; give the benchmark photographs");
        }
        Map<String, Double> rates = measureAll(settings, pictures, usable, reals);
        return new Report(
                usable.size(),
                (long) usable.stream().mapToInt(file -> file.length).average().orElse(0),
                settings.resolution(),
                (double) usable.size() / originals.size(),
                rates.getOrDefault(WHOLE_RECORD, Double.NaN) / rates.getOrDefault(BARE_TO_PNG, Double.NaN),
                rates);
    }

    private Map<String, Double> measureAll(
            PairSettings settings, TrainingPicture pictures, List<byte[]> files, List<RgbImage> reals) {
        Gates gates = new Gates(settings.limits(), settings.policy());
        PerturbedNegatives negatives =
                new PerturbedNegatives(settings.mixes().standard(), settings.leastRmsDifference(), settings.seed());
        List<String> ids = files.stream().map(file -> ImageId.of(file).hex()).toList();
        List<RgbImage> worse = new ArrayList<>();
        for (int i = 0; i < reals.size(); i++) {
            RgbImage real = reals.get(i);
            worse.add(negatives.of(ids.get(i), real).map(Negative::image).orElse(real));
        }
        Map<String, Double> rates = new LinkedHashMap<>();
        rates.put("gates", rate(files.size(), i -> {
            ImageId.of(files.get(i));
            gates.judgeSize(files.get(i).length);
            Findings findings = new Findings(settings.modes());
            gates.judgeStructure(container(files.get(i)), findings);
            gates.judgePixels(reals.get(i), gates.start(), findings);
        }));
        rates.put("decode", rate(files.size(), i -> pictures.of(container(files.get(i)))));
        rates.put("hash", rate(files.size(), i -> PerceptualHash.of(reals.get(i))));
        rates.put("perturbation", rate(files.size(), i -> negatives.of(ids.get(i), reals.get(i))));
        rates.put("distance", rate(files.size(), i -> PerceptualDistance.of(reals.get(i), worse.get(i))));
        rates.put("encode", rate(files.size(), i -> {
            PngEncoder.encode(reals.get(i));
            PngEncoder.encode(worse.get(i));
        }));
        Part bareToPng = i -> {
            bareDecode(files.get(i));
            PngEncoder.encode(reals.get(i));
            PngEncoder.encode(worse.get(i));
        };
        rates.putAll(wholeRecordBeside(bareToPng, files, ids));
        rates.put("bareToJpeg", rate(files.size(), i -> bareEncode(bareDecode(files.get(i)))));
        return rates;
    }

    private static BufferedImage bareDecode(byte[] file) {
        try {
            return ImageIO.read(new ByteArrayInputStream(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void bareEncode(BufferedImage image) {
        try {
            ImageIO.write(image, "jpeg", new ByteArrayOutputStream(1 << 16));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Map<String, Double> wholeRecordBeside(Part bareToPng, List<byte[]> files, List<String> ids) {
        ClusterSetup.registerSchemas(config.cluster(), Topics.all());
        Map<String, Object> registry = config.cluster().registry();
        try (RecordReader<RealImage> reader = new RecordReader<>(Topics.REAL_IMAGES, registry);
                Serializer<RealImage> images = Topics.REAL_IMAGES.valueSerializer(registry);
                Serializer<PreferenceTriple> triples = Topics.PREFERENCE_TRIPLES.valueSerializer(registry);
                Serializer<ImageRejection> rejections = Topics.IMAGE_REJECTIONS.valueSerializer(registry)) {
            RecordJudge judge =
                    new RecordJudge(config, reader, BlobStore.open(config.blobStore()), HeldOutPictures.NONE);
            Map<String, RecordPosition> seen = new HashMap<>();
            RunningMeans means = new MeansInMemory();
            RankWindows windows = new WindowsInMemory();
            List<ReceivedRecord> records = new ArrayList<>();
            for (int i = 0; i < files.size(); i++) {
                records.add(record(i, ids.get(i), files.get(i), images));
            }
            Part wholeRecord = i -> {
                Judged judged = judge.judge(
                        records.get(i),
                        (id, position) -> Optional.ofNullable(seen.putIfAbsent(id, position))
                                .filter(first -> !first.equals(position)),
                        means,
                        Instant.EPOCH);
                Outcome outcome = judged instanceof Judged.Passed passed
                        ? judge.endPerturbed(passed.image(), Optional.empty(), Map.of(), windows, Instant.EPOCH)
                        : ((Judged.Ended) judged).outcome();
                if (outcome instanceof Outcome.Accepted accepted) {
                    triples.serialize(Topics.PREFERENCE_TRIPLES.name(), accepted.triple());
                } else if (outcome instanceof Outcome.Rejected rejected) {
                    rejections.serialize(Topics.IMAGE_REJECTIONS.name(), rejected.rejection());
                }
            };
            return sideBySide(files.size(), wholeRecord, bareToPng);
        }
    }

    private static ReceivedRecord record(int offset, String id, byte[] file, Serializer<RealImage> serializer) {
        RealImage image = RealImage.newBuilder()
                .setImageId(id)
                .setCaption("a photo")
                .setContent(ByteBuffer.wrap(file))
                .setSource("benchmark")
                .setIngestTime(Instant.EPOCH)
                .build();
        byte[] key = id.getBytes(StandardCharsets.UTF_8);
        return new ReceivedRecord(
                new RecordPosition(KeyPartitioner.partition(key, 1), (long) offset),
                key,
                serializer.serialize(Topics.REAL_IMAGES.name(), image));
    }

    private static ImageContainer container(byte[] file) throws DamagedImageException {
        ImageType type =
                ImageType.detect(file).orElseThrow(() -> new IllegalArgumentException(ImageType.describeUnknown(file)));
        return ImageContainer.read(file, type);
    }

    /** Pictures per second of processor time, after as long a warm-up. */
    private double rate(int pictures, Part part) {
        Meter warmUp = new Meter(part, pictures);
        while (warmUp.spent < timeForEach.toNanos()) {
            warmUp.run(1);
        }
        Meter meter = new Meter(part, pictures);
        while (meter.spent < timeForEach.toNanos()) {
            meter.run(1);
        }
        return meter.rate();
    }

    /** The same of two parts that take turns. */
    private Map<String, Double> sideBySide(int pictures, Part wholeRecord, Part bareToPng) {
        long nanos = timeForEach.toNanos();
        Meter record = new Meter(wholeRecord, pictures);
        Meter bare = new Meter(bareToPng, pictures);
        while (record.spent < WARM_UP * nanos) {
            record.run(TURN);
            bare.run(TURN);
        }
        record = new Meter(wholeRecord, pictures);
        bare = new Meter(bareToPng, pictures);
        while (record.spent < nanos || bare.spent < nanos) {
            record.run(TURN);
            bare.run(TURN);
        }
        return new TreeMap<>(Map.of(WHOLE_RECORD, record.rate(), BARE_TO_PNG, bare.rate()));
    }

    /** Repeats a part over all pictures, and adds up the processor time of this process. */
    private static final class Meter {
        private final Part part;
        private final int pictures;
        private long done;
        private long spent;

        Meter(Part part, int pictures) {
            this.part = part;
            this.pictures = pictures;
        }

        void run(int times) {
            OperatingSystemMXBean process = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
            long start = process.getProcessCpuTime();
            try {
                for (int i = 0; i < times; i++) {
                    part.run((int) (done % pictures));
                    done++;
                }
            } catch (DamagedImageException impossible) {
                throw new IllegalStateException("A picture decoded before no longer does.", impossible);
            }
            spent += process.getProcessCpuTime() - start;
        }

        double rate() {
            return done * 1e9 / spent;
        }
    }
}
