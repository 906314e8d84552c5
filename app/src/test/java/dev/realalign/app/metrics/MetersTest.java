package dev.realalign.app.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.ref.WeakReference;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class MetersTest {
    @Test
    void every_meter_of_the_catalogue_is_registered_and_no_other() {
        Set<String> catalogue = new TreeSet<>();
        for (MeterCatalogue.Section section : MeterCatalogue.sections()) {
            for (Meter meter : section.meters()) {
                if (meter.kind() == Meter.Kind.HISTOGRAM) {
                    catalogue.add(meter.name() + "_bucket");
                    catalogue.add(meter.name() + "_count");
                    catalogue.add(meter.name() + "_sum");
                } else {
                    catalogue.add(meter.name());
                }
            }
        }
        Set<String> ofClients = KafkaClientMeters.rows().stream()
                .map(KafkaClientMeters.Row::name)
                .collect(Collectors.toSet());

        Set<String> scraped = Scrape.names(EveryMeter.registered().scrape());
        scraped.removeAll(ofClients);
        scraped.removeIf(name -> name.endsWith("_seconds_max")); // Micrometer adds the largest recent value of a timer

        assertThat(scraped).isEqualTo(catalogue);
    }

    @Test
    @Timeout(30)
    void counters_and_gauges_go_on_counting_after_a_garbage_collection() {
        AtomicLong number = new AtomicLong(1);
        Meters meters = new Meters();
        meters.counter(MeterCatalogue.STEPS, () -> number.get());
        meters.gauge(MeterCatalogue.MARGIN, () -> number.get());
        collectGarbage();
        number.set(7);

        assertThat(meters.scrape().lines())
                .contains("realalign_trainer_steps_total 7.0", "realalign_trainer_margin 7.0");
    }

    /** Returns once an object that nobody holds is gone. */
    private static void collectGarbage() {
        WeakReference<Object> unheld = new WeakReference<>(new Object());
        while (unheld.get() != null) {
            System.gc();
        }
    }

    @Test
    void names_and_labels_are_those_of_kafka_exporter() {
        assertThat(EveryMeter.registered().scrape().lines().filter(line -> line.startsWith("kafka_")))
                .contains(
                        "kafka_brokers 3.0",
                        "kafka_topic_partitions{topic=\"real-images\"} 2.0",
                        "kafka_topic_partition_current_offset{partition=\"0\",topic=\"real-images\"} 100.0",
                        "kafka_topic_partition_oldest_offset{partition=\"0\",topic=\"real-images\"} 5.0",
                        "kafka_consumergroup_current_offset{consumergroup=\"realalign-curator\",partition=\"0\",topic=\"real-images\"} 40.0",
                        "kafka_consumergroup_current_offset_sum{consumergroup=\"realalign-curator\",topic=\"real-images\"} 40.0",
                        "kafka_consumergroup_lag{consumergroup=\"realalign-curator\",partition=\"0\",topic=\"real-images\"} 60.0",
                        "kafka_consumergroup_lag_sum{consumergroup=\"realalign-curator\",topic=\"real-images\"} 60.0",
                        "kafka_consumergroup_members{consumergroup=\"realalign-curator\"} 1.0",
                        "kafka_consumergroup_lag_seconds{consumergroup=\"realalign-curator\",partition=\"0\",source=\"SAMPLED\",topic=\"real-images\"} 12.5")
                .noneMatch(line -> line.startsWith("kafka_consumergroup_lag{") && line.contains("partition=\"1\""));
    }

    @Test
    void what_is_unknown_is_absent_and_a_status_names_itself() {
        assertThat(EveryMeter.registered().scrape().lines())
                .contains(
                        "realalign_lag_status{consumergroup=\"realalign-curator\",partition=\"0\",status=\"OK\",topic=\"real-images\"} 1.0",
                        "realalign_lag_status{consumergroup=\"realalign-curator\",partition=\"1\",status=\"NO_COMMIT\",topic=\"real-images\"} 1.0",
                        "realalign_lag_trend{consumergroup=\"realalign-curator\",partition=\"0\",topic=\"real-images\"} -1.0",
                        "realalign_lag_slope{consumergroup=\"realalign-curator\",partition=\"0\",topic=\"real-images\"} -2.0",
                        "realalign_lag_catch_up_seconds{consumergroup=\"realalign-curator\",partition=\"0\",topic=\"real-images\"} 30.0",
                        "realalign_lag_sample_seconds 0.25",
                        "realalign_lag_sample_age_seconds 7.0",
                        "realalign_model_staleness_seconds{model=\"m\",subscriber=\"painter\"} 30.0",
                        "realalign_trainer_steps_total 12.0",
                        "realalign_trainer_headroom_seconds 7200.0",
                        "realalign_trainer_held_out_margin NaN",
                        "realalign_trainer_resting{alarm=\"HELD_OUT_RATIO\"} 1.0",
                        "realalign_trainer_resting{alarm=\"NOT_FINITE\"} 0.0",
                        "realalign_trainer_reservoir_triples 40.0",
                        "realalign_trainer_reference_step 4.0",
                        "realalign_publisher_steps_total{step=\"COMMITTED\"} 1.0",
                        "realalign_service_state{service=\"curator\",state=\"RUNNING\"} 1.0")
                .noneMatch(line -> line.startsWith("realalign_lag_slope{") && line.contains("partition=\"1\""));
    }

    @Test
    void a_meter_is_registered_as_what_the_catalogue_says() {
        Meters meters = new Meters();

        assertThatThrownBy(() -> meters.gauge(MeterCatalogue.STEPS, () -> 0))
                .hasMessage("realalign_trainer_steps_total is a COUNTER, not a GAUGE");
        assertThatThrownBy(() -> meters.gauge(MeterCatalogue.SUBSCRIBER_VERSION, () -> 0))
                .hasMessage("realalign_subscriber_version has the labels [model], not []");
        assertThatThrownBy(() -> Meter.counter("realalign_things", "Things."))
                .hasMessage("a counter's name ends in _total, and no other's does: realalign_things");
    }
}
