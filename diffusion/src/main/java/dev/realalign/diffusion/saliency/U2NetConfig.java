package dev.realalign.diffusion.saliency;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.nn.WeightFiles;
import dev.realalign.diffusion.tensor.SafeTensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The widths of a U2-Net. Published weights come without a configuration; U2-Net and the small U2-NetP differ in widths
 * only, so they are read off the tensors.
 *
 * @param stages by name (stage1 ... stage6, stage5d ... stage1d)
 */
public record U2NetConfig(Map<String, Stage> stages) {

    /** Encoder from fine to coarse, then decoder from coarse to fine. */
    static final List<String> STAGES = List.of(
            "stage1", "stage2", "stage3", "stage4", "stage5", "stage6", "stage5d", "stage4d", "stage3d", "stage2d",
            "stage1d");

    /**
     * @param in channels in
     * @param middle channels inside
     * @param out channels out
     */
    public record Stage(long in, long middle, long out) {}

    public U2NetConfig {
        stages = Map.copyOf(stages);
    }

    /**
     * @throws ModelFormatException if the file is not a U2-Net, with the way published weights are converted
     */
    static U2NetConfig read(WeightFiles files) {
        Map<String, Stage> stages = new TreeMap<>();
        List<String> missing = new ArrayList<>();
        for (String stage : STAGES) {
            List<Long> entry = shape(files, stage + ".rebnconvin.conv_s1.weight", missing);
            List<Long> inner = shape(files, stage + ".rebnconv1.conv_s1.weight", missing);
            stages.put(stage, new Stage(entry.get(1), inner.get(0), entry.get(0)));
        }
        if (!missing.isEmpty()) {
            throw new ModelFormatException(
                    files.name(),
                    "it is not a U2-Net: it lacks " + missing.get(0) + " and " + (missing.size() - 1)
                            + " more; convert published weights with Python:"
                            + " safetensors.torch.save_file(torch.load(\"u2net.pth\", map_location=\"cpu\","
                            + " weights_only=True), \"u2net.safetensors\")");
        }
        return new U2NetConfig(stages);
    }

    private static List<Long> shape(WeightFiles files, String name, List<String> missing) {
        SafeTensors.Entry entry = files.entry(name);
        if (entry == null || entry.shape().size() != 4) {
            missing.add(name);
            return List.of(0L, 0L, 0L, 0L);
        }
        return entry.shape();
    }

    Stage stage(String name) {
        Stage stage = stages.get(name);
        if (stage == null) {
            throw new IllegalArgumentException("no widths for " + name);
        }
        return stage;
    }
}
