package dev.realalign.publisher.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ByteRangeTest {
    @ParameterizedTest(name = "{0} of 100 bytes")
    @CsvSource({
        "bytes=0-0, bytes 0-0/100",
        "bytes=10-19, bytes 10-19/100",
        "bytes=90-, bytes 90-99/100",
        "bytes=90-500, bytes 90-99/100",
        "bytes=-5, bytes 95-99/100",
        "bytes=-500, bytes 0-99/100",
        ",",
        "bytes=-,",
        "bytes=5-4,",
        "'bytes=0-1,4-5',",
        "lines=0-1,",
        "bytes=a-b,"
    })
    void served(String header, String range) throws Exception {
        assertThat(ByteRange.parse(header, 100).map(found -> found.of(100)).orElse(null))
                .isEqualTo(range);
    }

    @ParameterizedTest(name = "{0} of {1} bytes")
    @CsvSource({"bytes=100-, 100", "bytes=100-200, 100", "bytes=-0, 100", "bytes=-5, 0", "bytes=0-, 0"})
    void unsatisfiable(String header, long size) {
        assertThatThrownBy(() -> ByteRange.parse(header, size)).isInstanceOf(ByteRange.Unsatisfiable.class);
    }
}
