package dev.realalign.app.command;

import com.sun.management.OperatingSystemMXBean;
import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.app.feed.FeedConfig;
import dev.realalign.app.feed.ImageFeeder;
import dev.realalign.app.feed.Note;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.curator.CuratorService;
import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.similar.Bands;
import dev.realalign.curator.similar.Step;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.SimilarityQuestion;
import dev.realalign.schemas.Topics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/**
 * The whole curator with one stream thread on an embedded broker, everything it does included: consumer, registry, gates,
 * pairs, state, transactions. Processor time is that of this process; broker and registry are others.
 */
final class TopologyBenchmark implements AutoCloseable {
    private static final int SAMPLES = 10;
    private static final Duration POLL = Duration.ofMillis(5);
    private static final int DUPLICATES = 50_000;
    private static final int PROBES = 100;
    private static final int QUESTIONS = 1000;
    private static final int DRAWN_CELLS = 8;
    private static final double MIB = 1024.0 * 1024.0;

    /**
     * Pictures through the curator.
     *
     * @param pictures how many, each with bytes of its own
     * @param triples how many of them became triples
     * @param picturesPerSecond by the clock, after the first tenth
     * @param picturesPerSecondPerCore by processor time of this process, after the first tenth
     * @param heapMiB heap in use after a full collection, at each tenth
     */
    record Flow(
            int pictures,
            long triples,
            double picturesPerSecond,
            double picturesPerSecondPerCore,
            List<Double> heapMiB) {}

    /**
     * State of many ids.
     *
     * @param ids how many
     * @param idsPerSecond by the clock, while it was filled
     * @param stateMiB size of the state folder
     * @param bytesPerId the same for each id
     * @param microsecondsPerDuplicate processor time of one duplicate among them: read, looked up, rejected
     * @param startSeconds time from the start to the last verdict on 100 duplicates, with the state at hand
     * @param restoreSeconds the same without it, when it is restored from its changelog first
     */
    record State(
            int ids,
            double idsPerSecond,
            double stateMiB,
            double bytesPerId,
            double microsecondsPerDuplicate,
            double startSeconds,
            double restoreSeconds) {}

    /**
     * Index of perceptual hashes.
     *
     * @param pictures accepted pictures in it, with random hashes
     * @param placesPerSecond places written by the clock while it was filled, seven for each picture
     * @param stateMiB size of the state folder
     * @param bytesPerPicture the same for each picture
     * @param millisecondsPerQuestion processor time of a picture's question: it visits the owners of its seven bands, each of
     *     which reads all pictures with the same value there, and is answered
     * @param startSeconds time from the start to the last of 100 answers, with the state at hand
     * @param restoreSeconds the same without it, when it is restored from its changelog first
     */
    record Index(
            int pictures,
            double placesPerSecond,
            double stateMiB,
            double bytesPerPicture,
            double millisecondsPerQuestion,
            double startSeconds,
            double restoreSeconds) {}

    private final Path folder;
    private final EmbeddedCluster cluster;
    private final CuratorConfig curator;
    private final FeedConfig feed;

    private TopologyBenchmark(int resolution, boolean comparesPictures) throws IOException {
        folder = Files.createTempDirectory("realalign-bench");
        cluster = EmbeddedCluster.start(EmbeddedOptions.in(folder.resolve("cluster")));
        Map<String, String> given = new HashMap<>(cluster.properties());
        given.put("blob.store.uri", folder.resolve("blobs").toUri().toString());
        given.put(CuratorConfig.RESOLUTION_PX, String.valueOf(resolution));
        given.put(CuratorConfig.STATE_DIRECTORY, stateFolder().toString());
        given.put(CuratorConfig.STANDBY_REPLICAS, "0");
        if (!comparesPictures) {
            // the same few pictures come again and again, each time with other bytes
            given.put(CuratorConfig.GATE_MODES, "NEAR_DUPLICATE:off,OWN_OUTPUT:off");
        }
        curator = CuratorConfig.from(given);
        feed = FeedConfig.from(given);
        ClusterSetup.prepare(feed.cluster(), List.of(Topics.REAL_IMAGES));
    }

    /** Feeds pictures made of these JPEG files, then curates them. */
    static Flow flow(int resolution, List<byte[]> files, int pictures) throws IOException, InterruptedException {
        try (TopologyBenchmark bench = new TopologyBenchmark(resolution, false)) {
            return bench.flow(pictures, number -> withComment(files.get(number % files.size()), number));
        }
    }

    /** Draws pictures, all different, and curates them: each is compared with all before it. */
    static Flow flowCompared(int resolution, int pictures) throws IOException, InterruptedException {
        try (TopologyBenchmark bench = new TopologyBenchmark(resolution, true)) {
            return bench.flow(pictures, number -> drawn(resolution, number));
        }
    }

    /** Fills the state with ids, then looks them up and restores it. */
    static State state(int ids) throws IOException, InterruptedException {
        try (TopologyBenchmark bench = new TopologyBenchmark(8, false)) {
            return bench.fill(ids);
        }
    }

    /** Fills the index of perceptual hashes, then asks it and restores it. */
    static Index index(int pictures) throws IOException, InterruptedException {
        try (TopologyBenchmark bench = new TopologyBenchmark(8, true)) {
            return bench.fillIndex(pictures);
        }
    }

    private Flow flow(int pictures, IntFunction<byte[]> picture) throws IOException, InterruptedException {
        feed(pictures, picture);
        List<Double> heap = new ArrayList<>();
        try (CuratorService service = new CuratorService(curator)) {
            service.start();
            long began = 0;
            long cpuBegan = 0;
            long first = 0;
            for (int sample = 1; sample <= SAMPLES; sample++) {
                long until = (long) pictures * sample / SAMPLES;
                await(service, () -> verdicts(service) >= until);
                if (sample > 1 && sample == SAMPLES) {
                    long done = verdicts(service) - first;
                    double seconds = (System.nanoTime() - began) / 1e9;
                    double cpuSeconds = (cpuNanos() - cpuBegan) / 1e9;
                    heap.add(heapMiB());
                    return new Flow(
                            pictures,
                            service.counts().accepted(),
                            done / seconds,
                            done / cpuSeconds,
                            List.copyOf(heap));
                }
                heap.add(heapMiB());
                if (sample == 1) {
                    first = verdicts(service);
                    began = System.nanoTime();
                    cpuBegan = cpuNanos();
                }
            }
            throw new IllegalStateException("no sample was taken");
        }
    }

    private State fill(int ids) throws IOException, InterruptedException {
        feed(ids, TopologyBenchmark::number);
        double fillSeconds;
        double duplicateMicros;
        try (CuratorService service = new CuratorService(curator)) {
            service.start();
            long began = System.nanoTime();
            await(service, () -> verdicts(service) >= ids);
            fillSeconds = (System.nanoTime() - began) / 1e9;
            int duplicates = Math.min(ids, DUPLICATES);
            feed(duplicates, number -> number((int) ((long) number * ids / duplicates)));
            long cpu = cpuNanos();
            long verdicts = verdicts(service);
            // those that were judged while the rest was fed are not counted
            await(service, () -> verdicts(service) >= ids + duplicates);
            duplicateMicros = (cpuNanos() - cpu) / 1e3 / Math.max(1, ids + duplicates - verdicts);
        }
        double size = size(stateFolder());
        double start = secondsToStart();
        delete(stateFolder());
        double restore = secondsToStart();
        return new State(ids, ids / fillSeconds, size / MIB, size / ids, duplicateMicros, start, restore);
    }

    /** From the start to the last of some duplicates in every partition, which need the whole state. */
    private double secondsToStart() throws IOException, InterruptedException {
        feed(PROBES, TopologyBenchmark::number);
        try (CuratorService service = new CuratorService(curator)) {
            long began = System.nanoTime();
            service.start();
            await(service, () -> verdicts(service) >= PROBES);
            if (!service.counts().rejected().equals(Map.of(Reason.DUPLICATE, (long) PROBES))) {
                throw UserErrorException.failure("the state was lost: the verdicts on duplicates were "
                        + service.counts().rejected());
            }
            return (System.nanoTime() - began) / 1e9;
        }
    }

    private Index fillIndex(int pictures) throws IOException, InterruptedException {
        ClusterSetup.prepare(feed.cluster(), List.of(Topics.SIMILARITY_QUESTIONS));
        SplittableRandom hashes = new SplittableRandom(1);
        double fillSeconds;
        double questionMillis;
        try (CuratorService service = new CuratorService(curator)) {
            service.start();
            long began = System.nanoTime();
            tell(pictures, hashes, Step.CONFIRM, Bands.COUNT);
            // each of these visits seven owners, behind all that was told before
            tell(QUESTIONS, hashes, Step.ASK, 1);
            await(service, () -> service.counts().answersDropped() >= QUESTIONS);
            fillSeconds = (System.nanoTime() - began) / 1e9;
            long cpu = cpuNanos();
            tell(QUESTIONS, hashes, Step.ASK, 1);
            await(service, () -> service.counts().answersDropped() >= 2 * QUESTIONS);
            questionMillis = (cpuNanos() - cpu) / 1e6 / QUESTIONS;
        }
        double size = size(stateFolder());
        double start = secondsToAnswer(hashes);
        delete(stateFolder());
        double restore = secondsToAnswer(hashes);
        return new Index(
                pictures,
                (double) pictures * Bands.COUNT / fillSeconds,
                size / MIB,
                size / pictures,
                questionMillis,
                start,
                restore);
    }

    private double secondsToAnswer(SplittableRandom hashes) throws InterruptedException {
        tell(PROBES, hashes, Step.ASK, 1);
        try (CuratorService service = new CuratorService(curator)) {
            long began = System.nanoTime();
            service.start();
            // nobody waits for these answers, so the curator drops and counts them
            await(service, () -> service.counts().answersDropped() >= PROBES);
            return (System.nanoTime() - began) / 1e9;
        }
    }

    /** Messages about pictures with random hashes to the owners of their first bands. */
    private void tell(int pictures, SplittableRandom hashes, Step step, int bands) {
        try (Producer<String, SimilarityQuestion> producer = new KafkaProducer<>(
                feed.cluster().producer("bench"),
                Topics.SIMILARITY_QUESTIONS.keySerializer(),
                Topics.SIMILARITY_QUESTIONS.valueSerializer(feed.cluster().registry()))) {
            for (int picture = 0; picture < pictures; picture++) {
                long hash = hashes.nextLong();
                String id = ImageId.of(number((int) hash)).hex();
                for (int band = 0; band < bands; band++) {
                    SimilarityQuestion message = SimilarityQuestion.newBuilder()
                            .setStep(step.name())
                            .setImageId(id)
                            .setRecord(new RecordPosition(0, hash >>> 1))
                            .setHash(hash)
                            .setBand(band)
                            .build();
                    Future<RecordMetadata> unused = producer.send(
                            new ProducerRecord<>(Topics.SIMILARITY_QUESTIONS.name(), Bands.key(hash, band), message));
                }
            }
        }
    }

    private void feed(int count, IntFunction<byte[]> picture) throws IOException {
        try (ImageFeeder feeder = new ImageFeeder(feed)) {
            List<CompletableFuture<?>> latest = new ArrayList<>();
            for (int number = 0; number < count; number++) {
                latest.add(feeder.feed(picture.apply(number), "bench", Note.NONE));
                if (latest.size() == 10_000) {
                    latest.forEach(CompletableFuture::join);
                    latest.clear();
                }
            }
            latest.forEach(CompletableFuture::join);
        }
    }

    /** No picture, so that nothing but the record and the state costs anything. */
    private static byte[] number(int number) {
        return ByteBuffer.allocate(Integer.BYTES + 4).putInt(number).array();
    }

    /** The same picture in other bytes: a comment behind the start of the JPEG holds the number. */
    private static byte[] withComment(byte[] jpeg, int number) {
        if (jpeg.length < 4 || jpeg[0] != (byte) 0xFF || jpeg[1] != (byte) 0xD8) {
            throw UserErrorException.usage(
                    "--topology needs JPEG files: leave --images out, or name a folder of JPEG files.");
        }
        return ByteBuffer.allocate(jpeg.length + 8)
                .put(jpeg, 0, 2)
                .putInt(0xFFFE0006)
                .putInt(number)
                .put(jpeg, 2, jpeg.length - 2)
                .array();
    }

    /** A JPEG of coloured patches that run into each other, and of no other number. */
    private static byte[] drawn(int resolution, int number) {
        SplittableRandom random = new SplittableRandom(number);
        BufferedImage cells = new BufferedImage(DRAWN_CELLS, DRAWN_CELLS, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < DRAWN_CELLS; y++) {
            for (int x = 0; x < DRAWN_CELLS; x++) {
                cells.setRGB(x, y, random.nextInt(1 << 24));
            }
        }
        BufferedImage picture = new BufferedImage(resolution, resolution, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        graphics.drawImage(cells, 0, 0, resolution, resolution, null);
        graphics.dispose();
        ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
        try {
            ImageIO.write(picture, "jpeg", jpeg);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return jpeg.toByteArray();
    }

    private static long verdicts(CuratorService service) {
        return service.counts().accepted()
                + service.counts().rejected().values().stream()
                        .mapToLong(Long::longValue)
                        .sum();
    }

    private static void await(CuratorService service, BooleanSupplier done) throws InterruptedException {
        while (!done.getAsBoolean()) {
            if (service.state().isEnd()) {
                throw UserErrorException.failure("the curator ended before the benchmark did: "
                        + service.failure().map(Throwable::getMessage).orElse("for no reason given"));
            }
            Thread.sleep(POLL.toMillis());
        }
    }

    private static long cpuNanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }

    private static double heapMiB() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / MIB;
    }

    private Path stateFolder() {
        return folder.resolve("state");
    }

    private static double size(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Override
    public void close() {
        cluster.close();
        try {
            delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("the benchmark's folder " + folder + " cannot be removed", e);
        }
    }
}
