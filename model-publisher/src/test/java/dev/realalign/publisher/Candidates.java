package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.Sha256;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;

/** Candidate records for tests. */
final class Candidates {
    static final String MODEL = "tiny";
    static final Instant NOW = Instant.parse("2026-01-02T03:04:05.678Z");

    private Candidates() {}

    static CheckpointCandidate candidate(String name, long step) {
        return candidate(name, step, Map.of("preference-triples-0", step * 8));
    }

    static CheckpointCandidate candidate(String name, long step, Map<String, Long> nextOffsets) {
        return CheckpointCandidate.newBuilder()
                .setModel(MODEL)
                .setCandidate(name)
                .setDigest(digest(name))
                .setLocation("file:///store/models/tiny/candidates/" + name)
                .setStep(step)
                .setTriples(step * 8)
                .setNextOffsets(nextOffsets)
                .setMetrics(Map.of())
                .setCreatedAt(NOW.minusSeconds(1))
                .build();
    }

    static String digest(String text) {
        return Sha256.hex(text.getBytes(StandardCharsets.UTF_8));
    }
}
