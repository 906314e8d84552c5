package dev.realalign.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class TopicsTest {
    @Test
    void the_catalogue_says_how_every_topic_is_kept() {
        String rows = Topics.all().stream()
                .map(t -> t + " " + t.partitions(3) + " " + t.settings())
                .collect(Collectors.joining("\n"));

        assertThat(rows)
                .isEqualTo(
                        """
                        real-images 3 {cleanup.policy=delete, compression.type=uncompressed, max.message.bytes=4194304, message.timestamp.type=LogAppendTime, retention.bytes=17179869184, retention.ms=604800000}
                        image-rejections 3 {cleanup.policy=delete, message.timestamp.type=LogAppendTime, retention.bytes=1073741824, retention.ms=2592000000}
                        similarity-questions 3 {cleanup.policy=delete, message.timestamp.type=LogAppendTime, retention.bytes=1073741824, retention.ms=604800000}
                        similarity-answers 3 {cleanup.policy=delete, message.timestamp.type=LogAppendTime, retention.bytes=1073741824, retention.ms=604800000}
                        negative-requests 3 {cleanup.policy=delete, message.timestamp.type=LogAppendTime, retention.bytes=1073741824, retention.ms=604800000}
                        generated-negatives 3 {cleanup.policy=delete, compression.type=uncompressed, max.message.bytes=4194304, message.timestamp.type=LogAppendTime, retention.bytes=17179869184, retention.ms=604800000}
                        preference-triples 3 {cleanup.policy=delete, compression.type=uncompressed, max.message.bytes=4194304, message.timestamp.type=LogAppendTime, retention.bytes=68719476736, retention.ms=7776000000}
                        training-ledger 1 {cleanup.policy=delete, message.timestamp.type=LogAppendTime, retention.bytes=-1, retention.ms=-1}
                        checkpoint-candidates 1 {cleanup.policy=delete, message.timestamp.type=LogAppendTime, retention.bytes=-1, retention.ms=-1}
                        checkpoints 1 {cleanup.policy=compact, message.timestamp.type=LogAppendTime}
                        checkpoint-aliases 1 {cleanup.policy=compact, message.timestamp.type=LogAppendTime}
                        publishing-log 1 {cleanup.policy=delete, message.timestamp.type=LogAppendTime, retention.bytes=-1, retention.ms=-1}
                        checkpoint-commands 1 {cleanup.policy=delete, message.timestamp.type=LogAppendTime, retention.bytes=1073741824, retention.ms=2592000000}
                        subscriber-status 1 {cleanup.policy=compact, message.timestamp.type=LogAppendTime}""");
    }

    @Test
    void the_page_of_topics_is_fresh() throws IOException {
        Path page = Path.of(System.getProperty("realalign.home"), "docs", "topics.md");
        String fresh = TopicPage.markdown(Topics.all());

        if (Boolean.getBoolean("realalign.write.docs")) {
            Files.writeString(page, fresh);
        }

        assertThat(page)
                .as("docs/topics.md; write it anew with -Drealalign.write.docs=true")
                .hasContent(fresh);
    }
}
