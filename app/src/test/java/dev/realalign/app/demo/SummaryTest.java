package dev.realalign.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.app.demo.Snapshot.Lag;
import dev.realalign.app.demo.Snapshot.Stage;
import dev.realalign.app.feed.FeedTally;
import dev.realalign.schemas.CheckpointVersion;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class SummaryTest {
    private static final Snapshot BUSY = new Snapshot(
            Duration.ofSeconds(100),
            "running, Ctrl-C ends it",
            2827,
            new FeedTally.Numbers(1300, 1200, 99_999, 50, 3),
            new Census(
                    1250,
                    1190,
                    0,
                    Map.of(
                            "LOCAL_BLUR",
                            Map.of("perturbation", 900L),
                            "TEXT_TO_IMAGE",
                            Map.of("base", 90L, "version 2", 200L)),
                    Map.of("DUPLICATE", 4L, "TOO_SMALL", 40L, "CORRUPT", 4L),
                    Map.of(),
                    List.of(),
                    List.of(),
                    List.of(version(1), version(2))),
            new Snapshot.Training(
                    68,
                    "2 of 2 (dpo)",
                    544,
                    OptionalDouble.of(0.69312),
                    OptionalDouble.of(0.714),
                    OptionalDouble.of(0.99871),
                    16,
                    12.25),
            2,
            Map.of(
                    Stage.CURATOR, new Lag(OptionalLong.of(12), OptionalDouble.of(0.44)),
                    Stage.TRAINER, new Lag(OptionalLong.of(640), OptionalDouble.empty()),
                    Stage.PUBLISHER, new Lag(OptionalLong.empty(), OptionalDouble.empty())));

    private static final Snapshot YOUNG = new Snapshot(
            Duration.ZERO, "starting", 10, new FeedTally.Numbers(0, 0, 0, 0, 0), Census.EMPTY, null, 0, Map.of());

    @Test
    void theScreenShowsEveryStageFromTopToBottom() {
        assertThat(Summary.screen(BUSY))
                .containsExactly(
                        "",
                        "  RealAlign   1:40   running, Ctrl-C ends it",
                        "",
                        "  pictures in      1,250   1,300 of 2,827 taken   50 from before   3 unreadable   12/s",
                        "  rejected            48   TOO_SMALL 40, CORRUPT 4, DUPLICATE 4         curator lag 12 records  0.4 s",
                        "  triples          1,190   perturbation 900, version 2 200, base 90     trainer lag 640 records",
                        "  trained            544   step 68   stage 2 of 2 (dpo)   12.3 triples/s",
                        "  loss            0.6931   implicit accuracy 0.71",
                        "  held-out        0.9987   m_w/r_w on 16 pairs (1.02 would be harm)",
                        "  candidates           0",
                        "  versions             2   newest 00000002   digest 222222222222",
                        "  received             2   every hash verified",
                        "");
    }

    @Test
    void whatIsUnknownIsADashNotAZero() {
        assertThat(Summary.line(BUSY))
                .isEqualTo(
                        "1:40 running, Ctrl-C ends it: in 1250, rejected 48, triples 1190, trained 544, step 68, stage 2 of 2 (dpo), loss 0.6931,"
                                + " accuracy 0.71, m_w/r_w 0.9987, versions 2, received 2, lag curator 12/0.4s trainer 640 publisher -");
        assertThat(Summary.line(YOUNG))
                .contains("loss -, accuracy -, m_w/r_w -")
                .endsWith("lag curator - trainer - publisher -");
        assertThat(Summary.screen(YOUNG)).anyMatch(line -> line.strip().matches("loss +-"));
    }

    private static CheckpointVersion version(int number) {
        return CheckpointVersion.newBuilder()
                .setModel("m")
                .setVersion(number)
                .setDigest(Integer.toString(number).repeat(64))
                .setLocation("file:///store")
                .setParent(null)
                .setCandidateDigest("c" + number)
                .setStep(number * 10L)
                .setTriples(number * 80L)
                .setOffsets(Map.of())
                .setCandidateCreatedAt(Instant.EPOCH)
                .setPublishedAt(Instant.EPOCH)
                .build();
    }
}
