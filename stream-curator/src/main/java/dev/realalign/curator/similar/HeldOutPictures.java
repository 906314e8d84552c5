package dev.realalign.curator.similar;

import dev.realalign.schemas.SimilarImage;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Pictures that a model is measured on and must never learn from. Every curator knows all of them: they are few.
 *
 * @param pictures their names and hashes
 */
public record HeldOutPictures(List<HeldOut> pictures) {

    /** None. */
    public static final HeldOutPictures NONE = new HeldOutPictures(List.of());

    /**
     * A held-out picture.
     *
     * @param name its file's name
     * @param hash its perceptual hash
     */
    public record HeldOut(String name, long hash) {}

    public HeldOutPictures {
        pictures = List.copyOf(pictures);
    }

    /**
     * The nearest one, the first of several.
     *
     * @param greatest distance in bits within which pictures are near
     */
    public Optional<SimilarImage> near(long hash, int greatest) {
        return pictures.stream()
                .map(picture -> new SimilarImage(picture.name(), PerceptualHash.distance(picture.hash(), hash), null))
                .filter(similar -> similar.getDistance() <= greatest)
                .min(Comparator.comparingInt(SimilarImage::getDistance));
    }
}
