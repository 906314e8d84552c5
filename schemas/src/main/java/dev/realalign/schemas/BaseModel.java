package dev.realalign.schemas;

/**
 * The frozen model an adapter belongs to.
 *
 * @param id name of the model, such as a repository id or folder name
 * @param sha256 digest over its weights files, as the model library computes it
 */
public record BaseModel(String id, String sha256) {
    /** Refuses an empty id and a malformed digest. */
    public BaseModel {
        if (id.isBlank()) {
            throw new IllegalArgumentException("the base model needs an id");
        }
        Sha256.requireHex("sha256 of the base model", sha256);
    }
}
