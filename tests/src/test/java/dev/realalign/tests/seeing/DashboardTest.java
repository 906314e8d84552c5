package dev.realalign.tests.seeing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.app.demo.StageGroupNames;
import dev.realalign.app.demo.Stages;
import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.app.feed.FeedConfig;
import dev.realalign.app.feed.ImageFacts;
import dev.realalign.app.feed.ImageFeeder;
import dev.realalign.app.feed.Note;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.curator.CuratorService;
import dev.realalign.dashboard.DashboardConfig;
import dev.realalign.dashboard.DashboardService;
import dev.realalign.publisher.HeldOutRatioGate;
import dev.realalign.publisher.PublisherConfig;
import dev.realalign.publisher.PublisherService;
import dev.realalign.publisher.PublishingStep;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.LagWatch;
import dev.realalign.runtime.ModelConfig;
import dev.realalign.runtime.StoreConfig;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.Topics;
import dev.realalign.tests.publishing.TrainerStandIn;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The page in a browser, over a cluster with a curator, a publisher and a trainer that is played. */
@Timeout(180)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DashboardTest {
    private static final String MODEL = "seen";
    private static final String HOSTILE =
            "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
                    + " & \u202Eright to left\u202C \uD83D\uDC08 " + "long ".repeat(2_000);
    private static final long FIRST_PAINT_MS = 1_000;
    private static final String FLOW_TEXT_OUTSIDE =
            "(() => { const edge = document.querySelector(\"#flow-picture svg\").getBoundingClientRect();"
                    + " return [...document.querySelectorAll(\"#flow-picture text\")].map(t => t.getBoundingClientRect())"
                    + ".filter(t => t.width > 0 && (t.left < edge.left || t.right > edge.right || t.bottom > edge.bottom)).length; })()";

    @TempDir
    static Path data;

    private static @Nullable Browser browser;
    private static EmbeddedCluster embedded;
    private static Map<String, String> given;
    private static ClusterConfig cluster;
    private static CuratorService curator;
    private static PublisherService publisher;
    private static LagWatch lags;
    private static DashboardService dashboard;
    private static URI address;
    private static int pictures;

    @BeforeAll
    static void start() throws Exception {
        browser = Browser.startOrSkip();
        embedded = EmbeddedCluster.start(EmbeddedOptions.in(data.resolve("cluster")));
        given = new TreeMap<>(embedded.properties());
        given.put(ModelConfig.MODEL, MODEL);
        given.put(StoreConfig.BLOB_STORE, data.resolve("blobs").toUri().toString());
        given.put(StoreConfig.CHECKPOINT_STORE, data.resolve("store").toUri().toString());
        given.put(CuratorConfig.STATE_DIRECTORY, data.resolve("curator").toString());
        given.put(CuratorConfig.STANDBY_REPLICAS, "0");
        given.put(CuratorConfig.RESOLUTION_PX, "32");
        given.put(PublisherConfig.UNSIGNED_ALLOWED, "true");
        given.put(DashboardConfig.PORT, "0");
        given.put(DashboardConfig.HISTORY, data.resolve("history.ring").toString());
        cluster = ClusterConfig.from(given);
        ClusterSetup.prepare(cluster, Topics.all());
        curator = startCurator();
        publisher = new PublisherService(
                PublisherConfig.from(given), new HeldOutRatioGate(1.1, false), PublishingStep.Observer.NONE);
        publisher.start();
        lags = new LagWatch(
                cluster.withTimeout(Duration.ofSeconds(2)),
                Stages::among,
                List.of(Topics.REAL_IMAGES.name()),
                Duration.ofMillis(500),
                LagWatch.WINDOW);
        CompletableFuture<URI> served = new CompletableFuture<>();
        dashboard =
                new DashboardService(DashboardConfig.from(given, StageGroupNames.of(given)), lags, served::complete);
        dashboard.start();
        address = served.get(30, TimeUnit.SECONDS);
        browser().open(address);
    }

    @AfterAll
    static void stop() throws Exception {
        if (browser == null) {
            return; // skipped: nothing was started
        }
        browser.close();
        dashboard.close();
        lags.close();
        publisher.close();
        curator.close();
        embedded.close();
    }

    private static Browser browser() {
        if (browser == null) {
            throw new IllegalStateException("tests without a browser are skipped");
        }
        return browser;
    }

    private static CuratorService startCurator() {
        CuratorService service = new CuratorService(CuratorConfig.from(given));
        service.start();
        return service;
    }

    private static void feed(int count, String caption) throws Exception {
        try (ImageFeeder feeder = new ImageFeeder(FeedConfig.from(given))) {
            for (int i = 0; i < count; i++) {
                feeder.feed(picture(pictures++), "made/" + pictures + ".png", new Note(caption, ImageFacts.UNKNOWN))
                        .get(20, TimeUnit.SECONDS);
            }
        }
    }

    /** A request that nobody answers, as a curator writes it. */
    private static void askGenerators() throws Exception {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        String id = Sha256.hex(picture(0));
        try (KafkaProducer<String, NegativeRequest> producer = new KafkaProducer<>(
                cluster.producer("dashboard-test"),
                new StringSerializer(),
                Topics.NEGATIVE_REQUESTS.valueSerializer(cluster.registry()))) {
            producer.send(new ProducerRecord<>(
                            Topics.NEGATIVE_REQUESTS.name(),
                            id,
                            NegativeRequest.newBuilder()
                                    .setImageId(id)
                                    .setCaption("")
                                    .setPicture(new BlobReference(id, 1L))
                                    .setRecord(new RecordPosition(0, 0L))
                                    .setKind("SDEDIT")
                                    .setResolution(32)
                                    .setSeed(1)
                                    .setRequestedAt(now)
                                    .setDeadline(now.plusSeconds(30))
                                    .build()))
                    .get(20, TimeUnit.SECONDS);
        }
    }

    /** Coloured noise: no gate of the curator minds it. */
    private static byte[] picture(int number) throws Exception {
        SplittableRandom random = new SplittableRandom(number);
        BufferedImage image = new BufferedImage(48, 48, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 48; y++) {
            for (int x = 0; x < 48; x++) {
                image.setRGB(x, y, random.nextInt(1 << 24));
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    @Test
    @Order(1)
    @DisplayName("Numbers move by themselves, and a hostile caption is shown as text")
    void numbersMove() throws Exception {
        feed(3, HOSTILE);
        browser().awaitText("#flow-sum", "3 pictures fed · 3 triples made");
        browser().awaitText(".triple .caption", "<img src=x onerror=");
        assertThat(browser().text(".triple .caption"))
                .startsWith(HOSTILE.substring(0, 60))
                .hasSize(2_000)
                .contains("<script>", "\uD83D\uDC08");
        assertThat(browser().ask("document.querySelectorAll(\".caption > *\").length"))
                .isEqualTo(0L);
        browser().scrollTo("triples"); // pictures below the screen are not loaded
        browser().awaitAnswer("[...document.querySelectorAll(\".pair img\")].every(i => i.naturalWidth === 32)", true);

        feed(2, "a picture");
        browser().awaitText("#flow-sum", "5 pictures fed · 5 triples made");

        try (ImageFeeder feeder = new ImageFeeder(FeedConfig.from(given))) {
            feeder.feed(picture(0), "made/again.png", Note.NONE).get(20, TimeUnit.SECONDS);
            feeder.feed("no picture".getBytes(StandardCharsets.UTF_8), "made/none.png", Note.NONE)
                    .get(20, TimeUnit.SECONDS);
        }
        browser().awaitText("[data-reason=DUPLICATE]", "the same bytes came first");
        browser().scrollTo("rejections");
        browser().awaitText("[data-reason=UNKNOWN_TYPE] .examples", "no picture");
        browser().awaitText("[data-reason=UNKNOWN_TYPE] .why", "No file type that can be read here.");
        browser().awaitText("[data-node=generator] .doing", "not in use");
        assertThat(browser().ask("document.querySelector(\"[data-node=generator]\").classList.contains(\"unused\")"))
                .isEqualTo(true);
        assertThat(browser().complaints()).isEmpty();
    }

    @Test
    @Order(2)
    @DisplayName("A role that stops is named with what waits for it, and is forgotten when it is back")
    void restartedRole() throws Exception {
        curator.close();
        browser().awaitText("[data-alarm=missing-curator]", "The curator is not running");
        feed(3, "a picture");
        browser().awaitText("[data-alarm=missing-curator]", "3 images wait for it.");
        browser().awaitText("[data-node=curator] .doing", "not running");
        assertThat(browser().ask("document.title")).isEqualTo("● RealAlign Stream");

        curator = startCurator();
        browser().awaitGone("[data-alarm=missing-curator]");
        browser().awaitText("#flow-sum", "10 pictures fed · 8 triples made");
        assertThat(browser().complaints()).isEmpty();
    }

    @Test
    @Order(3)
    @DisplayName("A version appears, and a refused candidate with its reason")
    void refusedVersion() throws Exception {
        try (TrainerStandIn trainer = new TrainerStandIn(cluster, MODEL, data.resolve("store"))) {
            trainer.announce(trainer.write(8, 0.99));
            browser().awaitText("[data-version=\"1\"]", "published");
            trainer.announce(trainer.write(16, 1.5));
        }
        browser()
                .awaitText(
                        "[data-refused]",
                        "its error on held-out real images is 1.5000 times the reference's, more than 1.1000");
        browser().awaitText("[data-alarm=refused]", "The newest candidate was refused");
        assertThat(browser().complaints()).isEmpty();
    }

    @Test
    @Order(4)
    @DisplayName("Narrow and wide, light and dark, nothing runs over the edge; the first paint comes within a second")
    void renders() throws Exception {
        askGenerators();
        for (String scheme : List.of("light", "dark")) {
            for (int width : new int[] {360, 390, 768, 1_360}) {
                browser().be(width, width < 500, scheme);
                browser().open(address);
                browser().awaitText("#flow-sum", "10 pictures fed");
                assertThat(browser().ask("document.documentElement.scrollWidth"))
                        .as("width of the page at %d pixels, %s", width, scheme)
                        .isEqualTo((long) width);
                browser().awaitText("[data-node=generator] .doing", "not running");
                assertThat(browser().ask(FLOW_TEXT_OUTSIDE))
                        .as("words beside the flow picture at %d pixels, %s", width, scheme)
                        .isEqualTo(0L);
                assertThat(browser().ask("getComputedStyle(document.body).backgroundColor"))
                        .isEqualTo(scheme.equals("dark") ? "rgb(18, 20, 26)" : "rgb(246, 245, 241)");
            }
        }
        double fastest = DoubleStream.generate(() -> {
                    browser().open(address);
                    browser().awaitText("#flow-sum", "fed");
                    return ((Number) browser()
                                    .ask("performance.getEntriesByName(\"first-contentful-paint\")[0].startTime"))
                            .doubleValue();
                })
                .limit(3)
                .min()
                .orElseThrow();
        assertThat(fastest).isLessThan(FIRST_PAINT_MS);
        assertThat(browser().complaints()).isEmpty();
    }

    @Test
    @Order(5)
    @DisplayName("A broker and a registry that are away are named with the time; the page recovers by itself")
    void brokerAway() throws Exception {
        int brokerPort = port(embedded.bootstrapServers());
        int registryPort = URI.create(embedded.registryUrl()).getPort();
        curator.close();
        publisher.close();
        embedded.close();
        browser().awaitText("[data-alarm=broker]", "since ");
        browser().awaitText("[data-alarm=broker]", "The broker does not answer");
        browser().awaitText("[data-alarm=registry]", "The schema registry does not answer");
        browser().awaitText("[data-node=curator] .doing", "not known");

        embedded = EmbeddedCluster.start(
                EmbeddedOptions.in(data.resolve("cluster")).withPorts(brokerPort, registryPort));
        browser().awaitGone("[data-alarm=broker]");
        browser().awaitGone("[data-alarm=registry]");
        curator = startCurator();
        feed(1, "after the break");
        browser().awaitText("#flow-sum", "11 pictures fed · 9 triples made");
        browser().awaitText("#triples-cards", "after the break");
        assertThat(browser().complaints()).isEmpty();
    }

    private static int port(String hostAndPort) {
        return Integer.parseInt(hostAndPort.substring(hostAndPort.lastIndexOf(':') + 1));
    }
}
