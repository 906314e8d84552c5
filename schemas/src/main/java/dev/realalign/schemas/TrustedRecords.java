package dev.realalign.schemas;

import org.apache.avro.generic.GenericContainer;
import org.apache.avro.util.ClassSecurityValidator;

/**
 * Tells Avro that this package's records may be made from data. Avro loads no class named by a schema unless the program
 * trusts it; {@link Topic} says so for topics, and whoever reads records from files says so first.
 */
public final class TrustedRecords {
    static {
        Package own = TrustedRecords.class.getPackage();
        ClassSecurityValidator.setGlobal(ClassSecurityValidator.composite(
                ClassSecurityValidator.getGlobal(),
                type -> GenericContainer.class.isAssignableFrom(type) && own.equals(type.getPackage())));
    }

    private TrustedRecords() {}

    /** From here on records of this package can be read; what the process trusted before stays trusted. */
    public static void allow() {
        // the work is done once, when this class is initialised
    }
}
