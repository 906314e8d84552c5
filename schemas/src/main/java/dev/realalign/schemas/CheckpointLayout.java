package dev.realalign.schemas;

import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Folders and files of a checkpoint store. The one home of these names.
 *
 * <pre>
 * models/NAME/candidates/step-0000000120-s0001/   the trainer's: {@link #ADAPTER}, {@link #EMA}, {@link #REFERENCE},
 *                                           {@link #LAGGED}, {@link #OPTIMIZER}, {@link #HELD_OUT},
 *                                           {@link #HELD_OUT_ERRORS}, {@link #RESERVOIR} where triples are replayed,
 *                                           {@link #MANIFEST}
 * models/NAME/start/                        the trainer's: the weights the line began with, while no version is good
 * models/NAME/replay/                       the trainer's: the triples its candidates' reservoirs name, by digest
 * models/NAME/versions/00000042/            the publisher's: {@link #DIFFUSERS_LORA} of a LoRA, NAME-v00000042.safetensors,
 *                                           {@link #HELD_OUT_ERRORS}, {@link #MANIFEST}, {@link #SIGNATURE} where
 *                                           versions are signed
 * </pre>
 *
 * @param root folder of the store
 */
public record CheckpointLayout(Path root) {
    /** Manifest of a candidate or version; always written last. */
    public static final String MANIFEST = "manifest.json";
    /** Signature over every other file of a version, in the OpenSSF model-signing format. */
    public static final String SIGNATURE = "manifest.sig";
    /** The adapter being trained, under diffusers names. */
    public static final String ADAPTER = "adapter.safetensors";
    /** Moving average of the adapter: what is published. */
    public static final String EMA = "ema.safetensors";
    /** The frozen reference adapter. */
    public static final String REFERENCE = "reference.safetensors";
    /** The lagged policy, in stages that look back at one. */
    public static final String LAGGED = "lagged.safetensors";
    /** Optimizer state, and how far the run is within its stages. */
    public static final String OPTIMIZER = "optimizer.safetensors";
    /** The held-out set. */
    public static final String HELD_OUT = "held-out.avro";
    /** Triples that may be trained again, {@link ReservoirState}. */
    public static final String RESERVOIR = "reservoir.json";
    /** What was measured on the held-out set, {@link HeldOutErrors}: a candidate's, and its version's. */
    public static final String HELD_OUT_ERRORS = "held-out-errors.json";
    /** A version's LoRA under the file name that diffusers looks for; diffusers loads no full differences. */
    public static final String DIFFUSERS_LORA = "pytorch_lora_weights.safetensors";

    /** Ending of a folder that is being written. */
    public static final String UNFINISHED = ".tmp";

    private static final Pattern CANDIDATE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,99}");

    /** Makes the root absolute. */
    public CheckpointLayout {
        root = root.toAbsolutePath().normalize();
    }

    /**
     * The store of a URI.
     *
     * @throws IllegalArgumentException when it is no {@code file:} URI of a folder
     */
    public static CheckpointLayout of(URI root) {
        return new CheckpointLayout(folder(root));
    }

    /**
     * The local folder of a location as it stands in checkpoint records.
     *
     * @throws IllegalArgumentException naming the location when it is no {@code file:} URI
     */
    public static Path folder(URI location) {
        if (!"file".equals(location.getScheme()) || location.getPath() == null || location.getAuthority() != null) {
            throw new IllegalArgumentException(
                    "a checkpoint store is a file: URI such as file:///srv/checkpoints, not " + location);
        }
        return Path.of(location.getPath());
    }

    /** Folder of a model line. */
    public Path model(String model) {
        return root.resolve("models").resolve(ModelName.require(model));
    }

    /** Folder of the weights a line began with. */
    public Path start(String model) {
        return model(model).resolve("start");
    }

    /** Folder of the triples a line may train again. */
    public Path replay(String model) {
        return model(model).resolve("replay");
    }

    /** Folder of a line's candidates. */
    public Path candidates(String model) {
        return model(model).resolve("candidates");
    }

    /** Folder of a candidate. */
    public Path candidate(String model, String candidate) {
        return candidates(model).resolve(requireCandidateName(candidate));
    }

    /** Folder of a line's versions. */
    public Path versions(String model) {
        return model(model).resolve("versions");
    }

    /** Folder of a version. */
    public Path version(String model, long version) {
        return versions(model).resolve(CheckpointKeys.versionDigits(version));
    }

    /** Location of a folder as it stands in checkpoint records. */
    public static String location(Path folder) {
        String uri = folder.toAbsolutePath().normalize().toUri().toString();
        return uri.endsWith("/") ? uri.substring(0, uri.length() - 1) : uri;
    }

    /**
     * A candidate's name: the step it holds, with ten digits, and the session that writes it. A trainer that was fenced
     * while it slept has an older session than its successor, so neither ever touches the other's folder.
     */
    public static String candidateName(long step, long session) {
        return String.format(
                Locale.ROOT,
                "step-%010d-s%04d",
                ManifestRules.atLeast("step", step, 0),
                ManifestRules.atLeast("session", session, 1));
    }

    /** A version's file with kohya names, which ComfyUI, A1111 and Forge read: {@code NAME-v00000042.safetensors}. */
    public static String kohyaFile(String model, long version) {
        return ModelName.require(model) + "-v" + CheckpointKeys.versionDigits(version) + ".safetensors";
    }

    static String requireCandidateName(String name) {
        if (!CANDIDATE.matcher(name).matches()) {
            throw new IllegalArgumentException("a candidate is named like step-0000000120-s0001, not \"" + name + "\"");
        }
        return name;
    }
}
