package dev.realalign.dashboard.web;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.realalign.dashboard.model.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sample pictures of versions, as whoever drew them left them: {@code 00000004/index.json} holds
 * {@code {"version":4,"samples":[{"prompt":"…","seed":7,"file":"0-7.png"}]}}, the pictures lie beside it. Version 0 is the base model.
 *
 * @param root the folder, where there is one; it may come to exist later
 */
public record SampleFolder(Optional<Path> root) {
    private static final Logger log = LoggerFactory.getLogger(SampleFolder.class);
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Pattern VERSION = Pattern.compile("\\d{8}");
    private static final Pattern FILE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}\\.png");
    private static final long LARGEST_INDEX = 512 * 1024;
    private static final long LARGEST_PICTURE = 16L * 1024 * 1024;
    private static final int VERSIONS = 100;
    private static final int SAMPLES = 200;
    private static final int PROMPT = 500;

    private record Sheet(long version, String folder, List<Sample> samples) {}

    private record Sample(String prompt, long seed, String file) {}

    /** The newest sheets as JSON, newest first; an index that cannot be read is left out. */
    public String index() {
        List<Sheet> sheets = new ArrayList<>();
        for (Path folder : folders()) {
            Path index = folder.resolve("index.json");
            try {
                if (Files.isRegularFile(index) && Files.size(index) <= LARGEST_INDEX) {
                    sheets.add(sheet(folder.getFileName().toString(), MAPPER.readTree(Files.readAllBytes(index))));
                }
            } catch (IOException e) {
                log.debug("the samples in {} cannot be read: {}", folder, e.getMessage());
            }
        }
        return Json.write(sheets);
    }

    private List<Path> folders() {
        if (root.isEmpty() || !Files.isDirectory(root.get())) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(root.get())) {
            return entries.filter(entry ->
                            VERSION.matcher(entry.getFileName().toString()).matches())
                    .sorted(Comparator.comparing(
                                    (Path entry) -> entry.getFileName().toString())
                            .reversed())
                    .limit(VERSIONS)
                    .toList();
        } catch (IOException e) {
            log.debug("the folder of samples cannot be read: {}", e.getMessage());
            return List.of();
        }
    }

    private static Sheet sheet(String folder, JsonNode index) {
        List<Sample> samples = new ArrayList<>();
        for (JsonNode sample : index.path("samples")) {
            String file = sample.path("file").asText();
            if (samples.size() < SAMPLES && FILE.matcher(file).matches()) {
                String prompt = sample.path("prompt").asText();
                samples.add(new Sample(
                        prompt.length() > PROMPT ? prompt.substring(0, PROMPT) : prompt,
                        sample.path("seed").asLong(),
                        file));
            }
        }
        return new Sheet(index.path("version").asLong(), folder, samples);
    }

    /** A picture's bytes; absent for every name that is none, so that no request leaves the folder. */
    public Optional<byte[]> picture(String folder, String file) throws IOException {
        if (root.isEmpty()
                || !VERSION.matcher(folder).matches()
                || !FILE.matcher(file).matches()) {
            return Optional.empty();
        }
        Path picture = root.get().resolve(folder).resolve(file);
        return Files.isRegularFile(picture) && Files.size(picture) <= LARGEST_PICTURE
                ? Optional.of(Files.readAllBytes(picture))
                : Optional.empty();
    }
}
