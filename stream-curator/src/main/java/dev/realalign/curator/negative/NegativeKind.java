package dev.realalign.curator.negative;

/** How a perturbed negative differs from its real picture. The names are part of the records. */
public enum NegativeKind {
    /** A region shows a part of the picture that lies a little further on. */
    PATCH_DISPLACEMENT(true, new PatchDisplacement()),
    /** A region is twisted around its centre, and pinched or swollen. */
    LOCAL_WARP(true, new LocalWarp()),
    /** A region is out of focus. */
    LOCAL_BLUR(true, new LocalBlur()),
    /** A region is covered with independent noise. */
    LOCAL_NOISE(true, new WhiteNoise()),
    /** The whole picture was shrunk and enlarged again. */
    RESAMPLE_BLUR(false, new ResampleBlur()),
    /** The whole picture went through JPEG at a low quality. */
    JPEG_ARTEFACTS(false, new JpegArtefacts()),
    /** The whole picture has the noise of a sensor at high gain, stronger where it is brighter. */
    SENSOR_NOISE(false, new SensorNoise()),
    /** The whole picture has a wrong white balance. */
    COLOUR_CAST(false, new ColourCast());

    private final boolean local;
    private final Perturbation perturbation;

    NegativeKind(boolean local, Perturbation perturbation) {
        this.local = local;
        this.perturbation = perturbation;
    }

    /** Whether every change lies inside one region and all other pixels equal the real ones. */
    public boolean isLocal() {
        return local;
    }

    Perturbation perturbation() {
        return perturbation;
    }
}
