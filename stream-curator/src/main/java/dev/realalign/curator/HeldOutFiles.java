package dev.realalign.curator;

import dev.realalign.curator.image.DamagedImageException;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.TrainingPicture;
import dev.realalign.curator.similar.HeldOutPictures;
import dev.realalign.curator.similar.HeldOutPictures.HeldOut;
import dev.realalign.curator.similar.PerceptualHash;
import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads the held-out pictures of {@link CuratorConfig#HELD_OUT_IMAGES}. */
final class HeldOutFiles {
    private HeldOutFiles() {}

    /**
     * The hashes of every picture, made as those of the stream are.
     *
     * @throws UserErrorException for usage, with every file that cannot be read
     */
    static HeldOutPictures read(CuratorConfig config) {
        TrainingPicture pictures =
                new TrainingPicture(config.pairs().resolution(), config.pairs().background());
        List<HeldOut> heldOut = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (Path given : config.similarity().heldOut()) {
            try (Stream<Path> found = Files.walk(given)) {
                for (Path file : found.filter(Files::isRegularFile).sorted().toList()) {
                    read(file, pictures)
                            .ifPresentOrElse(
                                    hash -> heldOut.add(new HeldOut(
                                            file.equals(given)
                                                    ? given.toString()
                                                    : given.relativize(file).toString(),
                                            hash)),
                                    () -> problems.add(CuratorConfig.HELD_OUT_IMAGES + " names " + file
                                            + ", which is no picture that can be decoded. Take it out."));
                }
            } catch (IOException e) {
                problems.add(CuratorConfig.HELD_OUT_IMAGES + " names " + given + ", which cannot be read: " + e
                        + ". Name files and folders of pictures that are there.");
            }
        }
        if (!problems.isEmpty()) {
            throw UserErrorException.usage(problems);
        }
        return new HeldOutPictures(heldOut);
    }

    private static Optional<Long> read(Path file, TrainingPicture pictures) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Optional<ImageType> type = ImageType.detect(bytes);
        if (type.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(PerceptualHash.of(pictures.of(ImageContainer.read(bytes, type.get()))));
        } catch (DamagedImageException e) {
            return Optional.empty();
        }
    }
}
