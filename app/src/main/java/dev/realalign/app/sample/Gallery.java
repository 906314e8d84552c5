package dev.realalign.app.sample;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.realalign.diffusion.pipeline.SamplingRequest;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Pictures of every version from the same prompts and seeds, for looking at two versions side by side.
 *
 * <pre>
 * DIR/00000004.png                       one sheet: a column for each prompt, a row for each seed
 * DIR/00000004/index.json                {"version":4,"digest":"…","steps":25,"guidance":2.5,"samples":[{"prompt":"…","seed":0,"file":"…"}]}
 * DIR/00000004/0-a-photo-of-a-dog-0.png  number and words of the prompt, seed
 * </pre>
 *
 * <p>Version 0 is the model without an adapter. A version's folder appears with everything in it.
 *
 * @param folder DIR
 * @param prompts what is drawn; columns of the sheet
 * @param seeds rows of the sheet
 * @param steps sampling steps
 * @param guidance scale of classifier-free guidance
 */
public record Gallery(Path folder, List<String> prompts, List<Long> seeds, int steps, double guidance) {
    /** Version of the model without an adapter. */
    public static final long BASE = 0;

    private static final String INDEX = "index.json";
    private static final int WORDS = 40;
    private static final JsonMapper MAPPER = new JsonMapper();

    /** Copies the lists. */
    public Gallery {
        prompts = List.copyOf(prompts);
        seeds = List.copyOf(seeds);
    }

    private record Index(long version, String digest, int steps, double guidance, List<Sample> samples) {}

    private record Sample(String prompt, long seed, String file) {}

    /** What is to be drawn of each version: all prompts with the first seed, then with the next. */
    public SamplingRequest request() {
        List<String> cells = new ArrayList<>();
        List<Long> ofCells = new ArrayList<>();
        for (long seed : seeds) {
            for (String prompt : prompts) {
                cells.add(prompt);
                ofCells.add(seed);
            }
        }
        return SamplingRequest.of(cells).withSeeds(ofCells).withSteps(steps).withGuidance(guidance);
    }

    /**
     * Whether the pictures of a version are here, drawn from the same weights with the same settings.
     *
     * @param digest of the version's manifest; of the model for the base
     */
    public boolean holds(long version, String digest) throws IOException {
        Path index = folder.resolve(digits(version)).resolve(INDEX);
        return Files.isRegularFile(index) && Arrays.equals(Files.readAllBytes(index), index(version, digest));
    }

    /**
     * Keeps a version's pictures and its sheet; pictures that were drawn otherwise before are replaced.
     *
     * @param digest of the version's manifest; of the model for the base
     * @param pictures what {@link #request} gave
     * @return the sheet
     */
    public Path keep(long version, String digest, List<BufferedImage> pictures) throws IOException {
        Path draft = folder.resolve(digits(version) + ".tmp");
        Path kept = folder.resolve(digits(version));
        delete(draft);
        Files.createDirectories(draft);
        List<Sample> samples = samples();
        for (int i = 0; i < samples.size(); i++) {
            Sheet.write(pictures.get(i), draft.resolve(samples.get(i).file()));
        }
        Files.write(draft.resolve(INDEX), index(version, digest));
        delete(kept);
        Files.move(draft, kept, StandardCopyOption.ATOMIC_MOVE);
        Path sheet = folder.resolve(digits(version) + ".png");
        Sheet.write(Sheet.of(pictures, prompts.size()), sheet);
        return sheet;
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    private byte[] index(long version, String digest) {
        try {
            return MAPPER.writeValueAsBytes(new Index(version, digest, steps, guidance, samples()));
        } catch (IOException e) {
            throw new UncheckedIOException("a record is always writable", e);
        }
    }

    private List<Sample> samples() {
        List<Sample> samples = new ArrayList<>();
        for (long seed : seeds) {
            for (int i = 0; i < prompts.size(); i++) {
                samples.add(new Sample(prompts.get(i), seed, i + words(prompts.get(i)) + "-" + seed + ".png"));
            }
        }
        return samples;
    }

    /** The prompt as a part of a file name: "-a-photo-of-a-dog", or nothing. */
    private static String words(String prompt) {
        String words =
                prompt.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
        String some = words.substring(0, Math.min(WORDS, words.length())).replaceAll("-$", "");
        return some.isEmpty() ? "" : "-" + some;
    }

    private static String digits(long version) {
        return String.format(Locale.ROOT, "%08d", version);
    }
}
