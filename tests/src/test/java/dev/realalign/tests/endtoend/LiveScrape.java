package dev.realalign.tests.endtoend;

import dev.realalign.app.metrics.Meter;
import dev.realalign.app.metrics.MeterCatalogue;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Set;
import java.util.TreeSet;

/** Scrapes a running process and remembers which meters it has shown. */
final class LiveScrape {
    private static final Set<String> OF_KAFKA =
            Set.of("kafka_consumer_fetch_manager_records_consumed_total", "kafka_stream_alive_stream_threads");

    private final int port;
    private final HttpClient client = HttpClient.newHttpClient();
    private final Set<String> missing = new TreeSet<>(OF_KAFKA);

    private LiveScrape(int port) {
        this.port = port;
        MeterCatalogue.sections().forEach(section -> section.meters()
                .forEach(meter ->
                        missing.add(meter.kind() == Meter.Kind.HISTOGRAM ? meter.name() + "_bucket" : meter.name())));
    }

    static LiveScrape onAFreePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new LiveScrape(socket.getLocalPort());
        }
    }

    int port() {
        return port;
    }

    /** Names no scrape has shown so far, after one more; a process that does not listen yet shows nothing. */
    Set<String> missing() throws InterruptedException {
        try {
            String text = client.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
            text.lines().forEach(line -> missing.remove(line.split("[{ ]", 2)[0]));
        } catch (IOException e) {
            return missing;
        }
        return missing;
    }
}
