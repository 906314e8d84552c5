package dev.realalign.trainer.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.BatchPlanned;
import dev.realalign.schemas.Digest;
import dev.realalign.schemas.LedgerMember;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.TrustedRecords;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The chain against its definition, written out once more. */
class LedgerChainTest {
    static {
        TrustedRecords.allow();
    }

    private static Digest digest(int value) {
        byte[] bytes = new byte[32];
        Arrays.fill(bytes, (byte) value);
        return new Digest(bytes);
    }

    private static LedgerMember member(int value) {
        return new LedgerMember(digest(value), digest(value + 1), 3, 77L);
    }

    private static BatchPlanned.Builder plan() {
        return BatchPlanned.newBuilder()
                .setStep(5L)
                .setMembers(List.of(member(10), member(20)))
                .setNextOffsets(List.of(100L))
                .setClosing("SIZE")
                .setObjective("dpo")
                .setSeed(42L)
                .setReference(digest(9))
                .setChain(digest(0));
    }

    /** What release 2 hashed. */
    private static ByteArrayOutputStream release2() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.write(new byte[32]);
        out.write('P');
        out.writeLong(5);
        out.writeLong(2);
        for (int value : new int[] {10, 11, 20, 21}) {
            out.write(digest(value).bytes());
        }
        out.write("dpo".getBytes(StandardCharsets.UTF_8));
        out.write(0);
        out.writeLong(42);
        out.write(digest(9).bytes());
        return bytes;
    }

    @Test
    void a_plan_without_draws_has_the_link_it_always_had() throws IOException {
        assertThat(LedgerChain.EMPTY.after(plan().build()).hex())
                .isEqualTo(Sha256.hex(release2().toByteArray()));
    }

    @Test
    void draws_are_hashed_after_everything_else() throws IOException {
        ByteArrayOutputStream bytes = release2();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeLong(1);
        out.write(digest(30).bytes());
        out.write(digest(31).bytes());
        LedgerChain link =
                LedgerChain.EMPTY.after(plan().setDrawn(List.of(member(30))).build());
        assertThat(link.hex()).isEqualTo(Sha256.hex(bytes.toByteArray()));
        assertThat(HexFormat.of().formatHex(link.bytes())).isEqualTo(link.hex());
    }
}
