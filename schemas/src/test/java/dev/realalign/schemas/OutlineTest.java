package dev.realalign.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serializer;
import org.junit.jupiter.api.Test;

class OutlineTest {
    private static final Map<String, Object> REGISTRY =
            Map.of("schema.registry.url", "mock://outline", "auto.register.schemas", true);

    @Test
    void an_outline_is_the_record_with_its_pictures_left_empty() {
        TrustedRecords.allow();
        PreferenceTriple triple = PreferenceTriple.newBuilder()
                .setImageId("id")
                .setCaption("a house")
                .setReal(ByteBuffer.wrap(new byte[500_000]))
                .setNegative(ByteBuffer.wrap(new byte[] {1, 2, 3}))
                .setMask(ByteBuffer.wrap(new byte[] {4}))
                .setWidth(32)
                .setHeight(32)
                .setKind("LOCAL_BLUR")
                .setStrength(0.5)
                .setSeed(7L)
                .setRegion(new Region(1, 2, 3, 4))
                .setRmsDifference(9)
                .setRecord(new RecordPosition(2, 77L))
                .setSource("test")
                .setCuratorVersion("2-abc")
                .setGeneratorVersion(12L)
                .setIngestTime(Instant.ofEpochMilli(1))
                .setEventTime(Instant.ofEpochMilli(2))
                .setAcceptedAt(Instant.ofEpochMilli(3))
                .setShadow(List.of(new ShadowRejection("FLAT", "grey")))
                .setMeasures(Map.of("SHARPNESS", 12.5))
                .setGap(PairGap.newBuilder()
                        .setMeasure("PICKSCORE")
                        .setValue(0.03)
                        .setRule("above 0.02")
                        .build())
                .build();
        try (Serializer<PreferenceTriple> written = Topics.PREFERENCE_TRIPLES.valueSerializer(REGISTRY);
                Deserializer<PreferenceTriple> whole = Topics.PREFERENCE_TRIPLES.valueDeserializer(REGISTRY);
                Deserializer<PreferenceTriple> outline = Topics.PREFERENCE_TRIPLES.outlineDeserializer(REGISTRY)) {
            byte[] record = written.serialize("preference-triples", triple);

            assertThat(whole.deserialize("preference-triples", record)).isEqualTo(triple);
            assertThat(outline.deserialize("preference-triples", record))
                    .isEqualTo(PreferenceTriple.newBuilder(triple)
                            .setReal(ByteBuffer.allocate(0))
                            .setNegative(ByteBuffer.allocate(0))
                            .setMask(ByteBuffer.allocate(0))
                            .build());
        }
    }
}
