package dev.realalign.app.feed;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.realalign.curator.CurationCounts;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.curator.CuratorTopology;
import dev.realalign.curator.similar.HeldOutPictures;
import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.Topics;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same 500 pictures with the same captions and facts come in through each door and end in the same triples. */
class DoorsTest {
    private static final int PICTURES = 500;
    /** So many of them are curated in the short suite, all in the long one. */
    private static final int CURATED_IN_SHORT = 80;

    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
    private static final Map<String, String> FACTS = Map.of(
            "caption_source", "photographer",
            "licence", "CC-BY-4.0",
            "rights_holder", "Ada & Zoë",
            "trust_tier", "own",
            "event_time", "2007-12-19T10:11:12+01:00");

    @TempDir
    static Path folder;

    private static final Map<String, byte[]> PNGS = new LinkedHashMap<>();
    private static List<RealImage> byFolder;
    private static List<PreferenceTriple> firstByFolder;

    @BeforeAll
    static void feedThroughAFolder() throws Exception {
        try (ImageSource tiles = new CameraTiles(32, "")) {
            for (Iterator<SourceImage> all = tiles.iterator(); PNGS.size() < PICTURES; ) {
                try (InputStream in = all.next().content().open()) {
                    PNGS.put("%04d.png".formatted(PNGS.size()), in.readAllBytes());
                }
            }
        }
        byFolder = fromSource(folder("folder"));
        firstByFolder = triples(byFolder.subList(0, CURATED_IN_SHORT));
        PreferenceTriple triple = firstByFolder.get(7);
        assertThat(triple.getCaption()).isEqualTo("tile 7, \"größer\"");
        assertThat(triple.getLicence()).isEqualTo("CC-BY-4.0");
        assertThat(triple.getRightsHolder()).isEqualTo("Ada & Zoë");
        assertThat(triple.getEventTime()).isEqualTo(Instant.parse("2007-12-19T09:11:12Z"));
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"zip", "webdataset tar", "CSV", "JSONL", "HTTP raw", "HTTP form", "ImageFeeder"})
    void every_door_gives_the_triples_of_a_folder(String door) throws Exception {
        List<RealImage> images = through(door);

        assertThat(images).hasSize(PICTURES);
        assertThat(triples(images.subList(0, CURATED_IN_SHORT)))
                .hasSize(CURATED_IN_SHORT)
                .usingRecursiveComparison()
                .isEqualTo(firstByFolder);
        assertThat(withoutSource(images)).usingRecursiveComparison().isEqualTo(withoutSource(byFolder));
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"zip", "webdataset tar", "CSV", "JSONL", "HTTP raw", "HTTP form", "ImageFeeder"})
    @Tag("slow")
    void every_door_gives_all_the_triples_of_a_folder(String door) throws Exception {
        assertThat(triples(through(door)))
                .hasSize(PICTURES)
                .usingRecursiveComparison()
                .isEqualTo(triples(byFolder));
    }

    private static List<RealImage> through(String door) throws Exception {
        return switch (door) {
            case "zip" -> fromSource(zip());
            case "webdataset tar" -> fromSource(tar());
            case "CSV" -> fromSource(csv());
            case "JSONL" -> fromSource(jsonl());
            case "HTTP raw" -> overHttp(false);
            case "HTTP form" -> overHttp(true);
            default -> byProgram();
        };
    }

    /** Images by what every door must carry alike: all but where they came from. */
    private static List<RealImage> withoutSource(List<RealImage> images) {
        return images.stream()
                .map(image -> RealImage.newBuilder(image).setSource("").build())
                .toList();
    }

    private static String caption(int picture) {
        return "tile " + picture + ", \"größer\"";
    }

    private static String json(int picture, Map<String, String> more) throws IOException {
        Map<String, String> object = new LinkedHashMap<>(FACTS);
        object.put("caption", caption(picture));
        object.putAll(more);
        return new JsonMapper().writeValueAsString(object);
    }

    /** Captions as text, facts as JSON beside each picture. */
    private static Path folder(String name) throws IOException {
        Path photos = Files.createDirectories(folder.resolve(name));
        int picture = 0;
        for (Map.Entry<String, byte[]> file : PNGS.entrySet()) {
            Files.write(photos.resolve(file.getKey()), file.getValue());
            Files.writeString(photos.resolve(file.getKey().replace(".png", ".txt")), caption(picture));
            Files.writeString(
                    photos.resolve(file.getKey().replace(".png", ".json")),
                    json(picture++, Map.of("caption", "overruled", "width", "32")));
        }
        return photos;
    }

    private static Path zip() throws IOException {
        Path zip = folder.resolve("photos.zip");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
            StringBuilder table = new StringBuilder(header("file"));
            int picture = 0;
            for (Map.Entry<String, byte[]> file : PNGS.entrySet()) {
                out.putNextEntry(new ZipEntry("in/" + file.getKey()));
                out.write(file.getValue());
                table.append(row(file.getKey(), picture++));
            }
            out.putNextEntry(new ZipEntry("in/captions.csv"));
            out.write(table.toString().getBytes(UTF_8));
        }
        return zip;
    }

    private static String header(String file) {
        return file + ",caption,caption_source,licence,rights_holder,trust_tier,event_time\n";
    }

    private static String row(String file, int picture) {
        return "%s,\"%s\",%s,%s,%s,%s,%s%n"
                .formatted(
                        file,
                        caption(picture).replace("\"", "\"\""),
                        FACTS.get("caption_source"),
                        FACTS.get("licence"),
                        FACTS.get("rights_holder"),
                        FACTS.get("trust_tier"),
                        FACTS.get("event_time"));
    }

    private static Path csv() throws IOException {
        folder("beside-csv");
        StringBuilder table = new StringBuilder(header("path"));
        int picture = 0;
        for (String name : PNGS.keySet()) {
            table.append(row("beside-csv/" + name, picture++));
        }
        return Files.writeString(folder.resolve("list.csv"), table.toString());
    }

    private static Path jsonl() throws IOException {
        folder("beside-jsonl");
        List<String> lines = new ArrayList<>();
        int picture = 0;
        for (String name : PNGS.keySet()) {
            lines.add(json(picture++, Map.of("path", "beside-jsonl/" + name)));
        }
        return Files.write(folder.resolve("list.jsonl"), lines);
    }

    /** As webdatasets are: picture, text and JSON of one key follow each other; half of the names in pax records. */
    private static Path tar() throws IOException {
        Path tar = folder.resolve("shard-000000.tar");
        try (OutputStream out = Files.newOutputStream(tar)) {
            int picture = 0;
            for (Map.Entry<String, byte[]> file : PNGS.entrySet()) {
                String key = file.getKey().replace(".png", "");
                boolean pax = picture % 2 == 0;
                out.write(Tars.entry(key + ".png", file.getValue(), pax));
                out.write(Tars.entry(key + ".txt", caption(picture).getBytes(UTF_8), pax));
                out.write(Tars.entry(key + ".json", json(picture, Map.of()).getBytes(UTF_8), pax));
                picture++;
            }
            out.write(new byte[1024]);
        }
        return tar;
    }

    private static List<RealImage> fromSource(Path path) throws Exception {
        MockProducer<String, RealImage> producer = producer();
        try (ImageSource source = ImageSource.of(path)) {
            FeedTally tally = new FeedTally();
            new Feeder(feeder(producer), 1 << 20).feed(source, Note.NONE, 0, new FedBefore(), tally, () -> false);
            assertThat(tally.unreadableNames()).isEmpty();
        }
        return sent(producer);
    }

    private static List<RealImage> byProgram() throws Exception {
        MockProducer<String, RealImage> producer = producer();
        ImageFeeder feeder = feeder(producer);
        int picture = 0;
        for (Map.Entry<String, byte[]> file : PNGS.entrySet()) {
            ImageFacts facts = new ImageFacts(
                    Optional.of("photographer"),
                    Optional.of("CC-BY-4.0"),
                    Optional.of("Ada & Zoë"),
                    List.of(),
                    Optional.of("own"),
                    Optional.of(Instant.parse("2007-12-19T09:11:12Z")));
            feeder.feed(file.getValue(), file.getKey(), new Note(caption(picture++), facts))
                    .get();
        }
        return sent(producer);
    }

    private static List<RealImage> overHttp(boolean form) throws Exception {
        MockProducer<String, RealImage> producer = producer();
        ImageFeeder feeder = feeder(producer);
        HttpDoorConfig config = HttpDoorConfig.from(Map.of());
        HttpClient client = HttpClient.newHttpClient();
        try (HttpDoor door = new HttpDoor(config, 0, Note.NONE, feeder, new FeedTally())) {
            int picture = 0;
            for (Map.Entry<String, byte[]> file : PNGS.entrySet()) {
                HttpRequest.Builder request =
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + door.port() + "/images"));
                Map<String, String> texts = new LinkedHashMap<>(FACTS);
                texts.put("caption", caption(picture++));
                if (form) {
                    request.header("Content-Type", "multipart/form-data; boundary=xYz")
                            .POST(HttpRequest.BodyPublishers.ofByteArray(form(file.getValue(), texts)));
                } else {
                    request.header("Content-Type", "image/png")
                            .POST(HttpRequest.BodyPublishers.ofByteArray(file.getValue()));
                    texts.forEach((name, text) -> request.header(
                            "RealAlign-" + name.replace('_', '-'),
                            URLEncoder.encode(text, UTF_8).replace("+", "%20")));
                }
                assertThat(client.send(request.build(), BodyHandlers.ofString()).statusCode())
                        .isEqualTo(202);
            }
        }
        return sent(producer);
    }

    static byte[] form(byte[] picture, Map<String, String> texts) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        texts.forEach((name, text) -> body.writeBytes(
                ("--xYz\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + text + "\r\n")
                        .getBytes(UTF_8)));
        body.writeBytes(("--xYz\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n"
                        + "Content-Type: image/png\r\n\r\n")
                .getBytes(UTF_8));
        body.writeBytes(picture);
        body.writeBytes("\r\n--xYz--\r\n".getBytes(UTF_8));
        return body.toByteArray();
    }

    private static MockProducer<String, RealImage> producer() {
        return new MockProducer<>(true, null, new StringSerializer(), (topic, value) -> new byte[0]);
    }

    private static ImageFeeder feeder(MockProducer<String, RealImage> producer) {
        return new ImageFeeder(
                producer, BlobStore.open(folder.resolve("blobs").toUri()), 1 << 20, Clock.fixed(NOW, ZoneOffset.UTC));
    }

    private static List<RealImage> sent(MockProducer<String, RealImage> producer) {
        return producer.history().stream().map(ProducerRecord::value).toList();
    }

    /** Through the curator's own topology; without the fields that say where and when. */
    private static List<PreferenceTriple> triples(List<RealImage> images) throws IOException {
        Path state = Files.createTempDirectory(folder, "state");
        CuratorConfig config = CuratorConfig.from(Map.of(
                "bootstrap.servers",
                "localhost:1",
                "schema.registry.url",
                "mock://doors",
                "image.partitions",
                "1",
                "blob.store.uri",
                folder.resolve("blobs").toUri().toString(),
                "curation.resolution.px",
                "32",
                "curation.gate.modes",
                "NEAR_DUPLICATE:off,OWN_OUTPUT:off",
                "curator.state.dir",
                state.toString()));
        ClusterSetup.registerSchemas(config.cluster(), Topics.all());
        Properties properties = new Properties();
        properties.putAll(config.streams());
        Map<String, Object> registry = config.cluster().registry();
        try (TopologyTestDriver driver = new TopologyTestDriver(
                        CuratorTopology.build(
                                config, BlobStore.open(config.blobStore()), HeldOutPictures.NONE, new CurationCounts()),
                        properties,
                        NOW);
                Serializer<RealImage> serializer = Topics.REAL_IMAGES.valueSerializer(registry)) {
            TestInputTopic<byte[], byte[]> input = driver.createInputTopic(
                    Topics.REAL_IMAGES.name(), new ByteArraySerializer(), new ByteArraySerializer());
            images.forEach(image -> input.pipeInput(
                    image.getImageId().getBytes(UTF_8), serializer.serialize(Topics.REAL_IMAGES.name(), image)));
            return driver
                    .createOutputTopic(
                            Topics.PREFERENCE_TRIPLES.name(),
                            Topics.PREFERENCE_TRIPLES.keyDeserializer(),
                            Topics.PREFERENCE_TRIPLES.valueDeserializer(registry))
                    .readValuesToList()
                    .stream()
                    .map(triple ->
                            PreferenceTriple.newBuilder(triple).setSource("").build())
                    .toList();
        }
    }
}
