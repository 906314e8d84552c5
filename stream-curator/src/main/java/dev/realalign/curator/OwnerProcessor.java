package dev.realalign.curator;

import dev.realalign.curator.similar.BandIndex;
import dev.realalign.curator.similar.BandOwner;
import dev.realalign.curator.similar.Bands;
import dev.realalign.schemas.SimilarityAnswer;
import dev.realalign.schemas.SimilarityQuestion;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/** Owns the bands' values of one partition. A message's offset is its sequence. */
final class OwnerProcessor implements Processor<String, SimilarityQuestion, String, SpecificRecord> {
    private final BandOwner owner;
    private @SuppressWarnings("NullAway.Init") ProcessorContext<String, SpecificRecord> context;
    private @SuppressWarnings("NullAway.Init") BandIndex index;

    OwnerProcessor(CuratorConfig config) {
        this.owner = new BandOwner(
                config.similarity().greatestDistance(), config.pairs().modes());
    }

    @Override
    public void init(ProcessorContext<String, SpecificRecord> streams) {
        context = streams;
        index = new BandIndexStore(streams);
    }

    @Override
    public void process(Record<String, SimilarityQuestion> record) {
        long sequence = context.recordMetadata().orElseThrow().offset();
        BandOwner.Replies replies = owner.take(record.value(), sequence, index);
        for (SimilarityQuestion onward : replies.onward()) {
            context.forward(
                    new Record<>(Bands.key(onward.getHash(), onward.getBand()), onward, record.timestamp()),
                    CuratorTopology.QUESTIONS_ONWARD);
        }
        for (SimilarityAnswer answer : replies.answers()) {
            context.forward(new Record<>(answer.getImageId(), answer, record.timestamp()), CuratorTopology.ANSWERS);
        }
    }
}
