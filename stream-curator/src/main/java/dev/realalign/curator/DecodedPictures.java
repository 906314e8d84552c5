package dev.realalign.curator;

import dev.realalign.schemas.RecordPosition;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The newest waiting pictures, decoded, so that most need not be fetched and decoded again. Bounded by bytes: what was
 * put first goes first, and is fetched from the blob store when it is its turn.
 */
final class DecodedPictures {
    private final long greatestBytes;
    private final Map<RecordPosition, PassedImage> pictures = new LinkedHashMap<>();
    private long bytes;

    DecodedPictures(long greatestBytes) {
        this.greatestBytes = greatestBytes;
    }

    void put(PassedImage image) {
        take(image.position());
        pictures.put(image.position(), image);
        bytes += image.bytes();
        var oldest = pictures.entrySet().iterator();
        while (bytes > greatestBytes) {
            bytes -= oldest.next().getValue().bytes();
            oldest.remove();
        }
    }

    Optional<PassedImage> take(RecordPosition position) {
        PassedImage image = pictures.remove(position);
        if (image != null) {
            bytes -= image.bytes();
        }
        return Optional.ofNullable(image);
    }

    void clear() {
        pictures.clear();
        bytes = 0;
    }
}
