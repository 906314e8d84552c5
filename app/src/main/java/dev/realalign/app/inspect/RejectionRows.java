package dev.realalign.app.inspect;

import dev.realalign.curator.image.DamagedImageException;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.image.TrainingPicture;
import dev.realalign.runtime.BlobStore;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PairGap;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.RecordPosition;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a sheet shows of rejections. */
public final class RejectionRows {
    /** What the columns of pictures show. */
    public static final List<String> HEADINGS = List.of("picture");

    private static final int SIDE = 160;
    private static final int WHITE = 0xFFFFFF;
    /** Larger ones are not decoded only to be looked at. */
    private static final long MOST_PIXELS = 50_000_000;

    private RejectionRows() {}

    /**
     * A row for a rejection.
     *
     * @param images where its record stands, while it is kept
     * @param blobs where large pictures are, if known
     */
    public static SheetRow of(ImageRejection rejection, RecordPicker<RealImage> images, Optional<BlobStore> blobs) {
        Optional<BufferedImage> picture = record(rejection, images)
                .flatMap(image -> original(image, blobs))
                .flatMap(RejectionRows::decoded);
        return new SheetRow(List.of(picture), lines(rejection));
    }

    static List<String> lines(ImageRejection rejection) {
        List<String> lines = new ArrayList<>();
        lines.add(rejection.getReason());
        lines.add(rejection.getEvidence());
        if (!rejection.getMeasures().isEmpty()) {
            lines.add(TripleRows.numbers(rejection.getMeasures()));
        }
        PairGap gap = rejection.getGap();
        if (gap != null) {
            lines.add(String.format(Locale.ROOT, "%s %.4f, %s", gap.getMeasure(), gap.getValue(), gap.getRule()));
        }
        rejection.getShadow().forEach(found -> lines.add("shadow " + found.getReason() + ": " + found.getEvidence()));
        lines.add("partition " + rejection.getRecord().getPartition() + ", offset "
                + rejection.getRecord().getOffset() + ", " + rejection.getSource());
        return lines;
    }

    private static Optional<RealImage> record(ImageRejection rejection, RecordPicker<RealImage> images) {
        RecordPosition position = rejection.getRecord();
        return images.at(position.getPartition(), position.getOffset())
                .filter(image -> image.getImageId().equals(rejection.getImageId()));
    }

    private static Optional<byte[]> original(RealImage image, Optional<BlobStore> blobs) {
        ByteBuffer content = image.getContent();
        if (content != null) {
            byte[] bytes = new byte[content.remaining()];
            content.duplicate().get(bytes);
            return Optional.of(bytes);
        }
        if (image.getBlob() == null || blobs.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(blobs.get().get(image.getBlob()));
        } catch (IOException missing) {
            return Optional.empty();
        }
    }

    private static Optional<BufferedImage> decoded(byte[] original) {
        try {
            Optional<ImageType> type = ImageType.detect(original);
            if (type.isEmpty()) {
                return Optional.empty();
            }
            ImageContainer container = ImageContainer.read(original, type.get());
            if (container.pixels() > MOST_PIXELS || container.damage().isPresent()) {
                return Optional.empty();
            }
            RgbImage shown = new TrainingPicture(SIDE, WHITE).of(container);
            BufferedImage picture = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
            byte[] rgb = shown.rgb();
            for (int i = 0; i < SIDE * SIDE; i++) {
                picture.setRGB(
                        i % SIDE,
                        i / SIDE,
                        (rgb[3 * i] & 0xFF) << 16 | (rgb[3 * i + 1] & 0xFF) << 8 | (rgb[3 * i + 2] & 0xFF));
            }
            return Optional.of(picture);
        } catch (DamagedImageException undecodable) {
            return Optional.empty();
        }
    }
}
