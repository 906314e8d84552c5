package dev.realalign.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RecordTrustTest {
    @Test
    void a_record_that_holds_records_survives_the_wire() {
        Map<String, Object> client =
                Map.of("schema.registry.url", "mock://record-trust", "auto.register.schemas", true);
        PreferenceTriple triple = PreferenceTriple.newBuilder()
                .setImageId("ab")
                .setCaption("")
                .setReal(ByteBuffer.wrap(new byte[] {1, 2}))
                .setNegative(ByteBuffer.wrap(new byte[] {3}))
                .setWidth(8)
                .setHeight(8)
                .setKind("LOCAL_NOISE")
                .setStrength(0.5)
                .setSeed(1L)
                .setRegion(new Region(0, 0, 4, 4))
                .setRmsDifference(20.0)
                .setRecord(new RecordPosition(0, 7L))
                .setSource("test")
                .setCuratorVersion("test")
                .setIngestTime(Instant.ofEpochMilli(1))
                .setAcceptedAt(Instant.ofEpochMilli(2))
                .build();
        byte[] bytes = Topics.PREFERENCE_TRIPLES.valueSerializer(client).serialize("preference-triples", triple);
        assertThat(Topics.PREFERENCE_TRIPLES.valueDeserializer(client).deserialize("preference-triples", bytes))
                .isEqualTo(triple);
    }
}
