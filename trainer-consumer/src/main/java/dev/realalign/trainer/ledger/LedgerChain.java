package dev.realalign.trainer.ledger;

import dev.realalign.schemas.BatchPlanned;
import dev.realalign.schemas.LedgerMember;
import dev.realalign.schemas.ReferenceRefreshed;
import dev.realalign.schemas.Rewound;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.StageSwitched;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;

/**
 * A hash chain over everything the weights of a line depend on: steps, image ids and triple digests in their order,
 * objective, seed and reference. Offsets, times and sessions do not enter, so that two runs over the same pictures end in the same
 * value wherever and whenever they ran.
 *
 * <p>A link is the SHA-256 of the link before and one entry: a plan as {@code P}, step, number of members, image id and
 * triple digest of each, objective, seed, reference and, where something is trained again, number of draws, image id and
 * triple digest of each; a rewind as {@code R}, step, step returned to and the link at that step, or the first 32 zero bytes
 * where it leads to the beginning; a switch of stage as {@code S}, step, number of the stage, objective, reference; a new
 * reference as {@code F}, step, reference. Numbers are big-endian, texts UTF-8 ended by a zero byte. The chain begins with 32
 * zero bytes.
 *
 * @param hex the link, in lower-case hex
 */
public record LedgerChain(String hex) {
    /** Before the first entry. */
    public static final LedgerChain EMPTY = new LedgerChain("0".repeat(64));

    /** Refuses what is no SHA-256. */
    public LedgerChain {
        Sha256.requireHex("a link of the ledger's chain", hex);
    }

    static LedgerChain of(byte[] digest) {
        return new LedgerChain(HexFormat.of().formatHex(digest));
    }

    byte[] bytes() {
        return HexFormat.of().parseHex(hex);
    }

    /** The link after a plan; the plan's own link does not enter. */
    LedgerChain after(BatchPlanned plan) {
        MessageDigest sha256 = begin('P');
        sha256.update(number(plan.getStep()));
        update(sha256, plan.getMembers());
        sha256.update(plan.getObjective().getBytes(StandardCharsets.UTF_8));
        sha256.update((byte) 0);
        sha256.update(number(plan.getSeed()));
        sha256.update(plan.getReference().bytes());
        if (!plan.getDrawn().isEmpty()) {
            update(sha256, plan.getDrawn());
        }
        return new LedgerChain(Sha256.hex(sha256));
    }

    private static void update(MessageDigest sha256, List<LedgerMember> triples) {
        sha256.update(number(triples.size()));
        for (LedgerMember triple : triples) {
            sha256.update(triple.getImageId().bytes());
            sha256.update(triple.getTriple().bytes());
        }
    }

    /**
     * The link after a rewind.
     *
     * @param target the link at the step returned to
     */
    LedgerChain after(Rewound rewound, LedgerChain target) {
        MessageDigest sha256 = begin('R');
        sha256.update(number(rewound.getStep()));
        sha256.update(number(rewound.getToStep()));
        sha256.update(target.bytes());
        return new LedgerChain(Sha256.hex(sha256));
    }

    /** The link after a switch of stage; the entry's own link does not enter. */
    LedgerChain after(StageSwitched switched) {
        MessageDigest sha256 = begin('S');
        sha256.update(number(switched.getStep()));
        sha256.update(number(switched.getStage()));
        sha256.update(switched.getObjective().getBytes(StandardCharsets.UTF_8));
        sha256.update((byte) 0);
        sha256.update(switched.getReference().bytes());
        return new LedgerChain(Sha256.hex(sha256));
    }

    /** The link after a refresh of the reference; the entry's own link does not enter. */
    LedgerChain after(ReferenceRefreshed refreshed) {
        MessageDigest sha256 = begin('F');
        sha256.update(number(refreshed.getStep()));
        sha256.update(refreshed.getReference().bytes());
        return new LedgerChain(Sha256.hex(sha256));
    }

    private MessageDigest begin(char kind) {
        MessageDigest sha256 = Sha256.digest();
        sha256.update(bytes());
        sha256.update((byte) kind);
        return sha256;
    }

    private static byte[] number(long value) {
        return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
    }
}
