package dev.realalign.curator.image;

/** Thrown where damage keeps a file from being read any further. */
public final class DamagedImageException extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient Damage damage;

    DamagedImageException(Damage damage) {
        super(damage.evidence());
        this.damage = damage;
    }

    /** What is wrong with the file. */
    public Damage damage() {
        return damage;
    }
}
