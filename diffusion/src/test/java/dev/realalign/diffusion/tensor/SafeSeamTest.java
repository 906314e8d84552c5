package dev.realalign.diffusion.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * The rules that keep gradients right. DJL's number operations and {@code create(array)} alias Java memory that the garbage collector frees before the
 * backward pass; its element type table ends the process on bfloat16; inference mode results cannot enter autograd. None of these may be reachable.
 */
class SafeSeamTest {
    private static final Path SOURCES = Path.of("src/main/java");
    private static final Set<String> DJL_IN_TENSOR =
            Set.of("ai.djl.engine.Engine", "ai.djl.engine.EngineException", "ai.djl.pytorch.jni.TorchNatives");
    private static final Pattern DJL = Pattern.compile("ai\\.djl\\.[a-z.]+[A-Z]\\w*");
    private static final Pattern ALIASING = Pattern.compile(
            "torchFromBlob|torchSet\\(|torchDirectByteBuffer|NDArray|NDManager|moduleRunMethod\\([^;]*false, *false\\)");

    @Test
    @DisplayName(
            "only the tensor package and tokenizers name DJL, and the tensor package only its engine and our native window")
    void djlStaysBehindTheSeam() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path source : sources()) {
            String place = SOURCES.relativize(source).toString().replace('\\', '/');
            DJL.matcher(Files.readString(source))
                    .results()
                    .map(match -> match.group())
                    .distinct()
                    .forEach(name -> {
                        boolean window = place.startsWith("ai/djl/pytorch/jni/");
                        boolean tokenizer = place.startsWith("dev/realalign/diffusion/tokenizer/")
                                && name.startsWith("ai.djl.huggingface.");
                        boolean seam =
                                place.startsWith("dev/realalign/diffusion/tensor/") && DJL_IN_TENSOR.contains(name);
                        if (!window && !tokenizer && !seam) {
                            found.add(place + " names " + name);
                        }
                    });
        }
        assertThat(found).isEmpty();
    }

    @Test
    @DisplayName(
            "the calls that alias Java memory or leave autograd appear once, in the copy that never lets the alias out")
    void noAliasing() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path source : sources()) {
            String code =
                    Files.readString(source).replaceAll("(?s)/\\*.*?\\*/", "").replaceAll("//.*", "");
            ALIASING.matcher(code).results().forEach(match -> found.add(source.getFileName() + ": " + match.group()));
        }
        assertThat(found).containsExactly("TorchNatives.java: torchFromBlob");
        assertThat(Files.readString(SOURCES.resolve("ai/djl/pytorch/jni/TorchNatives.java")))
                .containsPattern(
                        "(?s)long alias = LIB.torchFromBlob.*?return LIB.tensorClone\\(alias\\);.*?torchDeleteTensor\\(alias\\)");
    }

    @Test
    @DisplayName("the scan would see a violation")
    void scanSees() {
        assertThat(ALIASING.matcher("NDArray y = x.mul(2);").find()).isTrue();
        assertThat(ALIASING.matcher("LIB.moduleRunMethod(h, m, v, false, false)")
                        .find())
                .isTrue();
        assertThat(ALIASING.matcher("LIB.moduleRunMethod(h, m, v, true, false)").find())
                .isFalse();
        assertThat(DJL.matcher("import ai.djl.ndarray.NDArray;").find()).isTrue();
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            List<Path> sources = files.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .toList();
            assertThat(sources).hasSizeGreaterThan(5);
            return sources;
        }
    }
}
