package dev.realalign.tests.cluster;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/** One node of a cluster, broker and controller together, in a process of its own. */
final class BrokerNode {
    private static final String CLUSTER = "4L6g3nShT-eMCtK--X86sw";

    private BrokerNode() {}

    /**
     * Formats its folder once and runs until it is killed.
     *
     * @param arguments file of broker settings; further ones are SCRAM credentials, as kafka-storage takes them
     */
    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        try (InputStream in = Files.newInputStream(Path.of(arguments[0]))) {
            settings.load(in);
        }
        String log = settings.getProperty("log.dirs");
        Formatter formatter = new Formatter();
        formatter.setPrintStream(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        formatter
                .setNodeId(Integer.parseInt(settings.getProperty("node.id")))
                .setClusterId(CLUSTER)
                .addDirectory(log)
                .setMetadataLogDirectory(log)
                .setControllerListenerName("CONTROLLER")
                .setReleaseVersion(MetadataVersion.latestProduction())
                .setScramArguments(List.of(arguments).subList(1, arguments.length))
                .setIgnoreFormatted(true)
                .setHasDynamicQuorum(false)
                .run();
        KafkaRaftServer server = new KafkaRaftServer(KafkaConfig.fromProps(settings, false), Time.SYSTEM);
        server.startup();
        server.awaitShutdown();
    }
}
