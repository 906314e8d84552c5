package dev.realalign.curator.gate;

/** What a gate's no means. */
public enum GateMode {
    /** It rejects the picture. */
    ON,
    /** It is written down and counted, and the picture goes on as if the gate had passed it. */
    SHADOW,
    /** The gate is not asked. */
    OFF
}
