package dev.realalign.app.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The dashboards and alert rules in docker/ speak of meters that there are. */
class ChartsAndRulesTest {
    private static final Path DOCKER = Path.of(System.getProperty("realalign.home", "."), "docker");
    private static final Path RULES = DOCKER.resolve("prometheus");
    private static final Pattern SERIES = Pattern.compile("\\b(?:realalign|kafka|jvm|process)_[a-z0-9_]+\\b");
    private static final Pattern SELECTOR = Pattern.compile("\\b([a-z]+_[a-z0-9_]+)\\{([^}]*)}");
    private static final Pattern MATCHER = Pattern.compile("([a-z_]+)\\s*(?:=~|!~|!=|=)\\s*\"");

    /** The expressions of Grafana's dashboard 7589 (kafka_exporter's overview), with its variables filled in. */
    private static final List<String> DASHBOARD_7589 = List.of(
            "label_values(kafka_consumergroup_current_offset, job)",
            "label_values(kafka_topic_partition_current_offset{instance='a',topic!='__consumer_offsets'}, topic)",
            "sum(rate(kafka_topic_partition_current_offset{instance=\"a\", topic=~\"t\"}[1m])) by (topic)",
            "sum(kafka_consumergroup_lag{instance=\"a\",topic=~\"t\"}) by (consumergroup, topic)",
            "sum(delta(kafka_topic_partition_current_offset{instance=~'a', topic=~\"t\"}[5m])/5) by (topic)",
            "sum(delta(kafka_consumergroup_current_offset{instance=~'a',topic=~\"t\"}[5m])/5) by (consumergroup, topic)",
            "sum by(topic) (kafka_topic_partitions{instance=\"a\",topic=~\"t\"})");

    static Stream<Path> dashboards() throws IOException {
        try (Stream<Path> files = Files.list(DOCKER.resolve("grafana").resolve("dashboards"))) {
            return files.filter(file -> file.toString().endsWith(".json")).toList().stream();
        }
    }

    private static void expressions(JsonNode node, List<String> found) {
        node.fields().forEachRemaining(field -> {
            JsonNode value = field.getValue();
            if (value.isTextual() && Set.of("expr", "query").contains(field.getKey())) {
                found.add(value.asText());
            }
            expressions(value, found);
        });
        if (node.isArray()) {
            node.forEach(element -> expressions(element, found));
        }
    }

    private static void require(List<String> expressions) {
        Set<String> scraped = Scrape.names(EveryMeter.registered().scrape());
        Map<String, Set<String>> labels = new HashMap<>();
        MeterCatalogue.sections().forEach(section -> section.meters().forEach(meter -> {
            Set<String> own = new HashSet<>(meter.labels());
            own.addAll(Set.of("job", "instance", "le"));
            labels.put(meter.name(), own);
            labels.put(meter.name() + "_bucket", own);
        }));
        for (String expression : expressions) {
            Matcher series = SERIES.matcher(expression.replaceAll("\"[^\"]*\"", "\"\""));
            Set<String> named = new TreeSet<>();
            while (series.find()) {
                named.add(series.group());
            }
            assertThat(scraped).as(expression).containsAll(named);
            Matcher selector = SELECTOR.matcher(expression.replace('\'', '"'));
            while (selector.find()) {
                Matcher label = MATCHER.matcher(selector.group(2));
                while (label.find()) {
                    assertThat(labels.getOrDefault(selector.group(1), Set.of()))
                            .as(expression)
                            .contains(label.group(1));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void every_expression_of_a_dashboard_names_series_of_a_scrape(Path dashboard) throws IOException {
        JsonNode content = new JsonMapper().readTree(dashboard.toFile());
        List<String> expressions = new ArrayList<>();
        expressions(content, expressions);
        expressions.remove("prometheus"); // the kind of data source

        assertThat(expressions).hasSizeGreaterThan(10);
        require(expressions);
        assertThat(content.get("id").isNull()).isTrue();
        content.get("panels")
                .forEach(panel -> assertThat(panel.get("description").asText())
                        .as(panel.get("title").asText())
                        .isNotBlank());
    }

    @Test
    void dashboard_7589_finds_its_series() {
        require(DASHBOARD_7589);
    }

    @Test
    void every_rule_names_series_of_a_scrape() throws IOException {
        List<String> expressions = Files.readAllLines(RULES.resolve("rules.yml")).stream()
                .map(String::strip)
                .filter(line -> line.startsWith("expr:"))
                .map(line -> line.substring("expr:".length()).strip())
                .toList();

        assertThat(expressions).hasSize(12);
        require(expressions);
    }

    @Test
    void promtool_accepts_the_rules_and_their_tests_pass() throws Exception {
        Assumptions.assumeTrue(
                Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "promtool"))),
                "promtool is not installed (Debian's package prometheus has it): the rules were not checked");

        assertThat(promtool("check", "rules", "rules.yml")).contains("SUCCESS: 12 rules found");
        assertThat(promtool("test", "rules", "rules_test.yml")).contains("SUCCESS");
    }

    private static String promtool(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("promtool"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .directory(RULES.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }
}
