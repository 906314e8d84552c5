package dev.realalign.diffusion.parity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.tokenizer.ClipTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.StreamSupport;

/**
 * Texts to token ids. The error is the share of texts whose ids differ anywhere; none may.
 *
 * @param name the reference file
 * @param model the tokenizer's folder
 */
record ClipTokenizerParity(String name, String model) implements ParityCheck {
    @Override
    public boolean isPresent(Golden golden) {
        return Files.isRegularFile(golden.file(name + ".json")) && Files.isDirectory(golden.model(model));
    }

    @Override
    public List<ParityResult> run(Golden golden) {
        JsonNode cases = read(golden.file(name + ".json"));
        try (ClipTokenizer tokenizer = ClipTokenizer.load(golden.model(model))) {
            int different = 0;
            for (JsonNode one : cases) {
                long[] expected = StreamSupport.stream(one.path("ids").spliterator(), false)
                        .mapToLong(JsonNode::asLong)
                        .toArray();
                long[] ids = tokenizer.encode(one.path("text").asText()).ids();
                different += Arrays.equals(ids, expected) ? 0 : 1;
            }
            double error = cases.isEmpty() ? ParityResult.INCOMPARABLE : (double) different / cases.size();
            return List.of(new ParityResult(name, error, 0));
        }
    }

    private static JsonNode read(Path file) {
        try {
            return new JsonMapper().readTree(file.toFile());
        } catch (IOException e) {
            throw new ModelFormatException(file.toString(), "it cannot be read (" + e.getMessage() + ")");
        }
    }
}
