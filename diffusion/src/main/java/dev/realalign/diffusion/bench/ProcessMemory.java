package dev.realalign.diffusion.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** What Linux says of this process's memory: everything resident, the Java heap and the native libraries included. */
public final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long KIB = 1024;

    private ProcessMemory() {}

    /** Resident now (VmRSS), in bytes; empty where the system does not say. */
    public static OptionalLong resident() {
        return field("VmRSS:");
    }

    /** The most that was ever resident (VmHWM), in bytes; empty where the system does not say. */
    public static OptionalLong peak() {
        return field("VmHWM:");
    }

    private static OptionalLong field(String key) {
        try {
            return field(Files.readAllLines(STATUS), key);
        } catch (IOException notLinux) {
            return OptionalLong.empty();
        }
    }

    /** A field of lines such as {@code VmHWM:     12345 kB}. */
    static OptionalLong field(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key) && line.endsWith(" kB"))
                .mapToLong(line -> KIB
                        * Long.parseLong(
                                line.substring(key.length(), line.length() - 3).strip()))
                .findFirst();
    }
}
